"""Profiling of the JobManager and the TaskManagers (ProfilingService)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flinkmock.cluster.errors import UncaughtJavaException
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException

JOB_MANAGER = "JobManager"
"""`Profiling.process` of the JobManager."""


@dataclass(frozen=True, slots=True)
class Profiling:
    """One run of the profiler.

    Attributes:
        process: `JOB_MANAGER`, or the id of a TaskManager.
        mode: Flink's `ProfilingMode`, such as CPU.
        triggered_at: When it starts, in epoch ms.
        seconds: How long it takes samples, in s.
    """

    process: str
    mode: str
    triggered_at: int
    seconds: int

    @property
    def finished_at(self) -> int:
        return self.triggered_at + 1000 * self.seconds

    @property
    def output_name(self) -> str:
        """The name of the output file."""
        finished = datetime.fromtimestamp(self.finished_at // 1000, UTC)
        return f"{self.process}_{self.mode}_{finished:%Y-%m-%d_%H_%M_%S}.html"

    def output_page(self) -> bytes:
        """Return the contents of the output file: an HTML page like async-profiler's, without samples."""
        title = f"{self.process}: {self.mode} profile of {self.seconds} s"
        lines = (
            "<!DOCTYPE html>",
            "<html lang='en'>",
            f"<head><title>{title}</title></head>",
            f"<body><h1>{title}</h1></body>",
            "</html>",
        )
        return "".join(f"{line}\n" for line in lines).encode()


class Profiler:
    """The runs of the profiler in one cluster.

    Args:
        max_duration_s: The maximum duration of a run, in s.
        history_size: How many finished runs of a process are listed.
    """

    def __init__(self, max_duration_s: int, history_size: int) -> None:
        self._max_duration_s = max_duration_s
        self._history_size = history_size
        self._all: list[Profiling] = []

    def start(self, process: str, mode: str | None, seconds: int, now: int) -> Profiling:
        """Start profiling a process at `now` (epoch ms) for some seconds.

        Raises:
            UncaughtJavaException: The process is being profiled, the duration is not allowed, or `mode` is None.
        """
        if not 0 < seconds <= self._max_duration_s:
            text = messages.invalid_profiling_duration(self._max_duration_s)
            raise UncaughtJavaException(JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, text))
        if mode is None:
            raise UncaughtJavaException(JavaException(java_classes.NULL_POINTER_EXCEPTION))
        newest = next(iter(self.history(process, now)), None)
        if newest is not None and now < newest.finished_at:
            text = messages.still_profiling(process)
            raise UncaughtJavaException(JavaException(java_classes.ILLEGAL_STATE_EXCEPTION, text))
        profiling = Profiling(process, mode, now, seconds)
        self._all.append(profiling)
        return profiling

    def history(self, process: str, now: int) -> list[Profiling]:
        """Return the runs of a process that are listed at `now` (epoch ms), newest first."""
        runs = [profiling for profiling in reversed(self._all) if profiling.process == process]
        is_running = bool(runs) and now < runs[0].finished_at
        return runs[: self._history_size + (1 if is_running else 0)]
