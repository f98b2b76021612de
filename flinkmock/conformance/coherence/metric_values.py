"""Invariants of the values of Flink's own metrics: numbers in their ranges, and paths."""

from __future__ import annotations

import re

from flinkmock.conformance.coherence.metrics import may_be_rescaled
from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import Relations, ascending, require
from flinkmock.conformance.coherence.values import Value, constant, is_number, is_number_text, number
from flinkmock.conformance.coherence.vertices import vertex_of_job
from flinkmock.conformance.coherence.view import View

_SOURCE = "flink-behaviour.md#metrics"
_NOT_NEGATIVE = re.compile(
    r"(?:.*\.)?(?:num(?:Records|Bytes|Buffers)(?:In|InLocal|InRemote|Out)(?:PerSecond)?|numRecordsInErrors"
    r"|(?:busy|idle|backPressured|softBackPressured|hardBackPressured|changelogBusy|active|paused)TimeMsPerSecond"
    r"|accumulate(?:Busy|Idle|BackPressured)TimeMs|accumulated(?:Active|Idle|Paused)TimeMs"
    r"|max(?:Soft|Hard)BackPressureTimeMs|(?:in|out)put(?:QueueLength|ExclusiveBuffersUsage|FloatingBuffersUsage)"
    r"|(?:in|out)PoolUsage|(?:in|out)putQueue(?:Length|Size)|unassignedSplits|numFiredTimers(?:PerSecond)?"
    r"|mailbox(?:MailsPerSecond|QueueSize)|numberOf(?:Completed|Failed|InProgress)Checkpoints|totalNumberOfCheckpoints"
    r"|numRestarts|fullRestarts|numRescales|numLateRecordsDropped|initializationTime|checkpointStartDelayNanos"
    r"|checkpointAlignmentTime)"
)
"""Matches the names of Flink's own metrics that are numbers of at least 0."""
_NUMBERS_OF_JOB = re.compile(
    r"lastCheckpoint(?:Duration|(?:Full|Metadata)?Size|ProcessedData|PersistedData|(?:Restore|Completed)Timestamp)"
    r"|lastCompletedCheckpointId|[a-z]\w*Time(?:Total)?|uptime|downtime"
)
"""Matches the names of Flink's own metrics of jobs that are numbers, and may be negative."""
_NUMBERS_OF_TASK = re.compile(
    r"(?:.*\.)?(?:current(?:Input|Output)?Watermark|currentEmitEventTimeLag|sourceIdleTime"
    r"|mailboxLatencyMs_(?:min|max|mean|median|stddev|p\d+))"
)
"""Matches the names of Flink's own metrics of tasks and operators that are numbers, and may be negative.

Idle times and latencies are differences of wall-clock times.
"""
_PATH_METRIC = "lastCheckpointExternalPath"
_NO_PATHS = ("n/a", "<checkpoint-not-externally-addressable>")
"""Values of the metric if there is no checkpoint, or if the JobManager stores the checkpoint."""
_JOB_IN_PATH = re.compile(r"/([0-9a-f]{32})/chk-\d+$")


@within(
    "getJobMetrics",
    "getJobVertexMetrics",
    "getSubtaskMetrics",
    "getJobManagerOperatorMetrics",
    text="Flink's numeric metrics of jobs, tasks and operator coordinators have numbers as values. Counts, rates and "
    "usages are not negative, nor are most durations of tasks.",
    source=_SOURCE,
)
def metric_values(body: Value) -> Relations:
    numbers = _NUMBERS_OF_JOB if body.response.operation_id == "getJobMetrics" else _NUMBERS_OF_TASK
    for metric in body:
        name, value = str(metric["id"].raw), metric["value"]
        must_not_be_negative = _NOT_NEGATIVE.fullmatch(name) is not None
        if isinstance(value.raw, str) and (must_not_be_negative or numbers.fullmatch(name)):
            yield from require(is_number_text(value.raw), "not a number", value)
            if must_not_be_negative:
                yield from ascending(constant(0, "0"), number(value))


@within(
    "getJobMetrics",
    text="lastCheckpointExternalPath is the path of a checkpoint of the job, or says that there is no path.",
    source=_SOURCE,
)
def last_checkpoint_path(body: Value) -> Relations:
    for metric in body:
        path = metric["value"]
        if metric["id"].raw == _PATH_METRIC and isinstance(path.raw, str) and path.raw not in _NO_PATHS:
            match = _JOB_IN_PATH.search(path.raw)
            is_of_job = match is None or match[1] == body.response.parameters["jobid"]
            yield from require("/" in path.raw and is_of_job, "not a path of this job", path)


@between(
    "vertex",
    text="The ids of a vertex's metrics and watermarks begin with the index of one of its subtasks.",
    source=_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def metrics_of_subtasks(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    parallelism = vertex_of_job(view, job_id, vertex_id)["parallelism"]
    if may_be_rescaled(view, job_id) or not is_number(parallelism.raw):
        return
    for operation_id in ("getJobVertexMetrics", "getJobVertexWatermarks"):
        for metric in view.body(operation_id, **ids):
            index = str(metric["id"].raw).partition(".")[0]
            is_index = index.isascii() and index.isdecimal()
            exists = is_index and int(index) < parallelism.raw
            yield from require(exists, "no such subtask", metric["id"], *([parallelism] if is_index else []))
