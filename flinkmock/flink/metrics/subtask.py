"""Metrics of a subtask (records, buffers, busy time, mailbox) and of its operators."""

from __future__ import annotations

from collections.abc import Callable

from flinkmock.flink.io_counters import IoCounters
from flinkmock.flink.java_format import JavaValue
from flinkmock.flink.metrics.inputs import OperatorInputs, SubtaskInputs, per_second
from flinkmock.flink.metrics.operator_name import metric_operator_name
from flinkmock.flink.metrics.table import Metric, Table, metric_values
from flinkmock.release import Release

NO_WATERMARK = -(2**63)
"""Long.MIN_VALUE: the value before the first watermark."""

_SubtaskCount = Callable[[SubtaskInputs, IoCounters], float]
"""Returns one number, given a subtask and its counters, either the current ones or those of a minute ago."""
_IoCount = Callable[[IoCounters], int]
"""Returns one of the counters."""


def _counter_and_rate(name: str, count: _SubtaskCount, since: str = "1.12") -> Table[SubtaskInputs]:
    """Return a counter and its meter, the rate per second."""
    return (
        Metric(name, lambda inputs: int(count(inputs, inputs.io)), since=since),
        Metric(
            f"{name}PerSecond",
            lambda inputs: per_second(int(count(inputs, inputs.io)), int(count(inputs, inputs.io_minute_ago))),
            since=since,
        ),
    )


def _local_part(count: _IoCount) -> _SubtaskCount:
    """Return a function that counts the part of the input that comes from the same TaskManager."""
    return lambda inputs, io: int(count(io) * inputs.local_share)


def _remote_part(count: _IoCount) -> _SubtaskCount:
    """Return a function that counts the part of the input that comes from other TaskManagers."""
    return lambda inputs, io: count(io) - int(count(io) * inputs.local_share)


def _input_metrics(prefix: str) -> Table[SubtaskInputs]:
    """Return the metrics of local and remote input, which Flink has under two prefixes."""
    return (
        *_counter_and_rate(f"{prefix}numBuffersInLocal", _local_part(lambda io: io.buffers_in)),
        *_counter_and_rate(f"{prefix}numBuffersInRemote", _remote_part(lambda io: io.buffers_in)),
        *_counter_and_rate(f"{prefix}numBytesInLocal", _local_part(lambda io: io.bytes_in)),
        *_counter_and_rate(f"{prefix}numBytesInRemote", _remote_part(lambda io: io.bytes_in)),
    )


def _buffer_pool_metrics(input_prefix: str, output_prefix: str, removed_in: str | None = None) -> Table[SubtaskInputs]:
    """Return the metrics of the buffer pools, which 1.x has under two prefixes."""
    return (
        Metric(f"{input_prefix}inPoolUsage", _input_pool_usage, removed_in=removed_in),
        Metric(f"{input_prefix}inputExclusiveBuffersUsage", _input_pool_usage, removed_in=removed_in),
        Metric(f"{input_prefix}inputFloatingBuffersUsage", lambda inputs: 0.0, removed_in=removed_in),
        Metric(f"{input_prefix}inputQueueLength", _input_queue_length, removed_in=removed_in),
        Metric(f"{input_prefix}inputQueueSize", lambda inputs: 0, since="1.15", removed_in=removed_in),
        Metric(f"{output_prefix}outPoolUsage", _output_pool_usage, removed_in=removed_in),
        Metric(f"{output_prefix}outputQueueLength", _output_queue_length, removed_in=removed_in),
        Metric(
            f"{output_prefix}outputQueueSize",
            lambda inputs: inputs.varying_number(0, 60, "queue") * _output_queue_length(inputs),
            since="1.15",
            removed_in=removed_in,
        ),
    )


def _busy_ratio(inputs: SubtaskInputs) -> float:
    return max(0.0, 1.0 - inputs.idle_ratio - inputs.backpressured_ratio)


def _input_pool_usage(inputs: SubtaskInputs) -> float:
    return 0.0 if inputs.is_source else round(_busy_ratio(inputs) * 0.5, 1)


def _output_pool_usage(inputs: SubtaskInputs) -> float:
    return round(max(inputs.backpressured_ratio, 0.1), 1) if inputs.io.records_out else 0.0


def _input_queue_length(inputs: SubtaskInputs) -> int:
    return 0 if inputs.is_source else inputs.varying_number(0, 2, "input queue")


def _output_queue_length(inputs: SubtaskInputs) -> int:
    return inputs.varying_number(0, 2, "output queue") if inputs.io.records_out else 0


