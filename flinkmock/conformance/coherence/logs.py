"""Invariants of log files, of the addresses of the dashboard's log pages, and of the address of the server."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import combinations

from flinkmock.conformance.coherence.cluster import options
from flinkmock.conformance.coherence.registry import TWO_CACHES_MS, between, within
from flinkmock.conformance.coherence.relations import Relations, ascending, equal, require, unique
from flinkmock.conformance.coherence.values import MISSING, Value, computed, constant, is_number
from flinkmock.conformance.coherence.view import View

_MAX_CACHED_GROWTH_BYTES = 512 * 1024
"""How many bytes a log file of a TaskManager may grow at most while its content is cached, which is for 3 s."""
_RECENT_MS = 10_000
"""The lines of the last 10 s of a log show how fast it grows."""
_OLD_MS = 60_000
"""Longer than the content of a file is cached."""
_LOG_FILE_OPTION = "-Dlog.file="
"""The beginning of the JVM option that sets the path of the log file."""
_LINE_TIME = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.](\d{3}) ", re.MULTILINE)
"""How a line of a log begins in conf/log4j.properties."""
_CLOCK_CHANGE_MS = 3_700_000
"""How far the time of a line may be off after daylight saving time has ended."""
_ANY_ZONE_MS = 26 * 3_600_000
"""How far the local times of two processes may be apart if their time zones differ: UTC-12 and UTC+14."""


@within(
    "getJobManagerLogList",
    "getTaskManagerLogs",
    text="Each file is listed once, with a size of at least 0.",
    source="flink-behaviour.md#logs",
)
def log_files(body: Value) -> Relations:
    yield from unique(body["logs"], "name")
    for file in body["logs"]:
        yield from ascending(constant(0, "0"), file["size"])
        if file["mtime"].exists:
            yield from ascending(constant(0, "0"), file["mtime"])


def _cached_growth(text: str) -> int:
    """Return how many bytes a file may have grown while its content was cached.

    It is three times the growth in the last 10 s of the log, plus 8 KiB. The growth of a file whose lines have no times
    is unknown.
    """
    times = list(_LINE_TIME.finditer(text[-_MAX_CACHED_GROWTH_BYTES:]))
    if not times:
        return _MAX_CACHED_GROWTH_BYTES
    last_ms = _milliseconds(times[-1])
    first = next(time for time in times if last_ms - _milliseconds(time) <= _RECENT_MS)
    return min(8_192 + 3 * (len(text[-_MAX_CACHED_GROWTH_BYTES:]) - first.start()), _MAX_CACHED_GROWTH_BYTES)


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
    for file in view.body(list_id, **ids)["logs"]:
        text = view.body(file_id, **ids, filename=str(file["name"].raw))
        if isinstance(text.raw, str) and is_number(file["size"].raw):
            length = computed(len(text.raw), "length of the file", text)
            # a file of a TaskManager may have grown since its content was cached
            if ids and not _is_old(file, view):
                yield from ascending(length, file["size"])
                yield from ascending(file["size"], length, slack=_cached_growth(text.raw))
            else:
                yield from equal(length, file["size"])


def _is_old(file: Value, view: View) -> bool:
    """Return whether a file has not changed for so long that its cached content is complete."""
    times = [view.body("getJobDetails", jobid=ids[0])["now"].raw for ids in view.subjects("job")]
    clocks = [time for time in times if is_number(time)]
    return bool(clocks) and is_number(file["mtime"].raw) and file["mtime"].raw < min(clocks) - _OLD_MS


def _names_of_unread_files(view: View, listed: Value, file_id: str, ids: dict[str, str]) -> list[Value]:
    """Return the names of up to three listed files whose content was not read: these names may be wrong."""
    names = [file["name"] for file in listed]
    return [name for name in names if not view.body(file_id, **ids, filename=str(name.raw)).exists][:3]


@between(
    "cluster",
    text="The log file that is named in the JVM options of the JobManager is listed, and so is the standard output.",
    source="flink-behaviour.md#logs",
)
def configured_log_is_listed(view: View) -> Relations:
    listed = view.body("getJobManagerLogList")["logs"]
    if any(key.endswith("web.log.path") for key in options(view)):
        return  # the option names another log file
    names = {file["name"].raw for file in listed}
    suspects = _names_of_unread_files(view, listed, "getJobManagerCustomLog", {}) or [listed]
    for option in view.body("getJobManagerEnvironment")["jvm"]["options"]:
        if str(option.raw).startswith(_LOG_FILE_OPTION) and listed.raw:
            name = re.split(r"[/\\]", option.raw.removeprefix(_LOG_FILE_OPTION))[-1]
            output = f"{name.rpartition('.')[0] or name}.out"
            for file_id, expected_name in (("getJobManagerLogFile", name), ("getJobManagerStdoutFile", output)):
                if view.body(file_id).exists:
                    yield from require(expected_name in names, f"{expected_name} is not listed", *suspects, option)


@between(
    "taskmanager",
    text="The log and the standard output of a TaskManager are listed; their names differ only in the extension.",
    source="flink-behaviour.md#logs",
    may_disagree_for_ms=TWO_CACHES_MS,
)
def taskmanager_output_is_listed(view: View, taskmanager_id: str) -> Relations:
    ids = {"taskmanagerid": taskmanager_id}
    log, output = view.body("getTaskManagerLogFile", **ids), view.body("getTaskManagerStdoutFile", **ids)
    yield from _pair_of_files(view, view.body("getTaskManagerLogs", **ids)["logs"], log, output, ids)


@between(
    "cluster",
    text="The log and the standard output of the JobManager are listed; their names differ only in the extension.",
    source="flink-behaviour.md#logs",
)
def jobmanager_output_is_listed(view: View) -> Relations:
    log, output = view.body("getJobManagerLogFile"), view.body("getJobManagerStdoutFile")
    yield from _pair_of_files(view, view.body("getJobManagerLogList")["logs"], log, output, {})


def _pair_of_files(view: View, listed: Value, log: Value, output: Value, ids: dict[str, str]) -> Relations:
    """Relate a log and the standard output to the list of files: two files NAME.* and NAME.out have their sizes."""
    if not listed.exists or not log.exists or not output.exists:
        return
    sizes = {str(file["name"].raw): file["size"].raw for file in listed}
    outputs = {name.removesuffix(".out"): size for name, size in sizes.items() if name.endswith(".out")}
    has_pair = any(
        _is_about_length(size, log) and _is_about_length(outputs[name.rpartition(".")[0]], output)
        for name, size in sizes.items()
        if name.rpartition(".")[0] in outputs and not name.endswith(".out")
    )
    file_id = "getTaskManagerCustomLog" if ids else "getJobManagerCustomLog"
    suspects = _names_of_unread_files(view, listed, file_id, ids) or [listed]
    text = "no two files have the same name without extension, and the sizes of the log and the standard output"
    yield from require(has_pair, text, *suspects)


def _is_about_length(size: object, text: Value) -> bool:
    return isinstance(size, int) and isinstance(text.raw, str) and abs(size - len(text.raw)) <= _MAX_CACHED_GROWTH_BYTES


@between(
    "cluster",
    text="Processes on one host that share a log folder list the same files, in the same order.",
    source="flink-behaviour.md#logs",
    since="1.15",
    may_disagree_for_ms=TWO_CACHES_MS,
)
def shared_log_folders(view: View) -> Relations:
    lists_by_host: dict[str, list[Value]] = {}
    address = options(view).get("jobmanager.rpc.address", Value(MISSING))
    lists_by_host[str(address.raw)] = [view.body("getJobManagerLogList")["logs"]]
    for (taskmanager_id,) in view.subjects("taskmanager"):
        listed = view.body("getTaskManagerLogs", taskmanagerid=taskmanager_id)["logs"]
        lists_by_host.setdefault(taskmanager_id.rpartition(":")[0], []).append(listed)
    for lists in lists_by_host.values():
        for one, other in combinations(lists, 2):
            yield from _same_folder(one, other)


def _same_folder(one: Value, other: Value) -> Relations:
    """Relate two lists of files: if they seem to be of the same folder, they are equal."""
    files, other_files = ({str(file["name"].raw): file for file in listed} for listed in (one, other))
    in_both = [name for name in files if name in other_files]
    equal_files = [name for name in in_both if files[name].raw == other_files[name].raw]
    if len(equal_files) < 2 or 2 * len(equal_files) < min(len(files), len(other_files)):
        return  # these are different folders
    only_in_one = [file["name"] for name, file in files.items() if name not in in_both]
    only_in_other = [file["name"] for name, file in other_files.items() if name not in in_both]
    for names, suspects in ((only_in_one, only_in_other[:3] or [other]), (only_in_other, only_in_one[:3] or [one])):
        for name in names:
            yield from require(False, f"only one list has {name.raw}", name, *suspects)
    if not only_in_one and not only_in_other:
        yield from require(list(files) == list(other_files), "another order", one, other)
    for file_name in in_both:
        for key in ("size", "mtime"):
            yield from equal(files[file_name][key], other_files[file_name][key])


@between(
    "cluster", text="/jobmanager/log has approximately the size of a listed file.", source="flink-behaviour.md#logs"
)
def jobmanager_log_is_listed(view: View) -> Relations:
    text = view.body("getJobManagerLogFile")
    listed = view.body("getJobManagerLogList")["logs"]
    if isinstance(text.raw, str) and listed.raw:
        length = len(text.raw)
        is_close = any(is_number(file["size"].raw) and abs(file["size"].raw - length) < 65_536 for file in listed)
        yield from require(is_close, f"no file has about {length} bytes", text, listed)


@between(
    "cluster",
    text="The addresses of log pages are on the server that lists the jars.",
    source="flink-behaviour.md#logs",
    since="1.16",
)
def log_pages(view: View) -> Relations:
    address = view.body("getJarList")["address"]
    pages = [view.body("getJobManagerLogUrl", jobid=job_id)["url"] for (job_id,) in view.subjects("job")]
    for page in pages:
        if isinstance(page.raw, str):
            holds = page.raw.endswith("/#/job-manager/logs")
            yield from require(holds, "not the page of the JobManager", page, exact=True)
    for (job_id,) in view.subjects("job"):
        for (taskmanager_id,) in view.subjects("taskmanager"):
            page = view.body("getTaskManagerLogUrl", jobid=job_id, taskmanagerid=taskmanager_id)["url"]
            if page.exists:
                holds = str(page.raw).endswith(f"/#/task-manager/{taskmanager_id}/logs")
                yield from require(holds, f"not the page of {taskmanager_id}", page, exact=True)
                pages.append(page)
    for page in pages:
        if isinstance(page.raw, str):
            base = computed(page.raw.partition("/#/")[0], f"the address in {page}", page)
            yield from equal(base, address)


def _port(url: object) -> int | None:
    match = re.match(r"https?://[^/]*:(\d+)", str(url))
    return int(match[1]) if match else None


@between("cluster", text="The address in /jars has the port of the REST API.", source="flink-behaviour.md#jar-upload")
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
    clocks_may_change = "Universal" not in str(config["timezone-name"].raw)
    slack_ms = _CLOCK_CHANGE_MS if clocks_may_change else 2_000
    processes = [("getJobManagerLogList", "getJobManagerCustomLog", dict[str, str](), slack_ms)]
    processes += [
        ("getTaskManagerLogs", "getTaskManagerCustomLog", {"taskmanagerid": taskmanager_id}, _ANY_ZONE_MS)
        for (taskmanager_id,) in view.subjects("taskmanager")
    ]
    for list_id, file_id, ids, slack in processes:
        for file in view.body(list_id, **ids)["logs"]:
            text = view.body(file_id, **ids, filename=str(file["name"].raw))
            written_at = _last_time(text, offset)
            if file["mtime"].exists:
                yield from ascending(written_at, file["mtime"], slack=slack)


def _milliseconds(line: re.Match[str]) -> int:
    """Return the time of a line in ms since the epoch, read as UTC."""
    time = datetime.strptime(line[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return int(time.timestamp()) * 1000 + int(line[2])


def _last_time(text: Value, offset: Value) -> Value:
    """Return the time of the last line of a log, in ms since the epoch; a missing value if its lines have no times.

    Args:
        text: The log.
        offset: The offset of the time zone from UTC, in ms.
    """
    end = text.raw[-65_536:] if isinstance(text.raw, str) else ""
    times = list(_LINE_TIME.finditer(end))
    if not times or not is_number(offset.raw):
        return Value(MISSING)
    return computed(_milliseconds(times[-1]) - offset.raw, "time of the last line", text)
