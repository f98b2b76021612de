"""Invariants between two responses to the same request: constants, counters, and states that follow each other."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.coherence.registry import between_times, over_time
from flinkmock.conformance.coherence.relations import Relations, ascending, equal, same_fields, true
from flinkmock.conformance.coherence.values import MISSING, Value, is_number, number
from flinkmock.conformance.coherence.vertices import UNASSIGNED, vertex_row
from flinkmock.conformance.coherence.view import View

_RULES = "rules-that-hold"
_GROWING = (
    "read-bytes",
    "write-bytes",
    "read-records",
    "write-records",
    "accumulated-backpressured-time",
    "accumulated-idle-time",
)
"""Counters of an attempt. accumulated-busy-time may fall (docs/flink-behaviour.md#apparent-contradictions)."""
_COUNTING = ("RUNNING", "FINISHED")
"""States with counters: those of a task that was cancelled or lost are 0 if it reported none."""
_ORDER = ("CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED")
_GROWING_METRICS = (
    "numRecordsIn",
    "numRecordsOut",
    "numBytesIn",
    "numBytesInLocal",
    "numBytesInRemote",
    "numBytesOut",
    "numBuffersIn",
    "numBuffersOut",
    "numBuffersInLocal",
    "numBuffersInRemote",
    "accumulateBackPressuredTimeMs",
    "accumulateIdleTimeMs",
    "currentInputWatermark",
)
_SETTLED_MS = 30_000
"""Metrics of the previous attempt are gone after this time."""


def _pairs(before: Value, after: Value, key: str) -> Iterator[tuple[Value, Value]]:
    """Yield the rows of two lists that have the same value under a key."""
    later = {row[key].raw: row for row in after if isinstance(row[key].raw, (str, int))}
    for row in before:
        if row[key].raw in later:
            yield row, later[row[key].raw]


@over_time(
    "getJobsOverview",
    "getApplicationDetails",
    text="Name, type and start-time of a job stay the same.",
    source="job-lists",
)
def listed_job_is_the_same(before: Value, after: Value) -> Relations:
    for old, new in _pairs(before["jobs"], after["jobs"], "jid"):
        for key in ("name", "jobType", "schedulerType", "start-time"):
            if old[key].raw is not None:  # there is no scheduler before it is initialized
                yield from equal(old[key], new[key])
        if old["schedulerType"].raw in (MISSING, "Default") and old["tasks"]["total"].raw and new["tasks"]["total"].raw:
            yield from equal(old["tasks"]["total"], new["tasks"]["total"])


@over_time(
    "getJobsOverview", "getApplicationDetails", text="A job that has ended does not change.", source="ended-jobs"
)
def ended_job_stays(before: Value, after: Value) -> Relations:
    for old, new in _pairs(before["jobs"], after["jobs"], "jid"):
        if old["state"].is_in(TERMINAL):
            yield from same_fields(old, new, without=("tasks",))


@over_time(
    "getJobsOverview",
    "getApplicationDetails",
    text="last-modification and the duration of a job only grow.",
    source="job-lists",
)
def listed_times_grow(before: Value, after: Value) -> Relations:
    for old, new in _pairs(before["jobs"], after["jobs"], "jid"):
        yield from ascending(old["last-modification"], new["last-modification"])
        yield from _duration_grows(old, new)


@over_time(
    "getJobsOverview", "getJobIdsWithStatusesOverview", text="A job that runs stays in the list.", source="job-lists"
)
def running_job_stays(before: Value, after: Value) -> Relations:
    key, status = ("jid", "state") if before["jobs"][0]["jid"].exists else ("id", "status")
    listed = {row[key].raw for row in after["jobs"]}
    for old in before["jobs"]:
        if old[status].exists and old[status].raw not in TERMINAL:
            yield from true(old[key].raw in listed, "a job has gone", after["jobs"], old[key])


@over_time("getJobIdsWithStatusesOverview", text="A job that has ended stays so.", source="ended-jobs")
def ended_status_stays(before: Value, after: Value) -> Relations:
    for old, new in _pairs(before["jobs"], after["jobs"], "id"):
        if old["status"].is_in(TERMINAL):
            yield from equal(old["status"], new["status"])
        elif old["status"].raw != "INITIALIZING":
            yield from true(new["status"].raw != "INITIALIZING", "it was initialized", new["status"], old["status"])


@over_time("getJobStatusInfo", text="A job that has ended stays so; no job is initialized twice.", source="ended-jobs")
def status_stays(before: Value, after: Value) -> Relations:
    old, new = before["status"], after["status"]
    if old.is_in(TERMINAL):
        yield from equal(old, new)
    elif old.raw != "INITIALIZING":
        yield from true(new.raw != "INITIALIZING", "it was initialized", new, old)


@over_time("getJobExecutionResult", text="The result of a job does not change.", source="execution-result")
def result_stays(before: Value, after: Value) -> Relations:
    if before["status"]["id"].raw == "COMPLETED":
        yield from same_fields(before, after)


@over_time("getJobDetails", text="The times of a job only grow, and its start stays.", source=_RULES)
def job_times_grow(before: Value, after: Value) -> Relations:
    for key in ("jid", "name", "job-type", "application-id", "start-time"):
        yield from equal(before[key], after[key])
    yield from ascending(before["now"], after["now"])
    yield from _duration_grows(before, after)
    for state, time in before["timestamps"].items():
        yield from ascending(time, after["timestamps"][state])
    if before["state"].is_in(TERMINAL):
        yield from same_fields(before, after, without=("now", "plan"))


@over_time(
    "getJobDetails",
    text="The vertices of a job stay the same; within an attempt, its counters only grow.",
    source=_RULES,
)
def vertices_grow(before: Value, after: Value) -> Relations:
    default = before["schedulerType"].raw in (MISSING, "Default")
    restarted = before["timestamps"]["RUNNING"].raw != after["timestamps"]["RUNNING"].raw
    if default and before["vertices"].raw and after["vertices"].raw and before["job-type"].raw != "BATCH":
        same = [row["id"].raw for row in before["vertices"]] == [row["id"].raw for row in after["vertices"]]
        yield from true(same, "other vertices", before["vertices"], after["vertices"], exact=True)
    for old, new in _pairs(before["vertices"], after["vertices"], "id"):
        yield from equal(old["name"], new["name"])
        if default and before["job-type"].raw != "BATCH":
            yield from equal(old["parallelism"], new["parallelism"])
        yield from equal(old["slotSharingGroupId"], new["slotSharingGroupId"])
        if not restarted and old["start-time"].raw == new["start-time"].raw != -1 and before["state"].raw == "RUNNING":
            if old["status"].is_in(_COUNTING) and new["status"].is_in(_COUNTING):
                yield from _counters_grow(old["metrics"], new["metrics"])
            yield from _duration_grows(old, new)


def _duration_grows(old: Value, new: Value) -> Relations:
    """A duration grows until the end. A cached graph may count on for 3 s after the end."""
    if new["end-time"].raw == -1 or old["end-time"].raw != -1:
        yield from ascending(old["duration"], new["duration"])


def _counters_grow(old: Value, new: Value) -> Relations:
    complete = [old[f"{key}-complete"].raw is True and new[f"{key}-complete"].raw is True for key in _GROWING[:4]]
    if all(complete):
        for key in _GROWING:
            yield from ascending(old[key], new[key])


@over_time(
    "getJobVertexDetails",
    text="Subtasks keep their attempt until the next one; its counters only grow.",
    source="subtasks",
)
def subtasks_grow(before: Value, after: Value) -> Relations:
    yield from ascending(before["now"], after["now"])
    for key in ("id", "name"):
        yield from equal(before[key], after[key])
    for old, new in _pairs(before["subtasks"], after["subtasks"], "subtask"):
        yield from _subtask_grows(old, new)


@over_time(
    "getSubtaskCurrentAttemptDetails",
    "getSubtaskExecutionAttemptDetails",
    text="A subtask keeps its attempt until the next one; its counters only grow.",
    source="subtasks",
)
def subtask_grows(before: Value, after: Value) -> Relations:
    yield from _subtask_grows(before, after)


def _subtask_grows(old: Value, new: Value) -> Relations:
    if old["attempt"].raw == new["attempt"].raw and old["start-time"].raw == new["start-time"].raw != -1:
        if old["status"].is_in(_COUNTING) and new["status"].is_in(_COUNTING):
            yield from _counters_grow(old["metrics"], new["metrics"])
        yield from _duration_grows(old, new)
        if old["taskmanager-id"].raw != UNASSIGNED:
            yield from equal(old["taskmanager-id"], new["taskmanager-id"])
            yield from equal(old["endpoint"], new["endpoint"])
        if old["status"].is_in(_ORDER) and new["status"].is_in(_ORDER):
            forward = _ORDER.index(old["status"].raw) <= _ORDER.index(new["status"].raw)
            yield from true(forward, "it went back", old["status"], new["status"])
        if old["status"].is_in(TERMINAL):
            for key in ("status", "end-time", "duration"):
                yield from equal(old[key], new[key])
        for state, duration in old["status-duration"].items():
            if state != old["status"].raw or (old["status"].raw == new["status"].raw and new["end-time"].raw == -1):
                yield from ascending(duration, new["status-duration"][state])
    yield from ascending(old["attempt"], new["attempt"])


@over_time("getSubtasksTimes", text="The times of an attempt are set once.", source="subtasks")
def subtask_times_stay(before: Value, after: Value) -> Relations:
    yield from ascending(before["now"], after["now"])
    yield from equal(before["name"], after["name"])
    for old, new in _pairs(before["subtasks"], after["subtasks"], "subtask"):
        if old["timestamps"]["CREATED"].raw == new["timestamps"]["CREATED"].raw:
            for state, time in old["timestamps"].items():
                if time.raw:
                    yield from equal(time, new["timestamps"][state])
        else:
            yield from ascending(old["timestamps"]["CREATED"], new["timestamps"]["CREATED"])


@over_time(
    "getJobVertexTaskManagers", text="The server's time goes on, and the vertex stays the same.", source="subtasks"
)
def located_vertex_stays(before: Value, after: Value) -> Relations:
    yield from ascending(before["now"], after["now"])
    yield from equal(before["name"], after["name"])
    for old, new in _pairs(before["taskmanagers"], after["taskmanagers"], "endpoint"):
        if old["start-time"].raw == new["start-time"].raw != -1 and old["status"].raw == new["status"].raw == "RUNNING":
            counts = [each["status-counts"] for each in (old, new)]
            if counts[0].raw == counts[1].raw:
                yield from _counters_grow(old["metrics"], new["metrics"])


@over_time(
    "getCheckpointingStatistics", text="Checkpoints are counted on, and their ids rise.", source="checkpoint-statistics"
)
def checkpoints_are_counted_on(before: Value, after: Value) -> Relations:
    for key in ("restored", "total", "completed", "failed"):
        yield from ascending(before["counts"][key], after["counts"][key])
    yield from ascending(before["history"][0]["id"], after["history"][0]["id"])
    for kind in ("completed", "savepoint", "failed"):
        old, new = before["latest"][kind], after["latest"][kind]
        if old.raw:
            yield from true(bool(new.raw), f"the latest {kind} has gone", new, old["id"])
            yield from ascending(old["id"], new["id"])
    old, new = before["latest"]["restored"], after["latest"]["restored"]
    if old.raw:
        yield from true(bool(new.raw), "the restored checkpoint has gone", new, old["id"])
        yield from ascending(old["restore_timestamp"], new["restore_timestamp"])
        if before["counts"]["restored"].raw == after["counts"]["restored"].raw:
            yield from same_fields(old, new)


@over_time(
    "getCheckpointingStatistics",
    text="A checkpoint that is completed or failed does not change.",
    source="checkpoint-statistics",
)
def history_stays(before: Value, after: Value) -> Relations:
    for old, new in _pairs(before["history"], after["history"], "id"):
        if old["status"].is_in(("COMPLETED", "FAILED")):
            yield from same_fields(old, new, without=("discarded",))
        else:
            for key in ("trigger_timestamp", "checkpoint_type", "is_savepoint"):
                yield from equal(old[key], new[key])
            yield from ascending(old["num_acknowledged_subtasks"], new["num_acknowledged_subtasks"])
    oldest = after["history"][-1]["id"].raw
    listed = {entry["id"].raw for entry in after["history"]}
    for entry in before["history"] if is_number(oldest) else ():
        if entry["id"].raw >= oldest:
            yield from true(entry["id"].raw in listed, "a checkpoint has gone", after["history"], entry["id"])


@over_time(
    "getCheckpointingStatistics",
    text="The minima of the summary only fall, its maxima only rise.",
    source="checkpoint-statistics",
)
def summary_widens(before: Value, after: Value) -> Relations:
    if not before["counts"]["completed"].raw:
        return
    for name, old in before["summary"].items():
        new = after["summary"][name]
        yield from ascending(new["min"], old["min"])
        yield from ascending(old["max"], new["max"])
        if before["counts"]["completed"].raw == after["counts"]["completed"].raw:
            yield from same_fields(old, new)


@over_time(
    "getCheckpointStatisticDetails",
    "getTaskCheckpointStatistics",
    text="A checkpoint that is completed or failed keeps its details.",
    source="checkpoint-details",
)
def checkpoint_stays(before: Value, after: Value) -> Relations:
    if before["status"].is_in(("COMPLETED", "FAILED")):
        yield from same_fields(before, after, without=("discarded",))
    yield from ascending(before["num_acknowledged_subtasks"], after["num_acknowledged_subtasks"])
    if before["discarded"].raw is True:
        yield from true(after["discarded"].raw is True, "it was discarded", after["discarded"], before["discarded"])


@over_time("getJobExceptions", text="The history of exceptions only grows at its beginning.", source="exceptions")
def exceptions_stay(before: Value, after: Value) -> Relations:
    old, new = before["exceptionHistory"]["entries"], after["exceptionHistory"]["entries"]
    if old[0].exists:
        yield from true(new[0].exists, "the exceptions have gone", new, old)
        yield from ascending(old[0]["timestamp"], new[0]["timestamp"])
    if len(old.raw or ()) == len(new.raw or ()) and old[0]["timestamp"].raw == new[0]["timestamp"].raw:
        for one, other in zip(old, new, strict=True):
            yield from same_fields(one, other, without=("concurrentExceptions",))
    if before["timestamp"].raw and after["timestamp"].raw:
        yield from ascending(before["timestamp"], after["timestamp"])


@over_time(
    "getTaskManagers",
    text="A TaskManager keeps its address and size, and its heartbeats go on.",
    source="task-managers",
)
def taskmanagers_stay(before: Value, after: Value) -> Relations:
    for old, new in _pairs(before["taskmanagers"], after["taskmanagers"], "id"):
        yield from _taskmanager_stays(old, new)


@over_time(
    "getTaskManagerDetails",
    text="A TaskManager keeps its address and size; its collections are counted on.",
    source="task-managers",
)
def taskmanager_stays(before: Value, after: Value) -> Relations:
    yield from _taskmanager_stays(before, after)
    for key in ("heapMax", "nonHeapMax", "nettyShuffleMemorySegmentsTotal"):
        old, new = before["metrics"][key], after["metrics"][key]
        if old.raw and new.raw:  # 0 until the first metrics have arrived
            yield from equal(old, new)
    for old, new in _pairs(before["metrics"]["garbageCollectors"], after["metrics"]["garbageCollectors"], "name"):
        yield from ascending(old["count"], new["count"])
        yield from ascending(old["time"], new["time"])


def _taskmanager_stays(old: Value, new: Value) -> Relations:
    for key in ("path", "dataPort", "jmxPort", "slotsNumber", "totalResource", "hardware", "memoryConfiguration"):
        yield from same_fields(old[key], new[key])
    yield from ascending(old["timeSinceLastHeartbeat"], new["timeSinceLastHeartbeat"])


@between_times("taskmanager", text="A TaskManager that answers sends heartbeats.", source="heartbeats", apart_ms=30_000)
def heartbeats_go_on(before: View, after: View, taskmanager_id: str) -> Relations:
    old = before.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)["timeSinceLastHeartbeat"]
    new = after.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)["timeSinceLastHeartbeat"]
    answers = after.body("getTaskManagerThreadDump", taskmanagerid=taskmanager_id)
    if answers.exists and before.body("getTaskManagerThreadDump", taskmanagerid=taskmanager_id).exists and old.raw:
        yield from true(new.raw > old.raw, "no heartbeat in 30 s", new, old)