def _ms_per_second(ratio: float) -> int:
    return min(1000, max(0, round(ratio * 1000)))


def _busy_ms_per_second(inputs: SubtaskInputs) -> float:
    # A float because Flink's value can be NaN (TaskIOMetricGroup).
    return float(1000 - min(1000, _ms_per_second(inputs.idle_ratio) + _ms_per_second(inputs.backpressured_ratio)))


def _alignment_ns(inputs: SubtaskInputs) -> JavaValue:
    return inputs.varying_number(9_000, 3_000_000, "alignment") if inputs.has_acknowledged_checkpoint else 0


def _start_delay_ns(inputs: SubtaskInputs) -> JavaValue:
    return inputs.varying_number(2, 20, "start delay") * 1_000_000 if inputs.has_acknowledged_checkpoint else 0


_MAILBOX_PERCENTILES = {"median": 0.3, "p75": 0.5, "p90": 0.7, "p95": 0.8, "p98": 0.9, "p99": 1.0, "p999": 1.0}
"""Percentiles of the time that a mail waits in the mailbox, as fractions of the longest wait."""


def _longest_mailbox_latency_ms(inputs: SubtaskInputs) -> int:
    return inputs.constant_number(1, 5, "mail") + round(4 * _busy_ratio(inputs))


def _mailbox_metrics() -> Table[SubtaskInputs]:
    def part_of_longest(fraction: float) -> Callable[[SubtaskInputs], JavaValue]:
        return lambda inputs: round(_longest_mailbox_latency_ms(inputs) * fraction, 2)

    return (
        Metric("mailboxLatencyMs_max", _longest_mailbox_latency_ms, since="1.16"),
        Metric("mailboxLatencyMs_min", lambda inputs: 0, since="1.16"),
        Metric("mailboxLatencyMs_mean", part_of_longest(0.35), since="1.16"),
        Metric("mailboxLatencyMs_stddev", part_of_longest(0.25), since="1.16"),
        *(
            Metric(f"mailboxLatencyMs_{name}", part_of_longest(fraction), since="1.16")
            for name, fraction in _MAILBOX_PERCENTILES.items()
        ),
        Metric("mailboxMailsPerSecond", lambda inputs: inputs.varying_number(60, 960, "mails") / 60, since="1.16"),
        Metric("mailboxQueueSize", lambda inputs: 0, since="1.16"),
    )


# Live clusters of all 13 releases showed which release has which metric (tests/flink/metrics/data/metric-names.tsv).
SUBTASK_METRICS: Table[SubtaskInputs] = (
    *_counter_and_rate("numRecordsIn", lambda inputs, io: io.records_in),
    *_counter_and_rate("numRecordsOut", lambda inputs, io: io.records_out),
    *_counter_and_rate("numBytesIn", lambda inputs, io: io.bytes_in),
    *_counter_and_rate("numBytesOut", lambda inputs, io: io.bytes_out),
    *_counter_and_rate("numBuffersOut", lambda inputs, io: io.buffers_out),
    *_counter_and_rate("numFiredTimers", lambda inputs, io: 0, since="1.20"),
    *_input_metrics(""),
    *_input_metrics("Shuffle.Netty.Input."),
    *_buffer_pool_metrics("Shuffle.Netty.Input.Buffers.", "Shuffle.Netty.Output.Buffers."),
    *_buffer_pool_metrics("buffers.", "buffers.", removed_in="2.0"),
    *_mailbox_metrics(),
    Metric("idleTimeMsPerSecond", lambda inputs: float(_ms_per_second(inputs.idle_ratio)), removed_in="1.13"),
    Metric("idleTimeMsPerSecond", lambda inputs: _ms_per_second(inputs.idle_ratio), since="1.13"),
    Metric("busyTimeMsPerSecond", _busy_ms_per_second, since="1.13"),
    Metric("backPressuredTimeMsPerSecond", lambda inputs: _ms_per_second(inputs.backpressured_ratio), since="1.13"),
    Metric("softBackPressuredTimeMsPerSecond", lambda inputs: _ms_per_second(inputs.backpressured_ratio), since="1.15"),
    Metric("hardBackPressuredTimeMsPerSecond", lambda inputs: 0, since="1.15"),
    Metric("maxSoftBackPressureTimeMs", lambda inputs: _ms_per_second(inputs.backpressured_ratio), since="1.15"),
    Metric("maxHardBackPressureTimeMs", lambda inputs: 0, since="1.15"),
    Metric("changelogBusyTimeMsPerSecond", lambda inputs: 0, since="1.18"),
    Metric("accumulateBusyTimeMs", lambda inputs: float(inputs.io.busy_ms), since="1.16"),
    Metric("accumulateIdleTimeMs", lambda inputs: inputs.io.idle_ms, since="1.16"),
    Metric("accumulateBackPressuredTimeMs", lambda inputs: inputs.io.backpressured_ms, since="1.16"),
    Metric("initializationTime", lambda inputs: inputs.initializing_ms, since="1.18"),
    Metric("isBackPressured", lambda inputs: inputs.backpressured_ratio >= 0.5),
    Metric("checkpointStartDelayNanos", _start_delay_ns),
)

