"""The records and bytes that have flowed through a job by a time.

They are computed from rates and from the time that tasks have been running. At any time, the output of a vertex equals
the input of the next one, and the numbers of subtasks add up to those of their vertex.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.metric_series import backpressure_at, backpressured_time_ms
from flinkmock.flink.io_counters import IoCounters
from flinkmock.flink.memory import NETWORK_BUFFER_BYTES

BUSY_AT_RATE = 1_000.0
"""The rate, in records per second, at which a subtask is busy all the time."""
BUFFER_TIMEOUT_MS = 100
"""The longest time before a buffer that is not full is sent (execution.buffer-timeout)."""


class RecordFlow:
    """The flow of one job attempt at `time` (epoch ms)."""

    def __init__(self, attempt: JobAttempt, time: int) -> None:
        self._attempt = attempt
        self._time = time
        self._flows = _flows_of(attempt.graph)
        self._record_counts: dict[int, tuple[int, int]] = {}

    def record_counts(self, vertex: Vertex) -> tuple[int, int]:
        """Return the numbers of records that a vertex has received and sent, summed over all subtasks."""
        if vertex.index not in self._record_counts:
            self._record_counts[vertex.index] = self._count_records(vertex)
        return self._record_counts[vertex.index]

    def emitted_count(self, vertex: Vertex) -> int:
        """Return the number of records that a source has emitted, even if no other vertex receives them."""
        spans = [execution.running_span(self._time) for execution in self._attempt.executions()[vertex.index]]
        mean_running_ms = sum(until - since for since, until in filter(None, spans)) / vertex.parallelism
        return int(vertex.spec.records_per_second * mean_running_ms / 1000)

    def chain_record_counts(self, execution: Execution) -> list[tuple[int, int]]:
        """Return the numbers of records that each operator of a subtask's chain has received and emitted.

        An operator receives what the previous one emits. The last operator applies the selectivity of the vertex; if
        the last operator is a sink, the first one applies it.
        """
        vertex, counters = execution.vertex, self.io_counters(execution)
        passed_on = counters.records_in  # the number of records from each operator to the next one
        if vertex.is_source or not vertex.has_consumers:
            received, _ = self.record_counts(vertex)
            total = self.emitted_count(vertex) if vertex.is_source else int(received * vertex.spec.selectivity)
            passed_on = self._flows[vertex.index].share(total, execution.subtask)
        counts_between = [passed_on] * (len(vertex.spec.operators) - 1)
        return list(zip([counters.records_in, *counts_between], [*counts_between, counters.records_out], strict=True))

    def _count_records(self, vertex: Vertex) -> tuple[int, int]:
        if vertex.is_source:
            return 0, self.emitted_count(vertex) if vertex.has_consumers else 0
        received = sum(self.record_counts(self._attempt.graph.vertices[edge.source])[1] for edge in vertex.inputs)
        return received, int(received * vertex.spec.selectivity) if vertex.has_consumers else 0

    def io_counters(self, execution: Execution) -> IoCounters:
        """Return the counters of one subtask."""
        counters = self.counters_without_buffers(execution)
        flow = self._flows[execution.vertex.index]
        ran_ms = counters.busy_ms + counters.idle_ms + counters.backpressured_ms
        return counters._replace(
            buffers_in=_buffer_count(counters.records_in, counters.bytes_in, flow.input_channel_count, ran_ms),
            buffers_out=_buffer_count(counters.records_out, counters.bytes_out, flow.output_channel_count, ran_ms),
        )

    def counters_without_buffers(self, execution: Execution) -> IoCounters:
        """Return the counters of one subtask, with 0 buffers."""
        return self.total_without_buffers((execution,))

    def total_without_buffers(self, executions: Sequence[Execution]) -> IoCounters:
        """Return the sum of the counters of several subtasks of one vertex, with 0 buffers."""
        vertex = executions[0].vertex
        flow, spec = self._flows[vertex.index], vertex.spec
        vertex_received, vertex_sent = self.record_counts(vertex)
        submitted_at = self._attempt.submitted_at
        records_in = records_out = bytes_in = busy_ms = idle_ms = backpressured_ms = 0
        for execution in executions:
            subtask = execution.subtask
            received = flow.share(vertex_received, subtask)
            records_in += received
            records_out += flow.share(vertex_sent, subtask)
            bytes_in += round(received * flow.input_bytes / flow.input_count)
            since, until = execution.running_span(self._time) or (submitted_at, submitted_at)
            ran_ms, waited_ms = until - since, 0
            if spec.backpressure:
                waited_ms = backpressured_time_ms(spec.backpressure, since - submitted_at, until - submitted_at)
            if spec.busy:
                worked_ms = min(round(ran_ms * _scripted_busy_ratio(vertex, subtask)), ran_ms - waited_ms)
            else:
                worked_ms = round((ran_ms - waited_ms) * flow.busy_ratios[subtask])
            busy_ms += worked_ms
            idle_ms += ran_ms - waited_ms - worked_ms
            backpressured_ms += waited_ms
        bytes_out = records_out * flow.bytes_out
        return IoCounters(records_in, records_out, bytes_in, bytes_out, 0, 0, busy_ms, idle_ms, backpressured_ms)

    def busy_ratio(self, vertex: Vertex, subtask: int) -> float:
        """Return the ratio of time in which a subtask is busy, from 0 to 1."""
        ratio_without_backpressure = 1.0 - self.backpressure_ratio(vertex)
        if vertex.spec.busy:
            return min(_scripted_busy_ratio(vertex, subtask), ratio_without_backpressure)
        return self._flows[vertex.index].busy_ratios[subtask] * ratio_without_backpressure

    def backpressure_ratio(self, vertex: Vertex) -> float:
        """Return the ratio of time in which the subtasks are back-pressured, from 0 to 1."""
        return backpressure_at(vertex.spec.backpressure, self._time - self._attempt.submitted_at)


class _VertexFlow:
    """The properties of a vertex's flow that do not depend on the time.

    Records are distributed to subtasks in rounds. In a round, each subtask gets as many records in a row as its number
    in the skew says.

    Attributes:
        busy_ratios: The ratio of time in which each subtask is busy without back pressure, from 0 to 1.
        input_bytes: The sum of the bytes per record of all inputs. Divided by `input_count`, it is their mean.
        input_count: The number of inputs.
        bytes_out: The bytes per sent record.
        input_channel_count: The number of input channels of a subtask.
        output_channel_count: The number of output channels of a subtask.
    """

    __slots__ = (
        "_records_before",
        "_round_size",
        "_weights",
        "busy_ratios",
        "bytes_out",
        "input_bytes",
        "input_channel_count",
        "input_count",
        "output_channel_count",
    )

    def __init__(self, graph: JobGraph, vertex: Vertex) -> None:
        subtasks = range(vertex.parallelism)
        self._weights = [_weight(vertex, subtask) for subtask in subtasks]
        self._records_before = [_skew_prefix_sum(vertex, subtask) for subtask in subtasks]
        self._round_size = _skew_prefix_sum(vertex, vertex.parallelism)
        rate = _rate(graph, vertex)
        self.busy_ratios = [min(1.0, rate * weight / self._round_size / BUSY_AT_RATE) for weight in self._weights]
        sizes = [graph.vertices[edge.source].spec.bytes_per_record for edge in vertex.inputs] or [0]
        self.input_bytes, self.input_count = sum(sizes), len(sizes)
        self.bytes_out = vertex.spec.bytes_per_record
        self.input_channel_count = graph.input_channel_count(vertex)
        self.output_channel_count = graph.output_channel_count(vertex)

    def share(self, total: int, subtask: int) -> int:
        """Return a subtask's share of `total` records. Shares add up to `total`; none decreases when `total` grows."""
        full_round_count, in_last_round = divmod(total, self._round_size)
        weight, remaining = self._weights[subtask], in_last_round - self._records_before[subtask]
        if remaining <= 0:
            return full_round_count * weight
        return full_round_count * weight + (remaining if remaining < weight else weight)


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
    senders = (graph.vertices[edge.source] for edge in vertex.inputs)
    return sum(_rate(graph, sender) * (1.0 if sender.is_source else sender.spec.selectivity) for sender in senders)


def _buffer_count(record_count: int, byte_count: int, channel_count: int, ran_ms: int) -> int:
    """Return the number of sent buffers: each channel sends full buffers, and one at each timeout."""
    if not record_count:
        return 0
    # -(-a // b) is a / b, rounded up
    flush_count = channel_count * -(-ran_ms // BUFFER_TIMEOUT_MS)
    return max(min(record_count, flush_count), -(-byte_count // NETWORK_BUFFER_BYTES))


def _weight(vertex: Vertex, subtask: int) -> int:
    """Return the number of records that a subtask gets in one round of the distribution."""
    skew = vertex.spec.skew or (1,)
    return skew[min(subtask, len(skew) - 1)]


def _scripted_busy_ratio(vertex: Vertex, subtask: int) -> float:
    """Return the busy ratio that the scenario gives for a subtask."""
    return vertex.spec.busy[min(subtask, len(vertex.spec.busy) - 1)]


def _skew_prefix_sum(vertex: Vertex, subtask_count: int) -> int:
    """Return the number of records that the first `subtask_count` subtasks get in one round, taken together."""
    skew = vertex.spec.skew or (1,)
    return sum(skew[:subtask_count]) + max(subtask_count - len(skew), 0) * skew[-1]
