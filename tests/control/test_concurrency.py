"""Clients send requests while others replace the cluster."""

from __future__ import annotations

import threading
from collections import Counter

import httpx
import pytest

from flinkmock import FlinkMock
from flinkmock.errors import PortTaken
from flinkmock.server import listener
from tests.control.client import Control


def test_requests_during_resets_get_responses() -> None:
    scenario = {"clock": "virtual", "jobs": {"orders": "streaming"}}
    with FlinkMock(scenario) as flink:
        stop = threading.Event()
        statuses: Counter[int] = Counter()

        def send() -> None:
            with httpx.Client(base_url=flink.url) as client:
                while not stop.is_set():
                    response = client.get("/jobs/overview")
                    assert response.json()["jobs"][0]["name"] == "orders"
                    statuses[response.status_code] += 1

        clients = [threading.Thread(target=send) for _ in range(3)]
        for client in clients:
            client.start()
        control = Control(flink.control_url)
        for number in range(30):
            if number % 2:
                control.post("reset")
            else:
                flink.load_scenario({**scenario, "flink": "1.20" if number % 4 else "2.3"})
        stop.set()
        for client in clients:
            client.join()
        assert set(statuses) == {200}


def test_a_delayed_response_is_dropped_by_a_reset() -> None:
    with FlinkMock({"faults": [{"match": "GET /jobs", "delay": "1h"}]}, clock="virtual") as flink:
        errors: list[type[Exception]] = []

        def send() -> None:
            try:
                httpx.get(flink.url + "/jobs")
            except httpx.TransportError as error:
                errors.append(type(error))

        client = threading.Thread(target=send)
        client.start()
        flink.requests.wait_for("GET /jobs", timeout=60)
        flink.reset()
        client.join()
        assert errors == [httpx.ReadError]
        assert flink.faults.hits("GET /jobs: delay: 1h") == 0


def test_a_wait_continues_after_a_reset() -> None:
    with FlinkMock(clock="virtual") as flink:
        counts: list[int] = []
        body = {"match": "GET /config", "timeout": "1m"}
        waiting = threading.Thread(
            target=lambda: counts.append(Control(flink.control_url).post("requests/wait", body)["count"])
        )
        waiting.start()
        flink.reset()
        httpx.get(flink.url + "/config")
        waiting.join()
        assert counts == [1]


def test_a_new_scenario_changes_nothing_if_a_port_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(host: str, port: int) -> None:
        raise PortTaken(host, port)

    with FlinkMock({"jobs": {"orders": "streaming"}}, clock="virtual") as flink:
        monkeypatch.setattr(listener, "bind", fail)
        message = Control(flink.control_url).error("PUT", "scenario", 409, json={"cluster": {"jobmanagers": 2}})
        assert message.startswith("Port 0 on 127.0.0.1 is taken")
        assert flink.job("orders") and len(flink.urls) == 1
