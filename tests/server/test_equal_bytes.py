"""Responses from templates and compiled writers have the same bytes as responses without them.

A session sends the same requests to two servers, of which only one uses templates and writers.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import flinkmock.engine
from flinkmock.cluster.clock import DEFAULT_START_TIME
from flinkmock.conformance.operation_tour import tour_scenario
from flinkmock.conformance.targets import Targets
from flinkmock.engine import Engine
from flinkmock.faults import Drop, Fault, FaultTrigger
from flinkmock.rest.reads import READ_OPERATION_IDS
from flinkmock.rest.rendering import encode
from flinkmock.rest.response import Response
from flinkmock.scenario import load_scenario
from flinkmock.server.flink_server import FlinkServer
from flinkmock.server.request_head import read_head
from tests.releases import EACH_RELEASE

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PAUSES_MS = (0, 0, 1, 1, 7, 40, 300, 999, 3_000, 10_000, 61_000)
"""After each read of a session, the clock advances by one of these pauses, chosen at random."""
LONG_PAUSE_MS = 25 * 3_600_000
"""The pause in the middle of a session."""


class PlainServer(FlinkServer):
    """A server without templates and compiled writers."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.api.read = lambda target: None  # type: ignore[method-assign]
        renderer = engine.renderer
        renderer.json = lambda operation, payload, key="": encode(  # type: ignore[method-assign]
            renderer.body(operation, payload, key)
        )


class WallClock:
    """Replaces the wall clock. A call returns the time in epoch ms."""

    now = DEFAULT_START_TIME

    def __call__(self) -> int:
        return self.now


