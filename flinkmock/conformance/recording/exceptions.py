"""Reads the exceptions of a recording from stack traces."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flinkmock.conformance.http_client import Json
from flinkmock.conformance.recording.anonymize import Anonymizer

MAX_FRAMES = 8
"""How many frames of an exception are kept: the first frames are those of the user's code."""
_SUPPRESSED = "org.apache.flink.runtime.JobException: Recovery is suppressed"
_CLASS = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*")
_TASK = re.compile(r"(?P<vertex>.*) \((?P<subtask>\d+)/\d+\)")
_PLATFORM = ("org.apache.flink.", "java.", "jdk.", "sun.", "scala.", "akka.")


class ExceptionCatalog:
    """The `exceptions` of a scenario, by name, without duplicates."""

    def __init__(self, anonymizer: Anonymizer) -> None:
        self.by_name: dict[str, Json] = {}
        self._anonymizer = anonymizer

    def add(self, entry: Json, labels: Mapping[str, str]) -> str:
        """Add the exception of an entry of the exception history and return its name.

        Args:
            entry: The entry of the exception history.
            labels: Names of vertices in the scenario, by their names in the cluster.
        """
        described = self._exception(entry, labels)
        for name, catalogued in self.by_name.items():
            if catalogued == described:
                return name
        simple_class = described["class"].rpartition(".")[2]
        count = sum(name.split(" ")[0] == simple_class for name in self.by_name)
        name = f"{simple_class} {count + 1}" if count else simple_class
        self.by_name[name] = described
        return name

    def _exception(self, entry: Json, labels: Mapping[str, str]) -> dict[str, Json]:
        trace, concurrent_exceptions = str(entry.get("stacktrace", "")), entry.get("concurrentExceptions") or []
        if trace.startswith(_SUPPRESSED):  # Flink wraps the failure of a job that may not restart
            trace = (
                concurrent_exceptions[0]["stacktrace"]
                if concurrent_exceptions
                else trace.partition("\nCaused by: ")[2] or trace
            )
        described = exception(trace, self._anonymizer)
        entry_with_task = entry
        if not entry.get("taskName"):  # then a concurrent exception has the name of the task
            first_line = trace.partition("\n")[0]
            entry_with_task = next(
                (
                    concurrent_exception
                    for concurrent_exception in concurrent_exceptions
                    if concurrent_exception["stacktrace"].startswith(first_line)
                ),
                {},
            )
        task = _TASK.match(entry_with_task.get("taskName") or "")
        if task and task["vertex"] in labels:
            return described | {"vertex": labels[task["vertex"]], "subtask": int(task["subtask"]) - 1}
        return described | {"global": True}


def exception(trace: str, anonymizer: Anonymizer) -> dict[str, Json]:
    """Parse a Java stack trace: class, message, first frames, and cause."""
    head, _, cause = trace.partition("\nCaused by: ")
    lines = head.split("\n")
    end = next((number for number, line in enumerate(lines) if line.startswith("\t")), len(lines))
    name, _, message = "\n".join(lines[:end]).strip().partition(": ")
    if not _CLASS.fullmatch(name):
        name, message = "java.lang.RuntimeException", f"{name}: {message}".removesuffix(": ")
    described: dict[str, Json] = {"class": anonymizer.java_class(name)}
    if anonymizer.enabled:
        return described | ({"cause": exception(cause, anonymizer)} if cause else {})
    if message:
        described["message"] = message
    if frames := _own_frames(lines[end:]):
        described["stack-trace"] = frames
    if cause:
        described["cause"] = exception(cause, anonymizer)
    return described


def _own_frames(lines: list[str]) -> list[str]:
    """Return the frames before the first frame of Flink or Java: the fake adds the frames of Flink and Java itself."""
    frames: list[str] = []
    for line in lines:
        frame = line.strip().removeprefix("at ")
        if not line.startswith("\tat ") or frame.startswith(_PLATFORM):
            break
        frames.append(frame)
    return frames[:MAX_FRAMES]