NON_SOURCE_SUBTASK_METRICS: Table[SubtaskInputs] = (
    Metric("checkpointAlignmentTime", _alignment_ns),
    Metric("currentInputWatermark", lambda inputs: NO_WATERMARK if inputs.watermark is None else inputs.watermark),
)
"""Metrics of all subtasks except the subtasks of sources."""


def _operator_counter_and_rate(name: str, count: _IoCount, since: str = "1.12") -> Table[OperatorInputs]:
    return (
        Metric(name, lambda inputs: count(inputs.io), since=since),
        Metric(
            f"{name}PerSecond", lambda inputs: per_second(count(inputs.io), count(inputs.io_minute_ago)), since=since
        ),
    )


def _watermark(inputs: OperatorInputs) -> JavaValue:
    return NO_WATERMARK if inputs.watermark is None else inputs.watermark


# Chained operators do not serialize records. Therefore their bytes are 0 unless a connector counts them.
OPERATOR_METRICS: Table[OperatorInputs] = (
    *_operator_counter_and_rate("numRecordsIn", lambda io: io.records_in),
    *_operator_counter_and_rate("numRecordsOut", lambda io: io.records_out),
    *_operator_counter_and_rate("numBytesIn", lambda io: 0, since="1.15"),
    *_operator_counter_and_rate("numBytesOut", lambda io: 0, since="1.15"),
    Metric("currentOutputWatermark", _watermark),
)

NON_SOURCE_OPERATOR_METRICS: Table[OperatorInputs] = (Metric("currentInputWatermark", _watermark),)
"""Metrics of all operators except sources."""

SOURCE_METRICS: Table[OperatorInputs] = (
    Metric("currentEmitEventTimeLag", lambda inputs: -1, since="1.14"),
    Metric("numRecordsInErrors", lambda inputs: 0, since="1.14"),
    Metric("sourceIdleTime", lambda inputs: 0, since="1.14"),
)


SPLIT_METRICS: Table[OperatorInputs] = (
    Metric("currentWatermark", _watermark, since="2.1"),
    Metric("activeTimeMsPerSecond", lambda inputs: 1000, since="2.1"),
    Metric("idleTimeMsPerSecond", lambda inputs: 0, since="2.1"),
    Metric("pausedTimeMsPerSecond", lambda inputs: 0, since="2.1"),
    Metric("accumulatedActiveTimeMs", lambda inputs: inputs.active_ms, since="2.1"),
    Metric("accumulatedIdleTimeMs", lambda inputs: 0, since="2.1"),
    Metric("accumulatedPausedTimeMs", lambda inputs: 0, since="2.1"),
)
"""Metrics of each split of a source (InternalSourceSplitMetricGroup). No split is ever idle or paused."""


def operator_metrics(inputs: OperatorInputs, release: Release) -> dict[str, str]:
    """Return the metrics of an operator by name. Each name begins with the name of the operator."""
    prefix = metric_operator_name(inputs.name, release) + "."
    metrics = metric_values(OPERATOR_METRICS, inputs, release, prefix)
    metrics |= metric_values(
        SOURCE_METRICS if inputs.is_source else NON_SOURCE_OPERATOR_METRICS, inputs, release, prefix
    )
    for split in inputs.splits:
        metrics |= metric_values(SPLIT_METRICS, inputs, release, f"{prefix}split.{split}.watermark.")
    return metrics


def subtask_metrics(inputs: SubtaskInputs, release: Release) -> dict[str, str]:
    """Return the metrics of `/jobs/…/subtasks/:subtaskindex/metrics` by name, including metrics of the operators."""
    metrics = metric_values(SUBTASK_METRICS, inputs, release)
    if not inputs.is_source:
        metrics |= metric_values(NON_SOURCE_SUBTASK_METRICS, inputs, release)
    for operator in inputs.operators:
        metrics |= operator_metrics(operator, release)
    return metrics
