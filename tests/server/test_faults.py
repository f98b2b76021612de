"""The effects of each fault on the connection, as a plain socket, httpx and aiohttp see them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import aiohttp
import httpx
import pytest

from flinkmock import FlinkMock
from flinkmock.contract.pattern import Pattern
from flinkmock.faults import Corruption, CorruptionKind, Drop, Fault, FaultTrigger, PredefinedReply, Reply
from flinkmock.named_random import UniformRange
from flinkmock.testing.cluster_time import ClusterTime
from tests.server.raw_connection import (
    FIRST_SAVEPOINT,
    GET_JOBS,
    RawConnection,
    faulty_cluster,
    first_job_id,
    savepoint_after_a_minute,
    send_raw,
)
from tests.timeouts import TEST_TIMEOUT_S

# -- drop


def test_reset_resets_the_connection() -> None:
    with faulty_cluster(Fault("gone", GET_JOBS, drop=Drop.RESET)) as mock:
        assert send_raw(mock) == (b"", "reset")
        assert httpx.get(mock.url + "/overview").status_code == 200


def test_close_closes_the_connection_without_a_response() -> None:
    with faulty_cluster(Fault("gone", GET_JOBS, drop=Drop.CLOSE)) as mock:
        assert send_raw(mock) == (b"", "closed")


@pytest.mark.parametrize("drop", [Drop.RESET, Drop.CLOSE])
def test_a_request_dropped_before_processing_has_no_effect(drop: Drop) -> None:
    with faulty_cluster(Fault("gone", FIRST_SAVEPOINT, drop=drop)) as mock:
        send_raw(mock, "POST", f"/jobs/{first_job_id(mock)}/savepoints", b'{"target-directory":"/sp"}')
        assert savepoint_after_a_minute(mock) is None
        assert mock.requests[0].status == 0


def test_truncate_sends_half_of_the_body() -> None:
    with faulty_cluster(Fault("half", GET_JOBS, drop=Drop.TRUNCATE)) as mock:
        received, end = send_raw(mock)
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        assert (len(body), end) == (length // 2, "closed")
        assert head.startswith(b"HTTP/1.1 200 OK\r\ncontent-type: application/json")


def test_a_savepoint_is_taken_although_the_response_is_dropped_after_processing() -> None:
    with faulty_cluster(Fault("lost", FIRST_SAVEPOINT, drop=Drop.AFTER_PROCESSING)) as mock:
        path = f"/jobs/{first_job_id(mock)}/savepoints"
        assert send_raw(mock, "POST", path, b'{"target-directory":"/sp"}') == (b"", "reset")
        assert savepoint_after_a_minute(mock).startswith("file:/sp/savepoint-")
        assert (mock.requests[0].status, mock.requests[0].fault) == (202, "lost")
        second_response = httpx.post(mock.url + path, json={"target-directory": "/sp"})
        assert second_response.status_code == 202


def test_hang_sends_no_response_and_blocks_no_other_request() -> None:
    with faulty_cluster(Fault("hangs", GET_JOBS, drop=Drop.HANG)) as mock:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(mock.url + "/jobs", timeout=httpx.Timeout(TEST_TIMEOUT_S, read=0.2))
        assert httpx.get(mock.url + "/overview").status_code == 200


def test_a_savepoint_is_taken_although_the_response_hangs_after_processing() -> None:
    with faulty_cluster(Fault("hangs", FIRST_SAVEPOINT, drop=Drop.HANG_AFTER_PROCESSING)) as mock:
        path = f"{mock.url}/jobs/{first_job_id(mock)}/savepoints"
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(path, json={"target-directory": "/sp"}, timeout=httpx.Timeout(TEST_TIMEOUT_S, read=0.2))
        assert savepoint_after_a_minute(mock).startswith("file:/sp/savepoint-")


@pytest.mark.parametrize("clock", ["real", "virtual", "1s per request", "100x"])
def test_closing_does_not_wait_for_hanging_and_delayed_requests(clock: str) -> None:
    get_overview = FaultTrigger((Pattern.parse("GET /overview"),))
    second_fault = Fault("slow", get_overview, delay=UniformRange(3_600_000, 3_600_000))
    if clock == "1s per request":
        second_fault = Fault("hangs as well", get_overview, drop=Drop.HANG)
    with faulty_cluster(Fault("hangs", GET_JOBS, drop=Drop.HANG), second_fault, clock=clock) as mock:
        connections = [RawConnection(mock.url), RawConnection(mock.url)]
        connections[0].send("GET", "/jobs")
        connections[1].send("GET", "/overview")
        mock.requests.wait_for("GET /overview", timeout=TEST_TIMEOUT_S)
        mock.requests.wait_for("GET /jobs", timeout=TEST_TIMEOUT_S)
        mock.close()  # would wait for an hour if it waited for the responses
        for connection in connections:
            with connection:
                assert connection.read()[0] == b""


# -- client libraries


def test_httpx_raises_errors_for_dropped_responses() -> None:
    for drop, error in (
        (Drop.RESET, httpx.ReadError),
        (Drop.CLOSE, httpx.RemoteProtocolError),
        (Drop.TRUNCATE, httpx.RemoteProtocolError),
        (Drop.AFTER_PROCESSING, httpx.ReadError),
    ):
        with faulty_cluster(Fault("x", GET_JOBS, drop=drop)) as mock, pytest.raises(error):
            httpx.get(mock.url + "/jobs")


async def test_aiohttp_raises_errors_for_dropped_responses() -> None:
    for drop, error in (
        (Drop.RESET, aiohttp.ClientOSError),
        (Drop.CLOSE, aiohttp.ServerDisconnectedError),
        (Drop.TRUNCATE, aiohttp.ClientPayloadError),
        (Drop.AFTER_PROCESSING, aiohttp.ClientOSError),
    ):
        async with aiohttp.ClientSession() as session:
            with faulty_cluster(
                Fault("x", FaultTrigger((Pattern.parse("POST /jobs/:jobid/stop"),)), drop=drop)
            ) as mock:
                with pytest.raises(error):
                    # aiohttp retries a GET if the connection is closed before a response
                    async with session.post(
                        f"{mock.url}/jobs/{first_job_id(mock)}/stop", json={"drain": False}
                    ) as response:
                        await response.read()
                assert mock.requests.count("POST /jobs/:jobid/stop") == 1


# -- reply


@pytest.mark.parametrize("release", ["1.12", "1.20", "2.3"])
def test_predefined_replies_are_those_of_the_release(release: str) -> None:
    sent_responses = {}
    for name in PredefinedReply:
        with faulty_cluster(Fault("x", GET_JOBS, reply=name), flink=release) as mock:
            response = httpx.get(mock.url + "/jobs")
            sent_responses[name] = (
                response.status_code,
                response.text,
                response.headers.get("access-control-allow-origin"),
            )
            assert mock.requests[0].fault == "x"
    no_leader = {"errors": ["Service temporarily unavailable due to an ongoing leader election. Please refresh."]}
    assert (
        sent_responses[PredefinedReply.LEADER_UNAVAILABLE][0],
        json.loads(sent_responses[PredefinedReply.LEADER_UNAVAILABLE][1]),
    ) == (
        503,
        no_leader,
    )
    not_found = "Not found: /jobs" if release != "1.12" else "Not found."
    assert (sent_responses[PredefinedReply.NOT_FOUND][0], json.loads(sent_responses[PredefinedReply.NOT_FOUND][1])) == (
        404,
        {"errors": [not_found]},
    )
    status, text, _ = sent_responses[PredefinedReply.INTERNAL_ERROR]
    assert status == 500
    assert json.loads(text)["errors"][0] == "Internal server error."
    assert json.loads(text)["errors"][1].startswith("<Exception on server side:\njava.util.concurrent.Completion")
    status, text, cors = sent_responses[PredefinedReply.GATEWAY_TIMEOUT]
    assert (status, cors) == (504, None)
    assert "nginx" in text


def test_a_reply_may_have_its_own_status_and_texts() -> None:
    with faulty_cluster(
        Fault("x", GET_JOBS, reply=Reply(429, ("Too many.", "Slow down."), {"Retry-After": "7"}))
    ) as mock:
        response = httpx.get(mock.url + "/jobs")
    assert (response.status_code, response.json()) == (429, {"errors": ["Too many.", "Slow down."]})
    assert response.headers["retry-after"] == "7"


def test_a_request_with_a_reply_has_no_effect_but_advances_the_clock() -> None:
    with faulty_cluster(Fault("x", FIRST_SAVEPOINT, reply=PredefinedReply.LEADER_UNAVAILABLE)) as mock:
        path = f"{mock.url}/jobs/{first_job_id(mock)}/savepoints"
        time_before = mock.clock.now()
        assert httpx.post(path, json={"target-directory": "/sp"}).status_code == 503
        assert mock.clock.now() == time_before + 1_000
        assert savepoint_after_a_minute(mock) is None
        assert httpx.post(path, json={"target-directory": "/sp"}).status_code == 202


# -- throttle and corrupt


def test_a_throttled_response_takes_its_time_under_a_real_clock() -> None:
    with (
        faulty_cluster(Fault("slow", GET_JOBS, throttle=200), clock="real") as mock,
        RawConnection(mock.url) as connection,
    ):
        started_at = time.monotonic()
        connection.send("GET", "/jobs")
        body = connection.response_body()
        elapsed_s = time.monotonic() - started_at
    assert json.loads(body)["jobs"][0]["status"]
    assert elapsed_s > 0.25


def test_the_head_of_a_throttled_response_is_sent_at_once() -> None:
    with (
        faulty_cluster(Fault("slow", GET_JOBS, throttle=1), clock="real") as mock,
        RawConnection(mock.url) as connection,
    ):
        connection.send("GET", "/jobs")
        received = connection.socket.recv(10_000)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(received.partition(b"\r\n\r\n")[2]) < 71  # all of the body takes 71 s


@pytest.mark.parametrize("bytes_per_second", [3, 7, 64, 10_000])
def test_a_throttled_response_takes_cluster_time(bytes_per_second: int) -> None:
    with faulty_cluster(Fault("slow", GET_JOBS, throttle=bytes_per_second), clock="virtual") as mock, ClusterTime(mock):
        mock.advance("1s")
        time_before = mock.clock.now()
        assert len(httpx.get(mock.url + "/jobs", timeout=TEST_TIMEOUT_S).content) == 71
        elapsed_ms = mock.clock.now() - time_before
    assert 71_000 / bytes_per_second <= elapsed_ms <= 71_000 / bytes_per_second + 1


def test_throttle_and_truncate_can_be_combined() -> None:
    slow = Fault("slow", GET_JOBS, throttle=1, drop=Drop.TRUNCATE)
    with faulty_cluster(slow, clock="virtual") as mock, ClusterTime(mock):
        mock.advance("1s")
        received, end = send_raw(mock)
        assert (len(received.partition(b"\r\n\r\n")[2]), end) == (35, "closed")
        assert mock.clock.now() - mock.cluster.started_at >= 35_000


@pytest.mark.parametrize(
    ("corrupt", "check"),
    [
        (Corruption(CorruptionKind.DROP_FIELD, "jobs"), lambda text: json.loads(text) == {}),
        (
            Corruption(CorruptionKind.CHANGE_TYPE, "jobs.0.status"),
            lambda text: json.loads(text)["jobs"][0]["status"] == 0,
        ),
        (Corruption(CorruptionKind.ADD_FIELD, "more"), lambda text: list(json.loads(text)) == ["jobs", "more"]),
        (Corruption(CorruptionKind.TRUNCATE), lambda text: len(text) == 35 and text.startswith('{"jobs":[')),
        (Corruption(CorruptionKind.HTML), lambda text: text.startswith("<html>")),
        (Corruption(CorruptionKind.GARBAGE), lambda text: '"jobs"' not in text),
    ],
)
def test_responses_with_corrupt_bodies_are_valid_http(corrupt: Corruption, check: Callable[[str], bool]) -> None:
    with faulty_cluster(Fault("x", GET_JOBS, corrupt=corrupt)) as mock, httpx.Client(base_url=mock.url) as client:
        for _ in range(2):
            response = client.get("/jobs")
            assert response.status_code == 200
            assert check(response.text)
            assert response.headers["content-length"] == str(len(response.content))
        assert ("text/html" in response.headers["content-type"]) == (corrupt.kind is CorruptionKind.HTML)


# -- triggers


def test_while_job_is_checked_at_the_time_of_the_request() -> None:
    with FlinkMock(
        {
            "jobs": {"orders": {"lifecycle": [{"RUNNING": "3s"}, {"FAILING": {"duration": "2s"}}, "FAILED"]}},
            "faults": [{"while-job": "orders FAILING", "reply": "leader-unavailable"}],
        }
    ) as mock:
        states = []
        for _ in range(7):
            response = httpx.get(mock.url + "/jobs/overview")
            states.append(response.json()["jobs"][0]["state"] if response.status_code == 200 else response.status_code)
    assert list(dict.fromkeys(states)) == ["RUNNING", 503, "FAILED"]
    assert states.count(503) == 2


def test_during_is_a_range_of_cluster_time() -> None:
    with FlinkMock({"faults": [{"during": "3s..5s", "reply": "leader-unavailable"}]}) as mock:
        statuses = [httpx.get(mock.url + "/overview").status_code for _ in range(6)]
    assert statuses == [200, 200, 503, 503, 200, 200]


def test_a_fault_may_depend_on_job_and_headers() -> None:
    faults = [{"job": "orders", "headers": {"x-test": "yes"}, "reply": "not-found"}]
    with FlinkMock({"jobs": {"orders": "streaming", "other": "streaming"}, "faults": faults}) as mock:
        orders, other = mock.cluster.jobs
        requests = [(orders, "yes"), (orders, "no"), (other, "yes"), (orders.upper(), "yes")]
        statuses = [
            httpx.get(f"{mock.url}/jobs/{job}", headers={"X-Test": header}).status_code for job, header in requests
        ]
    assert statuses == [404, 200, 200, 404]


def test_among_requests_without_a_matching_fault_only_accepted_ones_advance_the_clock() -> None:
    with faulty_cluster(Fault("x", GET_JOBS, drop=Drop.RESET)) as mock:
        time_before = mock.clock.now()
        assert httpx.get(mock.url + "/jobs/nohex").status_code == 400
        assert mock.clock.now() == time_before
        assert httpx.get(mock.url + "/overview").status_code == 200
        assert mock.clock.now() == time_before + 1_000
