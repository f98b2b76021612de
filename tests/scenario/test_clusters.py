"""TaskManager sizes, JobManager options, a hanging leader, reactive mode, earlier savepoints, and vendor versions."""

from __future__ import annotations

import httpx
import pytest

from flinkmock import FlinkMock
from flinkmock.errors import ScenarioError
from flinkmock.scenario import load_scenario
from tests.scenario.scenario_helpers import scenario_harness


def test_taskmanagers_can_have_different_sizes() -> None:
    text = """
cluster: {taskmanagers: {count: 2, sizes: [{slots: 1}, {slots: 6, memory: 4g}], events: [{10s: joins}]}, slots: 2}
jobs: {orders: {parallelism: 8}}
"""
    with scenario_harness(text, flink="2.3") as harness:
        harness.advance_to(5_000)
        first, second = harness.get("/taskmanagers")["taskmanagers"]
        assert [first["slotsNumber"], second["slotsNumber"]] == [1, 6]
        sizes = [taskmanager["memoryConfiguration"]["totalProcessMemory"] >> 20 for taskmanager in (first, second)]
        assert sizes == [1728, 4096]
        assert second["hardware"]["managedMemory"] > first["hardware"]["managedMemory"]
        assert harness.get("/overview")["slots-total"] == 7
        assert harness.get("/jobs/overview")["jobs"][0]["tasks"]["running"] == 0
        harness.advance_to(12_000)
        assert harness.get("/overview")["slots-total"] == 9
        assert harness.get("/jobs/overview")["jobs"][0]["tasks"]["running"] == 24
        metrics = harness.get(f"/taskmanagers/{second['id']}/metrics?get=Status.Flink.Memory.Managed.Total")
        assert int(metrics[0]["value"]) == second["memoryConfiguration"]["managedMemory"]


def test_a_taskmanager_with_too_little_memory_is_a_mistake() -> None:
    with pytest.raises(ScenarioError, match=r"300m: 256m of metaspace .* are more than the 300m of the process"):
        load_scenario("cluster: {taskmanagers: {sizes: [{memory: 300m}]}}")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("taskmanager.memory.process.size", "300m", "are more than the 300m of the process"),
        ("jobmanager.memory.process.size", "1m", "are more than the 1m of the process"),
        ("taskmanager.memory.managed.fraction", "nan", "is not a number from 0 to 1"),
        ("taskmanager.numberOfTaskSlots", "1001", "Write a number from 1 to 1000"),
        ("execution.checkpointing.interval", "0", "must be more than 0"),
        ("execution.checkpointing.max-concurrent-checkpoints", "-1", "must be at least 1"),
        ("execution.checkpointing.mode", "twice", "is not one of EXACTLY_ONCE, AT_LEAST_ONCE"),
        ("execution.checkpointing.externalized-checkpoint-retention", "KEEP", "is not one of RETAIN_ON_CANCELLATION"),
    ],
)
def test_an_option_with_an_impossible_value_is_a_mistake(option: str, value: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=f"{option}.*{message}"):
        load_scenario({"cluster": {"config": {option: value}}})


def test_a_checkpoint_interval_of_0_is_a_mistake() -> None:
    with pytest.raises(ScenarioError, match="every must be more than 0"):
        load_scenario("jobs: {orders: {checkpoints: {every: 0}}}")


def test_each_jobmanager_can_have_its_own_options() -> None:
    configs = [{}, {"web.refresh-interval": "7 s", "jobmanager.rpc.address": "jm-1", "web.submit.enable": False}]
    with FlinkMock({"cluster": {"jobmanagers": {"count": 2, "configs": configs}}}) as flink:
        first, second = flink.urls
        assert [httpx.get(f"{url}/config").json()["refresh-interval"] for url in (first, second)] == [3000, 7000]
        assert [httpx.get(f"{url}/jars").status_code for url in (first, second)] == [200, 404]
        addresses = [
            next(
                option["value"]
                for option in httpx.get(f"{url}/jobmanager/config").json()
                if "rpc.address" in option["key"]
            )
            for url in (first, second)
        ]
        assert addresses == ["localhost", "jm-1"]


def test_more_configs_than_jobmanagers_are_a_mistake() -> None:
    with pytest.raises(ScenarioError, match="configs has 2 entries, but count is 1"):
        load_scenario({"cluster": {"jobmanagers": {"configs": [{}, {}]}}})


