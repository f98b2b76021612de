"""The built-in scenarios do what their comments say, with a virtual clock."""

from __future__ import annotations

import re
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from flinkmock.cluster.errors import NoLeader, TriggerNotFound
from flinkmock.rest.handlers import UploadedFile
from tests.scenario.scenario_helpers import Stage, played

READY = Path(__file__).parents[2] / "scenarios"


def counts(stage: Stage) -> dict[str, int]:
    checkpoint_counts: dict[str, int] = stage.get(f"/jobs/{stage.job().id}/checkpoints")["counts"]
    return checkpoint_counts


def test_streaming_happy() -> None:
    with played(READY / "streaming-happy.yaml") as stage:
        stage.to(3_600_000)
        assert stage.timeline() == [(0, "INITIALIZING"), (200, "CREATED"), (1_000, "RUNNING")]
        history = stage.get(f"/jobs/{stage.job().id}/checkpoints")["history"]
        triggered = [checkpoint["trigger_timestamp"] for checkpoint in history]
        assert {later - earlier for later, earlier in pairwise(triggered)} == {10_000}
        assert all(400 <= checkpoint["end_to_end_duration"] <= 900 for checkpoint in history)
        assert all(12 << 20 <= checkpoint["state_size"] <= 14 << 20 for checkpoint in history)
        status = stage.savepoint()
        stage.to(3_602_999)
        assert stage.outcome(status) == "IN_PROGRESS"
        stage.to(3_603_000)
        assert stage.outcome(status).startswith("file:")
        stage.client.json("PATCH", f"/jobs/{stage.job().id}")
        stage.to(3_700_000)
        assert stage.timeline()[-2:] == [(3_603_000, "CANCELLING"), (3_603_500, "CANCELED")]


def test_fails_for_good() -> None:
    with played(READY / "fails-for-good.yaml") as stage:
        stage.to(100_000)
        assert stage.timeline() == [
            (0, "INITIALIZING"), (0, "CREATED"), (500, "RUNNING"), (20_500, "RESTARTING"), (25_500, "RUNNING"),
            (45_500, "RESTARTING"), (50_500, "RUNNING"), (70_500, "FAILING"), (71_500, "FAILED"),
        ]  # fmt: skip
        entries = stage.get(f"/jobs/{stage.job().id}/exceptions")["exceptionHistory"]["entries"]
        assert len(entries) == 3
        assert all(entry["taskName"].startswith("window (1/1)") for entry in entries[1:])
        history = stage.get(f"/jobs/{stage.job().id}/checkpoints")["history"]
        assert {checkpoint["id"] for checkpoint in history if checkpoint["status"] == "FAILED"} == {4, 8}


def test_slow_savepoint() -> None:
    with played(READY / "slow-savepoint.yaml") as stage:
        stage.to(5_000)
        slow, signalled = stage.savepoint(), stage.savepoint("returns")
        stage.to(124_999)
        assert stage.outcome(slow) == stage.outcome(signalled) == "IN_PROGRESS"
        assert counts(stage)["completed"] >= 11
        stage.to(125_000)
        assert stage.outcome(slow).startswith("file:")
        assert stage.outcome(signalled) == "IN_PROGRESS"
        stage.engine.signal("saved")
        assert stage.outcome(signalled).startswith("file:")


def test_savepoint_that_fails_once() -> None:
    with played(READY / "savepoint-fails-once.yaml") as stage:
        stage.to(5_000)
        first = stage.savepoint()
        stage.to(8_000)
        assert stage.outcome(first) == "Caused by: java.io.IOException: No space left on device"
        second = stage.savepoint()
        stage.to(11_000)
        assert stage.outcome(second).startswith("file:")


def test_stop_that_times_out() -> None:
    with played(READY / "stop-times-out.yaml") as stage:
        stage.to(5_000)
        status = stage.stop()
        stage.to(64_999)
        assert stage.outcome(status) == "IN_PROGRESS"
        stage.to(65_000)
        assert stage.outcome(status).endswith("CheckpointException: Checkpoint expired before completing.")
        before = counts(stage)["completed"]
        stage.to(200_000)
        assert stage.state() == "RUNNING"
        assert counts(stage)["completed"] - before in (4, 5)


