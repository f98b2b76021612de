"""Profiling of the JobManager and the task managers: what was asked for, and how far it is (ProfilingService)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flinkmock.cluster.errors import UncaughtJavaException
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException

JOB_MANAGER = "JobManager"
"""What the JobManager is called here; a task manager goes by its id."""


@dataclass(frozen=True, slots=True)
class Profiling:
    """One run of the profiler. `triggered_at` is epoch ms, `seconds` how long it samples."""

    subject: str
    mode: str
    triggered_at: int
    seconds: int

    @property
    def finished_at(self) -> int:
        return self.triggered_at + 1000 * self.seconds

    @property
    def output(self) -> str:
        """The file it leaves when it is finished."""
        moment = datetime.fromtimestamp(self.finished_at // 1000, UTC)
        return f"{self.subject}_{self.mode}_{moment:%Y-%m-%d_%H_%M_%S}.html"

    def page(self) -> bytes:
        """That file: a page like async-profiler's, with no samples in it."""
        title = f"{self.subject}: {self.mode} profile of {self.seconds} s"
        return f"<!DOCTYPE html>\n<html lang='en'>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n".encode()  # noqa: E501


class Profiler:
    def __init__(self, longest_s: int, kept: int) -> None:
        self._longest_s = longest_s
        self._kept = kept
        self._all: list[Profiling] = []

    def start(self, subject: str, mode: str | None, seconds: int, now: int) -> Profiling:
        """Start profiling a process.

        Raises:
            UncaughtJavaException: a profiling runs there, the duration is not allowed, or there is no mode.
        """
        if not 0 < seconds <= self._longest_s:
            text = messages.profiling_duration(self._longest_s)
            raise UncaughtJavaException(JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, text))
        if mode is None:
            raise UncaughtJavaException(JavaException(java_classes.NULL_POINTER_EXCEPTION))
        newest = next(iter(self.history(subject, now)), None)
        if newest is not None and now < newest.finished_at:
            text = messages.still_profiling(subject)
            raise UncaughtJavaException(JavaException(java_classes.ILLEGAL_STATE_EXCEPTION, text))
        profiling = Profiling(subject, mode, now, seconds)
        self._all.append(profiling)
        return profiling

    def history(self, subject: str, now: int) -> list[Profiling]:
        """Newest first; old ones are forgotten when a new one is finished."""
        found = [profiling for profiling in reversed(self._all) if profiling.subject == subject]
        running = bool(found) and now < found[0].finished_at
        return found[: self._kept + running]
