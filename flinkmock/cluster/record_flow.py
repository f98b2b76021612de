"""Records and bytes that have flowed through a job by a given time.

Counts follow from rates and the time that tasks have been running; no record is counted. At every moment the output of
a vertex equals the input of the next one, and the counts of subtasks add up to those of their vertex.
"""

from __future__ import annotations

from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.metric_series import backpressure_at, backpressured_time_ms
from flinkmock.flink.memory import PAGE
from flinkmock.flink.metrics.io_counters import IoCounters

BUSY_AT_RATE = 1_000.0
"""Records per second at which a subtask is busy all the time."""
BUFFER_TIMEOUT_MS = 100
"""execution.buffer-timeout: how long a buffer waits at most before it is sent, however little is in it."""


class RecordFlow:
    """The flow of one job attempt at `time` (ms since the epoch)."""

    def __init__(self, attempt: JobAttempt, time: int) -> None:
        self._attempt = attempt
        self._time = time
        self._records: dict[int, tuple[int, int]] = {}

    def records(self, vertex: Vertex) -> tuple[int, int]:
        """Return the number of records into and out of a vertex, the sum of all subtasks."""
        if vertex.index not in self._records:
            self._records[vertex.index] = self._count_records(vertex)
        return self._records[vertex.index]

    def _count_records(self, vertex: Vertex) -> tuple[int, int]:
        if vertex.is_source:
            spans = [e.running_span(self._time) for e in self._attempt.executions()[vertex.index]]
            ran = sum(until - since for since, until in filter(None, spans)) / vertex.parallelism
            return 0, int(vertex.spec.records_per_second * ran / 1000) if vertex.has_consumers else 0
        received = sum(self.records(self._attempt.graph.vertices[edge.source])[1] for edge in vertex.inputs)
        return received, int(received * vertex.spec.selectivity) if vertex.has_consumers else 0

    def io_counters(self, execution: Execution) -> IoCounters:
        """Return the counters of one subtask."""
        vertex, subtask = execution.vertex, execution.subtask
        records_in, records_out = self.records(vertex)
        mine_in = _share(records_in, subtask, vertex)
        mine_out = _share(records_out, subtask, vertex)
        began = self._attempt.submitted_at
        since, until = execution.running_span(self._time) or (began, began)
        ran, pressed = until - since, backpressured_time_ms(vertex.spec.backpressure, since - began, until - began)
        busy = round((ran - pressed) * self._busy(vertex, subtask))
        sizes = [self._attempt.graph.vertices[edge.source].spec.bytes_per_record for edge in vertex.inputs] or [0]
        bytes_in = round(mine_in * sum(sizes) / len(sizes))
        bytes_out = mine_out * vertex.spec.bytes_per_record
        return IoCounters(
            records_in=mine_in,
            records_out=mine_out,
            bytes_in=bytes_in,
            bytes_out=bytes_out,
            buffers_in=_buffers(mine_in, bytes_in, self._attempt.graph.input_channels(vertex), ran),
            buffers_out=_buffers(mine_out, bytes_out, self._attempt.graph.output_channels(vertex), ran),
            busy_ms=busy,
            idle_ms=ran - pressed - busy,
            backpressured_ms=pressed,
        )

    def busy_ratio(self, vertex: Vertex, subtask: int) -> float:
        """Return the part of the time that a subtask is busy now, from 0 to 1."""
        return self._busy(vertex, subtask) * (1.0 - self.backpressure_ratio(vertex))

    def backpressure_ratio(self, vertex: Vertex) -> float:
        """Return the part of the time that the subtasks are back-pressured now, from 0 to 1."""
        return backpressure_at(vertex.spec.backpressure, self._time - self._attempt.submitted_at)

    def _busy(self, vertex: Vertex, subtask: int) -> float:
        """Return the part of the time that a subtask is busy without back pressure."""
        rate = self._rate(vertex) * _weight(vertex, subtask) / _skew_prefix_sum(vertex, vertex.parallelism)
        return min(1.0, rate / BUSY_AT_RATE)

    def _rate(self, vertex: Vertex) -> float:
        """Return the records per second that a vertex processes without back pressure."""
        if vertex.is_source:
            return vertex.spec.records_per_second
        above = (self._attempt.graph.vertices[edge.source] for edge in vertex.inputs)
        return sum(self._rate(v) * (1.0 if v.is_source else v.spec.selectivity) for v in above)


def _buffers(records: int, size: int, channels: int, ran_ms: int) -> int:
    """Return how many buffers hold `size` bytes: each channel sends what it has at each timeout, and full buffers."""
    flushes = channels * -(-ran_ms // BUFFER_TIMEOUT_MS)
    return max(min(records, flushes), -(-size // PAGE))


def _weight(vertex: Vertex, subtask: int) -> int:
    """Return how many records a subtask gets in one round."""
    skew = vertex.spec.skew or (1,)
    return skew[min(subtask, len(skew) - 1)]


def _skew_prefix_sum(vertex: Vertex, subtasks: int) -> int:
    """Return how many records the first `subtasks` subtasks get in one round, in total."""
    skew = vertex.spec.skew or (1,)
    return sum(skew[:subtasks]) + max(subtasks - len(skew), 0) * skew[-1]


def _share(whole: int, part: int, vertex: Vertex) -> int:
    """Return the records of subtask `part` of `whole`: the parts add up to the whole and never decrease."""
    rounds, rest = divmod(whole, _skew_prefix_sum(vertex, vertex.parallelism))
    weight = _weight(vertex, part)
    return rounds * weight + min(max(rest - _skew_prefix_sum(vertex, part), 0), weight)