@over_time(
    "getDashboardConfiguration",
    "getClusterConfigurationInfo",
    "getJobManagerEnvironment",
    "getJobConfig",
    "getCheckpointConfig",
    "getJobManagerJobConfiguration",
    "getJobManagerJobEnvironment",
    "getJobManagerApplicationConfiguration",
    "getJobManagerLogUrl",
    "getTaskManagerLogUrl",
    text="Configuration and environment do not change.",
    source="cluster-overview",
)
def configuration_stays(before: Value, after: Value) -> Relations:
    rows = [{row["key"].raw: row for row in body} for body in (before, after)]
    if rows[0] and None not in rows[0] and MISSING not in rows[0]:
        for key, row in rows[1].items():
            if key in rows[0]:
                yield from equal(rows[0][key]["value"], row["value"])
        yield from true(rows[0].keys() == rows[1].keys(), "other options", before, after)
    else:
        yield from same_fields(before, after)


@over_time("getJobPlan", text="The plan of a job does not change.", source="job-details")
def plan_stays(before: Value, after: Value) -> Relations:
    for key in ("jid", "name", "type"):
        if before["plan"]["nodes"].raw and after["plan"]["nodes"].raw:
            yield from equal(before["plan"][key], after["plan"][key])
    for old, new in _pairs(before["plan"]["nodes"], after["plan"]["nodes"], "id"):
        yield from same_fields(old, new, without=("parallelism",))


