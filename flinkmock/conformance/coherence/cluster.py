"""Invariants of the cluster: overview, configuration, logs, threads, jars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.coherence.registry import METRICS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    close,
    descending_rows,
    equal,
    same_fields,
    true,
    unique,
)
from flinkmock.conformance.coherence.values import MISSING, Value, computed, constant, count, is_number, number, total
from flinkmock.conformance.coherence.view import View

_OVERVIEW = "cluster-overview"
_COPIES = {
    "getClusterConfigurationInfo": ("getJobManagerJobConfiguration", "getJobManagerApplicationConfiguration"),
    "getJobManagerEnvironment": ("getJobManagerJobEnvironment",),
}
"""Operation -> operations that return the same for a job or an application."""
_EXPIRATION_MS = 3_500_000
"""A little less than jobstore.expiration-time, an hour."""
_CACHED_GROWTH = 512 * 1024
"""How many bytes a log file of a TaskManager may grow while its content is cached (3 s)."""
_MEMORY_UNITS = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}


@within("getClusterOverview", text="Available slots are between 0 and slots-total.", source=_OVERVIEW)
def available_slots(body: Value) -> Relations:
    yield from ascending(constant(0, "0"), body["slots-available"], body["slots-total"])
    for key in ("taskmanagers", "jobs-running", "jobs-finished", "jobs-cancelled", "jobs-failed"):
        yield from ascending(constant(0, "0"), body[key])


@between("cluster", text="/overview counts the TaskManagers and their slots.", source=_OVERVIEW)
def overview_counts_taskmanagers(view: View) -> Relations:
    overview, rows = view.body("getClusterOverview"), view.body("getTaskManagers")["taskmanagers"]
    if rows.exists:
        listed = computed(len(rows.raw or ()), f"length of {rows}", rows)
        yield from equal(overview["taskmanagers"], listed)
        yield from equal(overview["slots-total"], total([row["slotsNumber"] for row in rows], "sum of slotsNumber"))
        yield from equal(overview["slots-available"], total([row["freeSlots"] for row in rows], "sum of freeSlots"))


def _keeps_all_jobs(view: View) -> bool:
    """Whether no job can have expired: the log begins later than that."""
    configured = options(view)
    if "jobstore.max-capacity" in configured or "jobstore.expiration-time" in configured:
        return False
    log, offset = view.body("getJobManagerLogFile").raw, view.body("getDashboardConfiguration")["timezone-offset"].raw
    clocks = [view.body("getJobDetails", jobid=ids[0])["now"].raw for ids in view.subjects("job")]
    now = max((clock for clock in clocks if is_number(clock)), default=None)
    if not isinstance(log, str) or now is None or not is_number(offset):
        return False
    try:
        started_at = datetime.strptime(log[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000 - offset
    except ValueError:
        return False
    return bool(now - started_at < _EXPIRATION_MS)


@between("cluster", text="/overview counts the jobs by their states.", source=_OVERVIEW)
def overview_counts_jobs(view: View) -> Relations:
    overview, jobs = view.body("getClusterOverview"), view.body("getJobsOverview")["jobs"]
    ids = view.body("getJobIdsWithStatusesOverview")["jobs"]
    if not jobs.exists:
        return
    keeps_all_jobs = _keeps_all_jobs(view)
    for rows, status in ((jobs, "state"), (ids, "status")):
        states = [row[status] for row in rows]
        if not states and rows.exists:
            none = computed(0, "no jobs", rows)
            for end in ("running", "finished", "cancelled", "failed") if keeps_all_jobs else ("running",):
                yield from equal(overview[f"jobs-{end}"], none)
        if states:
            running = {state.raw for state in states} - TERMINAL
            yield from equal(overview["jobs-running"], count(states, running, "jobs that have not ended"))
            for key, state in (("finished", "FINISHED"), ("cancelled", "CANCELED"), ("failed", "FAILED")):
                listed = count(states, [state], f"jobs that are {state}")
                # /overview still counts jobs that have expired
                yield from (equal if keeps_all_jobs else ascending)(listed, overview[f"jobs-{key}"])


@between("cluster", text="/jobs and /jobs/overview list the same jobs.", source="job-lists")
def same_jobs(view: View) -> Relations:
    jobs, ids = view.body("getJobsOverview")["jobs"], view.body("getJobIdsWithStatusesOverview")["jobs"]
    if jobs.exists and ids.exists:
        listed, configured = {job["jid"].raw for job in jobs}, {job["id"].raw for job in ids}
        for job in jobs:
            yield from true(job["jid"].raw in configured, "/jobs lacks it", ids, job["jid"], exact=True)
        for job in ids:
            yield from true(job["id"].raw in listed, "/jobs/overview lacks it", jobs, job["id"], exact=True)


@between(
    "cluster",
    text="The JobManager's metrics count the slots, TaskManagers and jobs.",
    source="metrics",
    settles_in_ms=METRICS,
)
def jobmanager_metrics(view: View) -> Relations:
    metrics, overview = view.metrics("getJobManagerMetrics"), view.body("getClusterOverview")
    for name, key in (
        ("taskSlotsTotal", "slots-total"),
        ("taskSlotsAvailable", "slots-available"),
        ("numRegisteredTaskManagers", "taskmanagers"),
        ("numRunningJobs", "jobs-running"),
    ):
        if name in metrics:
            yield from equal(overview[key], metrics[name])


@between("cluster", text="/overview and /config name the same version.", source=_OVERVIEW)
def same_version(view: View) -> Relations:
    overview, config = view.body("getClusterOverview"), view.body("getDashboardConfiguration")
    yield from equal(overview["flink-version"], config["flink-version"])
    commit, revision = overview["flink-commit"], config["flink-revision"]
    if isinstance(revision.raw, str) and " @ " in revision.raw:
        text = "no time after the commit"
        yield from true(_is_time(revision.raw.partition(" @ ")[2]), text, revision, exact=True)
    if isinstance(commit.raw, str) and isinstance(revision.raw, str):
        yield from true(revision.raw.startswith(commit.raw), "another commit", revision, commit, exact=True)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@within(
    "getDashboardConfiguration",
    text="The time zone has the offset that its name says, if that is UTC.",
    source=_OVERVIEW,
)
def time_zone(body: Value) -> Relations:
    name, offset = body["timezone-name"], body["timezone-offset"]
    if name.is_in(("Coordinated Universal Time", "Greenwich Mean Time", "UTC")):
        yield from equal(offset, constant(0, "0"))
    elif offset.exists:
        text = "no offset of a time zone"
        yield from true(abs(offset.raw) <= 15 * 3_600_000 and offset.raw % 900_000 == 0, text, offset, exact=True)
        yield from true(offset.raw != 0 or "Universal" not in str(name.raw), "UTC", name, offset)


def options(view: View) -> dict[str, Value]:
    """Return the options of the cluster by their keys."""
    return {str(row["key"].raw): row["value"] for row in view.body("getClusterConfigurationInfo")}


@between("cluster", text="The features of the dashboard are those that are configured.", source=_OVERVIEW)
def dashboard_features(view: View) -> Relations:
    config, configured = view.body("getDashboardConfiguration"), options(view)
    if not configured:
        return
    for feature, key in (("web-submit", "web.submit.enable"), ("web-cancel", "web.cancel.enable")):
        enabled = str(configured[key].raw).lower() == "true" if key in configured else True
        value = config["features"][feature]
        yield from true(value.raw == enabled, f"{key} is {enabled}", value, exact=True)
    history = config["features"]["web-history"]
    yield from true(history.raw is False, "this is not a history server", history, exact=True)
    rescale = config["features"]["web-rescale"]
    if "jobmanager.scheduler" not in configured and "scheduler-mode" not in configured:
        yield from true(rescale.raw is False, "the scheduler is not adaptive", rescale, exact=True)
    interval = configured.get("web.refresh-interval", Value("3000"))
    text = str(interval.raw).replace(" ", "")
    if match := re.fullmatch(r"(\d+)(ms|s)?", text):
        expected = int(match[1]) * (1000 if match[2] == "s" else 1)
        value = config["refresh-interval"]
        yield from true(value.raw == expected, f"web.refresh-interval is {expected} ms", value, exact=True)


@between("cluster", text="TaskManagers have the slots and the memory that are configured.", source="task-managers")
def taskmanager_options(view: View) -> Relations:
    configured = options(view)
    rows = view.body("getTaskManagers")["taskmanagers"]
    slots = configured.get("taskmanager.numberOfTaskSlots")
    if slots is not None and str(slots.raw).isdecimal():
        numbers = [row["slotsNumber"] for row in rows]
        # TaskManagers may have configuration files of their own
        if any(slots_number.raw == int(slots.raw) for slots_number in numbers):
            for slots_number in numbers:
                holds = slots_number.raw == int(slots.raw)
                yield from true(holds, "another number is configured", slots_number, slots, exact=True)
    for key, field in (
        ("taskmanager.memory.process.size", "totalProcessMemory"),
        ("taskmanager.memory.flink.size", "totalFlinkMemory"),
    ):
        size = _bytes(configured[key].raw) if key in configured else None
        for row in rows:
            value = row["memoryConfiguration"][field]
            if size is not None and is_number(value.raw):
                is_close = abs(value.raw - size) <= 1024
                yield from true(is_close, "another size is configured", value, configured[key], exact=True)


def _bytes(text: object) -> int | None:
    match = re.fullmatch(r"(\d+)\s*([kmgb]?b?)", str(text).strip().lower())
    return int(match[1]) * _MEMORY_UNITS[match[2]] if match and match[2] in _MEMORY_UNITS else None


@within(
    "getClusterConfigurationInfo",
    "getJobManagerJobConfiguration",
    "getJobManagerApplicationConfiguration",
    text="Each option is listed once.",
    source=_OVERVIEW,
)
def options_are_unique(body: Value) -> Relations:
    yield from unique(body, "key")


@between("cluster", text="A job and an application have the configuration of the cluster.", source=_OVERVIEW)
def same_configuration(view: View) -> Relations:
    original = view.body("getClusterConfigurationInfo")
    expected = {row["key"].raw: row["value"] for row in original}
    for body in _copies(view, "getClusterConfigurationInfo"):
        copied = {row["key"].raw: row["value"] for row in body}
        for key, value in copied.items():
            if key in expected:
                yield from equal(value, expected[key])
            elif expected:
                row = next(row for row in body if row["key"].raw == key)
                yield from true(False, f"only one of them has {key}", row["key"], original)
        for key in expected.keys() - copied.keys():
            yield from true(False, f"only one of them has {key}", body, original)
    for body in _copies(view, "getJobManagerEnvironment"):
        yield from same_fields(view.body("getJobManagerEnvironment"), body)


def _copies(view: View, operation_id: str) -> Iterator[Value]:
    for kind, parameter in (("job", "jobid"), ("application", "applicationid")):
        for ids in view.subjects(kind):
            for copy in _COPIES[operation_id]:
                body = view.body(copy, **{parameter: ids[0]})
                if body.exists:
                    yield body


@within(
    "getJobManagerLogList",
    "getTaskManagerLogs",
    text="Each file is listed once, with a size of at least 0.",
    source="logs",
)
def log_files(body: Value) -> Relations:
    yield from unique(body["logs"], "name")
    for row in body["logs"]:
        yield from ascending(constant(0, "0"), row["size"])
        if row["mtime"].exists:
            yield from ascending(constant(0, "0"), row["mtime"])


@between("cluster", text="A log file of the JobManager has the size that the list says.", source="logs")
def jobmanager_log_sizes(view: View) -> Relations:
    yield from _log_sizes(view, "getJobManagerLogList", "getJobManagerCustomLog", {})


@between(
    "taskmanager",
    text="A log file of a TaskManager is at most as long as the list says, and not much shorter.",
    source="logs",
    settles_in_ms=6_000,
)
def taskmanager_log_sizes(view: View, taskmanager_id: str) -> Relations:
    yield from _log_sizes(view, "getTaskManagerLogs", "getTaskManagerCustomLog", {"taskmanagerid": taskmanager_id})


def _log_sizes(view: View, list_id: str, file_id: str, ids: dict[str, str]) -> Relations:
    for row in view.body(list_id, **ids)["logs"]:
        text = view.body(file_id, **ids, filename=str(row["name"].raw))
        if isinstance(text.raw, str) and is_number(row["size"].raw):
            length = computed(len(text.raw), "length of the file", text)
            # a file that grows is not the same when it is asked again; those of TaskManagers are cached
            yield from ascending(length, row["size"], slack=256)
            yield from ascending(row["size"], length, slack=_CACHED_GROWTH if ids else 256)


@between("cluster", text="/jobmanager/log is one of the listed files.", source="logs")
def jobmanager_log_is_listed(view: View) -> Relations:
    text = view.body("getJobManagerLogFile")
    rows = view.body("getJobManagerLogList")["logs"]
    if isinstance(text.raw, str) and rows.raw:
        length = len(text.raw)
        is_close = any(is_number(row["size"].raw) and abs(row["size"].raw - length) < 65_536 for row in rows)
        yield from true(is_close, f"no file has about {length} bytes", text, rows)


@within(
    "getJobManagerThreadDump",
    "getTaskManagerThreadDump",
    text="A thread's description begins with its name.",
    source="task-managers",
)
def thread_names(body: Value) -> Relations:
    for row in body["threadInfos"]:
        name, text = row["threadName"], row["stringifiedThreadInfo"]
        if isinstance(name.raw, str) and isinstance(text.raw, str) and text.raw.startswith('"'):
            yield from true(text.raw.startswith(f'"{name.raw}"'), "another thread", name, text, exact=True)


@within(
    "getJarList", text="The newest jar comes first, each once, with an id that ends with its name.", source="jar-upload"
)
def jars_newest_first(body: Value) -> Relations:
    yield from descending_rows(body["files"], "uploaded")
    yield from unique(body["files"], "id")
    for row in body["files"]:
        name, jar = row["name"], row["id"]
        if isinstance(name.raw, str) and isinstance(jar.raw, str):
            yield from true(jar.raw.partition("_")[2] == name.raw, "an id of another name", name, jar, exact=True)
        yield from ascending(constant(1, "1"), row["uploaded"])
        yield from unique(row["entry"], "name")


@between("cluster", text="The pages of logs are on the server that lists the jars.", source="logs", since="1.16")
def log_pages(view: View) -> Relations:
    address = view.body("getJarList")["address"]
    scheme = str(address.raw).partition("://")[0]
    pages = []
    for kind, name in (("job", "jobid"),):
        pages += [view.body("getJobManagerLogUrl", **{name: ids[0]})["url"] for ids in view.subjects(kind)]
    for job in view.subjects("job"):
        for taskmanager in view.subjects("taskmanager"):
            page = view.body("getTaskManagerLogUrl", jobid=job[0], taskmanagerid=taskmanager[0])["url"]
            if page.exists:
                inside = f"#/task-manager/{taskmanager[0]}" in str(page.raw)
                yield from true(inside, f"not the page of {taskmanager[0]}", page, exact=True)
                pages.append(page)
    port = _port(address.raw)
    for page in pages:
        if isinstance(page.raw, str):
            yield from true(page.raw.startswith(f"{scheme}://") or not address.exists, "another scheme", page)
            if port is not None and _port(page.raw) is not None:
                yield from true(_port(page.raw) == port, "another port", page, address)
            yield from true("#/job-manager/logs" in page.raw or "#/task-manager/" in page.raw, "no page of logs", page)


def _port(url: object) -> int | None:
    match = re.match(r"https?://[^/]*:(\d+)", str(url))
    return int(match[1]) if match else None


@between("cluster", text="The address of the jars has the port of the REST API.", source="jar-upload")
def rest_port(view: View) -> Relations:
    address, configured = view.body("getJarList")["address"], options(view)
    port = configured.get("rest.port", Value(MISSING))
    if isinstance(port.raw, str) and port.raw.isdecimal() and port.raw != "0" and _port(address.raw):
        yield from true(str(_port(address.raw)) == port.raw, "another port", address, port, exact=True)


@within(
    "getJobManagerMetrics",
    "getTaskManagerMetrics",
    "getJobMetrics",
    "getJobVertexMetrics",
    "getSubtaskMetrics",
    "getJobManagerOperatorMetrics",
    "getAggregatedJobMetrics",
    "getAggregatedTaskManagerMetrics",
    "getAggregatedSubtaskMetrics",
    text="Each metric is listed once.",
    source="metrics",
)
def metrics_are_unique(body: Value) -> Relations:
    yield from unique(body, "id")


@within(
    "getJobManagerMetrics",
    "getTaskManagerMetrics",
    text="Counts, sizes and loads of a JVM are in their ranges.",
    source="metrics",
    settles_in_ms=METRICS,
)
def jvm_metrics(body: Value) -> Relations:
    values = {str(row["id"].raw): number(row["value"]) for row in body if row["value"].exists}
    for name, value in values.items():
        if name.endswith(("Count", "Used", "Committed", "TotalCapacity", "Time", "Segments", "Total", "Available")):
            yield from ascending(constant(0, "0"), value)
        if name.endswith("CPU.Load"):
            yield from true(-1 <= value.raw <= 1.0, "no share", value, exact=True)
    for scope in ("Heap", "NonHeap", "Metaspace"):
        used, committed, maximum = (
            values.get(f"Status.JVM.Memory.{scope}.{key}", Value(MISSING)) for key in ("Used", "Committed", "Max")
        )
        yield from ascending(used, committed)
        if is_number(maximum.raw) and maximum.raw > 0:
            yield from ascending(committed, maximum)
    slots, free = (values.get(f"taskSlots{key}", Value(MISSING)) for key in ("Total", "Available"))
    yield from ascending(free, slots)
    if is_number(values.get("Status.Flink.Memory.Managed.Total", Value(MISSING)).raw):
        yield from ascending(
            values.get("Status.Flink.Memory.Managed.Used", Value(MISSING)), values["Status.Flink.Memory.Managed.Total"]
        )
    for kind in ("Status.Shuffle.Netty.", "Status.Network."):
        parts = [values.get(kind + name, Value(MISSING)) for name in ("AvailableMemorySegments", "UsedMemorySegments")]
        whole = values.get(kind + "TotalMemorySegments", Value(MISSING))
        if is_number(whole.raw) and all(is_number(part.raw) for part in parts):
            yield from close(whole, parts[0] + parts[1], 0.02 * whole.raw)
