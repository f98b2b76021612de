"""Thread dumps: the threads of Flink's processes. All threads are idle.

Their names are those of 2.3.0, with `akka` instead of `pekko` in older releases. Their priorities are those of 1.12.5.
The same seed gives the same dump.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flinkmock.flink.environment import environment_of
from flinkmock.flink.frame import Frame
from flinkmock.flink.rpc import rpc_system
from flinkmock.flink.thread_activities import (
    WITHOUT_FRAMES,
    Activities,
    ThreadActivity,
    activities_of,
    jobmanager_main,
    taskmanager_main,
)
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

_JAVA_STACK_FRAMES = 8
"""How many frames of each thread Java's ThreadInfo.toString prints. Flink prints as many by default until 1.16."""
_FLINK_STACK_FRAMES = 50
"""How many frames of each thread Flink prints by default since 1.17."""


class Thread(NamedTuple):
    """A thread in a dump. The defaults are those of the threads that Flink's ExecutorThreadFactory creates."""

    name: str
    activity: ThreadActivity
    is_daemon: bool = True
    priority: int = 5


def _common_threads(main: ThreadActivity, activities: Activities, rpc: str) -> Iterator[Thread]:
    """Yield the threads of the JVM, the RPC service and the metrics, which every Flink process has."""
    dispatcher = activities.dispatcher
    yield Thread("main", main, is_daemon=False)
    yield Thread("Reference Handler", activities.reference_handler, priority=10)
    yield Thread("Finalizer", activities.finalizer, priority=8)
    yield Thread("Signal Dispatcher", WITHOUT_FRAMES, priority=9)
    for system, priority in (("flink", 5), ("flink-metrics", 1)):
        yield Thread(f"{system}-scheduler-1", activities.sleeper, is_daemon=False)
        for number in (2, 3, 4):
            yield Thread(f"{system}-{rpc}.actor.internal-dispatcher-{number}", dispatcher, False, priority)
        for number in (5, 6, 7):
            yield Thread(f"{system}-{rpc}.remote.default-remote-dispatcher-{number}", dispatcher, False, priority)
        yield Thread(f"{system}-8", activities.event_loop, False, priority)
    for number in range(9, 13):
        yield Thread(f"flink-{rpc}.actor.default-dispatcher-{number}", dispatcher, is_daemon=False)
    yield Thread("Timer-0", activities.timer)
    yield Thread("Timer-1", activities.timer)
    yield Thread("Flink-Metric-View-Updater-thread-1", activities.scheduled)


def _jobmanager_threads(activities: Activities) -> Iterator[Thread]:
    """Yield the threads that every JobManager has."""
    for number in range(1, 5):
        yield Thread(f"Flink-DispatcherRestEndpoint-thread-{number}", activities.scheduled)
    yield Thread("flink-rest-server-netty-boss-thread-1", activities.event_loop)
    for number in range(1, 5):
        yield Thread(f"flink-rest-server-netty-worker-thread-{number}", activities.event_loop)
    for number in range(1, 9):
        yield Thread(f"cluster-io-thread-{number}", activities.idle_worker)
    yield Thread("resourcemanager_1-main-scheduler-thread-1", activities.scheduled)


def _taskmanager_threads(activities: Activities) -> Iterator[Thread]:
    """Yield the threads that every TaskManager has."""
    yield Thread("IOManager writer thread #1", activities.spill_writer)
    yield Thread("IOManager reader thread #1", activities.spill_reader)
    yield Thread("Flink Netty Server (0) Thread 0", activities.event_loop)
    yield Thread("taskmanager_0-main-scheduler-thread-1", activities.scheduled)
    yield Thread("CloseableReaperThread", activities.closeable_reaper)
    for number in range(1, 4):
        yield Thread(f"flink-taskexecutor-io-thread-{number}", activities.idle_worker)
    yield Thread("flink-thread-info-sampler-thread-1", activities.scheduled)


_COMMON_THREAD_COUNT = 27
"""The number of threads that `_common_threads` yields."""
_JOBMANAGER_THREAD_COUNT = 18
"""The number of threads that `_jobmanager_threads` yields."""
_TASKMANAGER_THREAD_COUNT = 9
"""The number of threads that `_taskmanager_threads` yields."""
_THREADS_PER_JOB = 3
_THREADS_PER_TASK = 3

ThreadInfos = list[dict[str, str]]


def jobmanager_thread_count(job_count: int) -> int:
    """Return the number of threads that `jobmanager_threads` returns, for the metric `Status.JVM.Threads.Count`."""
    return _COMMON_THREAD_COUNT + _JOBMANAGER_THREAD_COUNT + _THREADS_PER_JOB * job_count


