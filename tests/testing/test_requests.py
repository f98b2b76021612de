"""`FlinkMock.requests`: the exchanges with clients, and expectations."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import httpx
import pytest

from flinkmock import FlinkMock, UnmetExpectation
from flinkmock.journal.contract_review import ContractReview
from tests.timeouts import TEST_TIMEOUT_S

SCENARIO = {
    "jobs": {"orders": "streaming"},
    "expect": [{"POST /jobs/:jobid/stop": {"times": "once", "body": {"drain": False}}}, {"unmatched": 0}],
}


def stop(mock: FlinkMock, **body: object) -> httpx.Response:
    [job] = httpx.get(mock.url + "/jobs").json()["jobs"]
    return httpx.post(f"{mock.url}/jobs/{job['id']}/stop", json=body)


def test_a_line_separator_in_an_error_message_does_not_end_it() -> None:
    with FlinkMock() as mock:
        assert httpx.get(mock.url + "/jobs/x%E2%80%A8y").status_code == 400
        [exchange] = mock.requests
    assert str(exchange.error_message).endswith('Cannot resolve path parameter (jobid) from value "x\u2028y".')


def test_an_exchange_describes_the_request_and_the_response() -> None:
    with FlinkMock(SCENARIO) as mock:
        assert stop(mock, drain=False, targetDirectory="/sp").status_code == 202
        list_exchange, stop_exchange = mock.requests
    assert (list_exchange.method, list_exchange.target, list_exchange.status) == ("GET", "/jobs", 200)
    assert list_exchange.operation == "getJobIdsWithStatusesOverview"
    assert stop_exchange.operation == "triggerStopWithSavepoint"
    assert stop_exchange.job == "orders"
    assert stop_exchange.parameters == {"jobid": stop_exchange.job_id}
    assert stop_exchange.body == {"drain": False, "targetDirectory": "/sp"}
    assert stop_exchange.fault is None
    assert stop_exchange.contract_review == ContractReview()
    assert stop_exchange.time == list_exchange.time + 1_000
    assert stop_exchange.wall_time >= list_exchange.wall_time > 1_700_000_000_000
    assert stop_exchange.duration_us > 0
    assert ("content-type", "application/json") in [(name.lower(), value) for name, value in stop_exchange.headers]


def test_uploads_and_rejected_requests_are_recorded() -> None:
    with FlinkMock() as mock:
        httpx.post(mock.url + "/jars/upload", files={"jarfile": ("orders.jar", b"PK")})
        httpx.get(mock.url + "/jobs/nohex")
        httpx.get(mock.url + "/jobs/" + "a" * 32)
        httpx.get(mock.url + "/nowhere")
        httpx.post(mock.url + "/jars/x.jar/run", content=b"x" * 100_000)
        httpx.get(mock.url + "/")
        upload, bad_id, unknown_id, unmatched, large_body, page = mock.requests
    assert upload.files == ("orders.jar",)
    assert "Bad request, could not parse parameters" in (bad_id.contract_review.rejection or "")
    assert (
        unknown_id.contract_review.rejection
        == f"org.apache.flink.runtime.rest.NotFoundException: Job {'a' * 32} not found"
    )
    assert unmatched.contract_review.rejection == "Unable to load requested file /nowhere."
    assert large_body.body_bytes is None and large_body.body is None
    assert mock.requests.unmatched == [unmatched]
    assert page.matched


def test_a_request_that_is_too_large_matches_its_operation() -> None:
    with FlinkMock({"cluster": {"config": {"rest.server.max-content-length": "10"}}}) as mock:
        assert httpx.post(mock.url + "/jars/x.jar/run", content=b"x" * 11).status_code == 413
        assert mock.requests[-1].operation == "submitJobFromJar"
        assert mock.requests.unmatched == []


def test_a_page_matches_also_if_there_is_no_leader() -> None:
    with FlinkMock("cluster: {jobmanagers: 2}", clock="virtual") as mock:
        mock.jobmanagers.crash_leader()
        assert [httpx.get(mock.urls[1] + path).status_code for path in ("/", "/nowhere")] == [503, 503]
        assert [request.target for request in mock.requests.unmatched] == ["/nowhere"]


def test_the_removed_stop_mode_is_rejected() -> None:
    with FlinkMock({"jobs": {"orders": "streaming"}}) as mock:
        httpx.patch(f"{mock.url}/jobs/{mock.job('orders').id}?mode=stop")
    assert "stop" in (mock.requests[-1].contract_review.rejection or "")
    assert mock.requests[-1].status == 308


def test_expectations_are_checked_at_the_end() -> None:
    with FlinkMock(SCENARIO) as mock:
        stop(mock, drain=False)
    with pytest.raises(UnmetExpectation) as caught, FlinkMock(SCENARIO) as mock:
        stop(mock, drain=True)
    message = str(caught.value)
    assert 'expected POST /jobs/:jobid/stop with a body like {"drain": false} once, but it was never sent.' in message
    assert "body.drain is true, not false" in message
    assert isinstance(caught.value, AssertionError)


async def test_expectations_are_checked_at_the_end_of_an_async_block() -> None:
    with pytest.raises(UnmetExpectation, match="was never sent"):
        async with FlinkMock(SCENARIO):
            pass


def test_an_error_in_the_block_is_not_replaced_by_an_unmet_expectation() -> None:
    with pytest.raises(ZeroDivisionError), FlinkMock(SCENARIO):
        raise ZeroDivisionError


def test_verify_checks_expectations_and_close_does_not() -> None:
    mock = FlinkMock(SCENARIO).start()
    mock.close()
    with pytest.raises(UnmetExpectation):
        mock.verify()


async def test_wait_for_waits_for_requests_of_a_background_client() -> None:
    async with FlinkMock() as mock, aiohttp.ClientSession(mock.url) as session:

        async def poll() -> None:
            for _ in range(3):
                async with session.get("/overview") as response:
                    await response.read()

        polling = asyncio.create_task(poll())
        assert (
            len(await asyncio.to_thread(mock.requests.wait_for, "GET /overview", times=3, timeout=TEST_TIMEOUT_S)) == 3
        )
        await polling


def test_requests_of_concurrent_clients_are_all_recorded() -> None:
    with FlinkMock() as mock, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: httpx.get(mock.url + "/config").status_code, range(80)))
        mock.requests.expect("GET /config", times=80)
        assert [exchange.number for exchange in mock.requests] == list(range(1, 81))
