"""The built-in scenarios do what their comments say; those with faults are in test_faults.py."""

from __future__ import annotations

import re
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from flinkmock.cluster.errors import NoLeader, TriggerNotFound
from flinkmock.rest.handlers import UploadedFile
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def checkpoint_counts(harness: ScenarioHarness) -> dict[str, int]:
    counts: dict[str, int] = harness.get(f"/jobs/{harness.job().id}/checkpoints")["counts"]
    return counts


def test_streaming_happy_takes_checkpoints_and_savepoints_until_it_is_cancelled() -> None:
    with scenario_harness(SCENARIOS / "streaming-happy.yaml") as harness:
        harness.advance_to(3_600_000)
        assert harness.timeline() == [(0, "INITIALIZING"), (200, "CREATED"), (1_000, "RUNNING")]
        history = harness.get(f"/jobs/{harness.job().id}/checkpoints")["history"]
        trigger_times = [checkpoint["trigger_timestamp"] for checkpoint in history]  # the newest first
        assert {later - earlier for later, earlier in pairwise(trigger_times)} == {10_000}
        assert all(400 <= checkpoint["end_to_end_duration"] <= 900 for checkpoint in history)
        assert all(12 << 20 <= checkpoint["state_size"] <= 14 << 20 for checkpoint in history)
        status_path = harness.trigger_savepoint()
        harness.advance_to(3_602_999)
        assert harness.outcome(status_path) == "IN_PROGRESS"
        harness.advance_to(3_603_000)
        assert harness.outcome(status_path).startswith("file:")
        harness.client.json("PATCH", f"/jobs/{harness.job().id}")
        harness.advance_to(3_700_000)
        assert harness.timeline()[-2:] == [(3_603_000, "CANCELLING"), (3_603_500, "CANCELED")]


def test_batch_runs_one_vertex_after_the_other() -> None:
    with scenario_harness(SCENARIOS / "batch.yaml") as harness:
        statuses = []
        for time in (5_000, 25_000, 44_000, 46_000):
            harness.advance_to(time)
            vertices = harness.get(f"/jobs/{harness.job('nightly-report').id}")["vertices"]
            statuses.append([vertex["status"] for vertex in vertices])
        # a vertex is listed when its inputs are complete
        assert statuses == [["RUNNING"], ["FINISHED", "RUNNING"], ["FINISHED", "FINISHED", "RUNNING"], ["FINISHED"] * 3]
        assert harness.timeline("nightly-report")[-1] == (45_150, "FINISHED")


def test_crash_loop_restarts_forever() -> None:
    with scenario_harness(SCENARIOS / "crash-loop.yaml") as harness:
        harness.advance_to(300_000)
        steps = harness.timeline()[2:]
        assert len(steps) > 30
        durations = {"RUNNING": range(4_000, 8_001), "RESTARTING": range(10_000, 10_001)}
        for (entered_at, state), (left_at, next_state) in pairwise(steps):
            assert state != next_state
            assert left_at - entered_at in durations[state]
        entries = harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"]
        assert {entry["taskName"].partition(" - ")[0] for entry in entries} == {"Source: kafka (2/2)"}
        assert "Caused by: java.io.EOFException" in entries[0]["stacktrace"]


def test_demo_has_jobs_in_many_states() -> None:
    with scenario_harness(SCENARIOS / "demo.yaml") as harness:
        assert {job["name"]: job["state"] for job in harness.get("/jobs/overview")["jobs"]} == {
            "orders": "RUNNING",
            "clicks-to-warehouse": "RUNNING",
            "nightly-report": "FINISHED",
            "price-import": "FAILED",
            "orders-canary": "CANCELED",
        }
        assert "RESTARTING" in [state for _, state in harness.timeline("clicks-to-warehouse")]
        overview = harness.get("/overview")
        assert (overview["taskmanagers"], overview["slots-total"], overview["slots-available"]) == (3, 12, 6)