def test_rolling_upgrade(tmp_path: Path) -> None:
    with played(READY / "rolling-upgrade.yaml") as stage:
        stage.to(5_000)
        old = stage.job()
        failed = stage.stop()
        stage.to(8_000)
        assert stage.outcome(failed).endswith("Checkpoint expired before completing.")
        assert stage.state() == "RUNNING"
        stopped = stage.stop()
        stage.to(11_000)
        savepoint = stage.outcome(stopped)
        assert (old.state, savepoint[:5]) == ("FINISHED", "file:")
        jar = upload(stage, tmp_path / "orders-2.1.jar")
        job_id = stage.post(f"/jars/{jar}/run", {"savepointPath": savepoint})["jobid"]
        stage.to(11_500)
        new = stage.get(f"/jobs/{job_id}")
        assert (new["name"], new["state"], {v["parallelism"] for v in new["vertices"]}) == ("orders", "RUNNING", {8})
        assert new["status-counts"]["INITIALIZING"] == 3
        stage.to(16_000)
        assert stage.get(f"/jobs/{job_id}")["status-counts"]["RUNNING"] == 3
        assert stage.get(f"/jobs/{job_id}/checkpoints")["latest"]["restored"]["external_path"] == savepoint


def upload(stage: Stage, jar: Path) -> str:
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: org.example.Orders\n")
    copy = jar.with_suffix(".copy")
    copy.write_bytes(jar.read_bytes())
    response = stage.client.json("POST", "/jars/upload", files=[UploadedFile(jar.name, copy)])
    return str(response["filename"]).rpartition("/")[2]


def test_rescale() -> None:
    with played(READY / "rescale.yaml") as stage:
        stage.to(10_000)
        base = f"/jobs/{stage.job().id}"
        bounds = {v.id: {"parallelism": {"lowerBound": 1, "upperBound": 6}} for v in stage.job().graph.vertices}
        stage.client.json("PUT", f"{base}/resource-requirements", bounds)
        stage.to(30_000)
        assert [state for _, state in stage.timeline()[-3:]] == ["RESTARTING", "CREATED", "RUNNING"]
        (left, _), (came, _) = stage.timeline()[-3], stage.timeline()[-1]
        assert 2_000 <= came - left <= 3_000
        assert [vertex["parallelism"] for vertex in stage.get(base)["vertices"]] == [6, 6, 6]


def test_lost_taskmanager() -> None:
    with played(READY / "lost-taskmanager.yaml") as stage:
        stage.to(29_999)
        assert len(stage.get("/taskmanagers")["taskmanagers"]) == 2
        stage.to(30_000)
        (left,) = stage.get("/taskmanagers")["taskmanagers"]
        assert stage.state() == "RESTARTING"
        stage.to(31_500)
        details = stage.get(f"/jobs/{stage.job().id}")
        assert (details["state"], details["vertices"][0]["tasks"]["SCHEDULED"]) == ("RUNNING", 4)
        stage.to(40_000)
        assert stage.timeline()[-3:] == [(500, "RUNNING"), (30_000, "RESTARTING"), (31_000, "RUNNING")]
        now = {taskmanager["id"] for taskmanager in stage.get("/taskmanagers")["taskmanagers"]}
        assert left["id"] in now
        assert len(now) == 2
        restored = stage.get(f"/jobs/{stage.job().id}/checkpoints")["latest"]["restored"]
        assert restored["is_savepoint"] is False
        (entry,) = stage.get(f"/jobs/{stage.job().id}/exceptions")["exceptionHistory"]["entries"]
        assert re.match(r".*JobMasterException: TaskManager with id \S+ is no longer reachable\.", entry["stacktrace"])


