"""The sections `faults` and `expect`, and the built-in scenarios with faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from flinkmock import FlinkMock, UnmetExpectation, small_jar
from flinkmock.contract.pattern import Pattern
from flinkmock.faults import (
    FIRST_PRESENT_TASKMANAGER,
    Corruption,
    CorruptionKind,
    Drop,
    Fault,
    FaultTrigger,
    JobStateCondition,
    LogNormal,
    PredefinedReply,
    Reply,
)
from flinkmock.journal import CountRange, Expectation, InOrder, RequestMatcher, Unmatched
from flinkmock.named_random import UniformRange
from flinkmock.scenario import load_scenario

ROOT = Path(__file__).parents[2]
STOP = Pattern.parse("POST /jobs/:jobid/stop")
JOBS = Pattern.parse("GET /jobs")

FAULTS = """
jobs:
  orders: streaming
faults:
  - name: all conditions
    match: [POST /jobs/:jobid/stop, GET /jobs]
    job: orders
    headers: {X-Test: a}
    during: 10s..1m
    while-job: orders RESTARTING
    every: 2
    nth: [1, 3]
    chance: 12.5%
    times: 4
    drop: after-processing
  - {delay: 1s..3s, throttle: 1.5KB/s}
  - {delay: {median: 200ms, p99: 2s, max: 5s}, reply: leader-unavailable}
  - {match: GET /jobs, during: 1m..forever, reply: {status: 429, errors: [no], headers: {Retry-After: "1"}}}
  - {match: GET /jobs, corrupt: {change-type: jobs.0.status}}
  - {match: GET /jobs, corrupt: html}
  - {match: GET /jobs, corrupt: html}   # the same fault again: its name ends in (2)
  - {match: [triggerSavepoint, "* /jobs/*"], leader-failover: 1s..3s, kill-taskmanager: first}
  - {serve-stale: 1m, kill-taskmanager: 3}
