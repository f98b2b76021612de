"""Metrics of a subtask: those of the task (records, buffers, busy time, mailbox) and of its operators."""

from __future__ import annotations

from collections.abc import Callable

from flinkmock.flink.io_counters import IoCounters
from flinkmock.flink.java_format import JavaValue
from flinkmock.flink.metrics.inputs import OperatorInputs, SubtaskInputs, per_second
from flinkmock.flink.metrics.names import metric_operator_name
from flinkmock.flink.metrics.table import Metric, Table, measure
from flinkmock.release import Release

NO_WATERMARK = -(2**63)
"""Long.MIN_VALUE: the value before the first watermark."""

Amount = Callable[[SubtaskInputs, IoCounters], float]


def _counter(name: str, amount: Amount, since: str = "1.12") -> Table[SubtaskInputs]:
    """Return a counter and its meter, the rate per second."""
    return (
        Metric(name, lambda r: int(amount(r, r.io)), since=since),
        Metric(
            f"{name}PerSecond", lambda r: per_second(int(amount(r, r.io)), int(amount(r, r.minute_ago))), since=since
        ),
    )


def _local(part: Callable[[IoCounters], int]) -> Amount:
    return lambda r, io: int(part(io) * r.local_share)


def _remote(part: Callable[[IoCounters], int]) -> Amount:
    return lambda r, io: part(io) - int(part(io) * r.local_share)


def _input(prefix: str) -> Table[SubtaskInputs]:
    """Return the metrics of local and remote bytes and buffers, which Flink has in two groups."""
    return (
        *_counter(f"{prefix}numBuffersInLocal", _local(lambda io: io.buffers_in)),
        *_counter(f"{prefix}numBuffersInRemote", _remote(lambda io: io.buffers_in)),
        *_counter(f"{prefix}numBytesInLocal", _local(lambda io: io.bytes_in)),
        *_counter(f"{prefix}numBytesInRemote", _remote(lambda io: io.bytes_in)),
    )


def _pools(inward: str, outward: str, until: str | None = None) -> Table[SubtaskInputs]:
    """Return the metrics of the buffer pools, which 1.x has in two groups."""
    return (
        Metric(f"{inward}inPoolUsage", _in_pool, until=until),
        Metric(f"{inward}inputExclusiveBuffersUsage", _in_pool, until=until),
        Metric(f"{inward}inputFloatingBuffersUsage", lambda r: 0.0, until=until),
        Metric(f"{inward}inputQueueLength", _queue_in, until=until),
        Metric(f"{inward}inputQueueSize", lambda r: 0, since="1.15", until=until),
        Metric(f"{outward}outPoolUsage", _out_pool, until=until),
        Metric(f"{outward}outputQueueLength", _queue_out, until=until),
        Metric(
            f"{outward}outputQueueSize", lambda r: r.moving(0, 60, "queue") * _queue_out(r), since="1.15", until=until
        ),
    )


def _busy_ratio(inputs: SubtaskInputs) -> float:
    return max(0.0, 1.0 - inputs.idle_ratio - inputs.backpressured_ratio)


def _in_pool(inputs: SubtaskInputs) -> float:
    return 0.0 if inputs.is_source else round(_busy_ratio(inputs) * 0.5, 1)


def _out_pool(inputs: SubtaskInputs) -> float:
    return round(max(inputs.backpressured_ratio, 0.1), 1) if inputs.io.records_out else 0.0


def _queue_in(inputs: SubtaskInputs) -> int:
    return 0 if inputs.is_source else inputs.moving(0, 2, "input queue")


def _queue_out(inputs: SubtaskInputs) -> int:
    return inputs.moving(0, 2, "output queue") if inputs.io.records_out else 0


def _ms_per_second(ratio: float) -> int:
    return min(1000, max(0, round(ratio * 1000)))


