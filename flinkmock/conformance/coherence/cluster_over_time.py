"""Invariants over time of the cluster: TaskManagers, applications, configuration, plans, jars, logs and metrics."""

from __future__ import annotations

from flinkmock.conformance.coherence.jobs import TERMINAL, entry_with
from flinkmock.conformance.coherence.over_time import STALE_METRICS_MS, duration_grows, matching_entries
from flinkmock.conformance.coherence.registry import between_times, over_time
from flinkmock.conformance.coherence.relations import Relations, ascending, equal, require, same_fields
from flinkmock.conformance.coherence.values import MISSING, Value, is_number, number
from flinkmock.conformance.coherence.vertices import vertex_of_job
from flinkmock.conformance.coherence.view import View

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
"""Metrics of a subtask that never decrease within an attempt."""
_UNKNOWN = "Unknown"
"""The state backend and the storages of a job that is not initialized (docs/flink-behaviour.md#before-a-job-runs)."""
_DEFAULT_STRATEGY = "Cluster level default restart strategy"
"""The restart strategy of a job that is not initialized, and of a job that sets none."""
_GROWING_JVM_METRICS = (
    "Status.JVM.CPU.Time",
    "Status.JVM.ClassLoader.ClassesLoaded",  # getTotalLoadedClassCount
    "Status.JVM.ClassLoader.ClassesUnloaded",
)
"""Metrics of a JVM that never decrease."""
_CONSTANT_JVM_METRICS = (
    "Status.JVM.Memory.Heap.Max",
    "Status.JVM.Memory.NonHeap.Max",
    "Status.JVM.Memory.Metaspace.Max",
    "Status.JVM.FileDescriptor.Max",
    "Status.Flink.Memory.Managed.Total",
)
"""Metrics of a JVM that never change."""


@over_time(
    "getTaskManagers",
    text="A TaskManager keeps its address and size; the time of its heartbeat never decreases.",
    source="flink-behaviour.md#task-managers",
)
def taskmanagers_are_unchanged(before: Value, after: Value) -> Relations:
    for old, new in matching_entries(before["taskmanagers"], after["taskmanagers"], "id"):
        yield from _taskmanager_is_unchanged(old, new)


@over_time(
    "getTaskManagerDetails",
    text="A TaskManager keeps its address and size; its garbage collections and heartbeat time never decrease.",
    source="flink-behaviour.md#task-managers",
)
def taskmanager_is_unchanged(before: Value, after: Value) -> Relations:
    yield from _taskmanager_is_unchanged(before, after)
    for key in ("heapMax", "nonHeapMax", "nettyShuffleMemorySegmentsTotal"):
        old, new = before["metrics"][key], after["metrics"][key]
        if old.raw and new.raw:  # 0 until the first metrics have arrived
            yield from equal(old, new)
    for old, new in matching_entries(
        before["metrics"]["garbageCollectors"], after["metrics"]["garbageCollectors"], "name"
    ):
        yield from ascending(old["count"], new["count"])
        yield from ascending(old["time"], new["time"])


def _taskmanager_is_unchanged(old: Value, new: Value) -> Relations:
    for key in ("path", "dataPort", "jmxPort", "hardware", "memoryConfiguration"):
        yield from same_fields(old[key], new[key])
    for key in ("slotsNumber", "totalResource") if old["slotsNumber"].raw else ():
        yield from same_fields(old[key], new[key])  # a TaskManager reports its slots after its registration
    # in spite of its name, this field is the time of the heartbeat
    yield from ascending(old["timeSinceLastHeartbeat"], new["timeSinceLastHeartbeat"])


