"""Runs scenarios with a virtual clock and without HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flinkmock.cluster.job import Job
from flinkmock.engine import Engine
from flinkmock.rest.in_process import InProcessClient
from flinkmock.scenario import load_scenario


class ScenarioHarness:
    """A scenario that runs on a virtual clock. Times are in ms since the start of the scenario."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.client = InProcessClient(engine)
        self.start_time = engine.clock.now()

    @property
    def now(self) -> int:
        return self.engine.clock.now() - self.start_time

    def advance_to(self, time: int) -> None:
        self.engine.advance(time - self.now)

    def get(self, target: str) -> Any:
        return self.client.json("GET", target)

    def post(self, target: str, body: dict[str, Any] | None = None) -> Any:
        return self.client.json("POST", target, body)

    def job(self, name: str = "orders") -> Job:
        return self.engine.cluster.job_named(name)

    def state(self, name: str = "orders") -> str:
        """Request a job and return its state; the request counts as a poll."""
        return str(self.get(f"/jobs/{self.job(name).id}")["state"])

    def timeline(self, name: str = "orders") -> list[tuple[int, str]]:
        """Return (time, state) for each state that a job has entered."""
        return [(at - self.start_time, state) for at, state in self.job(name).states]

    def trigger_savepoint(self, name: str = "orders") -> str:
        """Trigger a savepoint; return the path of its status."""
        path = f"/jobs/{self.job(name).id}/savepoints"
        return f"{path}/{self.post(path, {'cancel-job': False})['request-id']}"

    def trigger_stop(self, name: str = "orders") -> str:
        """Trigger a stop with savepoint; return the path of its status."""
        path = f"/jobs/{self.job(name).id}"
        return f"{path}/savepoints/{self.post(f'{path}/stop', {'drain': False})['request-id']}"

    def outcome(self, status_path: str) -> str:
        """Return IN_PROGRESS, the location of the savepoint, or the last exception of a failure's stack trace."""
        response = self.get(status_path)
        if response["status"]["id"] == "IN_PROGRESS":
            return "IN_PROGRESS"
        operation = response["operation"]
        if "location" in operation:
            return str(operation["location"])
        trace = operation["failure-cause"]["stack-trace"]
        return str([line for line in trace.splitlines() if not line.startswith("\t")][-1])


@contextmanager
def scenario_harness(source: str | Path, **options: Any) -> Iterator[ScenarioHarness]:
    """Run a scenario in a `with` block."""
    engine = Engine(load_scenario(source), **{"clock": "virtual", **options})
    try:
        yield ScenarioHarness(engine)
    finally:
        engine.close()
