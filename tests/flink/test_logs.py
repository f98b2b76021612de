"""Log files have Flink's line format, order, sizes and messages."""

import re

import pytest

from flinkmock.cluster.taskmanager import TaskManager
from flinkmock.flink import log_messages, logs
from flinkmock.flink.configuration import Configuration
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.logs import (
    LogEvent,
    jobmanager_log_path,
    jobmanager_startup,
    log_files,
    log_text,
    taskmanager_log_path,
    taskmanager_startup,
)
from flinkmock.flink.memory import jobmanager_memory, taskmanager_memory
from flinkmock.flink.savepoint_purpose import SavepointPurpose
from flinkmock.release import Release

START_MS = 1_795_311_433_012
FLINK_2_3 = Release("2.3", "2.3.0", "c0f8d1a", "2026-06-14T16:29:03+02:00")
FLINK_1_17 = Release("1.17", "1.17.2", "c0027e5", "2023-11-09T13:24:38+01:00")
FLINK_1_12 = Release("1.12", "1.12.5", "bfd0f20", "2021-07-23T05:52:23+02:00")
CONFIGURATION = Configuration({"rest.port": "8081", "security.ssl.password": "s3cr3t"})
TASKMANAGER = TaskManager(0, "localhost:45637-3a9bab", "localhost", 45637, 34415, 4, START_MS)
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO |WARN |ERROR) \S+ +\[\] - .*")


def startup_events(release: Release) -> list[LogEvent]:
    return jobmanager_startup(
        START_MS, release, CONFIGURATION, jobmanager_memory(Configuration({})), "http://localhost:8081"
    )


def test_a_line_has_the_recorded_format() -> None:
    """This is the first line of the TaskManager's log recorded on 2.3.0 (suite `cluster`)."""
    event = LogEvent(START_MS, "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", "-" * 80)
    assert event.line() == (
        "2026-11-22 01:37:13,012 INFO  org.apache.flink.runtime.taskexecutor.TaskManagerRunner      [] - "
        + "-" * 80
        + "\n"
    )


def test_lines_are_in_chronological_order() -> None:
    late, early = LogEvent(START_MS + 5, "b", "second"), LogEvent(START_MS, "a", "first")
    also_early = LogEvent(START_MS, "c", "first too")
    assert [line.split(" - ")[1] for line in log_text([late, early, also_early]).splitlines()] == [
        "first",
        "first too",
        "second",
    ]


@pytest.mark.parametrize(("release", "scala"), [(FLINK_2_3, "2.12"), (FLINK_1_17, "2.12"), (FLINK_1_12, "2.11")])
def test_jobmanagers_and_taskmanagers_log_their_start(release: Release, scala: str) -> None:
    memory = taskmanager_memory(Configuration({}), release)
    for events in (startup_events(release), taskmanager_startup(START_MS, release, CONFIGURATION, memory, TASKMANAGER)):
        lines = log_text(events).splitlines()
        assert all(LINE.fullmatch(line) for line in lines)
        assert [event.time for event in events] == sorted(event.time for event in events)
        version = f"(Version: {release.version}, Scala: {scala}, Rev:{release.commit}, Date:{release.build_time})"
        assert version in lines[1]
        assert any(f"/flink-csv-{release.version}.jar" in line for line in lines)
        rpc = "pekko" if release is FLINK_2_3 else "akka"
        assert any(f"Actor system started at {rpc}.tcp://flink@" in line for line in lines)


def test_secrets_are_not_logged() -> None:
    text = log_text(startup_events(FLINK_2_3))
    assert "s3cr3t" not in text
    assert "Loading configuration property: security.ssl.password, ******" in text


def test_files_have_the_size_of_their_content() -> None:
    events = [*startup_events(FLINK_2_3), LogEvent(START_MS + 5, "a" * 70, "große Fragen\n\tat 日本", "WARN")]
    output, log = log_files("jm.log", events, START_MS)
    assert output.payload() == {"name": "jm.out", "size": 0, "mtime": START_MS}
    assert log.payload()["size"] == len(log.content) == len(log_text(events).encode())
    assert log.modified_at == max(event.time for event in events)


