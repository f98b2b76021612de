"""Log files as text: lines in Flink's log4j layout, the log of a starting process, and the files of a log directory.

The layout is `%d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n` of Flink's log4j-console.properties. The messages of a
running cluster are in `log_messages.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from flinkmock.flink.configuration import Configuration
from flinkmock.flink.environment import environment_of
from flinkmock.flink.jvm import class_path, jvm_options, scala_version
from flinkmock.flink.memory import MIB, JobManagerMemory, TaskManagerMemory
from flinkmock.flink.options import JOBMANAGER_LOG, JOBMANAGER_RPC_ADDRESS, JOBMANAGER_RPC_PORT, TASKMANAGER_LOG
from flinkmock.flink.rpc import TaskManagerLocation, rpc_address, rpc_system
from flinkmock.release import Release

_CLUSTER_ENTRYPOINT = "org.apache.flink.runtime.entrypoint.ClusterEntrypoint"
_TASK_MANAGER_RUNNER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_GLOBAL_CONFIGURATION = "org.apache.flink.configuration.GlobalConfiguration"
_REST_ENDPOINT = "org.apache.flink.runtime.dispatcher.DispatcherRestEndpoint"
_RESOURCE_MANAGER = "org.apache.flink.runtime.resourcemanager.StandaloneResourceManager"
_SEPARATOR_LINE = "-" * 80
_LAYOUT_BYTES = len("1970-01-01 00:00:00,000   [] - \n")
"""The size of an entry without its level, logger and message."""
MAX_LOG_BYTES = 100 * 1024 * 1024
"""`policies.size.size`: the next event after a file has exceeded this size starts a new file."""
MAX_OLDER_FILES = 10
"""`strategy.max`: how many older files are kept. The newest of them has the highest number."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One entry of a log. `time` is in ms since the epoch; `message` may have several lines (a stack trace)."""

    time: int
    logger: str
    message: str
    level: str = "INFO"

    def line(self) -> str:
        """Return the entry in Flink's layout, with a newline at the end."""
        second = datetime.fromtimestamp(self.time // 1000, UTC)
        timestamp = f"{second:%Y-%m-%d %H:%M:%S},{self.time % 1000:03d}"
        return f"{timestamp} {self.level:<5} {self.logger:<60} [] - {self.message}\n"

    @property
    def size(self) -> int:
        """The size of `line()` in bytes, computed without formatting the time."""
        message_bytes = len(self.message) if self.message.isascii() else len(_encode(self.message))
        return _LAYOUT_BYTES + max(len(self.level), 5) + max(len(self.logger), 60) + message_bytes


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of the log directory.

    Attributes:
        size: The size in bytes.
        modified_at: The time of the last change in epoch ms.
        make_text: Returns the content of the file. Most requests need only its size.
    """

    name: str
    size: int
    modified_at: int
    make_text: Callable[[], str]

    @property
    def content(self) -> bytes:
        return _encode(self.make_text())

    def payload(self) -> dict[str, str | int]:
        """Return the entry of `/jobmanager/logs` or `/taskmanagers/:taskmanagerid/logs`."""
        return {"name": self.name, "size": self.size, "mtime": self.modified_at}


def log_text(events: Iterable[LogEvent]) -> str:
    """Return the text of a log file. Events are sorted by time; events of the same time keep their order."""
    return "".join(event.line() for event in sorted(events, key=_time_of))


def log_files(path: str, events: Iterable[LogEvent], started_at: int, output: str = "") -> list[LogFile]:
    """Return the files of a process that logs into the file at `path`.

    Args:
        path: The path of the current log file.
        events: The events that the process has logged.
        started_at: When the process started, in epoch ms.
        output: The standard output of the process.

    Returns:
        The standard output, the log, and the older parts of the log, named as by Flink's `log4j.properties`.
    """
    parts = _parts_of_log(sorted(events, key=_time_of))
    name = file_name(path)
    names = [*(f"{name}.{number}" for number in range(1, len(parts))), name]
    *older_files, current_file = (
        LogFile(part_name, part.size, part.modified_at(started_at), partial(log_text, part.events))
        for part_name, part in zip(names, parts, strict=True)
    )
    printed_at = current_file.modified_at if output else started_at
    standard_output = LogFile(out_file(name), len(_encode(output)), printed_at, lambda: output)
    return [standard_output, current_file, *older_files]


class _PartOfLog(NamedTuple):
    """The events in one file of a log, and the size of the file in bytes."""

    events: Sequence[LogEvent]
    size: int

    def modified_at(self, started_at: int) -> int:
        return self.events[-1].time if self.events else started_at


def _parts_of_log(events: Sequence[LogEvent]) -> list[_PartOfLog]:
    """Distribute the events of a log among its files. Return the files that are kept, the oldest first."""
    starts, sizes = [0], [0]
    for index, event in enumerate(events):
        if sizes[-1] > MAX_LOG_BYTES:
            starts.append(index)
            sizes.append(0)
        sizes[-1] += event.size
    ends = [*starts[1:], len(events)]
    parts = [_PartOfLog(events[start:end], size) for start, end, size in zip(starts, ends, sizes, strict=True)]
    return parts[-1 - MAX_OLDER_FILES :]


def _encode(text: str) -> bytes:
    """Return text in UTF-8, with a question mark for an unpaired surrogate, as Java writes it."""
    return text.encode(errors="replace")


def _time_of(event: LogEvent) -> int:
    return event.time


def jobmanager_log_path(configuration: Configuration, release: Release) -> str:
    """Return the path of the JobManager's log: `/opt/flink/log/flink-flink-standalonesession-0-localhost.log`."""
    host, _ = _jobmanager_rpc_host_and_port(configuration)
    return configuration.text(JOBMANAGER_LOG) or environment_of(release).log_file("standalonesession", 0, host)


def taskmanager_log_path(taskmanager: TaskManagerLocation, configuration: Configuration, release: Release) -> str:
    """Return the path of a TaskManager's log: `/opt/flink/log/flink-flink-taskexecutor-0-localhost.log`."""
    default = environment_of(release).log_file("taskexecutor", taskmanager.number, taskmanager.host)
    return configuration.text(TASKMANAGER_LOG) or default


def file_name(path: str) -> str:
    """Return the last part of a path, which is the name of a log file in the REST API."""
    return path.rpartition("/")[2]


def out_file(log_file: str) -> str:
    """Return the path of the file with the standard output of the process that logs into `log_file`.

    Its last three characters are "out" instead of "log" (WebMonitorUtils.LogFileLocation).
    """
    return log_file[:-3] + "out"


def jobmanager_startup(
    at: int, release: Release, configuration: Configuration, memory: JobManagerMemory, rest_url: str
) -> list[LogEvent]:
    """Return what a JobManager with the URL `rest_url` logs from its start at `at` (epoch ms) until it is ready.

    The times between the messages are typical of real clusters.
    """
    rpc = rpc_address(*_jobmanager_rpc_host_and_port(configuration), release)
    name = "StandaloneSessionClusterEntrypoint"
    events = [
        *_banner(at, _CLUSTER_ENTRYPOINT, name, release, memory.max_heap, jobmanager_log_path(configuration, release))
    ]
    events += _loaded_properties(at + 60, configuration, release)
    events += [
        LogEvent(at + 120, _CLUSTER_ENTRYPOINT, f"Starting {name}."),
        LogEvent(at + 150, _CLUSTER_ENTRYPOINT, "Initializing cluster services."),
        LogEvent(at + 900, _rpc_utils_class(release), f"Actor system started at {rpc}"),
        LogEvent(at + 1100, _REST_ENDPOINT, "Starting rest endpoint."),
        LogEvent(at + 1500, _REST_ENDPOINT, f"Rest endpoint listening at {rest_url.rpartition('//')[2]}"),
        LogEvent(at + 1510, _REST_ENDPOINT, f"Web frontend listening at {rest_url}."),
        LogEvent(at + 1600, _RESOURCE_MANAGER, "Starting the resource manager."),
    ]
    return events


def taskmanager_startup(
    at: int,
    release: Release,
    configuration: Configuration,
    memory: TaskManagerMemory,
    taskmanager: TaskManagerLocation,
) -> list[LogEvent]:
    """Return what a TaskManager logs from its start at `at` (epoch ms) until it is registered."""
    log_path = taskmanager_log_path(taskmanager, configuration, release)
    rpc = rpc_address(taskmanager.host, taskmanager.rpc_port, release)
    jobmanager = ":".join(_jobmanager_rpc_host_and_port(configuration))
    executor = "org.apache.flink.runtime.taskexecutor.TaskExecutor"
    shuffle = "org.apache.flink.runtime.io.network.NettyShuffleEnvironment"
    events = [*_banner(at, _TASK_MANAGER_RUNNER, "TaskManager", release, memory.max_heap, log_path)]
    events += _loaded_properties(at + 60, configuration, release)
    events += [
        LogEvent(at + 900, _rpc_utils_class(release), f"Actor system started at {rpc}"),
        LogEvent(at + 950, _TASK_MANAGER_RUNNER, f"Starting TaskManager with ResourceID: {taskmanager.id}"),
        LogEvent(at + 1000, shuffle, "Starting the network environment and its components."),
        LogEvent(at + 1100, executor, f"Connecting to ResourceManager at {jobmanager}."),
        LogEvent(at + 1250, executor, "Successful registration at resource manager."),
    ]
    return events


def _banner(at: int, logger: str, name: str, release: Release, max_heap: int, log_file: str) -> Iterator[LogEvent]:
    """Yield what EnvironmentInformation.logEnvironmentInfo logs: the process, its JVM, options and class path."""
    environment = environment_of(release)
    lines = (
        f" Starting {name} (Version: {release.version}, Scala: {scala_version(release)}, Rev:{release.commit}, "
        f"Date:{release.build_time})",
        f" OS current user: {environment.user}",
        f" JVM: {environment.jvm_description}",
        f" Arch: {environment.architecture}",
        f" Maximum heap size: {max_heap // MIB} MiBytes",
        " JVM Options:",
        *(f"    {option}" for option in jvm_options(release, max_heap, log_file)),
        " Program Arguments:",
        "    --configDir",
        f"    {environment.home}/conf",
        f" Classpath: {':'.join(class_path(release))}",
    )
    yield LogEvent(at, logger, _SEPARATOR_LINE)
    for index, line in enumerate(lines):
        yield LogEvent(at + 5 + index // 4, logger, line)
    yield LogEvent(at + 20, logger, _SEPARATOR_LINE)


def _loaded_properties(at: int, configuration: Configuration, release: Release) -> list[LogEvent]:
    return [
        LogEvent(at, _GLOBAL_CONFIGURATION, f"Loading configuration property: {entry['key']}, {entry['value']}")
        for entry in configuration.entries(release)
    ]


def _rpc_utils_class(release: Release) -> str:
    rpc = rpc_system(release)
    return f"org.apache.flink.runtime.rpc.{rpc}.{rpc.capitalize()}RpcServiceUtils"


def _jobmanager_rpc_host_and_port(configuration: Configuration) -> tuple[str, str]:
    port = configuration.text(JOBMANAGER_RPC_PORT)
    assert port is not None  # it has a default
    return configuration.text(JOBMANAGER_RPC_ADDRESS) or "localhost", port