@over_time("getClusterOverview", text="Jobs that have ended are counted on.", source="cluster-overview")
def ended_jobs_are_counted_on(before: Value, after: Value) -> Relations:
    for key in ("jobs-finished", "jobs-cancelled", "jobs-failed"):
        yield from ascending(before[key], after[key])


@over_time("getClusterOverview", text="The version does not change.", source="cluster-overview")
def version_stays(before: Value, after: Value) -> Relations:
    yield from equal(before["flink-version"], after["flink-version"])
    yield from equal(before["flink-commit"], after["flink-commit"])


@over_time("getJarList", text="A jar keeps its name, entries and time of upload.", source="jar-upload")
def jars_stay(before: Value, after: Value) -> Relations:
    yield from equal(before["address"], after["address"])
    for old, new in _pairs(before["files"], after["files"], "id"):
        yield from same_fields(old, new)


@over_time(
    "getJobManagerLogList", "getTaskManagerLogs", text="Log files grow, unless they are rolled over.", source="logs"
)
def logs_grow(before: Value, after: Value) -> Relations:
    names = {row["name"].raw for row in before["logs"]}
    rolled = any(row["name"].raw not in names for row in after["logs"])
    for old, new in _pairs(before["logs"], after["logs"], "name"):
        if not rolled:
            yield from ascending(old["size"], new["size"])
            yield from ascending(old["mtime"], new["mtime"])