def test_full_log_files_are_renamed_and_the_oldest_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [LogEvent(START_MS + number, "a", f"event {number:02}") for number in range(30)]
    line_size = len(events[0].line())
    monkeypatch.setattr(logs, "MAX_LOG_BYTES", 2 * line_size)  # exceeded by the third event
    _, log, *older = log_files("jm.log", events[:7], START_MS)
    assert [file.name for file in older] == ["jm.log.1", "jm.log.2"]
    assert [file.size for file in (log, *older)] == [line_size, 3 * line_size, 3 * line_size]
    assert log.content == events[6].line().encode()
    assert older[1].content.decode() == log_text(events[3:6])
    assert older[1].modified_at == START_MS + 5
    monkeypatch.setattr(logs, "MAX_OLDER_FILES", 3)
    _, log, *older = log_files("jm.log", events, START_MS)
    assert [file.name for file in older] == ["jm.log.1", "jm.log.2", "jm.log.3"]
    assert older[0].content.decode() == log_text(events[18:21])
    assert log.content.decode() == log_text(events[27:])


def test_the_paths_of_log_files_can_be_configured() -> None:
    default = Configuration({})
    assert jobmanager_log_path(default, FLINK_2_3) == "/opt/flink/log/flink-flink-standalonesession-0-localhost.log"
    assert (
        taskmanager_log_path(TASKMANAGER, default, FLINK_2_3)
        == "/opt/flink/log/flink-flink-taskexecutor-0-localhost.log"
    )
    configured = Configuration({"web.log.path": "/logs/jm.txt", "taskmanager.log.path": "/logs/tm.log"})
    assert jobmanager_log_path(configured, FLINK_2_3) == "/logs/jm.txt"
    assert taskmanager_log_path(TASKMANAGER, configured, FLINK_2_3) == "/logs/tm.log"
    assert [file.name for file in log_files("/logs/jm.txt", [], START_MS)] == ["jm.out", "jm.txt"]


def test_the_messages_about_a_failing_job_are_those_of_2_3() -> None:
    cause = JavaException(
        "java.lang.IllegalStateException",
        "record 100 reached",
        JavaException("java.lang.IllegalArgumentException", "the cause"),
        ("org.example.Bomb.map(Bomb.java:49)",),
    )
    switched = log_messages.job_switched(START_MS, "1e82", "failing job", "RUNNING", "FAILING", cause)
    assert switched.message == (
        "Job failing job (1e82) switched from state RUNNING to FAILING.\n"
        "java.lang.IllegalStateException: record 100 reached\n"
        "\tat org.example.Bomb.map(Bomb.java:49)\n"
        "Caused by: java.lang.IllegalArgumentException: the cause"
    )
    failed = log_messages.task_failed(START_MS, "bomb (2/2)", "32c0_1_0", "RUNNING", TASKMANAGER, cause)
    assert failed.message.splitlines()[0] == (
        "bomb (2/2) (32c0_1_0) switched from RUNNING to FAILED on localhost:45637-3a9bab @ localhost (dataPort=34415)."
    )
    restarted = log_messages.tasks_restarted(START_MS, 4, "32c0_1_0")
    assert restarted.message == "4 tasks will be restarted to recover the failed task 32c0_1_0."
    failure = log_messages.task_switched_on_taskmanager(
        START_MS, "bomb (2/2)", 0, "32c0_1_0", "RUNNING", "FAILED", cause
    )
    assert failure.level == "WARN"
    assert failure.message.startswith("bomb (2/2)#0 (32c0_1_0) switched from RUNNING to FAILED with failure cause:\n")


