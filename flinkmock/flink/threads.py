"""Thread dumps: the threads of Flink's processes. All threads are idle.

Their names are from live clusters of all releases. The same seed gives the same dump.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flinkmock.flink.environment import environment_of
from flinkmock.flink.rpc import rpc_system
from flinkmock.flink.stack_frames import NATIVE, Frame, idle_stack
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

_LOCKS = "java.util.concurrent.locks"
_CONDITION = f"{_LOCKS}.AbstractQueuedSynchronizer$ConditionObject"
_POOL = "java.util.concurrent.ThreadPoolExecutor"
_PARK_FRAME = Frame("jdk.internal.misc.Unsafe", "park", NATIVE)
_WORKER_FRAMES = (Frame(_POOL, "getTask", 1062), Frame(_POOL, "runWorker", 1122), Frame(f"{_POOL}$Worker", "run", 635))
_THREAD_FRAME = Frame("java.lang.Thread", "run", 840)
_NETTY = "org.apache.flink.shaded.netty4.io.netty"
_JAVA_STACK_FRAMES = 8
"""How many frames of each thread Java's ThreadInfo.toString prints. Flink prints as many by default until 1.16."""
_FLINK_STACK_FRAMES = 50
"""How many frames of each thread Flink prints by default since 1.17."""


@dataclass(frozen=True, slots=True)
class ThreadActivity:
    """The state of a thread, the class of the object that it waits for, and its frames, innermost first."""

    state: str
    waits_for: str | None = None
    frames: tuple[Frame, ...] = ()


_WITHOUT_FRAMES = ThreadActivity("RUNNABLE")
_REFERENCE_HANDLER = ThreadActivity(
    "RUNNABLE", None, (Frame("java.lang.ref.Reference", "waitForReferencePendingList", NATIVE),)
)
_FINALIZER = ThreadActivity(
    "WAITING",
    "java.lang.ref.ReferenceQueue$Lock",
    (
        Frame("java.lang.Object", "wait", NATIVE),
        Frame("java.lang.ref.ReferenceQueue", "remove", 155),
        Frame("java.lang.ref.ReferenceQueue", "remove", 176),
        Frame("java.lang.ref.Finalizer$FinalizerThread", "run", 172),
    ),
)
_TIMER = ThreadActivity(
    "TIMED_WAITING",
    "java.util.TaskQueue",
    (
        Frame("java.lang.Object", "wait", NATIVE),
        Frame("java.util.TimerThread", "mainLoop", 563),
        Frame("java.util.TimerThread", "run", 516),
    ),
)
_IDLE_WORKER = ThreadActivity(
    "WAITING",
    _CONDITION,
    (
        _PARK_FRAME,
        Frame(f"{_LOCKS}.LockSupport", "park", 341),
        Frame(_CONDITION, "await", 1630),
        Frame("java.util.concurrent.LinkedBlockingQueue", "take", 435),
        *_WORKER_FRAMES,
        _THREAD_FRAME,
    ),
)
_SCHEDULED = ThreadActivity(
    "TIMED_WAITING",
    _CONDITION,
    (
        _PARK_FRAME,
        Frame(f"{_LOCKS}.LockSupport", "parkNanos", 252),
        Frame(_CONDITION, "awaitNanos", 1679),
        Frame("java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue", "take", 1182),
        *_WORKER_FRAMES,
        _THREAD_FRAME,
    ),
)
_EVENT_LOOP = ThreadActivity(
    "RUNNABLE (in native)",
    None,
    (
        Frame("sun.nio.ch.EPoll", "wait", NATIVE),
        Frame("sun.nio.ch.EPollSelectorImpl", "doSelect", 118),
        Frame("sun.nio.ch.SelectorImpl", "select", 141),
        Frame(f"{_NETTY}.channel.nio.SelectedSelectionKeySetSelector", "select", 62),
        Frame(f"{_NETTY}.util.internal.ThreadExecutorMap$2", "run", 74),
        _THREAD_FRAME,
    ),
)
_SLEEPER = ThreadActivity("TIMED_WAITING", None, (Frame("java.lang.Thread", "sleep", NATIVE), _THREAD_FRAME))
_FLUSHER = ThreadActivity(
    "TIMED_WAITING",
    None,
    (
        Frame("java.lang.Thread", "sleep", NATIVE),
        Frame("org.apache.flink.runtime.io.network.api.writer.RecordWriter$OutputFlusher", "run", 280),
    ),
)


def _main_thread(class_name: str, method: str, line: int, line_in_main: int) -> ThreadActivity:
    """Return the activity of the thread that waits in `method`, which the main method of the class calls."""
    signaller = "java.util.concurrent.CompletableFuture$Signaller"
    return ThreadActivity(
        "WAITING",
        signaller,
        (
            _PARK_FRAME,
            Frame(f"{_LOCKS}.LockSupport", "park", 211),
            Frame(signaller, "block", 1864),
            Frame("java.util.concurrent.CompletableFuture", "get", 2072),
            Frame(class_name, method, line),
            Frame(class_name, "main", line_in_main),
        ),
    )


def _dispatcher(release: Release) -> ThreadActivity:
    pool = (
        "org.apache.pekko.dispatch.PekkoJdk9ForkJoinPool"
        if rpc_system(release) == "pekko"
        else "akka.dispatch.ForkJoinExecutorConfigurator$AkkaForkJoinPool"
    )
    fork_join = "java.util.concurrent.ForkJoin"
    return ThreadActivity(
        "WAITING",
        pool,
        (
            _PARK_FRAME,
            Frame(f"{_LOCKS}.LockSupport", "park", 341),
            Frame(f"{fork_join}Pool", "awaitWork", 1724),
            Frame(f"{fork_join}Pool", "runWorker", 1623),
            Frame(f"{fork_join}WorkerThread", "run", 165),
        ),
    )