def test_legacy_1_12_rejects_requests_that_newer_releases_accept() -> None:
    with scenario_harness(SCENARIOS / "legacy-1.12.yaml") as harness:
        harness.advance_to(5_000)
        savepoints_path = f"/jobs/{harness.job().id}/savepoints"
        bodies = ({}, {"cancel-job": False, "unknown": 1}, {"cancel-job": False})
        assert [harness.client.send("POST", savepoints_path, body).status for body in bodies] == [400, 400, 202]
        stop_path = f"/jobs/{harness.job().id}/stop"
        assert [harness.client.send("POST", stop_path, body).status for body in ({}, {"drain": False})] == [400, 202]
        assert harness.client.send("PATCH", f"/jobs/{harness.job('nightly-report').id}").status == 404


def test_fails_for_good_fails_after_two_restarts() -> None:
    with scenario_harness(SCENARIOS / "fails-for-good.yaml") as harness:
        harness.advance_to(100_000)
        assert harness.timeline() == [
            (0, "INITIALIZING"), (0, "CREATED"), (500, "RUNNING"), (20_500, "RESTARTING"), (25_500, "RUNNING"),
            (45_500, "RESTARTING"), (50_500, "RUNNING"), (70_500, "FAILING"), (71_500, "FAILED"),
        ]  # fmt: skip
        entries = harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"]
        assert len(entries) == 3
        assert all(entry["taskName"].startswith("window (1/1)") for entry in entries[1:])
        history = harness.get(f"/jobs/{harness.job().id}/checkpoints")["history"]
        assert {checkpoint["id"] for checkpoint in history if checkpoint["status"] == "FAILED"} == {4, 8}


def test_slow_savepoint_takes_two_minutes_or_waits_for_a_signal() -> None:
    with scenario_harness(SCENARIOS / "slow-savepoint.yaml") as harness:
        harness.advance_to(5_000)
        # the second savepoint waits for a signal
        slow_status_path, signalled_status_path = harness.trigger_savepoint(), harness.trigger_savepoint("returns")
        harness.advance_to(124_999)
        assert harness.outcome(slow_status_path) == harness.outcome(signalled_status_path) == "IN_PROGRESS"
        assert checkpoint_counts(harness)["completed"] >= 11
        harness.advance_to(125_000)
        assert harness.outcome(slow_status_path).startswith("file:")
        assert harness.outcome(signalled_status_path) == "IN_PROGRESS"
        harness.engine.signal("saved")
        assert harness.outcome(signalled_status_path).startswith("file:")


def test_savepoint_fails_once_succeeds_the_second_time() -> None:
    with scenario_harness(SCENARIOS / "savepoint-fails-once.yaml") as harness:
        harness.advance_to(5_000)
        first_status_path = harness.trigger_savepoint()
        harness.advance_to(8_000)
        assert harness.outcome(first_status_path) == "Caused by: java.io.IOException: No space left on device"
        second_status_path = harness.trigger_savepoint()
        harness.advance_to(11_000)
        assert harness.outcome(second_status_path).startswith("file:")


def test_stop_times_out_leaves_the_job_running() -> None:
    with scenario_harness(SCENARIOS / "stop-times-out.yaml") as harness:
        harness.advance_to(5_000)
        status_path = harness.trigger_stop()
        harness.advance_to(64_999)
        assert harness.outcome(status_path) == "IN_PROGRESS"
        harness.advance_to(65_000)
        assert harness.outcome(status_path).endswith("CheckpointException: Checkpoint expired before completing.")
        completed_count_before = checkpoint_counts(harness)["completed"]
        harness.advance_to(200_000)
        assert harness.state() == "RUNNING"
        # 135 s with a checkpoint every 30 s
        assert checkpoint_counts(harness)["completed"] - completed_count_before in (4, 5)