@contextmanager
def open_session(scenario: Any, release: str, clock: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Yield a session with three equal clusters."""
    wall_clock = WallClock()
    monkeypatch.setattr(flinkmock.engine, "wall_ms", wall_clock)
    engines = [Engine(load_scenario(scenario), flink=release, clock=clock) for _ in range(3)]
    try:
        yield Session(wall_clock, engines)
    finally:
        for engine in engines:
            engine.close()


class Session:
    """Requests to equal clusters: the first has a server with templates, the second a server without them.

    A third cluster, whose responses are not compared, also gets the requests that find the targets. These requests
    would advance the clocks of the other two, and so change their responses.
    """

    def __init__(self, wall_clock: WallClock, engines: list[Engine]) -> None:
        self.wall_clock = wall_clock
        self.engines = engines
        self.servers = [FlinkServer(engines[0]), PlainServer(engines[1]), PlainServer(engines[2])]

    def pass_time(self, ms: int) -> None:
        """Advance the clocks, or the wall clock if they follow it."""
        if self.engines[0].clock.follows_wall_clock:
            self.wall_clock.now += ms
        else:
            for engine in self.engines:
                engine.advance(ms)

    def send(self, server: FlinkServer, method: str, target: str, body: bytes = b"") -> bytes | None:
        """Return the response, preceded by a description of the fault that applies to it, if any."""
        length = f"Content-Length: {len(body)}\r\n" if method != "GET" else ""
        head = read_head(f"{method} {target} HTTP/1.1\r\nHost: x\r\n{length}\r\n".encode())
        assert head is not None
        if server.may_apply_fault(head):
            response, hit = server.respond_with_faults(head, body, "http://x")
            message = server.encode_response(head, response)[0] if isinstance(response, Response) else b"no response"
            return message if hit is None else repr(hit).encode() + message
        return server.respond_immediately(head, body, "http://x")[0]

    def check(self, method: str, target: str, body: bytes = b"") -> bytes | None:
        """Send a request to all servers, and compare the responses of the first two."""
        response, plain_response, _ = (self.send(server, method, target, body) for server in self.servers)
        assert response == plain_response, f"{method} {target}"
        return response

    def targets(self) -> list[str]:
        """Return the targets of all reads."""
        contract, targets = self.engines[2].contract, Targets(self, values_per_parameter=2)
        return [
            path + query
            for operation in contract
            if operation.id in READ_OPERATION_IDS
            for path in (targets.paths(operation) or [targets.example_path(operation)])
            for query in targets.queries(operation, path)
        ]

    def json(self, target: str) -> Any:
        """Return the JSON of a response of the third cluster, or {} if the status is not 200. `Targets` calls this."""
        response = self.send(self.servers[2], "GET", target)
        head, _, body = (response or b"").partition(b"\r\n\r\n")
        return json.loads(body) if head.startswith(b"HTTP/1.1 200") else {}


def changing_requests(session: Session) -> list[tuple[str, str, bytes]]:
    """Return method, target and body of requests that change the cluster: savepoints, and the cancellation of a job."""
    job_ids = [job["id"] for job in session.json("/jobs")["jobs"] if job["status"] == "RUNNING"]
    body = json.dumps({"target-directory": "file:///savepoints"}).encode()
    requests = [("POST", f"/jobs/{job_id}/savepoints", body) for job_id in job_ids]
    return [*requests, ("PATCH", f"/jobs/{job_ids[0]}", b"")] if len(job_ids) > 1 else requests


def check_random_requests(session: Session, seed: int, *, round_count: int) -> None:
    """Send random requests with random pauses, and compare the responses and the journals."""
    rng = random.Random(seed)
    for round_number in range(round_count):
        targets = session.targets()
        for target in rng.sample(targets, min(15, len(targets))):
            for _ in range(rng.choice((1, 2, 4))):
                session.check("GET", target)
                session.pass_time(rng.choice(PAUSES_MS))
        if round_number % 2 == 1 and (requests := changing_requests(session)):
            session.check(*rng.choice(requests))
        if round_number == round_count // 2:
            session.pass_time(LONG_PAUSE_MS)
    exchanges, plain_exchanges, _ = (engine.journal.exchanges() for engine in session.engines)
    assert exchanges == plain_exchanges
    assert [exchange.job for exchange in exchanges] == [exchange.job for exchange in plain_exchanges]


@pytest.mark.parametrize("clock", ["real", "70ms per request"])
@pytest.mark.parametrize("release", EACH_RELEASE)
def test_responses_are_equal_in_every_release(release: str, clock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_session(tour_scenario("default"), release, clock, monkeypatch) as session:
        check_random_requests(session, 1, round_count=2)


@pytest.mark.parametrize("clock", ["real", "virtual", "70ms per request"])
def test_responses_are_equal_when_a_fault_could_apply(clock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_session(tour_scenario("default"), "2.3", clock, monkeypatch) as session:
        session.engines[0].faults.add(Fault("never", FaultTrigger(nth=frozenset({1_000_000})), drop=Drop.RESET))
        check_random_requests(session, 3, round_count=2)
        assert any(read is not None and read.template is not None for read in session.servers[0].api._reads.values())


SESSIONS = [(file.name, clock) for file in sorted(SCENARIOS.glob("*.yaml")) for clock in ("virtual", "3x")]
"""(file of a scenario, clock mode)."""
for slow_session in (("large-cluster.yaml", "virtual"), ("checkpoint-storm.yaml", "3x"), ("crash-loop.yaml", "3x")):
    SESSIONS.remove(slow_session)  # takes as long as ten others; the session with the other clock is enough


@pytest.mark.slow
@pytest.mark.parametrize(("file", "clock"), SESSIONS)
def test_responses_are_equal_in_built_in_scenarios(file: str, clock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_session(SCENARIOS / file, "2.3", clock, monkeypatch) as session:
        check_random_requests(session, 2, round_count=3)


def test_most_reads_are_answered_from_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_session(tour_scenario("default"), "2.3", "real", monkeypatch) as session:
        session.pass_time(60_000)
        targets_without_template = []
        for target in session.targets():
            for _ in range(4):
                session.check("GET", target)
                session.pass_time(1)
            read = session.servers[0].api.read(target)
            if read is None or read.template is None:
                targets_without_template.append(target)
        # the memory of a TaskManager and sums of durations change all the time, so their responses have no templates
        unexpected_targets = [
            target
            for target in targets_without_template
            if (body := session.json(target))
            and not target.startswith("/taskmanagers/")
            and "aggregated" not in str(body)
        ]
        assert unexpected_targets == []