class Thread(NamedTuple):
    """A thread in a dump."""

    name: str
    activity: ThreadActivity


def _common_threads(main: ThreadActivity, release: Release) -> Iterator[Thread]:
    """Yield the threads of the JVM, the RPC service and the metrics, which every Flink process has."""
    rpc = rpc_system(release)
    dispatcher = _dispatcher(release)
    yield Thread("main", main)
    yield Thread("Reference Handler", _REFERENCE_HANDLER)
    yield Thread("Finalizer", _FINALIZER)
    yield Thread("Signal Dispatcher", _WITHOUT_FRAMES)
    for system in ("flink", "flink-metrics"):
        yield Thread(f"{system}-scheduler-1", _SLEEPER)
        for number in (2, 3, 4):
            yield Thread(f"{system}-{rpc}.actor.internal-dispatcher-{number}", dispatcher)
        for number in (5, 6, 7):
            yield Thread(f"{system}-{rpc}.remote.default-remote-dispatcher-{number}", dispatcher)
        yield Thread(f"{system}-8", _EVENT_LOOP)
    for number in range(9, 13):
        yield Thread(f"flink-{rpc}.actor.default-dispatcher-{number}", dispatcher)
    yield Thread("Timer-0", _TIMER)
    yield Thread("Timer-1", _TIMER)
    yield Thread("Flink-Metric-View-Updater-thread-1", _SCHEDULED)


_JOB_MANAGER_THREADS: tuple[Thread, ...] = (
    *(Thread(f"Flink-DispatcherRestEndpoint-thread-{number}", _SCHEDULED) for number in range(1, 5)),
    Thread("flink-rest-server-netty-boss-thread-1", _EVENT_LOOP),
    *(Thread(f"flink-rest-server-netty-worker-thread-{number}", _EVENT_LOOP) for number in range(1, 5)),
    *(Thread(f"cluster-io-thread-{number}", _IDLE_WORKER) for number in range(1, 9)),
    Thread("resourcemanager_1-main-scheduler-thread-1", _SCHEDULED),
)
_THREADS_PER_JOB = 3
_TASK_MANAGER_THREADS: tuple[Thread, ...] = (
    Thread("IOManager writer thread #1", _IDLE_WORKER),
    Thread("IOManager reader thread #1", _IDLE_WORKER),
    Thread("Flink Netty Server (0) Thread 0", _EVENT_LOOP),
    Thread("taskmanager_0-main-scheduler-thread-1", _SCHEDULED),
    Thread("CloseableReaperThread", _FINALIZER),
    *(Thread(f"flink-taskexecutor-io-thread-{number}", _IDLE_WORKER) for number in range(1, 4)),
    Thread("flink-thread-info-sampler-thread-1", _SCHEDULED),
)
_THREADS_PER_TASK = 3
_COMMON_THREAD_COUNT = 27
"""The number of threads that `_common_threads` yields."""

ThreadInfos = list[dict[str, str]]


def jobmanager_thread_count(job_count: int) -> int:
    """Return the number of threads that `jobmanager_threads` returns, for the metric `Status.JVM.Threads.Count`."""
    return _COMMON_THREAD_COUNT + len(_JOB_MANAGER_THREADS) + _THREADS_PER_JOB * job_count


def taskmanager_thread_count(task_count: int) -> int:
    """Return the number of threads that `taskmanager_threads` returns, for the metric `Status.JVM.Threads.Count`."""
    return _COMMON_THREAD_COUNT + len(_TASK_MANAGER_THREADS) + _THREADS_PER_TASK * task_count


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
    main = _main_thread("org.apache.flink.runtime.entrypoint.ClusterEntrypoint", "runClusterEntrypoint", 739, 59)
    threads = [*_common_threads(main, release), *_JOB_MANAGER_THREADS]
    for number in range(2, 2 + job_count):  # after the RPC endpoints of the Dispatcher and the ResourceManager
        threads += [
            Thread(f"jobmanager_{number}-main-scheduler-thread-1", _SCHEDULED),
            Thread(f"jobmanager-io-thread-{number - 1}", _IDLE_WORKER),
            Thread("Checkpoint Timer", _SCHEDULED),
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
    main = _main_thread("org.apache.flink.runtime.taskexecutor.TaskManagerRunner", "runTaskManager", 508, 484)
    threads = [*_common_threads(main, release), *_TASK_MANAGER_THREADS]
    idle_task = ThreadActivity("TIMED_WAITING", _CONDITION, tuple(reversed(idle_stack(release))))
    for task_name in task_names:
        threads += [
            Thread(task_name, idle_task),
            Thread(f"OutputFlusher for {task_name}", _FLUSHER),
            Thread(f"System Time Trigger for {task_name}", _SCHEDULED),
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
    # Until 1.14, Flink sends the text of ThreadInfo.toString, which contains the priority (recording of 1.12.5).
    priority = "" if release.since("1.15") else "prio=5 "
    lines = [f'"{thread.name}" {priority}Id={number} {activity.state}' + (f" on {lock}" if lock else "")]
    for index, frame in enumerate(activity.frames[:max_depth]):
        lines.append(f"\tat {_module_prefix(frame, release)}{frame.thread_dump_text()}")
        if index == 0 and lock:
            lines.append(f"\t-  waiting on {lock}")
    if len(activity.frames) > max_depth:
        lines.append("\t...")
    return "\n".join(lines) + "\n\n"


def _module_prefix(frame: Frame, release: Release) -> str:
    is_in_jdk = frame.class_name.startswith(("java.", "jdk.", "sun."))
    return f"java.base@{environment_of(release).java_version}/" if is_in_jdk else "app//"
