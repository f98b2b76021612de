"""Invariants follow the options of the cluster, which change how much it lists, and the names of files and folders."""

from __future__ import annotations

from typing import Any

import pytest

from flinkmock.conformance.coherence.values import SuccessResponse
from tests.conformance.broken_invariants import JOB_ID, broken_between, configuration, response

JOB_PATH = f"/jobs/{JOB_ID}"
COMPLETED = {"status": "COMPLETED", "is_savepoint": False, "trigger_timestamp": 0, "external_path": None}


def statistics_response(body: dict[str, Any]) -> SuccessResponse:
    return response("2.3", "getCheckpointingStatistics", f"{JOB_PATH}/checkpoints", body)


@pytest.mark.parametrize(
    ("options", "listed_count", "is_broken"),
    [
        ({}, 10, False),
        ({}, 9, True),
        ({"web_checkpoints_history": "5"}, 5, False),
        ({"web_checkpoints_history": "5"}, 4, True),
        ({"web_checkpoints_history": "15"}, 10, True),
    ],
)
def test_a_short_history_has_all_checkpoints(options: dict[str, str], listed_count: int, is_broken: bool) -> None:
    counts = {"completed": 20, "in_progress": 0, "failed": 0, "total": 20, "restored": 0}
    history = [COMPLETED | {"id": number} for number in range(20, 20 - listed_count, -1)]
    broken = broken_between(
        "2.3",
        configuration("2.3", rest_port="8081", **options),
        statistics_response({"counts": counts, "history": history}),
    )
    assert ("short-history-is-complete" in broken) == is_broken


@pytest.mark.parametrize(
    ("options", "listed_count", "is_broken"),
    [
        ({}, 16, False),
        ({}, 15, True),
        ({"web_exception-history-size": "3"}, 3, False),
        ({"web_exception-history-size": "3"}, 2, True),
        ({"web_exception-history-size": "50"}, 20, False),  # the default of maxExceptions
    ],
)
def test_each_restart_has_an_exception_while_the_history_has_room(
    options: dict[str, str], listed_count: int, is_broken: bool
) -> None:
    vertex_id = "6cdc5bb954874d922eaee11a8e7b5dd5"
    details = {"state": "RUNNING", "schedulerType": "Default", "vertices": [{"id": vertex_id}]}
    entries = [{"timestamp": number} for number in range(listed_count, 0, -1)]
    broken = broken_between(
        "2.3",
        configuration("2.3", rest_port="8081", **options),
        response("2.3", "getJobDetails", JOB_PATH, details),
        response("2.3", "getJobVertexDetails", f"{JOB_PATH}/vertices/{vertex_id}", {"subtasks": [{"attempt": 25}]}),
        response("2.3", "getJobExceptions", f"{JOB_PATH}/exceptions", {"exceptionHistory": {"entries": entries}}),
    )
    assert ("restarts-have-exceptions" in broken) == is_broken


@pytest.mark.parametrize("option", ["execution_checkpointing_create-subdir", "state_checkpoints_create-subdir"])
def test_checkpoints_are_in_a_folder_of_the_job_unless_jobs_share_the_folder(option: str) -> None:
    def broken(path: str, **options: str) -> set[str]:
        entry = COMPLETED | {"id": 7, "external_path": path}
        return broken_between("2.3", configuration("2.3", **options), statistics_response({"history": [entry]}))

    violated = {"checkpoint-is-in-folder-of-job"}
    assert violated & broken(f"file:/checkpoints/{JOB_ID}/chk-7", **{option: "true"}) == set()
    assert violated & broken("file:/checkpoints/chk-7", **{option: "false"}) == set()
    assert violated & broken("file:/checkpoints/chk-7", **{option: "true"}) == violated
    assert violated & broken("file:/checkpoints/chk-7", rest_port="8081") == violated


@pytest.mark.parametrize("path", ["flink.log", "/opt/flink/log/flink.log", r"C:\flink\log\flink.log"])
def test_the_log_file_of_the_jvm_options_may_have_no_folder(path: str) -> None:
    def broken(listed_name: str) -> set[str]:
        environment = {"jvm": {"options": [f"-Dlog.file={path}"]}}
        logs = {"logs": [{"name": listed_name, "size": 0}]}
        return broken_between(
            "2.3",
            response("2.3", "getJobManagerEnvironment", "/jobmanager/environment", environment),
            response("2.3", "getJobManagerLogList", "/jobmanager/logs", logs),
            response("2.3", "getJobManagerLogFile", "/jobmanager/log", ""),
        )

    assert "configured-log-is-listed" not in broken("flink.log")
    assert "configured-log-is-listed" in broken("other.log")


def test_the_log_of_a_taskmanager_may_be_in_any_time_zone() -> None:
    """The JobManager is in UTC-12; the TaskManager, whose log was changed at 12:00 UTC, is in UTC-12 or UTC+14."""

    def broken(local_time: str) -> set[str]:
        taskmanager_path = "/taskmanagers/localhost:6122-1"
        logs = {"logs": [{"name": "tm.log", "size": 100, "mtime": 1_795_694_400_000}]}  # 2026-11-26 12:00:00 UTC
        return broken_between(
            "2.3",
            response("2.3", "getDashboardConfiguration", "/config", {"timezone-offset": -12 * 3_600_000}),
            response("2.3", "getTaskManagers", "/taskmanagers", {"taskmanagers": [{"id": "localhost:6122-1"}]}),
            response("2.3", "getTaskManagerLogs", f"{taskmanager_path}/logs", logs),
            response("2.3", "getTaskManagerCustomLog", f"{taskmanager_path}/logs/tm.log", f"{local_time},000 INFO\n"),
        )

    assert "log-times" not in broken("2026-11-26 00:00:00")  # UTC-12
    assert "log-times" not in broken("2026-11-27 02:00:00")  # UTC+14
    assert "log-times" in broken("2026-11-27 02:00:01")
