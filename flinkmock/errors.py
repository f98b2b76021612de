"""The errors that flinkmock raises. All of them are exported by `flinkmock`.

FlinkMockError                          base of all of them
├── InvalidArgument (ValueError)        an argument has a value that is not allowed
├── NotFound (LookupError)              what was requested does not exist, such as a job, fault or snapshot
├── NotRunning (RuntimeError)           the fake cluster was not started, or the job is not RUNNING
├── UnknownRelease (ValueError)         there is no contract for the requested Flink release
├── ImportRejected (ValueError)         a file does not describe a REST API that can be imported
├── ScenarioError (ValueError)          a scenario is invalid; the error lists all of its mistakes
├── FakerMissing                        an imported release needs Faker for its placeholders
├── DashboardMissing                    there are no files of Flink's dashboard of this release
├── PortTaken                           the port is in use
├── ServerUnreachable                   a live server does not answer
├── FaultRequiresFakeCluster            the proxy can't apply a fault to a real cluster
├── StateNeverReached (AssertionError)  the awaited state can't be reached, or was not reached in time
├── UnmetExpectation (AssertionError)   a client did not do what was expected
└── ClusterError                        the cluster rejects a request, see `flinkmock/cluster/errors.py`
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class FlinkMockError(Exception):
    """Base of all errors that flinkmock raises."""

    def __reduce__(self) -> tuple[object, ...]:
        # the default would call the class with the message, but `__init__` has other parameters
        return _unpickle, (type(self), self.args, self.__dict__)


def _unpickle(kind: type[FlinkMockError], args: tuple[object, ...], attributes: dict[str, object]) -> FlinkMockError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class InvalidArgument(FlinkMockError, ValueError):
    """An argument has a value that is not allowed. The message says what is allowed."""


class JobExists(InvalidArgument):
    """The cluster has a job with the id of the job that is submitted."""


class NotFound(FlinkMockError, LookupError):
    """What was requested does not exist. The message usually lists the existing names, or the nearest one."""


class NotRunning(FlinkMockError, RuntimeError):
    """The fake cluster was not started, is closed, or has no control API; or the job is not RUNNING.

    `RestCall.response` raises this outside of a function registered with `FlinkMock.on`.
    """


class UnknownRelease(FlinkMockError, ValueError):
    """There is no contract for the requested Flink release.

    Attributes:
        release: The requested release.
        known: The minor releases that can be served, oldest first.
    """

    def __init__(self, release: object, known: Sequence[str]) -> None:
        self.release = release
        self.known = tuple(known)
        hint = _nearest_release(str(release), known)
        if not isinstance(release, str):  # the number 1.20 equals 1.2
            hint += ' Write the release as text: "1.20".'
        super().__init__(f"Unknown Flink release {release!r}.{hint} Known: {', '.join(known)}.")


def _nearest_release(release: str, known: Sequence[str]) -> str:
    """Return a hint: a similar release, or that the release is older or newer than all known ones."""
    is_prefix = any(name.startswith(release) or release.startswith(name) for name in known)
    if re.fullmatch(r"\d+\.\d+(\.\d+)?", release) and not is_prefix:
        number = tuple(map(int, release.split(".")[:2]))
        if number < tuple(map(int, known[0].split("."))):
            return f" The oldest is {known[0]}."
        if number > tuple(map(int, known[-1].split("."))):
            return f" The newest is {known[-1]}; `flinkmock import` adds others."
    close = get_close_matches(release, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""


class ImportRejected(FlinkMockError, ValueError):
    """A file can't be imported: it does not describe Flink's REST API, or lacks a part that a contract needs."""


def unreadable_message(file: object, error: OSError | ValueError) -> str:
    """Return the message about a file that can't be read: "orders.yaml: file not found."."""
    if isinstance(error, FileNotFoundError):
        return f"{file}: file not found."
    if isinstance(error, UnicodeDecodeError):
        return f"{file}: the file is not UTF-8: {error.reason}."
    return f"{file}: can't read the file: {getattr(error, 'strerror', None) or error}."


def unwritable_message(file: object, error: OSError) -> str:
    """Return the message about a file that can't be written."""
    reason = "its folder does not exist" if isinstance(error, FileNotFoundError) else error.strerror or error
    return f"{file}: can't write the file: {reason}."


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A mistake in a scenario, or a finding of its dry run, with its source location.

    Attributes:
        file: The file, or "<scenario>".
        line: From 1; 0 if there is no line: the file can't be read, or the scenario was not text.
        column: From 1; 0 if there is no line.
        path: The keys and indexes, such as "jobs.orders.lifecycle[2]"; "" if they are unknown.
    """

    message: str
    file: str
    line: int = 0
    column: int = 0
    path: str = ""

    def as_json(self) -> dict[str, str | int]:
        """Return the message with the parts of the location that are known."""
        document: dict[str, str | int] = {"message": self.message, "file": self.file}
        if self.line:
            document |= {"line": self.line, "column": self.column}
        if self.path:
            document["path"] = self.path
        return document


class ScenarioError(FlinkMockError, ValueError):
    """A scenario is invalid, or `scenario check` has findings.

    Attributes:
        mistakes: A text for each mistake or finding, in the order of the file: source location, mistake, allowed
            values, and the line with a caret.
        diagnostics: The same mistakes as values.
    """

    def __init__(self, mistakes: Sequence[str], diagnostics: Sequence[Diagnostic] = ()) -> None:
        self.mistakes = tuple(mistakes)
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(self.mistakes))


class FakerMissing(FlinkMockError):
    """An imported release needs Faker, which is not installed."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Flink {version} is an imported release. Fields that flinkmock does not model get values from Faker, "
            "which is not installed: pip install 'flinkmock[synthesis]'."
        )


class DashboardMissing(FlinkMockError):
    """There are no files of Flink's dashboard of this release, at the given path or on this machine."""


class PortTaken(FlinkMockError):
    """The port is in use."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(f"Port {port} on {host} is taken by another process. Use port 0 for a free one.")


class ServerUnreachable(FlinkMockError):
    """A live server does not answer, or does not speak HTTP."""


class FaultRequiresFakeCluster(FlinkMockError):
    """The proxy can't apply a fault that changes the cluster, because a real cluster is behind it."""


class StateNeverReached(FlinkMockError, AssertionError):
    """The awaited state can't be reached, or was not reached in time. The message lists the jobs with their states."""


class UnmetExpectation(FlinkMockError, AssertionError):
    """A client did not do what was expected. The message shows near misses and why they don't match."""


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6, list_known: bool = True) -> str:
    """Return ` Did you mean "x"? Known: x, y.`, with a leading space, to be appended to a message.

    Args:
        word: The word of the user.
        known: The allowed words.
        cutoff: How similar a suggestion has to be, from 0 to 1.
        list_known: Whether the text lists the allowed words.
    """
    names = list(known)
    close = get_close_matches(word, names, n=1, cutoff=cutoff)
    if not close and word:
        close = [name for name in names if name.lower().startswith(word.lower())]
    hint = f' Did you mean "{close[0]}"?' if close else ""
    if not list_known:
        return hint
    return f"{hint} Known: {', '.join(names)}." if names else f"{hint} There are none."