def test_rolling_upgrade_fails_the_first_stop_then_stops_the_job_and_runs_its_new_version(tmp_path: Path) -> None:
    with scenario_harness(SCENARIOS / "rolling-upgrade.yaml") as harness:
        harness.advance_to(5_000)
        old_job = harness.job()
        first_status_path = harness.trigger_stop()
        harness.advance_to(8_000)
        assert harness.outcome(first_status_path).endswith("Checkpoint expired before completing.")
        assert harness.state() == "RUNNING"
        second_status_path = harness.trigger_stop()
        harness.advance_to(11_000)
        savepoint_path = harness.outcome(second_status_path)
        assert (old_job.state, savepoint_path[:5]) == ("FINISHED", "file:")
        jar_id = upload(harness, tmp_path / "orders-2.1.jar")
        job_id = harness.post(f"/jars/{jar_id}/run", {"savepointPath": savepoint_path})["jobid"]
        harness.advance_to(11_500)
        new_job = harness.get(f"/jobs/{job_id}")
        assert (new_job["name"], new_job["state"]) == ("orders", "RUNNING")
        assert {vertex["parallelism"] for vertex in new_job["vertices"]} == {8}
        assert new_job["status-counts"]["INITIALIZING"] == 3
        harness.advance_to(16_000)
        assert harness.get(f"/jobs/{job_id}")["status-counts"]["RUNNING"] == 3
        assert harness.get(f"/jobs/{job_id}/checkpoints")["latest"]["restored"]["external_path"] == savepoint_path


def upload(harness: ScenarioHarness, jar: Path) -> str:
    """Write a small jar and upload it; return its id."""
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: org.example.Orders\n")
    response = harness.client.json("POST", "/jars/upload", files=[UploadedFile(jar.name, jar)])
    return str(response["filename"]).rpartition("/")[2]


def test_rescale_restarts_the_job_with_another_parallelism() -> None:
    with scenario_harness(SCENARIOS / "rescale.yaml") as harness:
        harness.advance_to(10_000)
        job_path = f"/jobs/{harness.job().id}"
        bounds = {"parallelism": {"lowerBound": 1, "upperBound": 6}}
        requirements = {vertex.id: bounds for vertex in harness.job().graph.vertices}
        harness.client.json("PUT", f"{job_path}/resource-requirements", requirements)
        harness.advance_to(30_000)
        assert [state for _, state in harness.timeline()[-3:]] == ["RESTARTING", "CREATED", "RUNNING"]
        (restarting_at, _), _, (running_at, _) = harness.timeline()[-3:]
        assert 2_000 <= running_at - restarting_at <= 3_000
        assert [vertex["parallelism"] for vertex in harness.get(job_path)["vertices"]] == [6, 6, 6]


def test_lost_taskmanager_restarts_the_job_whose_tasks_wait_for_slots() -> None:
    with scenario_harness(SCENARIOS / "lost-taskmanager.yaml") as harness:
        harness.advance_to(29_999)
        assert len(harness.get("/taskmanagers")["taskmanagers"]) == 2
        harness.advance_to(30_000)
        (remaining,) = harness.get("/taskmanagers")["taskmanagers"]
        assert harness.state() == "RESTARTING"
        harness.advance_to(31_500)
        details = harness.get(f"/jobs/{harness.job().id}")
        assert (details["state"], details["vertices"][0]["tasks"]["SCHEDULED"]) == ("RUNNING", 4)
        harness.advance_to(40_000)
        assert harness.timeline()[-3:] == [(500, "RUNNING"), (30_000, "RESTARTING"), (31_000, "RUNNING")]
        ids_afterwards = {taskmanager["id"] for taskmanager in harness.get("/taskmanagers")["taskmanagers"]}
        assert remaining["id"] in ids_afterwards
        assert len(ids_afterwards) == 2
        restored = harness.get(f"/jobs/{harness.job().id}/checkpoints")["latest"]["restored"]
        assert restored["is_savepoint"] is False
        (entry,) = harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"]
        assert re.match(r".*JobMasterException: TaskManager with id \S+ is no longer reachable\.", entry["stacktrace"])


def test_leader_change_recovers_the_job_but_not_the_trigger_id() -> None:
    with scenario_harness(SCENARIOS / "leader-change.yaml") as harness:
        harness.advance_to(25_000)
        last_checkpoint_id = harness.get(f"/jobs/{harness.job().id}/checkpoints")["latest"]["completed"]["id"]
        assert {job["name"]: job["state"] for job in harness.get("/jobs/overview")["jobs"]} == {
            "orders": "RUNNING", "import": "FINISHED",
        }  # fmt: skip
        status_path = harness.trigger_savepoint()
        harness.advance_to(29_999)
        assert harness.outcome(status_path) == "IN_PROGRESS"
        for time in (30_000, 34_999):
            harness.advance_to(time)
            with pytest.raises(NoLeader):
                harness.get("/jobs/overview")
        harness.advance_to(40_000)
        assert harness.timeline() == [(35_000, "INITIALIZING"), (35_300, "CREATED"), (35_800, "RUNNING")]
        with pytest.raises(TriggerNotFound):
            harness.outcome(status_path)
        assert [job["name"] for job in harness.get("/jobs/overview")["jobs"]] == ["orders"]
        restored = harness.get(f"/jobs/{harness.job().id}/checkpoints")["latest"]["restored"]
        assert restored["is_savepoint"] is False
        assert restored["id"] > last_checkpoint_id