"""


def test_faults_are_read() -> None:
    assert load_scenario(FAULTS).faults == (
        Fault(
            "all conditions",
            FaultTrigger((STOP, JOBS), "orders", {"X-Test": "a"}, (10_000, 60_000),
                 JobStateCondition("orders", "RESTARTING"), every=2, nth=frozenset({1, 3}), chance=0.125, times=4),
            drop=Drop.AFTER_PROCESSING,
        ),
        Fault("any request: delay: 1s..3s, throttle: 1.5KB/s", delay=UniformRange(1_000, 3_000), throttle=1_536),
        Fault(
            "any request: delay: median 200ms p99 2s max 5s, reply: leader-unavailable",
            delay=LogNormal(200, 2_000, 5_000),
            reply=PredefinedReply.LEADER_UNAVAILABLE,
        ),
        Fault(
            "GET /jobs: reply: status 429 errors headers",
            FaultTrigger((JOBS,), during=(60_000, None)),
            reply=Reply(429, ("no",), {"Retry-After": "1"}),
        ),
        Fault(
            "GET /jobs: corrupt: change-type jobs.0.status",
            FaultTrigger((JOBS,)),
            corrupt=Corruption(CorruptionKind.CHANGE_TYPE, "jobs.0.status"),
        ),
        Fault("GET /jobs: corrupt: html", FaultTrigger((JOBS,)), corrupt=Corruption(CorruptionKind.HTML)),
        Fault("GET /jobs: corrupt: html (2)", FaultTrigger((JOBS,)), corrupt=Corruption(CorruptionKind.HTML)),
        Fault(
            "triggerSavepoint, * /jobs/*: leader-failover: 1s..3s, kill-taskmanager: first",
            FaultTrigger((Pattern.parse("POST /jobs/:jobid/savepoints"), Pattern.parse("* /jobs/*"))),
            leader_failover=UniformRange(1_000, 3_000),
            kill_taskmanager=FIRST_PRESENT_TASKMANAGER,
        ),
        Fault("any request: serve-stale: 1m, kill-taskmanager: 3", serve_stale=60_000, kill_taskmanager=3),
    )  # fmt: skip


def test_expectations_are_read() -> None:
    expectations = load_scenario(
        "expect:\n"
        "  - POST /jobs/:jobid/stop\n"
        "  - POST /jobs/:jobid/stop: 2 times\n"
        "  - GET /jobs: {times: 1..10 times, query: {a: 1}, status: 200, body: {drain: false, list: [1, {a: b}]}}\n"
        "  - unmatched: 3\n"
        "  - in-order: [GET /jobs, POST /jobs/:jobid/stop]\n"
    ).expect
    assert expectations == (
        Expectation(RequestMatcher(STOP), CountRange(1, None), "<scenario>:2:5"),
        Expectation(RequestMatcher(STOP), CountRange(2, 2), "<scenario>:3:5"),
        Expectation(
            RequestMatcher(JOBS, {"drain": False, "list": [1, {"a": "b"}]}, {"a": "1"}, 200),
            CountRange(1, 10),
            "<scenario>:4:5",
        ),
        Unmatched(CountRange(3, 3), "<scenario>:5:5"),
        InOrder((RequestMatcher(JOBS), RequestMatcher(STOP)), "<scenario>:6:5"),
    )


def test_operations_of_all_releases_are_allowed_if_the_scenario_sets_no_release() -> None:
    load_scenario({"faults": [{"match": "GET /applications/overview", "drop": "reset"}]})
    with pytest.raises(ValueError, match=r"Flink 1\.20 has no operation"):
        load_scenario({"flink": "1.20", "faults": [{"match": "GET /applications/overview", "drop": "reset"}]})


def test_a_fault_can_refer_to_any_job_if_submitted_programs_set_the_names_of_jobs() -> None:
    load_scenario(
        {
            "faults": [{"while-job": "anything RUNNING", "drop": "reset"}],
            "submitted": {"*": {"extends": "streaming", "program": {"arguments": {"--name": "name"}}}},
        }
    )


class RetryingClient:
    """A client that retries a request until it gets a valid response."""

    def __init__(self, url: str) -> None:
        self.http_client = httpx.Client(base_url=url)
        self.failures: list[str] = []

    def get(self, path: str) -> httpx.Response:
        for _ in range(50):
            try:
                response = self.http_client.get(path)
                if response.status_code == 200:
                    return response
                self.failures.append(str(response.status_code))
            except httpx.TransportError as error:
                self.failures.append(type(error).__name__)
        raise AssertionError(f"no response in 50 attempts: {self.failures}")


def test_a_client_with_retries_works_with_a_flaky_jobmanager_and_gets_the_same_failures_each_time() -> None:
    def failures() -> list[str]:
        with FlinkMock(ROOT / "scenarios" / "flaky-jobmanager.yaml") as mock:
            client = RetryingClient(mock.url)
            [job] = client.get("/jobs/overview").json()["jobs"]
            for _ in range(30):
                assert client.get(f"/jobs/{job['jid']}").json()["name"] == "orders"
                client.get(f"/jobs/{job['jid']}/checkpoints")
            client.http_client.close()
            unavailable_counts = (
                mock.faults.hits("leader election"),
                mock.faults.hits("every fourth request finds no leader"),
            )
            assert sum(unavailable_counts) == client.failures.count("503") and min(unavailable_counts) > 4
            reset_count = mock.faults.hits("every fifth job poll is reset")
            assert mock.faults.hits("the first connection is reset") == 1
            assert reset_count + 1 == client.failures.count("ReadError") > 4
            assert mock.faults.hits("half a body") == client.failures.count("RemoteProtocolError") > 0
            assert mock.faults.hits("slow overview") == 1
            return client.failures

    assert failures() == failures()


@pytest.mark.parametrize("request_line", ["GET /jobs", "GET /overview", "POST /jars/upload", "GET /jobs/overview"])
def test_a_client_without_retries_fails_against_a_flaky_jobmanager(request_line: str) -> None:
    method, path = request_line.split()
    with FlinkMock("flaky-jobmanager.yaml") as mock, pytest.raises(httpx.ReadError):
        httpx.request(method, mock.url + path)


def test_requests_whose_responses_are_lost_still_take_effect() -> None:
    with FlinkMock(ROOT / "scenarios" / "lost-responses.yaml") as mock, httpx.Client(base_url=mock.url) as client:

        def post_and_lose_response(path: str, **options: Any) -> None:
            with pytest.raises(httpx.ReadError):
                client.post(path, **options)

        post_and_lose_response("/jars/upload", files={"jarfile": ("orders.jar", small_jar())})
        [jar] = client.get("/jars").json()["files"]
        post_and_lose_response(f"/jars/{jar['id']}/run", json={})
        jobs = client.get("/jobs/overview").json()["jobs"]
        assert len(jobs) == 2
        orders_id = next(job["jid"] for job in jobs if job["name"] == "orders")
        post_and_lose_response(f"/jobs/{orders_id}/savepoints", json={"target-directory": "/sp"})
        mock.advance("5s")
        savepoint = client.get(f"/jobs/{orders_id}/checkpoints").json()["latest"]["savepoint"]
        assert savepoint["external_path"].startswith("file:/sp/")
        post_and_lose_response(f"/jobs/{orders_id}/stop", json={"targetDirectory": "/sp", "drain": False})
        mock.advance("5s")
        assert client.get(f"/jobs/{orders_id}").json()["state"] == "FINISHED"
        trigger_id = client.post(f"/jobs/{orders_id}/stop", json={"drain": False}).json()["request-id"]
        savepoint_status = client.get(f"/jobs/{orders_id}/savepoints/{trigger_id}").json()
        assert "failure-cause" in savepoint_status["operation"]
        assert [exchange.status for exchange in mock.requests if exchange.fault] == [200, 200, 202, 202]


def test_the_scenario_of_lost_responses_expects_no_unmatched_requests() -> None:
    with (
        pytest.raises(
            UnmetExpectation, match=r"lost-responses\.yaml:\d+:5: requests that match no operation: expected never"
        ),
        FlinkMock(ROOT / "scenarios" / "lost-responses.yaml") as mock,
    ):
        httpx.get(mock.url + "/job")