def taskmanager_thread_count(task_count: int) -> int:
    """Return the number of threads that `taskmanager_threads` returns, for the metric `Status.JVM.Threads.Count`."""
    return _COMMON_THREAD_COUNT + _TASKMANAGER_THREAD_COUNT + _THREADS_PER_TASK * task_count


def jobmanager_threads(
    job_count: int, release: Release, random: NamedRandom, max_depth: int | None = None
) -> ThreadInfos:
    """Return `threadInfos` of `/jobmanager/thread-dump`.

    Args:
        job_count: The number of running jobs.
        release: The Flink release.
        random: Draws the ids of locks.
        max_depth: The maximum number of frames of each thread (`cluster.thread-dump.stacktrace-max-depth`); None for
            Flink's default.
    """
    activities = activities_of(release)
    main = jobmanager_main(release)
    threads = [*_common_threads(main, activities, rpc_system(release)), *_jobmanager_threads(activities)]
    for number in range(2, 2 + job_count):  # after the RPC endpoints of the Dispatcher and the ResourceManager
        threads += [
            Thread(f"jobmanager_{number}-main-scheduler-thread-1", activities.scheduled),
            Thread(f"jobmanager-io-thread-{number - 1}", activities.idle_worker),
            Thread("Checkpoint Timer", activities.scheduled),
        ]
    return _dump(threads, release, random, "jobmanager", max_depth)


def taskmanager_threads(
    taskmanager_id: str, task_names: Sequence[str], release: Release, random: NamedRandom, max_depth: int | None = None
) -> ThreadInfos:
    """Return `threadInfos` of `/taskmanagers/:taskmanagerid/thread-dump`.

    Args:
        taskmanager_id: The resource id of the TaskManager.
        task_names: The names of its tasks as in the names of threads, such as `tokenize (1/2)#0`.
        release: The Flink release.
        random: Draws the ids of locks.
        max_depth: The maximum number of frames of each thread (`cluster.thread-dump.stacktrace-max-depth`); None for
            Flink's default.
    """
    activities = activities_of(release)
    main = taskmanager_main(release)
    threads = [*_common_threads(main, activities, rpc_system(release)), *_taskmanager_threads(activities)]
    for task_name in task_names:
        threads += [
            Thread(task_name, activities.idle_task, is_daemon=False),
            Thread(f"OutputFlusher for {task_name}", activities.output_flusher),
            Thread(f"System Time Trigger for {task_name}", activities.scheduled),
        ]
    return _dump(threads, release, random, taskmanager_id, max_depth)


def _dump(
    threads: Sequence[Thread], release: Release, random: NamedRandom, process: str, max_depth: int | None
) -> ThreadInfos:
    if not release.since("1.15"):  # ThreadInfo.toString of Java has no such setting
        max_depth = _JAVA_STACK_FRAMES
    elif max_depth is None:
        max_depth = _FLINK_STACK_FRAMES if release.since("1.17") else _JAVA_STACK_FRAMES
    return [
        {
            "threadName": thread.name,
            "stringifiedThreadInfo": _thread_text(number, thread, release, random, process, max_depth),
        }
        for number, thread in enumerate(threads, 1)
    ]


def _thread_text(
    number: int, thread: Thread, release: Release, random: NamedRandom, process: str, max_depth: int
) -> str:
    activity, lock = thread.activity, None
    if activity.waits_for is not None:
        lock = f"{activity.waits_for}@{int(random.hex(8, 'lock', process, number), 16):x}"
    # Until 1.14, Flink sends the text of ThreadInfo.toString, which has these two (recording of 1.12.5, suite cluster).
    daemon_and_priority = f"{'daemon ' * thread.is_daemon}prio={thread.priority} "
    if release.since("1.15"):
        daemon_and_priority = ""
    lines = [f'"{thread.name}" {daemon_and_priority}Id={number} {activity.state}' + (f" on {lock}" if lock else "")]
    for index, frame in enumerate(activity.frames[:max_depth]):
        lines.append(f"\tat {_module_prefix(frame, release)}{frame.thread_dump_text()}")
        if index == 0 and lock:
            lines.append(f"\t-  waiting on {lock}")
    if len(activity.frames) > max_depth:
        lines.append("\t...")
    return "\n".join(lines) + "\n\n"


def _module_prefix(frame: Frame, release: Release) -> str:
    if not frame.class_name.startswith(("java.", "jdk.", "sun.")):
        return "app//"
    module = "jdk.unsupported" if frame.class_name.startswith("sun.misc.") else "java.base"
    return f"{module}@{environment_of(release).java_version}/"