@between_times(
    "taskmanager",
    text="A TaskManager that answers sends heartbeats.",
    source="flink-behaviour.md#heartbeats",
    min_interval_ms=30_000,
)
def heartbeats_continue(before: View, after: View, taskmanager_id: str) -> Relations:
    old = before.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)["timeSinceLastHeartbeat"]
    new = after.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)["timeSinceLastHeartbeat"]
    thread_dumps = [view.body("getTaskManagerThreadDump", taskmanagerid=taskmanager_id) for view in (before, after)]
    if all(dump.exists for dump in thread_dumps) and old.raw:
        yield from require(new.raw > old.raw, "no heartbeat in 30 s", new, old)


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
    source="flink-behaviour.md#cluster-overview",
)
def configuration_is_unchanged(before: Value, after: Value) -> Relations:
    options, later_options = ({option["key"].raw: option["value"] for option in body} for body in (before, after))
    is_list_of_options = bool(options) and None not in options and MISSING not in options
    if is_list_of_options:
        for key, value in later_options.items():
            if key in options:
                yield from equal(options[key], value)
        yield from require(options.keys() == later_options.keys(), "other options", before, after)
    elif not _may_be_provisional(before["execution-config"]):
        unknown = tuple(key for key, value in before.items() if value.raw == _UNKNOWN)
        yield from same_fields(before, after, without=unknown)


def _may_be_provisional(config: Value) -> bool:
    """Return whether a configuration may be the one that each job shows before it is initialized."""
    strategy = config["restart-strategy"].raw
    return strategy == _DEFAULT_STRATEGY and config["job-parallelism"].raw == 1 and not config["user-config"].raw


@between_times(
    "job",
    text="The configuration of a job does not change once it is initialized.",
    source="flink-behaviour.md#before-a-job-runs",
)
def job_configuration_is_unchanged(before: View, after: View, job_id: str) -> Relations:
    state = entry_with(before.body("getJobsOverview")["jobs"], "jid", job_id)["state"]
    if state.exists and state.raw not in ("INITIALIZING", "CREATED"):
        yield from same_fields(*(view.body("getJobConfig", jobid=job_id) for view in (before, after)))


@over_time(
    "getJobPlan",
    text="The plan of a job does not change, except for parallelisms.",
    source="flink-behaviour.md#job-details",
)
def plan_is_unchanged(before: Value, after: Value) -> Relations:
    for key in ("jid", "name", "type"):
        if before["plan"]["nodes"].raw and after["plan"]["nodes"].raw:
            yield from equal(before["plan"][key], after["plan"][key])
    for old, new in matching_entries(before["plan"]["nodes"], after["plan"]["nodes"], "id"):
        yield from same_fields(old, new, without=("parallelism",))


@over_time(
    "getClusterOverview",
    text="The number of jobs that have ended never decreases.",
    source="flink-behaviour.md#cluster-overview",
)
def ended_jobs_never_decrease(before: Value, after: Value) -> Relations:
    for key in ("jobs-finished", "jobs-cancelled", "jobs-failed"):
        yield from ascending(before[key], after[key])


@over_time("getClusterOverview", text="The version does not change.", source="flink-behaviour.md#cluster-overview")
def version_is_unchanged(before: Value, after: Value) -> Relations:
    yield from equal(before["flink-version"], after["flink-version"])
    yield from equal(before["flink-commit"], after["flink-commit"])


@over_time(
    "getJarList", text="A jar keeps its name, entries and time of upload.", source="flink-behaviour.md#jar-upload"
)
def jars_are_unchanged(before: Value, after: Value) -> Relations:
    yield from equal(before["address"], after["address"])
    for old, new in matching_entries(before["files"], after["files"], "id"):
        yield from same_fields(old, new)


@over_time(
    "getJobManagerLogList",
    "getTaskManagerLogs",
    text="Log files stay listed and only grow, unless they are rolled over.",
    source="flink-behaviour.md#logs",
)
def logs_grow(before: Value, after: Value) -> Relations:
    names_before, names_after = ({file["name"].raw for file in body["logs"]} for body in (before, after))
    is_rolled_over = not names_after <= names_before
    for file in before["logs"]:
        holds = is_rolled_over or file["name"].raw in names_after
        yield from require(holds, "a file is gone", after["logs"], file["name"])
    for old, new in matching_entries(before["logs"], after["logs"], "name"):
        if not is_rolled_over:
            yield from ascending(old["size"], new["size"])
            yield from ascending(old["mtime"], new["mtime"])