@over_time(
    "getApplicationsOverview", text="An application keeps its name and start; its end is final.", source="applications"
)
def applications_stay(before: Value, after: Value) -> Relations:
    for old, new in _pairs(before["applications"], after["applications"], "id"):
        yield from _application_stays(old, new)


@over_time(
    "getApplicationDetails", text="An application keeps its name and start; its times only grow.", source="applications"
)
def application_stays(before: Value, after: Value) -> Relations:
    yield from _application_stays(before, after)
    for state, time in before["timestamps"].items():
        if time.raw:
            yield from equal(time, after["timestamps"][state])


def _application_stays(old: Value, new: Value) -> Relations:
    for key in ("name", "start-time"):
        yield from equal(old[key], new[key])
    yield from _duration_grows(old, new)
    if old["status"].is_in(TERMINAL):
        for key in ("status", "end-time", "duration"):
            yield from equal(old[key], new[key])


@over_time(
    "getJobManagerMetrics", "getTaskManagerMetrics", text="Times and counts of a JVM only grow.", source="metrics"
)
def jvm_metrics_grow(before: Value, after: Value) -> Relations:
    for old, new in _pairs(before, after, "id"):
        name = str(old["id"].raw)
        growing = name.startswith("Status.JVM.GarbageCollector.") and name.endswith((".Count", ".Time"))
        if growing or name in ("Status.JVM.CPU.Time", "Status.JVM.ClassLoader.ClassesUnloaded"):
            yield from ascending(number(old["value"]), number(new["value"]))
        if name in ("Status.JVM.Memory.Heap.Max", "Status.JVM.Memory.NonHeap.Max", "Status.Flink.Memory.Managed.Total"):
            yield from equal(number(old["value"]), number(new["value"]))


