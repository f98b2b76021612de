"""A restored cluster sends the same responses to the same requests, byte by byte, after each restore.

Taking a snapshot changes no response.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from flinkmock import Engine, load_scenario
from flinkmock.cluster.errors import ClusterError
from flinkmock.jar import small_jar
from flinkmock.rest.handlers import UploadedFile
from flinkmock.rest.in_process import InProcessClient
from flinkmock.rest.rendering import encode
from flinkmock.strategies import DrawnScenario, scenarios
from tests.hypothesis_profile import examples

SLOW = DrawnScenario(
    jobs={"orders": {"extends": "streaming", "checkpoints": {"every": "4s", "duration": "3s"}}, "report": "restarting"},
    operations={"savepoint": "20s", "stop-with-savepoint": "3 polls", "cancel": "5s"},
)
"""At most moments something is under way here."""
CLOCKS = st.sampled_from(["virtual", "1s per request"])
Action = tuple[str, int]
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["pass", "look", "upload", "delete", "run", "save", "stop", "checkpoint", "cancel", "fail", "lose", "join"]
        ),
        st.integers(0, 50),
    ),
    min_size=4,
    max_size=12,
)
PARTS = ("", "/checkpoints", "/exceptions", "/config", "/metrics", "/plan")


class Actor:
    """Applies a list of actions to a cluster, and records all responses."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._client = InProcessClient(engine)
        self._folder = folder
        self.triggered: list[str] = []

    def answers(self, actions: list[Action]) -> list[bytes]:
        done = (("look", 0), *actions, ("look", 0))
        return [response for name, number in done for response in self._do(name, number)]

    def _do(self, name: str, number: int) -> list[bytes]:
        engine, jobs, jars = self._engine, list(self._engine.cluster.jobs), self._engine.cluster.jars.newest_first()
        job = jobs[number % len(jobs)] if jobs else "0" * 32
        jar = jars[number % len(jars)].id if jars else "no.jar"
        match name:
            case "pass":
                engine.advance(number * number * 100)
            case "look":
                return self._look()
            case "upload":
                file = self._folder / "uploaded"
                file.write_bytes(small_jar(f"org.example.Job{number}"))
                return [self._ask("POST", "/jars/upload", files=[UploadedFile("job.jar", file)])]
            case "delete":
                return [self._ask("DELETE", f"/jars/{jar}")]
            case "run":
                return [self._ask("POST", f"/jars/{jar}/run", {"parallelism": 1})]
            case "save":
                return [self._trigger(f"/jobs/{job}/savepoints", {"target-directory": "file:///s"})]
            case "stop":
                return [self._trigger(f"/jobs/{job}/stop", {"targetDirectory": "file:///s", "drain": False})]
            case "checkpoint":
                return [self._trigger(f"/jobs/{job}/checkpoints", {})]
            case "cancel":
                return [self._ask("PATCH", f"/jobs/{job}")]
            case "join":
                engine.cluster.taskmanagers.add(engine.clock.now())
            case "lose" if managers := engine.cluster.taskmanagers.at(engine.clock.now()):
                engine.cluster.taskmanagers.remove(managers[number % len(managers)].id, engine.clock.now())
            case "fail" if jobs and not engine.cluster.jobs[job].has_ended:
                engine.cluster.state_machines.fail(engine.cluster.jobs[job], engine.clock.now())
        return []

    def _look(self) -> list[bytes]:
        targets = ["/jobs/overview", "/taskmanagers", "/jars", "/overview", "/jobmanager/log"]
        targets += [f"/jobs/{job}{part}" for job in self._engine.cluster.jobs for part in PARTS]
        return [self._ask("GET", target) for target in (*targets, *self.triggered)]

    def _trigger(self, target: str, body: dict[str, Any]) -> bytes:
        trigger = f"{len(self.triggered):032x}"
        self.triggered.append(f"{target.replace('/stop', '/savepoints')}/{trigger}")
        return self._ask("POST", target, {**body, "triggerId": trigger})

    def _ask(self, method: str, target: str, body: dict[str, Any] | None = None, files: Any = ()) -> bytes:
        try:
            response = self._client.json(method, target, body, files)
        except ClusterError as problem:
            return repr(problem).encode()
        return response if isinstance(response, bytes) else encode(response)


BEFORE = [("upload", 1), ("pass", 8), ("save", 0)]
AFTER = [("run", 0), ("stop", 0), ("pass", 9), ("fail", 0)]


@examples(12)
@example(SLOW, "virtual", BEFORE, AFTER, [("pass", 12), ("look", 0)])
@given(st.just(SLOW) | scenarios(min_jobs=1, max_jobs=2), CLOCKS, ACTIONS, ACTIONS, ACTIONS)
def test_a_restored_cluster_keeps_nothing_of_later_changes(
    tmp_path_factory: Any,
    scenario: DrawnScenario,
    clock: str,
    before: list[Action],
    after: list[Action],
    otherwise: list[Action],
) -> None:
    folder = tmp_path_factory.mktemp("uploads")
    engines = [Engine(load_scenario(scenario), clock=clock) for _ in range(3)]
    actor, like_it, otherwise_from_the_start = (Actor(engine, folder) for engine in engines)
    try:
        begun = actor.answers(before)
        assert begun == like_it.answers(before) == otherwise_from_the_start.answers(before)
        then, snapshot, triggered = engines[0].clock.now(), engines[0].snapshot(), [*actor.triggered]
        for actions, other in ((after, like_it), (otherwise, otherwise_from_the_start)):
            assert actor.answers(actions) == other.answers(actions)
            engines[0].restore(snapshot)
            actor.triggered = [*triggered]
            assert engines[0].clock.now() == then
    finally:
        for engine in engines:
            engine.close()