def _busy_per_second(inputs: SubtaskInputs) -> float:
    # The rest of the second, as a double because it can be NaN (TaskIOMetricGroup).
    return float(1000 - min(1000, _ms_per_second(inputs.idle_ratio) + _ms_per_second(inputs.backpressured_ratio)))


def _alignment_ns(inputs: SubtaskInputs) -> JavaValue:
    return inputs.moving(9_000, 3_000_000, "alignment") if inputs.checkpointed else 0


def _start_delay_ns(inputs: SubtaskInputs) -> JavaValue:
    return inputs.moving(2, 20, "start delay") * 1_000_000 if inputs.checkpointed else 0


_MAILBOX = {"median": 0.3, "p75": 0.5, "p90": 0.7, "p95": 0.8, "p98": 0.9, "p99": 1.0, "p999": 1.0}
"""Percentiles of the time that a mail waits in the mailbox, as fractions of the longest wait."""


def _longest_mail(inputs: SubtaskInputs) -> int:
    return inputs.constant(1, 5, "mail") + round(4 * _busy_ratio(inputs))


def _mailbox() -> Table[SubtaskInputs]:
    def percentile(part: float) -> Callable[[SubtaskInputs], JavaValue]:
        return lambda r: round(_longest_mail(r) * part, 2)

    return (
        Metric("mailboxLatencyMs_max", _longest_mail, since="1.16"),
        Metric("mailboxLatencyMs_min", lambda r: 0, since="1.16"),
        Metric("mailboxLatencyMs_mean", lambda r: round(_longest_mail(r) * 0.35, 2), since="1.16"),
        Metric("mailboxLatencyMs_stddev", lambda r: round(_longest_mail(r) * 0.25, 2), since="1.16"),
        *(Metric(f"mailboxLatencyMs_{name}", percentile(part), since="1.16") for name, part in _MAILBOX.items()),
        Metric("mailboxMailsPerSecond", lambda r: r.moving(60, 960, "mails") / 60, since="1.16"),
        Metric("mailboxQueueSize", lambda r: 0, since="1.16"),
    )


# The releases were read from live clusters of all 13 releases (tests/cluster/data/metric-names.tsv).
SUBTASK: Table[SubtaskInputs] = (
    *_counter("numRecordsIn", lambda r, io: io.records_in),
    *_counter("numRecordsOut", lambda r, io: io.records_out),
    *_counter("numBytesIn", lambda r, io: io.bytes_in),
    *_counter("numBytesOut", lambda r, io: io.bytes_out),
    *_counter("numBuffersOut", lambda r, io: io.buffers_out),
    *_counter("numFiredTimers", lambda r, io: 0, since="1.20"),
    *_input(""),
    *_input("Shuffle.Netty.Input."),
    *_pools("Shuffle.Netty.Input.Buffers.", "Shuffle.Netty.Output.Buffers."),
    *_pools("buffers.", "buffers.", until="2.0"),
    *_mailbox(),
    Metric("idleTimeMsPerSecond", lambda r: float(_ms_per_second(r.idle_ratio)), until="1.13"),
    Metric("idleTimeMsPerSecond", lambda r: _ms_per_second(r.idle_ratio), since="1.13"),
    Metric("busyTimeMsPerSecond", _busy_per_second, since="1.13"),
    Metric("backPressuredTimeMsPerSecond", lambda r: _ms_per_second(r.backpressured_ratio), since="1.13"),
    Metric("softBackPressuredTimeMsPerSecond", lambda r: _ms_per_second(r.backpressured_ratio), since="1.15"),
    Metric("hardBackPressuredTimeMsPerSecond", lambda r: 0, since="1.15"),
    Metric("maxSoftBackPressureTimeMs", lambda r: _ms_per_second(r.backpressured_ratio), since="1.15"),
    Metric("maxHardBackPressureTimeMs", lambda r: 0, since="1.15"),
    Metric("changelogBusyTimeMsPerSecond", lambda r: 0, since="1.18"),
    Metric("accumulateBusyTimeMs", lambda r: float(r.io.busy_ms), since="1.16"),
    Metric("accumulateIdleTimeMs", lambda r: r.io.idle_ms, since="1.16"),
    Metric("accumulateBackPressuredTimeMs", lambda r: r.io.backpressured_ms, since="1.16"),
    Metric("initializationTime", lambda r: r.initialized_in, since="1.18"),
    Metric("isBackPressured", lambda r: r.backpressured_ratio >= 0.5),
    Metric("checkpointStartDelayNanos", _start_delay_ns),
)