@over_time("getJobMetrics", text="Checkpoints and restarts are counted on in the metrics of a job.", source="metrics")
def job_metrics_grow(before: Value, after: Value) -> Relations:
    for old, new in _pairs(before, after, "id"):
        if old["id"].raw in (
            "numberOfCompletedCheckpoints",
            "numberOfFailedCheckpoints",
            "totalNumberOfCheckpoints",
            "numRestarts",
            "fullRestarts",
            "lastCompletedCheckpointId",
            "lastCheckpointCompletedTimestamp",
            "lastCheckpointRestoreTimestamp",
        ):
            yield from ascending(number(old["value"]), number(new["value"]))


@between_times(
    "vertex",
    text="Within an attempt, counters and watermarks of the metrics only grow.",
    source="apparent-contradictions",
)
def counters_of_metrics_grow(before: View, after: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    rows = [view.body("getJobVertexDetails", **ids)["subtasks"] for view in (before, after)]
    now = before.body("getJobVertexDetails", **ids)["now"]
    if vertex_row(before, job_id, vertex_id)["status"].raw != "RUNNING":
        return
    of_vertex = [view.metrics("getJobVertexMetrics", **ids) for view in (before, after)]
    for old, new in _pairs(rows[0], rows[1], "subtask"):
        same = all(old[key].raw == new[key].raw for key in ("status", "attempt", "start-time"))
        if not same or old["status"].raw != "RUNNING" or now.raw - old["start-time"].raw < _SETTLED_MS:
            continue
        index = str(old["subtask"].raw)
        of_subtask = [view.metrics("getSubtaskMetrics", **ids, subtaskindex=index) for view in (before, after)]
        for prefix, metrics in ((f"{index}.", of_vertex), ("", of_subtask)):
            for name in _GROWING_METRICS:
                if prefix + name in metrics[0] and prefix + name in metrics[1]:
                    yield from ascending(metrics[0][prefix + name], metrics[1][prefix + name])


@over_time(
    "getJobVertexBackPressure",
    "getJobVertexFlameGraph",
    text="Samples are not replaced by older ones.",
    source="back-pressure",
)
def samples_go_on(before: Value, after: Value) -> Relations:
    for key in ("end-timestamp", "endTimestamp"):
        old, new = before[key], after[key]
        if is_number(old.raw) and is_number(new.raw) and old.raw > 0 and new.raw > 0:
            yield from ascending(old, new)
