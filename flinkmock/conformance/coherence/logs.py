"""Invariants of log files, of the pages of logs, and of the address of the server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations

from flinkmock.conformance.coherence.cluster import options
from flinkmock.conformance.coherence.registry import TWO_CACHES_MS, between, within
from flinkmock.conformance.coherence.relations import Relations, ascending, equal, require, unique
from flinkmock.conformance.coherence.values import MISSING, Value, computed, constant, is_number
from flinkmock.conformance.coherence.view import View

_CACHED_GROWTH = 512 * 1024
"""How many bytes a log file of a TaskManager may grow while its content is cached (3 s)."""
_RECENT_MS = 10_000
_OLD_MS = 60_000
_LINE_TIME = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.](\d{3}) ", re.MULTILINE)
"""How a line of a log begins in conf/log4j.properties."""
_CLOCK_CHANGE_MS = 3_700_000
"""How far the time of a line may be off after clocks were put back."""
_ANY_ZONE_MS = 15 * 3_600_000
"""How far the time zones of two processes may be apart."""


@within(
    "getJobManagerLogList",
    "getTaskManagerLogs",
    text="Each file is listed once, with a size of at least 0.",
    source="flink-behaviour.md#logs",
)
def log_files(body: Value) -> Relations:
    yield from unique(body["logs"], "name")
    for row in body["logs"]:
        yield from ascending(constant(0, "0"), row["size"])
        if row["mtime"].exists:
            yield from ascending(constant(0, "0"), row["mtime"])


def _cached_growth(text: str) -> int:
    """Return how many bytes a file may have grown while its content was cached: as many as in its last 10 s, and more.

    A file whose lines have no times may grow by any number of bytes.
    """
    times = list(_LINE_TIME.finditer(text[-_CACHED_GROWTH:]))
    if not times:
        return _CACHED_GROWTH
    last = _milliseconds(times[-1])
    first = next(time for time in times if last - _milliseconds(time) <= _RECENT_MS)
    return min(8_192 + 3 * (len(text[-_CACHED_GROWTH:]) - first.start()), _CACHED_GROWTH)


@between(
    "cluster", text="A log file of the JobManager has the size that the list says.", source="flink-behaviour.md#logs"
)
def jobmanager_log_sizes(view: View) -> Relations:
    yield from _log_sizes(view, "getJobManagerLogList", "getJobManagerCustomLog", {})


@between(
    "taskmanager",
    text="A log file of a TaskManager is at most as long as the list says, and not much shorter.",
    source="flink-behaviour.md#logs",
    may_disagree_for_ms=TWO_CACHES_MS,
)
def taskmanager_log_sizes(view: View, taskmanager_id: str) -> Relations:
    yield from _log_sizes(view, "getTaskManagerLogs", "getTaskManagerCustomLog", {"taskmanagerid": taskmanager_id})


def _log_sizes(view: View, list_id: str, file_id: str, ids: dict[str, str]) -> Relations:
    for row in view.body(list_id, **ids)["logs"]:
        text = view.body(file_id, **ids, filename=str(row["name"].raw))
        if isinstance(text.raw, str) and is_number(row["size"].raw):
            length = computed(len(text.raw), "length of the file", text)
            # a file that grows is not the same when it is requested again; those of TaskManagers are cached
            if ids and not _is_old(row, view):
                yield from ascending(length, row["size"])
                yield from ascending(row["size"], length, slack=_cached_growth(text.raw))
            else:
                yield from equal(length, row["size"])


def _is_old(row: Value, view: View) -> bool:
    """Whether a file has not changed for so long that its cached content is complete."""
    times = [view.body("getJobDetails", jobid=ids[0])["now"].raw for ids in view.subjects("job")]
    clocks = [time for time in times if is_number(time)]
    return bool(clocks) and is_number(row["mtime"].raw) and row["mtime"].raw < min(clocks) - _OLD_MS


def _unreadable(view: View, rows: Value, file_id: str, ids: dict[str, str]) -> list[Value]:
    """Return the names of listed files whose content was not read: at most three, which may be wrong."""
    names = [row["name"] for row in rows]
    return [name for name in names if not view.body(file_id, **ids, filename=str(name.raw)).exists][:3]


@between(
    "cluster",
    text="The log file that the JVM of the JobManager was given is listed, and so is its standard output.",
    source="flink-behaviour.md#logs",
)
def configured_log_is_listed(view: View) -> Relations:
    rows = view.body("getJobManagerLogList")["logs"]
    if any(key.endswith("web.log.path") for key in options(view)):
        return  # there is another file
    names = {row["name"].raw for row in rows}
    suspects = _unreadable(view, rows, "getJobManagerCustomLog", {}) or [rows]
    for option in view.body("getJobManagerEnvironment")["jvm"]["options"]:
        if str(option.raw).startswith("-Dlog.file=") and rows.raw:
            name = re.split(r"[/\\]", option.raw)[-1]
            output = f"{name.rpartition('.')[0] or name}.out"
            for file_id, file in (("getJobManagerLogFile", name), ("getJobManagerStdoutFile", output)):
                if view.body(file_id).exists:
                    yield from require(file in names, f"{file} is not listed", *suspects, option)


@between(
    "taskmanager",
    text="The log and the standard output of a TaskManager are listed, under one name.",
    source="flink-behaviour.md#logs",
    may_disagree_for_ms=TWO_CACHES_MS,
)
def taskmanager_output_is_listed(view: View, taskmanager_id: str) -> Relations:
    ids = {"taskmanagerid": taskmanager_id}
    files = [view.body(file_id, **ids) for file_id in ("getTaskManagerLogFile", "getTaskManagerStdoutFile")]
    yield from _pair_of_files(view, view.body("getTaskManagerLogs", **ids)["logs"], files, ids)


@between(
    "cluster",
    text="The log and the standard output of the JobManager are listed, under one name.",
    source="flink-behaviour.md#logs",
)
def jobmanager_output_is_listed(view: View) -> Relations:
    files = [view.body(file_id) for file_id in ("getJobManagerLogFile", "getJobManagerStdoutFile")]
    yield from _pair_of_files(view, view.body("getJobManagerLogList")["logs"], files, {})


def _pair_of_files(view: View, rows: Value, files: Sequence[Value], ids: dict[str, str]) -> Relations:
    log, output = files
    if not rows.exists or not log.exists or not output.exists:
        return
    sizes = {str(row["name"].raw): row["size"].raw for row in rows}
    outputs = {name.removesuffix(".out"): size for name, size in sizes.items() if name.endswith(".out")}
    found = any(
        _is_about(size, log) and _is_about(outputs[name.rpartition(".")[0]], output)
        for name, size in sizes.items()
        if name.rpartition(".")[0] in outputs and not name.endswith(".out")
    )
    file_id = "getTaskManagerCustomLog" if ids else "getJobManagerCustomLog"
    suspects = _unreadable(view, rows, file_id, ids) or [rows]
    text = "no two files have one name and the sizes of its log and its standard output"
    yield from require(found, text, *suspects)


def _is_about(size: object, text: Value) -> bool:
    return isinstance(size, int) and isinstance(text.raw, str) and abs(size - len(text.raw)) <= _CACHED_GROWTH


@between(
    "cluster",
    text="Processes on one host that share a log folder list the same files, in the same order.",
    source="flink-behaviour.md#logs",
    since="1.15",
    may_disagree_for_ms=TWO_CACHES_MS,
)
def shared_log_folders(view: View) -> Relations:
    hosts: dict[str, list[Value]] = {}
    address = options(view).get("jobmanager.rpc.address", Value(MISSING))
    hosts[str(address.raw)] = [view.body("getJobManagerLogList")["logs"]]
    for (taskmanager_id,) in view.subjects("taskmanager"):
        rows = view.body("getTaskManagerLogs", taskmanagerid=taskmanager_id)["logs"]
        hosts.setdefault(taskmanager_id.rpartition(":")[0], []).append(rows)
    for lists in hosts.values():
        for one, other in combinations(lists, 2):
            yield from _same_folder(one, other)


def _same_folder(one: Value, other: Value) -> Relations:
    rows = [{str(row["name"].raw): row for row in each} for each in (one, other)]
    both = [name for name in rows[0] if name in rows[1]]
    equal_files = [name for name in both if rows[0][name].raw == rows[1][name].raw]
    if len(equal_files) < 2 or 2 * len(equal_files) < min(len(rows[0]), len(rows[1])):
        return  # these are different folders
    unknown = [[row["name"] for name, row in rows[i].items() if name not in both] for i in (0, 1)]
    for i in (0, 1):
        for only in unknown[i]:
            suspects = unknown[1 - i][:3] or [(other, one)[i]]
            yield from require(False, f"only one list has {only.raw}", only, *suspects)
    if not any(unknown):
        same = list(rows[0]) == list(rows[1])
        yield from require(same, "another order", one, other)
    for name in both:
        for key in ("size", "mtime"):
            yield from equal(rows[0][name][key], rows[1][name][key])


@between("cluster", text="/jobmanager/log is one of the listed files.", source="flink-behaviour.md#logs")
def jobmanager_log_is_listed(view: View) -> Relations:
    text = view.body("getJobManagerLogFile")
    rows = view.body("getJobManagerLogList")["logs"]
    if isinstance(text.raw, str) and rows.raw:
        length = len(text.raw)
        is_close = any(is_number(row["size"].raw) and abs(row["size"].raw - length) < 65_536 for row in rows)
        yield from require(is_close, f"no file has about {length} bytes", text, rows)


@between(
    "cluster",
    text="The pages of logs are on the server that lists the jars.",
    source="flink-behaviour.md#logs",
    since="1.16",
)
def log_pages(view: View) -> Relations:
    address = view.body("getJarList")["address"]
    pages = []
    for kind, name in (("job", "jobid"),):
        pages += [view.body("getJobManagerLogUrl", **{name: ids[0]})["url"] for ids in view.subjects(kind)]
    for page in pages:
        if isinstance(page.raw, str):
            inside = page.raw.endswith("/#/job-manager/logs")
            yield from require(inside, "not the page of the JobManager", page, exact=True)
    for job in view.subjects("job"):
        for taskmanager in view.subjects("taskmanager"):
            page = view.body("getTaskManagerLogUrl", jobid=job[0], taskmanagerid=taskmanager[0])["url"]
            if page.exists:
                inside = str(page.raw).endswith(f"/#/task-manager/{taskmanager[0]}/logs")
                yield from require(inside, f"not the page of {taskmanager[0]}", page, exact=True)
                pages.append(page)
    for page in pages:
        if isinstance(page.raw, str):
            base = computed(page.raw.partition("/#/")[0], f"the address in {page}", page)
            yield from equal(base, address)


def _port(url: object) -> int | None:
    match = re.match(r"https?://[^/]*:(\d+)", str(url))
    return int(match[1]) if match else None


@between(
    "cluster", text="The address of the jars has the port of the REST API.", source="flink-behaviour.md#jar-upload"
)
def rest_port(view: View) -> Relations:
    address, configured = view.body("getJarList")["address"], options(view)
    port = configured.get("rest.port", Value(MISSING))
    if isinstance(port.raw, str) and port.raw.isdecimal() and port.raw != "0" and _port(address.raw):
        yield from require(str(_port(address.raw)) == port.raw, "another port", address, port, exact=True)


@between(
    "cluster",
    text="A log file was changed when its last line was written, or later.",
    source="flink-behaviour.md#logs",
    since="1.15",
    may_disagree_for_ms=TWO_CACHES_MS,
)
def log_times(view: View) -> Relations:
    config = view.body("getDashboardConfiguration")
    offset = config["timezone-offset"]
    changes = _CLOCK_CHANGE_MS if "Universal" not in str(config["timezone-name"].raw) else 2_000
    scopes = [("getJobManagerLogList", "getJobManagerCustomLog", dict[str, str](), changes)]
    scopes += [
        ("getTaskManagerLogs", "getTaskManagerCustomLog", {"taskmanagerid": each}, _ANY_ZONE_MS)
        for (each,) in view.subjects("taskmanager")
    ]
    for list_id, file_id, ids, slack in scopes:
        for row in view.body(list_id, **ids)["logs"]:
            text = view.body(file_id, **ids, filename=str(row["name"].raw))
            written = _last_time(text, offset)
            if row["mtime"].exists:
                yield from ascending(written, row["mtime"], slack=slack)


def _milliseconds(line: re.Match[str]) -> int:
    """Return the time of a line in ms since the epoch, as if it were UTC."""
    time = datetime.strptime(line[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return int(time.timestamp()) * 1000 + int(line[2])


def _last_time(text: Value, offset: Value) -> Value:
    """Return the time of the last line of a log, in ms since the epoch; a missing value if its lines have none."""
    raw = text.raw[-65_536:] if isinstance(text.raw, str) else ""
    times = list(_LINE_TIME.finditer(raw))
    if not times or not is_number(offset.raw):
        return Value(MISSING)
    written = _milliseconds(times[-1]) - offset.raw
    return computed(written, "time of the last line", text)