def test_a_leader_can_hang_before_it_crashes() -> None:
    scenario = load_scenario("""
cluster: {jobmanagers: {count: 2, events: [{20s: {hangs: 10s, crashes: 5s}}]}}
jobs: {orders: {checkpoints: {every: 5s}}}
""")
    [change] = scenario.leader_changes
    assert change.at == 30_000
    [fault] = scenario.faults
    assert fault.trigger.during == (20_000, 30_000)
    with FlinkMock(scenario, clock="virtual") as flink:
        for url in flink.urls:
            assert httpx.get(f"{url}/overview").status_code == 200
        flink.advance("21s")
        for url in flink.urls:
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(f"{url}/overview", timeout=0.3)
        flink.advance("10s")
        assert {httpx.get(f"{url}/overview").status_code for url in flink.urls[1:]} == {503}
        flink.advance("6s")
        assert httpx.get(f"{flink.url}/jobs/overview").json()["jobs"][0]["state"] in ("INITIALIZING", "RUNNING")


def test_a_job_in_reactive_mode_uses_all_slots() -> None:
    """The job also uses the slots of a TaskManager that joins, after the cool-down."""
    text = """
cluster:
  config: {scheduler-mode: reactive, jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout: 1 s}
  slots: 3
  taskmanagers: {count: 1, events: [{40s: joins}]}
jobs: {orders: {parallelism: 1}}
"""
    with scenario_harness(text, flink="2.3") as harness:
        harness.advance_to(3_000)
        job_path = f"/jobs/{harness.job().id}"
        assert {vertex["parallelism"] for vertex in harness.get(job_path)["vertices"]} == {3}
        config = harness.get(f"{job_path}/rescales/config")
        assert config["schedulerExecutionMode"].lower() == "reactive"
        assert config["submissionResourceWaitTimeoutInMillis"] == -1
        assert config["submissionResourceStabilizationTimeoutInMillis"] == 0
        harness.advance_to(60_000)
        assert {vertex["parallelism"] for vertex in harness.get(job_path)["vertices"]} == {6}
        assert harness.get("/jobs/overview")["jobs"][0]["tasks"]["running"] == 18


def test_savepoints_from_before_the_start_are_in_the_history_and_can_be_disposed_of() -> None:
    text = """
jobs:
  orders:
    age: 1h
    savepoint-history: [{age: 20m, path: "s3://bucket/savepoint-1"}, {age: 45m}]
"""
    with scenario_harness(text, flink="2.3") as harness:
        harness.advance_to(1_000)
        checkpoints = harness.get(f"/jobs/{harness.job().id}/checkpoints")
        assert checkpoints["latest"]["savepoint"]["external_path"] == "s3://bucket/savepoint-1"
        age = harness.start_time - checkpoints["latest"]["savepoint"]["trigger_timestamp"]
        assert age == 20 * 60_000
        trigger_id = harness.post("/savepoint-disposal", {"savepoint-path": "s3://bucket/savepoint-1"})["request-id"]
        harness.advance_to(3_000)
        assert "failure-cause" not in (harness.get(f"/savepoint-disposal/{trigger_id}")["operation"] or {})


def test_a_savepoint_that_is_older_than_its_job_is_a_mistake() -> None:
    with pytest.raises(ScenarioError, match=r"did not exist then\. Give the job an age of 20m or more"):
        load_scenario("jobs: {orders: {savepoint-history: [{age: 20m}]}}")


def test_the_cluster_shows_the_version_of_a_vendor() -> None:
    with FlinkMock({"cluster": {"version": "2.3.0-vendor-1"}}) as flink:
        assert httpx.get(flink.url + "/config").json()["flink-version"] == "2.3.0-vendor-1"
        assert httpx.get(flink.url + "/overview").json()["flink-version"] == "2.3.0-vendor-1"
        assert "flink-dist-2.3.0-vendor-1.jar" in httpx.get(flink.url + "/jobmanager/environment").text
        assert "(Version: 2.3.0-vendor-1," in httpx.get(flink.url + "/jobmanager/log").text
    with FlinkMock({"cluster": {"version": "1.20.1-vendor"}}, flink="1.20") as flink:
        assert httpx.get(flink.url + "/config").json()["flink-version"] == "1.20.1-vendor"