def test_leader_change() -> None:
    with played(READY / "leader-change.yaml") as stage:
        stage.to(25_000)
        before = stage.get(f"/jobs/{stage.job().id}/checkpoints")["latest"]["completed"]["id"]
        assert {job["name"]: job["state"] for job in stage.get("/jobs/overview")["jobs"]} == {
            "orders": "RUNNING", "import": "FINISHED",
        }  # fmt: skip
        status = stage.savepoint()
        stage.to(29_999)
        assert stage.outcome(status) == "IN_PROGRESS"
        for time in (30_000, 34_999):
            stage.to(time)
            with pytest.raises(NoLeader):
                stage.get("/jobs/overview")
        stage.to(40_000)
        assert stage.timeline() == [(35_000, "INITIALIZING"), (35_300, "CREATED"), (35_800, "RUNNING")]
        with pytest.raises(TriggerNotFound):
            stage.outcome(status)
        assert [job["name"] for job in stage.get("/jobs/overview")["jobs"]] == ["orders"]
        restored = stage.get(f"/jobs/{stage.job().id}/checkpoints")["latest"]["restored"]
        assert restored["is_savepoint"] is False
        assert restored["id"] > before


def test_no_free_slots() -> None:
    with played(READY / "no-free-slots.yaml") as stage:
        stage.to(19_999)
        assert [state for _, state in stage.timeline()] == ["INITIALIZING", "CREATED", "RUNNING"]
        (listed,) = stage.get("/jobs/overview")["jobs"]
        assert listed["tasks"]["scheduled"] == listed["tasks"]["total"] == 18
        assert stage.get(f"/jobs/{stage.job().id}/exceptions")["exceptionHistory"]["entries"] == []
        stage.to(60_000)
        assert stage.timeline()[-1][1] == "RUNNING"
        assert stage.get(f"/jobs/{stage.job().id}")["status-counts"]["RUNNING"] == 3


def test_back_pressure() -> None:
    with played(READY / "back-pressure.yaml") as stage:
        window = f"/jobs/{stage.job().id}/vertices/{stage.job().graph.vertices[1].id}"
        levels = []
        for minute in (0.9, 1.1, 2.9, 3.1):
            stage.to(round(minute * 60_000))
            levels.append(stage.get(f"{window}/backpressure")["backpressureLevel"])
        assert levels == ["ok", "high", "high", "ok"]
        reads = [subtask["metrics"]["read-records"] for subtask in stage.get(window)["subtasks"]]
        assert reads[0] > 7 * reads[1]
        assert max(reads[1:]) - min(reads[1:]) <= 1


def test_checkpoint_storm() -> None:
    with played(READY / "checkpoint-storm.yaml") as stage:
        stage.to(600_000)
        checkpoint_counts = counts(stage)
        assert checkpoint_counts["total"] > 450
        assert 0.3 < checkpoint_counts["failed"] / checkpoint_counts["total"] < 0.5
        assert stage.state() == "RUNNING"


def test_large_cluster() -> None:
    with played(READY / "large-cluster.yaml") as stage:
        for time, present in ((59_999, 200), (60_000, 199), (120_000, 200), (180_000, 199), (240_000, 200)):
            stage.to(time)
            assert len(stage.get("/taskmanagers")["taskmanagers"]) == present
        assert stage.get("/overview")["slots-total"] == 1600
        names = [job["name"] for job in stage.get("/jobs/overview")["jobs"]]
        assert sorted(names) == ["clicks", "orders", "payments", "returns"]
        (entry, *_) = stage.get(f"/jobs/{stage.job('returns').id}/exceptions")["exceptionHistory"]["entries"]
        assert "The TaskExecutor is shutting down." in entry["stacktrace"]


def test_the_exception_of_a_taskmanager_that_leaves() -> None:
    text = "cluster: {taskmanagers: {count: 2, events: [{10s: {leaves: 1}}]}}\njobs: {orders: {parallelism: 8}}\n"
    for release, kind in (("1.12", "FlinkException"), ("2.3", "FlinkExpectedException")):
        with played(text, flink=release) as stage:
            stage.to(10_000)
            root = stage.job().failures[-1].exception
            assert str(root) == f"org.apache.flink.util.{kind}: The TaskExecutor is shutting down."


@pytest.mark.parametrize("file", sorted(READY.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_ready_scenario_is_in_the_table(file: Path) -> None:
    table = (READY.parent / "docs" / "scenarios.md").read_text("utf-8")
    assert f"(../scenarios/{file.name})" in table
