"""Stack frames of Java 11 and 17, innermost first, for thread dumps and flame graphs."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.flink.environment import JAVA_11, environment_of
from flinkmock.flink.frame import NATIVE, Frame
from flinkmock.release import Release

_CONCURRENT = "java.util.concurrent"
_LOCK_SUPPORT = f"{_CONCURRENT}.locks.LockSupport"
_SYNCHRONIZER = f"{_CONCURRENT}.locks.AbstractQueuedSynchronizer"
_FUTURE = f"{_CONCURRENT}.CompletableFuture"
_FORK_JOIN_POOL = f"{_CONCURRENT}.ForkJoinPool"
_THREAD_POOL = f"{_CONCURRENT}.ThreadPoolExecutor"
_DELAYED_QUEUE = f"{_CONCURRENT}.ScheduledThreadPoolExecutor$DelayedWorkQueue"
_REFERENCE = "java.lang.ref.Reference"

CONDITION = f"{_SYNCHRONIZER}$ConditionObject"
"""The class of the object that a thread waits for in the frames below: `queue_take` to `worker_loop`."""
FUTURE_SIGNALLER = f"{_FUTURE}$Signaller"
"""The class of the object that a thread waits for in `future_get`."""
REFERENCE_LOCK = "java.lang.ref.ReferenceQueue$Lock"
"""The class of the object that a thread waits for in `reference_remove`."""
TASK_QUEUE = "java.util.TaskQueue"
"""The class of the object that a thread waits for in `timer`."""

PARK = Frame("jdk.internal.misc.Unsafe", "park", NATIVE)
SLEEP = Frame("java.lang.Thread", "sleep", NATIVE)
_WAIT = Frame("java.lang.Object", "wait", NATIVE)
_PENDING = Frame(_REFERENCE, "waitForReferencePendingList", NATIVE)
_SELECT = Frame("sun.nio.ch.EPoll", "wait", NATIVE)


@dataclass(frozen=True, slots=True)
class JavaFrames:
    """The frames of one version of Java.

    Attributes:
        thread_run: The first frame of most threads.
        reference_handler: The thread `Reference Handler`.
        reference_remove: Waits in ReferenceQueue.remove.
        finalizer: The frame below `reference_remove` in the thread `Finalizer`.
        timer: A Timer that waits for the time of its next task.
        queue_take: Waits in LinkedBlockingQueue.take.
        scheduled_take: Waits for the time of the next task of a scheduled executor.
        await_with_timeout: Waits in ConditionObject.await with a timeout.
        worker_loop: The frames of a thread pool below those that wait for work.
        future_get: Waits in CompletableFuture.get.
        fork_join_worker: Waits for work in a ForkJoinPool.
        select: Waits in Selector.select with a timeout.
    """

    thread_run: Frame
    reference_handler: tuple[Frame, ...]
    reference_remove: tuple[Frame, ...]
    finalizer: Frame
    timer: tuple[Frame, ...]
    queue_take: tuple[Frame, ...]
    scheduled_take: tuple[Frame, ...]
    await_with_timeout: tuple[Frame, ...]
    worker_loop: tuple[Frame, ...]
    future_get: tuple[Frame, ...]
    fork_join_worker: tuple[Frame, ...]
    select: tuple[Frame, ...]


def _reference_remove() -> tuple[Frame, ...]:
    queue = "java.lang.ref.ReferenceQueue"
    return (_WAIT, Frame(queue, "remove", 155), Frame(queue, "remove", 176))


def _timer(main_loop: int, run: int) -> tuple[Frame, ...]:
    timer_thread = "java.util.TimerThread"
    return (
        _WAIT,
        Frame(timer_thread, "mainLoop", main_loop, "Timer.java"),
        Frame(timer_thread, "run", run, "Timer.java"),
    )


def _scheduled_take(park_nanos: int, await_nanos: int) -> tuple[Frame, ...]:
    return (
        PARK,
        Frame(_LOCK_SUPPORT, "parkNanos", park_nanos),
        Frame(CONDITION, "awaitNanos", await_nanos),
        Frame(_DELAYED_QUEUE, "take", 1182),
        Frame(_DELAYED_QUEUE, "take", 899),
    )


def _worker_loop(get_task: int, run_worker: int, run: int, thread_run: Frame) -> tuple[Frame, ...]:
    return (
        Frame(_THREAD_POOL, "getTask", get_task),
        Frame(_THREAD_POOL, "runWorker", run_worker),
        Frame(f"{_THREAD_POOL}$Worker", "run", run),
        thread_run,
    )


def _select(do_select: int, lock_and_do_select: int, select: int) -> tuple[Frame, ...]:
    selector = "sun.nio.ch.SelectorImpl"
    return (
        _SELECT,
        Frame("sun.nio.ch.EPollSelectorImpl", "doSelect", do_select),
        Frame(selector, "lockAndDoSelect", lock_and_do_select),
        Frame(selector, "select", select),
    )


_THREAD_RUN_11 = Frame("java.lang.Thread", "run", 829)
_THREAD_RUN_17 = Frame("java.lang.Thread", "run", 840)

_FRAMES_11 = JavaFrames(
    thread_run=_THREAD_RUN_11,
    reference_handler=(
        _PENDING,
        Frame(_REFERENCE, "processPendingReferences", 241),
        Frame(f"{_REFERENCE}$ReferenceHandler", "run", 213),
    ),
    reference_remove=_reference_remove(),
    finalizer=Frame("java.lang.ref.Finalizer$FinalizerThread", "run", 170),
    timer=_timer(553, 506),
    queue_take=(
        PARK,
        Frame(_LOCK_SUPPORT, "park", 194),
        Frame(CONDITION, "await", 2081),
        Frame(f"{_CONCURRENT}.LinkedBlockingQueue", "take", 433),
    ),
    scheduled_take=_scheduled_take(234, 2123),
    await_with_timeout=(PARK, Frame(_LOCK_SUPPORT, "parkNanos", 234), Frame(CONDITION, "await", 2211)),
    worker_loop=_worker_loop(1054, 1114, 628, _THREAD_RUN_11),
    future_get=(
        PARK,
        Frame(_LOCK_SUPPORT, "park", 194),
        Frame(FUTURE_SIGNALLER, "block", 1796),
        Frame(_FORK_JOIN_POOL, "managedBlock", 3128),
        Frame(_FUTURE, "waitingGet", 1823),
        Frame(_FUTURE, "get", 1998),
    ),
    fork_join_worker=(
        PARK,
        Frame(_LOCK_SUPPORT, "park", 194),
        Frame(_FORK_JOIN_POOL, "runWorker", 1628),
        Frame(f"{_CONCURRENT}.ForkJoinWorkerThread", "run", 183),
    ),
    select=_select(120, 124, 136),
)
"""The methods are from thread dumps of Flink 1.12.5 on Java 11, the line numbers from OpenJDK 11.0.13."""

_MANAGED_BLOCK_17 = (Frame(_FORK_JOIN_POOL, "unmanagedBlock", 3465), Frame(_FORK_JOIN_POOL, "managedBlock", 3436))
_FRAMES_17 = JavaFrames(
    thread_run=_THREAD_RUN_17,
    reference_handler=(
        _PENDING,
        Frame(_REFERENCE, "processPendingReferences", 253),
        Frame(f"{_REFERENCE}$ReferenceHandler", "run", 215),
    ),
    reference_remove=_reference_remove(),
    finalizer=Frame("java.lang.ref.Finalizer$FinalizerThread", "run", 172),
    timer=_timer(563, 516),
    queue_take=(
        PARK,
        Frame(_LOCK_SUPPORT, "park", 341),
        Frame(f"{_SYNCHRONIZER}$ConditionNode", "block", 506),
        *_MANAGED_BLOCK_17,
        Frame(CONDITION, "await", 1630),
        Frame(f"{_CONCURRENT}.LinkedBlockingQueue", "take", 435),
    ),
    scheduled_take=_scheduled_take(252, 1679),
    await_with_timeout=(PARK, Frame(_LOCK_SUPPORT, "parkNanos", 252), Frame(CONDITION, "await", 1764)),
    worker_loop=_worker_loop(1062, 1122, 635, _THREAD_RUN_17),
    future_get=(
        PARK,
        Frame(_LOCK_SUPPORT, "park", 211),
        Frame(FUTURE_SIGNALLER, "block", 1864),
        *_MANAGED_BLOCK_17,
        Frame(_FUTURE, "waitingGet", 1898),
        Frame(_FUTURE, "get", 2072),
    ),
    fork_join_worker=(
        PARK,
        Frame(_LOCK_SUPPORT, "park", 341),
        Frame(_FORK_JOIN_POOL, "awaitWork", 1724),
        Frame(_FORK_JOIN_POOL, "runWorker", 1623),
        Frame(f"{_CONCURRENT}.ForkJoinWorkerThread", "run", 165),
    ),
    select=_select(118, 129, 141),
)
"""The frames are from thread dumps of Flink 2.3.0 on Java 17.0.15."""


def java_frames_of(release: Release) -> JavaFrames:
    """Return the frames of the Java version on which a release runs."""
    return _FRAMES_11 if environment_of(release) is JAVA_11 else _FRAMES_17