WITH_INPUTS: Table[SubtaskInputs] = (
    Metric("checkpointAlignmentTime", _alignment_ns),
    Metric("currentInputWatermark", lambda r: NO_WATERMARK if r.watermark is None else r.watermark),
)
"""Metrics of all subtasks except those of sources."""


def _operator_counter(name: str, part: Callable[[IoCounters], int], since: str = "1.12") -> Table[OperatorInputs]:
    return (
        Metric(name, lambda r: part(r.io), since=since),
        Metric(f"{name}PerSecond", lambda r: per_second(part(r.io), part(r.minute_ago)), since=since),
    )


def _watermark(inputs: OperatorInputs) -> JavaValue:
    return NO_WATERMARK if inputs.watermark is None else inputs.watermark


# The bytes of an operator are 0 unless a connector counts them, since the operators of a chain do not serialize.
OPERATOR: Table[OperatorInputs] = (
    *_operator_counter("numRecordsIn", lambda io: io.records_in),
    *_operator_counter("numRecordsOut", lambda io: io.records_out),
    *_operator_counter("numBytesIn", lambda io: 0, since="1.15"),
    *_operator_counter("numBytesOut", lambda io: 0, since="1.15"),
    Metric("currentOutputWatermark", _watermark),
)

CHAINED: Table[OperatorInputs] = (Metric("currentInputWatermark", _watermark),)
"""Metrics of all operators except sources."""

SOURCE: Table[OperatorInputs] = (
    Metric("currentEmitEventTimeLag", lambda r: -1, since="1.14"),
    Metric("numRecordsInErrors", lambda r: 0, since="1.14"),
    Metric("sourceIdleTime", lambda r: 0, since="1.14"),
)


# since 2.1 (InternalSourceSplitMetricGroup); no split is idle or paused here
SPLIT: Table[OperatorInputs] = (
    Metric("currentWatermark", _watermark, since="2.1"),
    Metric("activeTimeMsPerSecond", lambda r: 1000, since="2.1"),
    Metric("idleTimeMsPerSecond", lambda r: 0, since="2.1"),
    Metric("pausedTimeMsPerSecond", lambda r: 0, since="2.1"),
    Metric("accumulatedActiveTimeMs", lambda r: r.active_ms, since="2.1"),
    Metric("accumulatedIdleTimeMs", lambda r: 0, since="2.1"),
    Metric("accumulatedPausedTimeMs", lambda r: 0, since="2.1"),
)
"""Metrics of each split of a source."""


def operator_metrics(inputs: OperatorInputs, release: Release) -> dict[str, str]:
    """Return the metrics of an operator by name. Each name begins with that of the operator."""
    prefix = metric_operator_name(inputs.name, release) + "."
    metrics = measure(OPERATOR, inputs, release, prefix)
    metrics |= measure(SOURCE if inputs.is_source else CHAINED, inputs, release, prefix)
    for split in inputs.splits:
        metrics |= measure(SPLIT, inputs, release, f"{prefix}split.{split}.watermark.")
    return metrics


def subtask_metrics(inputs: SubtaskInputs, release: Release) -> dict[str, str]:
    """Return the metrics of `/jobs/…/subtasks/:subtaskindex/metrics` by name, including those of its operators."""
    metrics = measure(SUBTASK, inputs, release)
    if not inputs.is_source:
        metrics |= measure(WITH_INPUTS, inputs, release)
    for operator in inputs.operators:
        metrics |= operator_metrics(operator, release)
    return metrics
