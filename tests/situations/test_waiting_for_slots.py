"""A job needs more slots than exist, in a new cluster and in a cluster that is older than its start-up time."""

from __future__ import annotations

import pytest

from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.situations import recorded

OPTIONS = "config: {slot.request.timeout: 15000, resourcemanager.standalone.start-up-time: 60000}"
JOB = """
jobs:
  orders:
    vertices:
      - {name: "Source: numbers", parallelism: 1}
      - {name: tokenize, parallelism: 64}
      - {name: print, parallelism: 1}
    restart: {strategy: fixed-delay, attempts: 2, delay: 1s}
"""
VERSIONS = recorded.VERSIONS


def causes_of_failures(harness: ScenarioHarness) -> list[list[str]]:
    entries = harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"]
    return [recorded.causes(entry["stacktrace"]) for entry in entries]


def recorded_causes(version: str, step: str) -> list[list[str]]:
    entries = recorded.body(version, step)["exceptionHistory"]["entries"]
    return [recorded.causes(entry["stacktrace"]) for entry in entries]


@pytest.mark.parametrize("release", ["2.3", "1.20"])
def test_a_job_in_a_new_cluster_fails_when_its_slot_request_times_out(release: str) -> None:
    with scenario_harness(f"cluster: {{{OPTIONS}}}{JOB}", flink=release) as harness:
        harness.advance_to(14_900)
        (listed,) = harness.get("/jobs/overview")["jobs"]
        assert listed["state"] == "RUNNING"
        assert listed["tasks"]["scheduled"] == listed["tasks"]["total"]
        assert causes_of_failures(harness) == []
        harness.advance_to(15_100)
        (listed,) = harness.get("/jobs/overview")["jobs"]
        assert (listed["state"], listed["tasks"]["failed"], listed["tasks"]["canceled"]) == ("RESTARTING", 1, 65)
        assert (
            recorded.timeline(VERSIONS[release], "young: timeline")[1] == "RESTARTING canceled=129,total=130,failed=1"
        )
        harness.advance_to(48_000)
        assert [state for _, state in harness.timeline()][2:] == [
            "RUNNING", "RESTARTING", "RUNNING", "RESTARTING", "RUNNING", "FAILING", "FAILED"
        ]  # fmt: skip
        assert causes_of_failures(harness) == recorded_causes(VERSIONS[release], "young: FAILED exceptions")


@pytest.mark.parametrize("release", recorded.releases("1.12"))
def test_the_resource_manager_reports_missing_slots_in_an_old_cluster(release: str) -> None:
    with scenario_harness(f"cluster: {{age: 2min, {OPTIONS}}}{JOB}", flink=release) as harness:
        harness.advance_to(200)
        assert harness.state() == "RESTARTING"
        harness.advance_to(5_000)
        assert causes_of_failures(harness) == recorded_causes(VERSIONS[release], "old: FAILED exceptions")
        entries = harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"]
        real = recorded.body(VERSIONS[release], "old: FAILED exceptions")["exceptionHistory"]["entries"]
        assert [entry.keys() for entry in entries] == [entry.keys() for entry in real]
        assert all(entry["taskName"].startswith("tokenize (") for entry in (*entries[1:], *real[1:]))
        vertex = harness.job().graph.vertices[1].id
        subtask = harness.get(f"/jobs/{harness.job().id}/vertices/{vertex}/subtasks/0")
        real = recorded.body(VERSIONS[release], "old: FAILED vertex")
        assert (subtask["status"], subtask["start-time"]) == ("CANCELED", -1)
        assert subtask.get("endpoint") == (None if release == "1.17" else "(unassigned)")
        assert subtask.keys() == real.keys()
        assert (real["status"], real["start-time"]) == ("CANCELED", -1)
        assert harness.get("/overview")["slots-available"] == 4


@pytest.mark.parametrize("release", recorded.releases("2.3", "1.20", "1.12"))
def test_the_start_up_time_ends_while_a_job_waits(release: str) -> None:
    """In the recorded clusters, which were 30 s old, the second slot request failed when the start-up time ended."""
    with scenario_harness(f"cluster: {{age: 30s, {OPTIONS}}}{JOB}", flink=release) as harness:
        harness.advance_to(60_000)
        assert causes_of_failures(harness) == recorded_causes(VERSIONS[release], "young: FAILED exceptions")
        entries = harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"]
        assert [entry["timestamp"] - harness.start_time for entry in entries][-2:] == pytest.approx(
            [30_000, 15_000], abs=100
        )


def test_by_default_a_cluster_waits_five_minutes_for_taskmanagers() -> None:
    """In a new cluster of 2.3.0, the job waited for 293 s."""
    with scenario_harness(f"cluster: {{taskmanagers: 0}}{JOB}") as harness:
        harness.advance_to(299_900)
        assert harness.state() == "RUNNING"
        harness.advance_to(300_200)
        assert harness.state() == "RESTARTING"


def test_the_start_up_time_begins_again_with_a_new_leader() -> None:
    text = "cluster: {age: 1h, taskmanagers: 0, jobmanagers: {count: 2, events: [{50ms: crashes}]}}"
    with scenario_harness(f"{text}{JOB}") as harness:
        harness.advance_to(100_000)
        assert harness.state() == "RUNNING"
