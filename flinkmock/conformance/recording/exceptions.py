"""Failures, as the scenario's causes: what stack traces tell of exceptions and of the tasks that threw them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flinkmock.conformance.recording.anonymize import Scrubber

Json = Any
FRAMES = 8
"""So many frames of an exception are told at most: those of the user's own code, which come first."""
_SUPPRESSED = "org.apache.flink.runtime.JobException: Recovery is suppressed"
_CLASS = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*")
_TASK = re.compile(r"(?P<vertex>.*) \((?P<subtask>\d+)/\d+\)")
_PLATFORM = ("org.apache.flink.", "java.", "jdk.", "sun.", "scala.", "akka.")


class Causes:
    """The causes of a scenario by name, each once. `labels`: vertex name -> what the file calls it."""

    def __init__(self, scrubber: Scrubber) -> None:
        self.by_name: dict[str, Json] = {}
        self._scrubber = scrubber

    def name(self, entry: Json, labels: Mapping[str, str]) -> str:
        """The name of the cause that an entry of the exception history tells of."""
        told = self._cause(entry, labels)
        for name, known in self.by_name.items():
            if known == told:
                return name
        simple = told["class"].rpartition(".")[2]
        count = sum(name.split(" ")[0] == simple for name in self.by_name)
        name = f"{simple} {count + 1}" if count else simple
        self.by_name[name] = told
        return name

    def _cause(self, entry: Json, labels: Mapping[str, str]) -> dict[str, Json]:
        trace, others = str(entry.get("stacktrace", "")), entry.get("concurrentExceptions") or []
        if trace.startswith(_SUPPRESSED):  # Flink's own words around the failure of a job that may not restart
            trace = others[0]["stacktrace"] if others else trace.partition("\nCaused by: ")[2] or trace
        told = exception(trace, self._scrubber)
        # where the job's failure names no task, one of the tasks' own does
        head = trace.partition("\n")[0]
        thrower = entry if entry.get("taskName") else next((o for o in others if o["stacktrace"].startswith(head)), {})
        task = _TASK.match(thrower.get("taskName") or "")
        if task and task["vertex"] in labels:
            return told | {"vertex": labels[task["vertex"]], "subtask": int(task["subtask"]) - 1}
        return told | {"global": True}


def exception(trace: str, scrubber: Scrubber) -> dict[str, Json]:
    """What a Java stack trace tells: class, message, its first frames, and what caused it."""
    head, _, cause = trace.partition("\nCaused by: ")
    lines = head.split("\n")
    end = next((number for number, line in enumerate(lines) if line.startswith("\t")), len(lines))
    name, _, message = "\n".join(lines[:end]).strip().partition(": ")
    if not _CLASS.fullmatch(name):
        name, message = "java.lang.RuntimeException", f"{name}: {message}".removesuffix(": ")
    told: dict[str, Json] = {"class": scrubber.java_class(name)}
    if scrubber.on:
        return told | ({"cause": exception(cause, scrubber)} if cause else {})
    if message:
        told["message"] = message
    if frames := _own_frames(lines[end:]):
        told["stack-trace"] = frames
    if cause:
        told["cause"] = exception(cause, scrubber)
    return told


def _own_frames(lines: list[str]) -> list[str]:
    """The frames before the first one of Flink's or Java's own; those the fake puts under them itself."""
    frames: list[str] = []
    for line in lines:
        frame = line.strip().removeprefix("at ")
        if not line.startswith("\tat ") or frame.startswith(_PLATFORM):
            break
        frames.append(frame)
    return frames[:FRAMES]
