"""Thread dumps have the names and the text of real ones, and as many threads as the metrics count."""

import re

import pytest

from flinkmock.flink.configuration import Configuration
from flinkmock.flink.memory import jobmanager_memory, taskmanager_memory
from flinkmock.flink.metrics import (
    JobManagerInputs,
    TaskManagerInputs,
    jobmanager_metrics,
    taskmanager_metrics,
)
from flinkmock.flink.threads import jobmanager_threads, taskmanager_threads
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

FLINK_2_3 = Release("2.3", "2.3.0", commit="", build_time="")
FLINK_1_17 = Release("1.17", "1.17.2", commit="", build_time="")
FLINK_1_12 = Release("1.12", "1.12.5", commit="", build_time="")
TASK_NAMES = ["Source: Sequence Source -> numbers (1/1)#0", "tokenize (1/2)#0", "tokenize (2/2)#0"]


@pytest.mark.parametrize("task_count", [0, 3])
def test_a_taskmanager_has_as_many_threads_as_its_metric_counts(task_count: int) -> None:
    dump = taskmanager_threads("tm", TASK_NAMES[:task_count], FLINK_2_3, NamedRandom(1))
    memory = taskmanager_memory(Configuration({}), FLINK_2_3)
    inputs = TaskManagerInputs(
        now=1, started_at=0, key="tm", random=NamedRandom(1), memory=memory, deployed_task_count=task_count
    )
    assert taskmanager_metrics(inputs, FLINK_2_3)["Status.JVM.Threads.Count"] == str(len(dump))


@pytest.mark.parametrize("job_count", [0, 2])
def test_the_jobmanager_has_as_many_threads_as_its_metric_counts(job_count: int) -> None:
    dump = jobmanager_threads(job_count, FLINK_2_3, NamedRandom(1))
    memory = jobmanager_memory(Configuration({}))
    inputs = JobManagerInputs(
        now=1, started_at=0, key="jm", random=NamedRandom(1), memory=memory, running_job_count=job_count
    )
    assert jobmanager_metrics(inputs, FLINK_2_3)["Status.JVM.Threads.Count"] == str(len(dump))


def test_each_task_has_a_thread_with_its_name() -> None:
    names = [thread["threadName"] for thread in taskmanager_threads("tm", TASK_NAMES, FLINK_2_3, NamedRandom(1))]
    assert set(TASK_NAMES) <= set(names)
    assert "OutputFlusher for tokenize (1/2)#0" in names


def test_the_threads_of_the_rpc_service_are_named_after_pekko_or_akka() -> None:
    pekko_threads = {thread["threadName"] for thread in jobmanager_threads(1, FLINK_2_3, NamedRandom(1))}
    akka_threads = {thread["threadName"] for thread in jobmanager_threads(1, FLINK_1_17, NamedRandom(1))}
    assert "flink-pekko.actor.default-dispatcher-9" in pekko_threads
    assert "flink-akka.actor.default-dispatcher-9" in akka_threads


def test_a_running_job_has_a_scheduler_thread() -> None:
    """The number in the name is that of the RPC endpoint; the first JobMaster has number 2."""
    threads = {thread["threadName"] for thread in jobmanager_threads(1, FLINK_2_3, NamedRandom(1))}
    assert "jobmanager_2-main-scheduler-thread-1" in threads


def test_the_text_of_the_main_thread_is_the_recorded_one() -> None:
    """The text is recorded with 2.3.0 and 1.12.5 (suite cluster), except for the ids of locks."""
    main = jobmanager_threads(0, FLINK_2_3, NamedRandom(1))[0]["stringifiedThreadInfo"]
    signaller = r"java\.util\.concurrent\.CompletableFuture\$Signaller@[0-9a-f]+"
    assert re.match(
        rf'"main" Id=1 WAITING on {signaller}\n\tat java\.base@17\.0\.15/jdk\.internal\.misc\.Unsafe\.park'
        rf"\(Native Method\)\n\t-  waiting on {signaller}\n",
        main,
    )
    assert main.endswith("\n\n")


def text_of(name: str, release: Release) -> str:
    """Return the text of a TaskManager's thread."""
    threads = taskmanager_threads("tm", TASK_NAMES, release, NamedRandom(1))
    return next(thread["stringifiedThreadInfo"] for thread in threads if thread["threadName"] == name)


