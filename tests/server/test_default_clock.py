"""The default clock of FlinkMock works for clients that sleep, that don't sleep, and that have timeouts."""

from __future__ import annotations

import time

import freezegun
import httpx
import pytest

from flinkmock import FlinkMock, InvalidArgument, small_jar
from tests.timeouts import TEST_TIMEOUT_S

SCENARIO = {"jobs": {"report": {"extends": "batch", "lifecycle": [{"RUNNING": "30s"}, "FINISHED"]}}}


def job_state(flink: FlinkMock) -> str:
    return str(httpx.get(flink.url + "/jobs/overview").json()["jobs"][0]["state"])


def poll_until_finished(flink: FlinkMock) -> list[bytes]:
    """Request the jobs until one has finished; return the bodies of the responses."""
    bodies = []
    while not bodies or b"FINISHED" not in bodies[-1]:
        bodies.append(httpx.get(flink.url + "/jobs/overview").content)
    return bodies


def test_a_client_that_does_not_sleep_gets_the_same_bytes_in_each_run() -> None:
    with FlinkMock(SCENARIO, start_time="2026-01-01") as first, FlinkMock(SCENARIO, start_time="2026-01-01") as second:
        bodies = poll_until_finished(first)
        assert len(bodies) == 30
        assert poll_until_finished(second) == bodies


@pytest.mark.parametrize("interval_s", [1, 2.5, 5])
def test_a_client_that_sleeps_waits_as_long_as_with_a_real_cluster(interval_s: float) -> None:
    """freezegun moves the wall clock while the client would sleep."""
    with freezegun.freeze_time("2026-02-03") as frozen_time, FlinkMock(SCENARIO) as flink:
        slept_s = 0.0
        while job_state(flink) != "FINISHED":
            frozen_time.tick(interval_s)
            slept_s += interval_s
            assert slept_s <= 30
        assert slept_s >= 28 - interval_s  # the first request advances the clock, too


def test_a_request_takes_effect_although_its_client_times_out() -> None:
    scenario = {"jobs": {"orders": "streaming"}, "faults": [{"match": "POST /jobs/:jobid/savepoints", "delay": "1h"}]}
    with FlinkMock(scenario) as flink:
        flink.advance("10s")
        job = flink.job("orders")
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{flink.url}/jobs/{job.id}/savepoints",
                json={"target-directory": "/sp"},
                timeout=httpx.Timeout(TEST_TIMEOUT_S, read=0.2),
            )
        flink.advance("10s")
        assert len(job.savepoints) == 1


def test_a_client_that_runs_a_jar_again_after_its_timeout_starts_two_jobs() -> None:
    run_operation = "POST /jars/:jarid/run"
    with FlinkMock({"faults": [{"match": run_operation, "delay": "20s", "times": 1}]}) as flink:
        uploaded = httpx.post(f"{flink.url}/jars/upload", files={"jarfile": ("orders.jar", small_jar())}).json()
        run_url = f"{flink.url}/jars/{uploaded['filename'].rpartition('/')[2]}/run"
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(run_url, timeout=httpx.Timeout(TEST_TIMEOUT_S, read=0.2))
        assert httpx.post(run_url).status_code == 200
        assert len(httpx.get(f"{flink.url}/jobs").json()["jobs"]) == 2


def test_cluster_time_begins_at_the_time_of_the_wall_clock() -> None:
    with FlinkMock(SCENARIO) as flink:
        [job] = httpx.get(flink.url + "/jobs/overview").json()["jobs"]
        assert 0 <= time.time() * 1000 - job["start-time"] < TEST_TIMEOUT_S * 1000
        flink.load_scenario({**SCENARIO, "start-time": "2026-01-01T01:00:00+01:00"})
        assert flink.clock.now() == 1767225600000


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "1969-12-31", ""])
def test_an_invalid_start_time_is_rejected(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"is not a time\. Write 2026-01-01T00:00:00Z\.|is before 1970"):
        FlinkMock(start_time=text)
