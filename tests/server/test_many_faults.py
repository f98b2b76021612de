"""Thousands of requests with random faults: the same seed gives the same sequence, and nothing leaks."""

from __future__ import annotations

import asyncio
import gc
import http.client
import threading
from pathlib import Path
from urllib.parse import urlsplit

from flinkmock import FlinkMock
from tests.timeouts import TEST_TIMEOUT_S

OPEN_FILES = Path("/proc/self/fd")
SCENARIO = {
    "seed": 7,
    "faults": [
        {"name": "no leader", "chance": "4%", "reply": "leader-unavailable"},
        {"name": "reset", "chance": "2%", "drop": "reset"},
        {"name": "empty", "chance": "2%", "drop": "close"},
        {"name": "half", "chance": "2%", "drop": "truncate"},
        {"name": "slow", "chance": "0.2%", "delay": "2s"},
    ],
}


class Client:
    """A client that reuses its connection until the server closes it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TEST_TIMEOUT_S)

    def get(self, path: str) -> str:
        """Return the status, or the name of the exception if the connection was closed."""
        try:
            self.connection.request("GET", path)
            response = self.connection.getresponse()
            response.read()
            return str(response.status)
        except (ConnectionError, http.client.HTTPException) as error:
            self.connection.close()
            return type(error).__name__


def request_outcomes(count: int, seed: int = 7) -> list[str]:
    """Send `count` requests; return their statuses and exceptions."""
    with FlinkMock(SCENARIO, seed=seed, clock="1000x") as mock:
        client = Client(mock.url)
        outcomes = [client.get("/config") for _ in range(count)]
        client.connection.close()
        assert len(mock.requests) == count
    return outcomes


def test_the_same_seed_gives_the_same_sequence() -> None:
    outcomes = request_outcomes(500)
    assert outcomes == request_outcomes(500)
    assert outcomes != request_outcomes(500, seed=8)
    assert set(outcomes) == {"200", "503", "ConnectionResetError", "RemoteDisconnected", "IncompleteRead"}


def test_many_requests_have_the_expected_share_of_faults_and_leak_nothing() -> None:
    with FlinkMock(SCENARIO, clock="1000x") as mock:
        client = Client(mock.url)
        outcomes = [client.get("/config") for _ in range(250)]
        before = resource_counts(mock)
        outcomes += [client.get("/config") for _ in range(1_000)]
        after = resource_counts(mock)
        client.connection.close()
    assert 0.08 < sum(outcome != "200" for outcome in outcomes) / len(outcomes) < 0.12
    for resource, count in after.items():
        assert count <= before[resource] + (250 if resource == "objects" else 2), (
            f"{resource}: {before[resource]}, then {count}"
        )


def resource_counts(mock: FlinkMock) -> dict[str, int]:
    """Clear the journal, which grows up to its limit; return how many tasks, threads, files and objects there are."""
    mock.requests.clear()
    server = mock._server
    assert server is not None and server._loop is not None
    tasks = asyncio.all_tasks(server._loop)
    gc.collect()
    return {
        "tasks": len(tasks),
        "threads": threading.active_count(),
        "open files": len(list(OPEN_FILES.iterdir())) if OPEN_FILES.is_dir() else 0,
        "objects": len(gc.get_objects()),
    }