def test_no_free_slots_leaves_tasks_scheduled_until_a_taskmanager_joins() -> None:
    with scenario_harness(SCENARIOS / "no-free-slots.yaml") as harness:
        harness.advance_to(19_999)
        assert [state for _, state in harness.timeline()] == ["INITIALIZING", "CREATED", "RUNNING"]
        (job,) = harness.get("/jobs/overview")["jobs"]
        assert job["tasks"]["scheduled"] == job["tasks"]["total"] == 18
        assert harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"] == []
        harness.advance_to(60_000)
        assert harness.timeline()[-1][1] == "RUNNING"
        assert harness.get(f"/jobs/{harness.job().id}")["status-counts"]["RUNNING"] == 3


def test_back_pressure_lasts_from_the_first_to_the_third_minute_and_one_subtask_reads_most_records() -> None:
    with scenario_harness(SCENARIOS / "back-pressure.yaml") as harness:
        window_path = f"/jobs/{harness.job().id}/vertices/{harness.job().graph.vertices[1].id}"
        levels = []
        for minute in (0.9, 1.1, 2.9, 3.1):
            harness.advance_to(round(minute * 60_000))
            levels.append(harness.get(f"{window_path}/backpressure")["backpressureLevel"])
        assert levels == ["ok", "high", "high", "ok"]
        first, *others = (subtask["metrics"]["read-records"] for subtask in harness.get(window_path)["subtasks"])
        assert first > 7 * others[0]
        assert max(others) - min(others) <= 1


def test_checkpoint_storm_fails_many_checkpoints_and_keeps_the_job_running() -> None:
    with scenario_harness(SCENARIOS / "checkpoint-storm.yaml") as harness:
        harness.advance_to(600_000)
        counts = checkpoint_counts(harness)
        assert counts["total"] > 450
        assert 0.3 < counts["failed"] / counts["total"] < 0.5
        assert harness.state() == "RUNNING"


def test_large_cluster_loses_and_gains_taskmanagers() -> None:
    with scenario_harness(SCENARIOS / "large-cluster.yaml") as harness:
        for time, count in ((59_999, 200), (60_000, 199), (120_000, 200), (180_000, 199), (240_000, 200)):
            harness.advance_to(time)
            assert len(harness.get("/taskmanagers")["taskmanagers"]) == count
        assert harness.get("/overview")["slots-total"] == 1600
        names = [job["name"] for job in harness.get("/jobs/overview")["jobs"]]
        assert sorted(names) == ["clicks", "orders", "payments", "returns"]
        (entry, *_) = harness.get(f"/jobs/{harness.job('returns').id}/exceptions")["exceptionHistory"]["entries"]
        assert "The TaskExecutor is shutting down." in entry["stacktrace"]


def test_the_exception_of_a_taskmanager_that_leaves_depends_on_the_release() -> None:
    text = "cluster: {taskmanagers: {count: 2, events: [{10s: {leaves: 1}}]}}\njobs: {orders: {parallelism: 8}}\n"
    for release, class_name in (("1.12", "FlinkException"), ("2.3", "FlinkExpectedException")):
        with scenario_harness(text, flink=release) as harness:
            harness.advance_to(10_000)
            exception = harness.job().failures[-1].exception
            assert str(exception) == f"org.apache.flink.util.{class_name}: The TaskExecutor is shutting down."


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_built_in_scenario_is_in_the_table(file: Path) -> None:
    table = (SCENARIOS.parent / "docs" / "scenarios.md").read_text("utf-8")
    assert f"(../scenarios/{file.name})" in table
