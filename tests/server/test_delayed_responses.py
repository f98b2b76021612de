"""A delayed response is sent when the clock of the cluster reaches its time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time

import aiohttp
import freezegun
import httpx
import pytest

from flinkmock import FlinkMock
from flinkmock.server import delayed_responses
from flinkmock.server.delayed_responses import DelayedResponses
from tests.timeouts import TEST_TIMEOUT_S

SLOW_OVERVIEW = {"faults": [{"match": "GET /overview", "delay": "2s"}]}


async def test_under_a_virtual_clock_a_delayed_response_is_sent_when_the_clock_reaches_its_time() -> None:
    async with FlinkMock(SLOW_OVERVIEW, clock="virtual") as mock, aiohttp.ClientSession(mock.url) as session:
        response_task = asyncio.create_task(session.get("/overview"))
        await asyncio.to_thread(mock.requests.wait_for, "GET /overview", timeout=TEST_TIMEOUT_S)
        mock.advance("1999ms")
        await asyncio.sleep(0.05)
        assert not response_task.done()
        async with session.get("/jobs") as other:
            assert other.status == 200
        mock.advance("1ms")
        async with await asyncio.wait_for(response_task, TEST_TIMEOUT_S) as delayed:
            assert delayed.status == 200


async def test_delayed_responses_are_sent_in_the_order_of_their_times() -> None:
    faults = [{"match": "GET /overview", "delay": "3s"}, {"match": "GET /jobs", "delay": "1s"}]
    async with FlinkMock({"faults": faults}, clock="virtual") as mock, aiohttp.ClientSession(mock.url) as session:
        order: list[str] = []

        async def send(path: str) -> None:
            async with session.get(path) as response:
                await response.read()
            order.append(path)

        tasks = [asyncio.create_task(send(path)) for path in ("/overview", "/jobs")]
        for path in ("GET /overview", "GET /jobs"):
            await asyncio.to_thread(mock.requests.wait_for, path, timeout=TEST_TIMEOUT_S)
        mock.advance("1s")
        await asyncio.wait_for(tasks[1], TEST_TIMEOUT_S)
        assert order == ["/jobs"]
        mock.advance("2s")
        await asyncio.wait_for(tasks[0], TEST_TIMEOUT_S)
        assert order == ["/jobs", "/overview"]


def test_under_a_real_clock_a_delay_takes_its_time() -> None:
    with FlinkMock({"faults": [{"match": "GET /overview", "delay": "300ms"}]}, clock="real") as mock:
        started_at = time.monotonic()
        httpx.get(mock.url + "/overview")
        assert time.monotonic() - started_at > 0.28


def test_under_a_scaled_clock_a_delay_is_shorter() -> None:
    with FlinkMock({"faults": [{"match": "GET /overview", "delay": "1h"}]}, clock="12000x") as mock:
        started_at = time.monotonic()
        httpx.get(mock.url + "/overview")  # the timeout of httpx is shorter than an hour
        assert time.monotonic() - started_at > 0.28


def test_advancing_a_real_clock_shortens_a_delay() -> None:
    with FlinkMock({"faults": [{"match": "GET /overview", "delay": "1h"}]}, clock="real") as mock:
        client = threading.Thread(target=lambda: httpx.get(mock.url + "/overview", timeout=TEST_TIMEOUT_S))
        client.start()
        mock.requests.wait_for("GET /overview", timeout=TEST_TIMEOUT_S)
        mock.advance("1h")
        client.join(TEST_TIMEOUT_S)
        assert not client.is_alive()


def test_under_a_step_clock_a_delay_takes_its_time_and_advances_the_clock() -> None:
    with FlinkMock({"faults": [{"match": "GET /overview", "delay": "300ms"}]}) as mock:
        before, started_at = mock.clock.now(), time.monotonic()
        assert httpx.get(mock.url + "/overview").status_code == 200
        assert time.monotonic() - started_at > 0.28
        assert mock.clock.now() == before + 1_300


async def test_under_a_step_clock_other_requests_do_not_shorten_a_delay() -> None:
    scenario = {"faults": [{"match": "GET /overview", "delay": "1h"}]}
    async with FlinkMock(scenario) as mock, aiohttp.ClientSession(mock.url) as session:
        response_task = asyncio.create_task(session.get("/overview"))
        await asyncio.to_thread(mock.requests.wait_for, "GET /overview", timeout=TEST_TIMEOUT_S)
        for _ in range(20):
            async with session.get("/jobs") as other:
                await other.read()
        mock.advance("59m")
        await asyncio.sleep(0.05)
        assert not response_task.done()
        mock.advance("1m")
        async with await asyncio.wait_for(response_task, TEST_TIMEOUT_S) as delayed:
            assert delayed.status == 200


async def test_many_delayed_and_throttled_responses_are_complete() -> None:
    faults = [{"chance": "30%", "delay": "1s..5s"}, {"chance": "30%", "throttle": "20B/s"}]
    async with FlinkMock({"faults": faults}, clock="100x") as mock, aiohttp.ClientSession(mock.url) as session:

        async def send() -> int:
            async with session.get("/overview") as response:
                return len(await response.read())

        sizes = await asyncio.wait_for(asyncio.gather(*(send() for _ in range(100))), TEST_TIMEOUT_S)
    assert len(set(sizes)) == 1


def test_a_hanging_request_does_not_delay_others() -> None:
    faults = [{"match": "GET /jobs", "drop": "hang"}, {"match": "GET /overview", "delay": "1h"}]
    with FlinkMock({"faults": faults}, clock="100000x") as mock:

        def hang() -> None:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(mock.url + "/jobs", timeout=TEST_TIMEOUT_S)

        hanging = threading.Thread(target=hang)
        hanging.start()
        mock.requests.wait_for("GET /jobs", timeout=TEST_TIMEOUT_S)
        assert httpx.get(mock.url + "/overview", timeout=TEST_TIMEOUT_S).status_code == 200
        mock.close()
        hanging.join(TEST_TIMEOUT_S)
        assert not hanging.is_alive()


def test_delayed_responses_are_sent_while_freezegun_has_frozen_the_time() -> None:
    with freezegun.freeze_time("2026-02-03"), FlinkMock(SLOW_OVERVIEW) as mock:
        assert httpx.get(mock.url + "/overview", timeout=TEST_TIMEOUT_S).status_code == 200


def test_connections_that_wait_for_a_virtual_clock_are_cut_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delayed_responses, "VIRTUAL_CLOCK_TIMEOUT_S", 0.1)
    with FlinkMock(SLOW_OVERVIEW, clock="virtual") as mock, caplog.at_level(logging.WARNING, "flinkmock.server"):
        with pytest.raises(httpx.ReadError):
            httpx.get(mock.url + "/overview", timeout=TEST_TIMEOUT_S)
        assert httpx.get(mock.url + "/jobs").status_code == 200
    assert "Cut 1 connection whose response waits for a virtual clock that has not moved for 0.1 s" in caplog.text


async def test_delays_of_disconnected_clients_end() -> None:
    with FlinkMock(clock="virtual") as mock:
        delayed = DelayedResponses(mock.engine)
        connected_task = asyncio.create_task(delayed.wait_until(mock.clock.now() + 1000, lambda: False))
        assert await delayed.wait_until(mock.clock.now() + 1000, lambda: True) is False
        mock.advance("1s")
        assert await connected_task is True