def test_until_1_14_the_text_contains_the_daemon_flag_and_the_priority() -> None:
    """The first four are recorded with 1.12.5 (suite cluster)."""
    assert text_of("main", FLINK_1_12).startswith('"main" prio=5 Id=1 WAITING on ')
    assert text_of("Reference Handler", FLINK_1_12).startswith('"Reference Handler" daemon prio=10 Id=2 RUNNABLE\n')
    assert text_of("Finalizer", FLINK_1_12).startswith('"Finalizer" daemon prio=8 Id=3 WAITING on ')
    assert text_of("Signal Dispatcher", FLINK_1_12).startswith('"Signal Dispatcher" daemon prio=9 Id=4 RUNNABLE\n')
    assert text_of("flink-metrics-8", FLINK_1_12).startswith('"flink-metrics-8" prio=1 Id=')
    assert text_of("Timer-0", FLINK_1_12).startswith('"Timer-0" daemon prio=5 Id=')
    assert text_of(TASK_NAMES[1], FLINK_1_12).startswith(f'"{TASK_NAMES[1]}" prio=5 Id=')
    assert text_of("Finalizer", FLINK_2_3).startswith('"Finalizer" Id=3 WAITING on ')


@pytest.mark.parametrize(
    ("release", "java", "lines"),
    [(FLINK_1_12, "11.0.13", (194, 2081, 433, 1054, 1114, 628, 829)), (FLINK_1_17, "17.0.15", (341, 1630, 435))],
)
def test_the_line_numbers_of_java_are_those_of_the_java_version(
    release: Release, java: str, lines: tuple[int, ...]
) -> None:
    text = text_of("flink-taskexecutor-io-thread-1", release)
    methods = ("park", "await", "take", "getTask", "runWorker", "run", "run")
    for method, line in zip(methods, lines, strict=False):
        assert re.search(rf"\tat java\.base@{re.escape(java)}/java\.[\w.$]+\.{method}\(\w+\.java:{line}\)\n", text)


def test_no_frame_of_java_17_is_in_a_dump_of_java_11() -> None:
    dumps = [
        "".join(thread["stringifiedThreadInfo"] for thread in taskmanager_threads("tm", TASK_NAMES, release, random))
        for release, random in ((FLINK_1_12, NamedRandom(1)), (FLINK_2_3, NamedRandom(1)))
    ]
    old, new = (set(re.findall(r"java\.base@[\d.]+/(.*\.java:\d+)", dump)) for dump in dumps)
    delayed_queue = "java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue.take"
    queue = "java.lang.ref.ReferenceQueue.remove"
    assert old & new == {
        f"{delayed_queue}(ScheduledThreadPoolExecutor.java:1182",
        f"{delayed_queue}(ScheduledThreadPoolExecutor.java:899",
        f"{queue}(ReferenceQueue.java:155",
        f"{queue}(ReferenceQueue.java:176",
    }


@pytest.mark.parametrize(("release", "line"), [(FLINK_1_12, 208), (FLINK_2_3, 215)])
def test_the_thread_that_closes_forgotten_streams_has_its_own_frames(release: Release, line: int) -> None:
    text = text_of("CloseableReaperThread", release)
    thread = "org.apache.flink.core.fs.SafetyNetCloseableRegistry$CloseableReaperThread"
    assert text.endswith(f"\tat app//{thread}.run(SafetyNetCloseableRegistry.java:{line})\n\n")


def test_long_stacks_are_cut_after_eight_frames_in_old_releases() -> None:
    threads = taskmanager_threads("tm", TASK_NAMES, FLINK_1_12, NamedRandom(1))
    task = next(thread for thread in threads if thread["threadName"] == TASK_NAMES[1])
    assert task["stringifiedThreadInfo"].count("\tat ") == 8
    assert task["stringifiedThreadInfo"].endswith("\t...\n\n")


def test_the_same_seed_gives_the_same_dump() -> None:
    assert taskmanager_threads("tm", TASK_NAMES, FLINK_2_3, NamedRandom(1)) == taskmanager_threads(
        "tm", TASK_NAMES, FLINK_2_3, NamedRandom(1)
    )