@over_time(
    "getApplicationsOverview",
    text="An application keeps its name and start; its end is final.",
    source="flink-behaviour.md#applications",
)
def applications_are_unchanged(before: Value, after: Value) -> Relations:
    for old, new in matching_entries(before["applications"], after["applications"], "id"):
        yield from _application_is_unchanged(old, new)


@over_time(
    "getApplicationDetails",
    text="An application keeps its name and start; its end is final, and the time of each state is set once.",
    source="flink-behaviour.md#applications",
)
def application_is_unchanged(before: Value, after: Value) -> Relations:
    yield from _application_is_unchanged(before, after)
    for state, time in before["timestamps"].items():
        if time.raw:
            yield from equal(time, after["timestamps"][state])


def _application_is_unchanged(old: Value, new: Value) -> Relations:
    for key in ("name", "start-time"):
        yield from equal(old[key], new[key])
    yield from duration_grows(old, new)
    if old["status"].is_in(TERMINAL):
        for key in ("status", "end-time", "duration"):
            yield from equal(old[key], new[key])


@over_time(
    "getJobManagerMetrics",
    "getTaskManagerMetrics",
    text="Times and counts of a JVM only grow, and its maximum sizes stay the same.",
    source="flink-behaviour.md#metrics",
)
def jvm_metrics_grow(before: Value, after: Value) -> Relations:
    for old, new in matching_entries(before, after, "id"):
        name = str(old["id"].raw)
        is_growing = name.startswith("Status.JVM.GarbageCollector.") and name.endswith((".Count", ".Time"))
        if is_growing or name in _GROWING_JVM_METRICS:
            yield from ascending(number(old["value"]), number(new["value"]))
        if name in _CONSTANT_JVM_METRICS:
            yield from equal(number(old["value"]), number(new["value"]))


@over_time(
    "getJobMetrics",
    text="The numbers of checkpoints and restarts in the metrics of a job, and the id and the times of its last "
    "checkpoint, never decrease.",
    source="flink-behaviour.md#metrics",
)
def job_metrics_grow(before: Value, after: Value) -> Relations:
    for old, new in matching_entries(before, after, "id"):
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
    text="Within an attempt, metrics that are counters or watermarks only grow.",
    source="flink-behaviour.md#apparent-contradictions",
)
def counters_of_metrics_grow(before: View, after: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    subtasks = [view.body("getJobVertexDetails", **ids)["subtasks"] for view in (before, after)]
    now = before.body("getJobVertexDetails", **ids)["now"]
    if vertex_of_job(before, job_id, vertex_id)["status"].raw != "RUNNING":
        return
    vertex_metrics = [view.metrics("getJobVertexMetrics", **ids) for view in (before, after)]
    for old, new in matching_entries(subtasks[0], subtasks[1], "subtask"):
        is_same_attempt = all(old[key].raw == new[key].raw for key in ("status", "attempt", "start-time"))
        if not is_same_attempt or old["status"].raw != "RUNNING" or now.raw - old["start-time"].raw < STALE_METRICS_MS:
            continue
        index = str(old["subtask"].raw)
        subtask_metrics = [view.metrics("getSubtaskMetrics", **ids, subtaskindex=index) for view in (before, after)]
        for prefix, metrics in ((f"{index}.", vertex_metrics), ("", subtask_metrics)):
            for name in _GROWING_METRICS:
                if prefix + name in metrics[0] and prefix + name in metrics[1]:
                    yield from ascending(metrics[0][prefix + name], metrics[1][prefix + name])


@over_time(
    "getJobVertexBackPressure",
    "getJobVertexFlameGraph",
    text="A sample of back pressure or of a flame graph is never replaced by an older one.",
    source="flink-behaviour.md#back-pressure",
)
def samples_are_in_order(before: Value, after: Value) -> Relations:
    for key in ("end-timestamp", "endTimestamp"):
        old, new = before[key], after[key]
        if is_number(old.raw) and is_number(new.raw) and old.raw > 0 and new.raw > 0:
            yield from ascending(old, new)
