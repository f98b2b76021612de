"""The activities of the threads of a thread dump: their states and their stacks."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.flink.frame import LAMBDA, Frame
from flinkmock.flink.java_frames import (
    CONDITION,
    FUTURE_SIGNALLER,
    PARK,
    REFERENCE_LOCK,
    SLEEP,
    TASK_QUEUE,
    JavaFrames,
    java_frames_of,
)
from flinkmock.flink.rpc import rpc_system
from flinkmock.flink.stack_frames import idle_stack
from flinkmock.release import Release

_NETTY = "org.apache.flink.shaded.netty4.io.netty"
_IO_MANAGER = "org.apache.flink.runtime.io.disk.iomanager.IOManagerAsync"


@dataclass(frozen=True, slots=True)
class ThreadActivity:
    """The state of a thread, the class of the object that it waits for, and its frames, innermost first."""

    state: str
    waits_for: str | None = None
    frames: tuple[Frame, ...] = ()


WITHOUT_FRAMES = ThreadActivity("RUNNABLE")


@dataclass(frozen=True, slots=True)
class Activities:
    """What the threads of one release do. Each field names the threads that share the activity."""

    reference_handler: ThreadActivity
    finalizer: ThreadActivity
    timer: ThreadActivity
    idle_worker: ThreadActivity
    """A thread of a pool that waits for work."""
    scheduled: ThreadActivity
    """A thread of a scheduled executor."""
    event_loop: ThreadActivity
    sleeper: ThreadActivity
    dispatcher: ThreadActivity
    closeable_reaper: ThreadActivity
    spill_writer: ThreadActivity
    spill_reader: ThreadActivity
    output_flusher: ThreadActivity
    idle_task: ThreadActivity


@dataclass(frozen=True, slots=True)
class _FlinkLineNumbers:
    """The line numbers in the method `run` of threads of Flink."""

    closeable_reaper: int
    spill_writer: int
    spill_reader: int
    output_flusher: int


_LINE_NUMBERS = {
    "1.12": _FlinkLineNumbers(208, 482, 372, 238),
    "1.17": _FlinkLineNumbers(215, 482, 372, 254),
    "1.19": _FlinkLineNumbers(215, 482, 372, 280),
    "1.20": _FlinkLineNumbers(215, 505, 395, 280),
}
"""The line numbers by release. Other releases have those of the newest earlier release."""


def activities_of(release: Release) -> Activities:
    """Return the activities of the threads of a release."""
    java = java_frames_of(release)
    lines = [lines for minor, lines in _LINE_NUMBERS.items() if release.since(minor)][-1]
    reaper = "org.apache.flink.core.fs.SafetyNetCloseableRegistry$CloseableReaperThread"
    flusher = "org.apache.flink.runtime.io.network.api.writer.RecordWriter$OutputFlusher"

    def waiting(waits_for: str, *frames: Frame) -> ThreadActivity:
        return ThreadActivity("WAITING", waits_for, frames)

    def waiting_with_timeout(waits_for: str | None, *frames: Frame) -> ThreadActivity:
        return ThreadActivity("TIMED_WAITING", waits_for, frames)

    return Activities(
        reference_handler=ThreadActivity("RUNNABLE", None, java.reference_handler),
        finalizer=waiting(REFERENCE_LOCK, *java.reference_remove, java.finalizer),
        timer=waiting_with_timeout(TASK_QUEUE, *java.timer),
        idle_worker=waiting(CONDITION, *java.queue_take, *java.worker_loop),
        scheduled=waiting_with_timeout(CONDITION, *java.scheduled_take, *java.worker_loop),
        event_loop=_event_loop(java),
        sleeper=waiting_with_timeout(None, SLEEP, java.thread_run),
        dispatcher=_dispatcher(release, java),
        closeable_reaper=waiting(REFERENCE_LOCK, *java.reference_remove, Frame(reaper, "run", lines.closeable_reaper)),
        spill_writer=waiting(
            CONDITION, *java.queue_take, Frame(f"{_IO_MANAGER}$WriterThread", "run", lines.spill_writer)
        ),
        spill_reader=waiting(
            CONDITION, *java.queue_take, Frame(f"{_IO_MANAGER}$ReaderThread", "run", lines.spill_reader)
        ),
        output_flusher=waiting_with_timeout(None, SLEEP, Frame(flusher, "run", lines.output_flusher)),
        idle_task=waiting_with_timeout(CONDITION, *reversed(idle_stack(release))),
    )


def _event_loop(java: JavaFrames) -> ThreadActivity:
    return ThreadActivity(
        "RUNNABLE (in native)",
        None,
        (
            *java.select,
            Frame(f"{_NETTY}.channel.nio.SelectedSelectionKeySetSelector", "select", 62),
            Frame(f"{_NETTY}.util.internal.ThreadExecutorMap$2", "run", 74),
            java.thread_run,
        ),
    )


def _dispatcher(release: Release, java: JavaFrames) -> ThreadActivity:
    if rpc_system(release) == "pekko":
        return ThreadActivity("WAITING", "org.apache.pekko.dispatch.PekkoJdk9ForkJoinPool", java.fork_join_worker)
    pool = "akka.dispatch.ForkJoinExecutorConfigurator$AkkaForkJoinPool"
    if release.since("1.14"):  # the first release with Akka 2.6, which uses the pool of Java
        return ThreadActivity("WAITING", pool, java.fork_join_worker)
    fork_join = "akka.dispatch.forkjoin.ForkJoin"
    return ThreadActivity(
        "WAITING",
        pool,
        (
            PARK,
            Frame("sun.misc.Unsafe", "park", LAMBDA),
            Frame(f"{fork_join}Pool", "scan", 2075),
            Frame(f"{fork_join}Pool", "runWorker", 1979),
            Frame(f"{fork_join}WorkerThread", "run", 107),
        ),
    )


def jobmanager_main(release: Release) -> ThreadActivity:
    """Return the activity of the thread `main` of a JobManager. The lines of Flink's classes are those of 2.3.0."""
    entrypoint = "org.apache.flink.runtime.entrypoint"
    return _main(
        release,
        Frame(f"{entrypoint}.ClusterEntrypoint", "runClusterEntrypoint", 739),
        Frame(f"{entrypoint}.StandaloneSessionClusterEntrypoint", "main", 59),
    )


def taskmanager_main(release: Release) -> ThreadActivity:
    """Return the activity of the thread `main` of a TaskManager. The lines of Flink's classes are those of 2.3.0."""
    runner = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
    return _main(release, Frame(runner, "runTaskManager", 508), Frame(runner, "main", 484))


def _main(release: Release, *frames: Frame) -> ThreadActivity:
    return ThreadActivity("WAITING", FUTURE_SIGNALLER, (*java_frames_of(release).future_get, *frames))
