"""Records and bytes that have flowed through a job by a given time.

Counts follow from rates and the time that tasks have been running; no record is counted. At every moment the output of
a vertex equals the input of the next one, and the counts of subtasks add up to those of their vertex.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.metric_series import backpressure_at, backpressured_time_ms
from flinkmock.flink.io_counters import IoCounters
from flinkmock.flink.memory import PAGE

BUSY_AT_RATE = 1_000.0
"""Records per second at which a subtask is busy all the time."""
BUFFER_TIMEOUT_MS = 100
"""execution.buffer-timeout: how long a buffer waits at most before it is sent, however little is in it."""


class RecordFlow:
    """The flow of one job attempt at `time` (ms since the epoch)."""

    def __init__(self, attempt: JobAttempt, time: int) -> None:
        self._attempt = attempt
        self._time = time
        self._flows = _flows_of(attempt.graph)
        self._records: dict[int, tuple[int, int]] = {}

    def records(self, vertex: Vertex) -> tuple[int, int]:
        """Return the number of records into and out of a vertex, the sum of all subtasks."""
        if vertex.index not in self._records:
            self._records[vertex.index] = self._count_records(vertex)
        return self._records[vertex.index]

    def emitted(self, vertex: Vertex) -> int:
        """Return the number of records that a source has emitted, whether or not another vertex receives them."""
        spans = [e.running_span(self._time) for e in self._attempt.executions()[vertex.index]]
        ran = sum(until - since for since, until in filter(None, spans)) / vertex.parallelism
        return int(vertex.spec.records_per_second * ran / 1000)

    def chain_records(self, execution: Execution) -> list[tuple[int, int]]:
        """Return the records into and out of each operator of a subtask's chain: one receives what the last one emits.

        In a chain that ends in a sink, the operators before it have done all the filtering.
        """
        vertex, counters = execution.vertex, self.io_counters(execution)
        between = counters.records_in
        if vertex.is_source or not vertex.has_consumers:
            whole = self.emitted(vertex) if vertex.is_source else int(self.records(vertex)[0] * vertex.spec.selectivity)
            between = self._flows[vertex.index].share(whole, execution.subtask)
        inner = [between] * (len(vertex.spec.operators) - 1)
        return list(zip([counters.records_in, *inner], [*inner, counters.records_out], strict=True))

    def _count_records(self, vertex: Vertex) -> tuple[int, int]:
        if vertex.is_source:
            return 0, self.emitted(vertex) if vertex.has_consumers else 0
        received = sum(self.records(self._attempt.graph.vertices[edge.source])[1] for edge in vertex.inputs)
        return received, int(received * vertex.spec.selectivity) if vertex.has_consumers else 0

    def io_counters(self, execution: Execution) -> IoCounters:
        """Return the counters of one subtask."""
        vertex, subtask = execution.vertex, execution.subtask
        flow = self._flows[vertex.index]
        records_in, records_out = self.records(vertex)
        mine_in, mine_out = flow.share(records_in, subtask), flow.share(records_out, subtask)
        began = self._attempt.submitted_at
        since, until = execution.running_span(self._time) or (began, began)
        ran, pressed = until - since, 0
        if vertex.spec.backpressure:
            pressed = backpressured_time_ms(vertex.spec.backpressure, since - began, until - began)
        if vertex.spec.busy:
            busy = min(round(ran * _busy(vertex, subtask)), ran - pressed)
        else:
            busy = round((ran - pressed) * flow.busy[subtask])
        bytes_in, bytes_out = round(mine_in * flow.input_bytes / flow.inputs), mine_out * flow.bytes_out
        return IoCounters(
            mine_in,
            mine_out,
            bytes_in,
            bytes_out,
            _buffers(mine_in, bytes_in, flow.input_channels, ran),
            _buffers(mine_out, bytes_out, flow.output_channels, ran),
            busy,
            ran - pressed - busy,
            pressed,
        )

    def busy_ratio(self, vertex: Vertex, subtask: int) -> float:
        """Return the part of the time that a subtask is busy now, from 0 to 1."""
        rest = 1.0 - self.backpressure_ratio(vertex)
        if vertex.spec.busy:
            return min(_busy(vertex, subtask), rest)
        return self._flows[vertex.index].busy[subtask] * rest

    def backpressure_ratio(self, vertex: Vertex) -> float:
        """Return the part of the time that the subtasks are back-pressured now, from 0 to 1."""
        return backpressure_at(vertex.spec.backpressure, self._time - self._attempt.submitted_at)


class _VertexFlow:
    """What of the flow of a vertex doesn't depend on the time.

    Attributes:
        busy: The part of the time that each subtask is busy without back pressure.
        input_bytes: Bytes per record that it receives, the sum of its inputs.
        bytes_out: Bytes per record that it sends.
    """

    __slots__ = (
        "_before",
        "_total",
        "_weights",
        "busy",
        "bytes_out",
        "input_bytes",
        "input_channels",
        "inputs",
        "output_channels",
    )

    def __init__(self, graph: JobGraph, vertex: Vertex) -> None:
        subtasks = range(vertex.parallelism)
        self._weights = [_weight(vertex, subtask) for subtask in subtasks]
        self._before = [_skew_prefix_sum(vertex, subtask) for subtask in subtasks]
        self._total = _skew_prefix_sum(vertex, vertex.parallelism)
        rate = _rate(graph, vertex)
        self.busy = [min(1.0, rate * weight / self._total / BUSY_AT_RATE) for weight in self._weights]
        sizes = [graph.vertices[edge.source].spec.bytes_per_record for edge in vertex.inputs] or [0]
        self.input_bytes, self.inputs = sum(sizes), len(sizes)
        self.bytes_out = vertex.spec.bytes_per_record
        self.input_channels = graph.input_channels(vertex)
        self.output_channels = graph.output_channels(vertex)

    def share(self, whole: int, subtask: int) -> int:
        """Return the records of a subtask of `whole`: the parts add up to the whole and never decrease."""
        rounds, rest = divmod(whole, self._total)
        weight, rest = self._weights[subtask], rest - self._before[subtask]
        return rounds * weight + (0 if rest <= 0 else rest if rest < weight else weight)


_FLOWS: WeakKeyDictionary[JobGraph, tuple[_VertexFlow, ...]] = WeakKeyDictionary()


def _flows_of(graph: JobGraph) -> tuple[_VertexFlow, ...]:
    flows = _FLOWS.get(graph)
    if flows is None:
        flows = _FLOWS[graph] = tuple(_VertexFlow(graph, vertex) for vertex in graph.vertices)
    return flows


def _rate(graph: JobGraph, vertex: Vertex) -> float:
    """Return the records per second that a vertex processes without back pressure."""
    if vertex.is_source:
        return vertex.spec.records_per_second
    above = (graph.vertices[edge.source] for edge in vertex.inputs)
    return sum(_rate(graph, v) * (1.0 if v.is_source else v.spec.selectivity) for v in above)


def _buffers(records: int, size: int, channels: int, ran_ms: int) -> int:
    """Return how many buffers hold `size` bytes: each channel sends what it has at each timeout, and full buffers."""
    if not records:
        return 0
    flushes = channels * -(-ran_ms // BUFFER_TIMEOUT_MS)
    return max(min(records, flushes), -(-size // PAGE))


def _weight(vertex: Vertex, subtask: int) -> int:
    """Return how many records a subtask gets in one round."""
    skew = vertex.spec.skew or (1,)
    return skew[min(subtask, len(skew) - 1)]


def _busy(vertex: Vertex, subtask: int) -> float:
    """Return the share of time that the scenario gives for a subtask."""
    return vertex.spec.busy[min(subtask, len(vertex.spec.busy) - 1)]


def _skew_prefix_sum(vertex: Vertex, subtasks: int) -> int:
    """Return how many records the first `subtasks` subtasks get in one round, in total."""
    skew = vertex.spec.skew or (1,)
    return sum(skew[:subtasks]) + max(subtasks - len(skew), 0) * skew[-1]
