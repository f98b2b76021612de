"""Templates and writers give what is worked out from nothing: of two servers in one session, one has neither."""

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
from flinkmock.rest.reads import READS
from flinkmock.rest.rendering import encode
from flinkmock.rest.response import Response
from flinkmock.scenario import load_scenario
from flinkmock.server.flink_server import FlinkServer
from flinkmock.server.request_head import read_head
from tests.releases import EACH_RELEASE

SCENARIOS = Path(__file__).parents[2] / "scenarios"
STEPS_MS = (0, 0, 1, 1, 7, 40, 300, 999, 3_000, 10_000, 61_000)
LONG_MS = 25 * 3_600_000


class PlainServer(FlinkServer):
    """Works each response out from nothing."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.api.read = lambda target: None  # type: ignore[method-assign]
        renderer = engine.renderer
        renderer.json = lambda operation, payload, key="": encode(  # type: ignore[method-assign]
            renderer.body(operation, payload, key)
        )


class Wall:
    now = DEFAULT_START_TIME

    def __call__(self) -> int:
        return self.now


@contextmanager
def session(scenario: Any, flink: str, clock: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    wall = Wall()
    monkeypatch.setattr(flinkmock.engine, "wall_ms", wall)
    engines = [Engine(load_scenario(scenario), flink=flink, clock=clock) for _ in range(3)]
    try:
        yield Session(wall, engines)
    finally:
        for engine in engines:
            engine.close()


class Session:
    """The third engine gets only the requests that list the targets."""

    def __init__(self, wall: Wall, engines: list[Engine]) -> None:
        self.wall = wall
        self.engines = engines
        self.servers = [FlinkServer(engines[0]), PlainServer(engines[1]), PlainServer(engines[2])]
        self.templates = 0

    def pass_time(self, ms: int) -> None:
        if self.engines[0].clock.follows_wall:
            self.wall.now += ms
        else:
            for engine in self.engines:
                engine.advance(ms)

    def send(self, server: FlinkServer, method: str, target: str, body: bytes = b"") -> bytes | None:
        """Return the response, after a description of the fault that applies to it."""
        length = f"Content-Length: {len(body)}\r\n" if method != "GET" else ""
        head = read_head(f"{method} {target} HTTP/1.1\r\nHost: x\r\n{length}\r\n".encode())
        assert head is not None
        if server.may_apply_fault(head):
            response, hit = server.respond_with_faults(head, body, "http://x")
            message = server.message(head, response)[0] if isinstance(response, Response) else b"no response"
            return message if hit is None else repr(hit).encode() + message
        return server.respond_immediately(head, body, "http://x")[0]

    def check(self, method: str, target: str, body: bytes = b"") -> bytes | None:
        quick, plain, _ = (self.send(server, method, target, body) for server in self.servers)
        assert quick == plain, f"{method} {target}"
        return quick

    def targets(self) -> list[str]:
        contract, targets = self.engines[2].contract, Targets(self, limit=2)
        return [
            path + query
            for operation in contract
            if operation.id in READS
            for path in (targets.paths(operation) or [targets.example_path(operation)])
            for query in targets.queries(operation, path)
        ]

    def json(self, target: str) -> Any:
        response = self.send(self.servers[2], "GET", target)
        head, _, body = (response or b"").partition(b"\r\n\r\n")
        return json.loads(body) if head.startswith(b"HTTP/1.1 200") else {}


def commands(session: Session) -> list[tuple[str, str, bytes]]:
    """Requests that change the cluster."""
    jobs = [job["id"] for job in session.json("/jobs")["jobs"] if job["status"] == "RUNNING"]
    savepoint = json.dumps({"target-directory": "file:///savepoints"}).encode()
    requests = [("POST", f"/jobs/{job}/savepoints", savepoint) for job in jobs]
    return [*requests, ("PATCH", f"/jobs/{jobs[0]}", b"")] if len(jobs) > 1 else requests


def play(session: Session, seed: int, *, rounds: int) -> None:
    chance = random.Random(seed)
    for number in range(rounds):
        targets = session.targets()
        for target in chance.sample(targets, min(15, len(targets))):
            for _ in range(chance.choice((1, 2, 4))):
                session.check("GET", target)
                session.pass_time(chance.choice(STEPS_MS))
        if number % 3 == 2 and (known := commands(session)):
            session.check(*chance.choice(known))
        if number == rounds // 2:
            session.pass_time(LONG_MS)
    quick, plain, _ = (engine.journal.exchanges() for engine in session.engines)
    assert quick == plain
    assert [exchange.job for exchange in quick] == [exchange.job for exchange in plain]


@pytest.mark.parametrize("clock", ["real", "70ms per request"])
@pytest.mark.parametrize("flink", EACH_RELEASE)
def test_a_session_gets_the_bytes_that_are_worked_out_from_nothing(
    flink: str, clock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session(tour_scenario("default"), flink, clock, monkeypatch) as tour:
        play(tour, 1, rounds=2)


@pytest.mark.parametrize("clock", ["real", "virtual", "70ms per request"])
def test_so_does_a_session_in_which_a_fault_might_apply(clock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with session(tour_scenario("default"), "2.3", clock, monkeypatch) as tour:
        tour.engines[0].faults.add(Fault("never", FaultTrigger(nth=frozenset({1_000_000})), drop=Drop.RESET))
        play(tour, 3, rounds=2)
        assert any(read is not None and read.template is not None for read in tour.servers[0].api._reads.values())


PLAYED = [(file.name, clock) for file in sorted(SCENARIOS.glob("*.yaml")) for clock in ("virtual", "3x")]
for too_long in (("large-cluster.yaml", "virtual"), ("checkpoint-storm.yaml", "3x"), ("crash-loop.yaml", "3x")):
    PLAYED.remove(too_long)  # takes as long as ten others; the other clock shows as much


@pytest.mark.slow
@pytest.mark.parametrize(("file", "clock"), PLAYED)
def test_so_do_sessions_of_the_scenarios_in_the_repository(
    file: str, clock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session(SCENARIOS / file, "2.3", clock, monkeypatch) as played:
        play(played, 2, rounds=3)


def test_most_reads_are_answered_from_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    with session(tour_scenario("default"), "2.3", "real", monkeypatch) as tour:
        tour.pass_time(60_000)
        unable = []
        for target in tour.targets():
            for _ in range(4):
                tour.check("GET", target)
                tour.pass_time(1)
            read = tour.servers[0].api.read(target)
            if read is None or read.template is None:
                unable.append(target)
        # the memory of a TaskManager moves all the time, and so do sums of durations
        rest = [
            target
            for target in unable
            if (body := tour.json(target)) and not target.startswith("/taskmanagers/") and "aggregated" not in str(body)
        ]
        assert rest == []
