"""The limits on what clients and scenarios can send.

Each limit is a number with a name. The environment variable `FLINKMOCK_LIMIT_` followed by the name in capitals, with
underscores, replaces the default: `FLINKMOCK_LIMIT_JAR_MANIFEST=4000000`. Code that applies a limit reads it as an
attribute of this module each time, so that tests can replace it.

docs/limits.md is generated from the list: `python -m tests.docs.limits`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from flinkmock.errors import InvalidArgument

PREFIX = "FLINKMOCK_LIMIT_"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes:
        name: The name, with hyphens.
        default: The number, unless the environment variable sets another one.
        unit: The unit of the number.
        applies_to: What is limited.
        when_exceeded: What flinkmock does when the limit is exceeded.
        in_flink: What a real cluster does.
    """

    name: str
    default: int
    unit: str
    applies_to: str
    when_exceeded: str
    in_flink: str

    @property
    def variable(self) -> str:
        """The environment variable that replaces the default."""
        return PREFIX + self.name.upper().replace("-", "_")


ALL: list[Limit] = []
"""All limits, in the order of docs/limits.md."""
_MISTAKES: list[str] = []
"""Messages about limits in the environment that are not numbers."""


def _limit(name: str, default: int, unit: str, applies_to: str, when_exceeded: str, in_flink: str) -> int:
    """Register a limit; return its number, which is the default or that of the environment."""
    limit = Limit(name, default, unit, applies_to, when_exceeded, in_flink)
    ALL.append(limit)
    text = os.environ.get(limit.variable)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or not 0 < len(text) < 16 or int(text) == 0:
        _MISTAKES.append(f"{limit.variable}={text!r} is not a limit. Write a number of {unit} above 0.")
        return default
    return int(text)


def check() -> None:
    """Raise InvalidArgument for variables of the environment that are not limits, or not numbers."""
    variables = {limit.variable for limit in ALL}
    mistakes = list(_MISTAKES)
    for name in os.environ:
        if name.startswith(PREFIX) and name not in variables:
            mistakes.append(f"{name}: there is no such limit. The limits are {', '.join(limit.name for limit in ALL)}.")
    if mistakes:
        raise InvalidArgument("\n".join(mistakes))


CONNECTIONS = _limit(
    "connections",
    10_000,
    "connections",
    "open connections of one JobManager",
    "further connections are closed at once",
    "no limit",
)
HEAD_TIME = _limit(
    "head-time",
    300,
    "seconds",
    "the time from the first byte of a request to the end of its head, or of a body that aiohttp does not read",
    "the connection is closed",
    "no limit",
)
BODY_PAUSE = _limit(
    "body-pause", 300, "seconds", "the time between two pieces of a body", "the connection is closed", "no limit"
)
REQUEST_LINE = _limit(
    "request-line", 4096, "bytes", "the request line, with its query", "404 `bad-request`", "the same (Netty)"
)
HEADERS = _limit(
    "headers",
    8192,
    "bytes",
    "all headers of a request",
    "the request is answered as if it had no more headers and no body; the connection is not read any further",
    "the same (Netty)",
)
UPLOAD_FILES = _limit(
    "upload-files",
    1_000,
    "files",
    "the parts of a multipart form that are files",
    "500 `File upload failed.`",
    "no limit; later versions of Netty have a limit of 128",
)
PART_HEADERS = _limit(
    "part-headers",
    65_536,
    "bytes",
    "the headers of a part of a multipart form",
    "500 `File upload failed.`",
    "no limit",
)
CONTROL_BODY = _limit(
    "control-body", 16 * 1024 * 1024, "bytes", "the body of a request to the control API", "413 `BodyTooLarge`", "-"
)
JAR_MANIFEST = _limit(
    "jar-manifest",
    1024 * 1024,
    "bytes",
    "the manifest of a jar, unpacked; nothing else in a jar is unpacked",
    "the jar has no entry class",
    "unpacks the whole file; if it is not a manifest, the jar has no entry class",
)
JAR_DIRECTORY = _limit(
    "jar-directory",
    16 * 1024 * 1024,
    "bytes",
    "the list of entries in a jar (about 200,000 entries)",
    "the jar is treated as a file that is not a zip file",
    "no limit",
)
JAVA_DEPTH = _limit(
    "java-depth",
    200,
    "levels",
    "the nesting of objects in a submitted job",
    "400 with `java.io.StreamCorruptedException`",
    "a stack overflow after a few thousand levels",
)
JAVA_PARENTS = _limit(
    "java-parents",
    100,
    "classes",
    "the superclasses of a class in a submitted job",
    "400 with `java.io.InvalidClassException: filter status: REJECTED`",
    "the classes have to exist",
)
JAVA_VALUES = _limit(
    "java-values",
    500_000,
    "values",
    "objects, fields and elements of arrays of a submitted job",
    "400 with `java.io.InvalidClassException: filter status: REJECTED`",
    "no limit",
)
JAVA_VERTICES = _limit(
    "java-vertices",
    2_000,
    "vertices",
    "the vertices of a submitted job graph, or the operators of a submitted stream graph",
    "the graph and the settings of the job are not read",
    "no limit",
)
PARALLELISM = _limit(
    "parallelism",
    32_768,
    "subtasks",
    "the parallelism of a vertex",
    "a mistake in the scenario; a submitted job can't be initialized",
    "the same (KeyGroupRangeAssignment)",
)
SCENARIO_SIZE = _limit(
    "scenario-size", 4 * 1024 * 1024, "characters", "a scenario file", "a mistake in the scenario", "-"
)
SCENARIO_DEPTH = _limit("scenario-depth", 40, "levels", "nesting in a scenario", "a mistake in the scenario", "-")
SCENARIO_VALUES = _limit(
    "scenario-values",
    200_000,
    "values",
    "the values of a scenario; an alias counts each time, with all its values",
    "a mistake in the scenario",
    "-",
)
LIFECYCLE_STEPS = _limit(
    "lifecycle-steps", 10_000, "steps", "a lifecycle, with its repeats", "a mistake in the scenario", "-"
)
CATCH_UP = _limit(
    "catch-up",
    50_000,
    "events",
    "the events that a cluster handles at once after the wall clock has jumped",
    "the remaining events are postponed: the next one happens at the current time",
    "-",
)
ADVANCE = _limit(
    "advance",
    1_000_000,
    "events",
    "the events that a cluster handles at once when the clock is advanced",
    "the remaining events are postponed: the next one happens at the current time",
    "-",
)
LOG_ATTEMPTS = _limit(
    "log-attempts",
    1_000,
    "attempts",
    "the job attempts of one job in the logs",
    "the oldest are left out",
    "log files are rolled over at 100 MB",
)
FORGOTTEN_JOBS = _limit(
    "forgotten-jobs",
    100,
    "jobs",
    "the jobs that the JobManager has forgotten, which tests can still inspect",
    "the oldest are removed, with their retained checkpoints and their lines in the logs",
    "the retained checkpoints stay",
)
SAVEPOINTS = _limit(
    "savepoints",
    10_000,
    "savepoints",
    "the savepoints that a cluster knows by their paths",
    "the oldest are forgotten, as if they were deleted",
    "no limit",
)
JOURNAL = _limit("journal", 10_000, "requests", "the requests in the journal", "the oldest are dropped", "-")
