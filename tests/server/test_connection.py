"""Most requests are answered without aiohttp, and their connections stay open."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import httpx
import pytest
import requests

from flinkmock import FlinkMock
from flinkmock.flink import messages
from flinkmock.server.listener import _Listener
from tests.server.raw_connection import RawConnection
from tests.timeouts import TEST_TIMEOUT_S

CONTROL_PREFIX = "/__flinkmock__/v1"


@pytest.fixture
def without_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if a connection needs aiohttp."""

    def fail(_: object) -> None:
        raise AssertionError("aiohttp is not needed here")

    monkeypatch.setattr(_Listener, "_create_aiohttp_protocol", fail)


def test_importing_the_server_imports_neither_aiohttp_nor_jsonschema() -> None:
    code = "import sys, flinkmock.server, flinkmock.control.api; print(sys.modules.keys() & {'aiohttp', 'jsonschema'})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


@pytest.mark.usefixtures("without_aiohttp")
def test_one_connection_can_send_requests_to_flink_and_the_control_api() -> None:
    with FlinkMock(clock="virtual") as flink, RawConnection(flink.url) as connection:
        for _ in range(2):
            connection.send("GET", "/jobs")
            assert json.loads(connection.response_body()) == {"jobs": []}
            connection.send("POST", f"{CONTROL_PREFIX}/clock/advance", b'{"by": "1s"}')
            assert "now" in json.loads(connection.response_body())


@pytest.mark.usefixtures("without_aiohttp")
def test_a_connection_can_send_more_requests_after_a_fault() -> None:
    faults = [
        {"match": "GET /jobs", "nth": [1], "delay": "10ms"},
        {"match": "GET /jobs", "nth": [2], "throttle": "100KB/s"},
        {"match": "GET /jobs", "nth": [3], "reply": "leader-unavailable"},
    ]
    with FlinkMock({"faults": faults}) as flink, RawConnection(flink.url) as connection:
        for expected in ({"jobs": []}, {"jobs": []}, {"errors": [messages.NO_LEADER]}, {"jobs": []}):
            connection.send("GET", "/jobs")
            assert json.loads(connection.response_body()) == expected


@pytest.mark.usefixtures("without_aiohttp")
def test_pipelined_requests_are_answered_in_order_although_the_first_one_waits() -> None:
    with FlinkMock(clock="virtual") as flink, RawConnection(flink.url) as connection:
        connection.send("POST", f"{CONTROL_PREFIX}/requests/wait", b'{"match": "GET /config", "timeout": "1m"}')
        for _ in range(3):
            connection.send("GET", "/jobs")
        connection.send("GET", f"{CONTROL_PREFIX}/clock")
        httpx.get(flink.url + "/config", timeout=TEST_TIMEOUT_S)
        responses = [json.loads(connection.response_body()) for _ in range(5)]
        assert responses[0]["count"] == 1
        assert responses[1:4] == [{"jobs": []}] * 3
        assert "now" in responses[4]


@pytest.mark.usefixtures("without_aiohttp")
def test_the_server_stops_while_a_control_request_waits() -> None:
    with FlinkMock(clock="virtual") as flink, RawConnection(flink.url) as connection:
        connection.send("GET", f"{CONTROL_PREFIX}/clock")
        connection.response_body()
        connection.send("POST", f"{CONTROL_PREFIX}/requests/wait", b'{"match": "GET /config", "timeout": "1h"}')
        flink.close()
        assert connection.read()[0] == b""


@pytest.mark.usefixtures("without_aiohttp")
@pytest.mark.parametrize("target", ["/jobs", "/nosuch", f"{CONTROL_PREFIX}/clock"])
def test_connection_close_closes_the_connection(target: str) -> None:
    with FlinkMock(clock="virtual") as flink, RawConnection(flink.url) as connection:
        connection.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n\r\n".encode())
        received, end = connection.read()
        assert end == "closed"
        assert b"connection:" not in received.lower()


@pytest.mark.usefixtures("without_aiohttp")
@pytest.mark.parametrize("get", [httpx.get, requests.get])
def test_client_libraries_are_answered_without_aiohttp(get: Any) -> None:
    with FlinkMock(clock="virtual") as flink:
        assert get(flink.url + "/jobs", timeout=TEST_TIMEOUT_S).json() == {"jobs": []}