def test_events_have_the_messages_of_flink() -> None:
    expected_messages = {
        log_messages.job_received(START_MS, "59", "words", FLINK_2_3): "Received job submission 'words' (59).",
        log_messages.job_received(START_MS, "59", "words", FLINK_1_17): "Received JobGraph submission 'words' (59).",
        log_messages.job_initializing(START_MS, "59", "words"): "Initializing job 'words' (59).",
        log_messages.job_ended(START_MS, "59", "CANCELED"): "Job 59 reached terminal state CANCELED.",
        log_messages.job_stopped(START_MS, "59", "words"): "Stopping the JobMaster for job 'words' (59).",
        log_messages.task_switched(START_MS, "tokenize (1/2)", "81_0_0", "CREATED", "SCHEDULED"): (
            "tokenize (1/2) (81_0_0) switched from CREATED to SCHEDULED."
        ),
        log_messages.task_deployed(START_MS, "tokenize (1/2)", 0, "81_0_0", "c4_0", TASKMANAGER, "0254"): (
            "Deploying tokenize (1/2) (attempt #0) with attempt id 81_0_0 and vertex id c4_0 to "
            "localhost:45637-3a9bab @ localhost (dataPort=34415) with allocation id 0254"
        ),
        log_messages.task_received(START_MS, "tokenize (1/2)", 0, "81_0_0", "0254"): (
            "Received task tokenize (1/2)#0 (81_0_0), deploy into slot with allocation id 0254."
        ),
        log_messages.checkpoint_triggered(START_MS, "59", 1): (
            "Triggering checkpoint 1 (type=CheckpointType{name='Checkpoint', sharingFilesStrategy=FORWARD_BACKWARD}) "
            f"@ {START_MS} for job 59."
        ),
        log_messages.checkpoint_triggered(START_MS, "59", 43, SavepointPurpose.CANCEL, "CANONICAL"): (
            "Triggering checkpoint 43 (type=SavepointType{name='Savepoint', postCheckpointAction=NONE, "
            f"formatType=CANONICAL}}) @ {START_MS} for job 59."
        ),
        log_messages.checkpoint_triggered(START_MS, "59", 43, SavepointPurpose.SUSPEND, "NATIVE"): (
            "Triggering checkpoint 43 (type=SavepointType{name='Suspend Savepoint', postCheckpointAction=SUSPEND, "
            f"formatType=NATIVE}}) @ {START_MS} for job 59."
        ),
        log_messages.checkpoint_triggered(START_MS, "59", 43, SavepointPurpose.TERMINATE, "CANONICAL"): (
            "Triggering checkpoint 43 (type=SavepointType{name='Terminate Savepoint', postCheckpointAction=TERMINATE, "
            f"formatType=CANONICAL}}) @ {START_MS} for job 59."
        ),
        log_messages.checkpoint_completed(START_MS, "59", 1, 1322, 181): (
            "Completed checkpoint 1 for job 59 (1322 bytes, checkpointDuration=181 ms, finalizationTime=1 ms)."
        ),
        log_messages.checkpoint_failed(START_MS, "59", 2, 1): (
            "Failed to trigger or complete checkpoint 2 for job 59. (1 consecutive failed attempts so far)"
        ),
        log_messages.checkpoint_restored(START_MS, "59", 1, START_MS - 9, "file:/cp/chk-1", is_savepoint=False): (
            f"Restoring job 59 from Checkpoint 1 @ {START_MS - 9} for 59 located at file:/cp/chk-1."
        ),
        log_messages.checkpoint_restored(START_MS, "59", 12, 0, "file:/sp/savepoint-1", is_savepoint=True): (
            "Restoring job 59 from Savepoint 12 @ 0 for 59 located at file:/sp/savepoint-1."
        ),
        log_messages.savepoint_triggered(START_MS, "59", SavepointPurpose.SAVEPOINT): (
            "Triggering savepoint for job 59."
        ),
        log_messages.savepoint_triggered(START_MS, "59", SavepointPurpose.CANCEL): (
            "Triggering cancel-with-savepoint for job 59."
        ),
        log_messages.savepoint_triggered(START_MS, "59", SavepointPurpose.TERMINATE): (
            "Triggering stop-with-savepoint for job 59."
        ),
        log_messages.taskmanager_registered(START_MS, TASKMANAGER, FLINK_2_3): (
            "Registering TaskManager with ResourceID localhost:45637-3a9bab "
            "(pekko.tcp://flink@localhost:45637/user/rpc/taskmanager_0) at ResourceManager"
        ),
        log_messages.taskmanager_lost(START_MS, TASKMANAGER.id, "The heartbeat timed out."): (
            "Closing TaskExecutor connection localhost:45637-3a9bab because: The heartbeat timed out."
        ),
    }
    assert [event.message for event in expected_messages] == list(expected_messages.values())
