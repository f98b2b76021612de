"""A restored cluster sends the same responses to the same requests, however often it is restored.

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

SLOW_SCENARIO = DrawnScenario(
    jobs={"orders": {"extends": "streaming", "checkpoints": {"every": "4s", "duration": "3s"}}, "report": "restarting"},
    operations={"savepoint": "20s", "stop-with-savepoint": "3 polls", "cancel": "5s"},
)
"""A scenario in which operations and checkpoints are in progress most of the time."""
CLOCKS = st.sampled_from(["virtual", "1s per request"])
Action = tuple[str, int]
"""(name of the action, a number that selects its job, jar, TaskManager, entry class or duration)."""
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "advance",
                "read",
                "upload",
                "delete",
                "run",
                "save",
                "stop",
                "checkpoint",
                "cancel",
                "fail",
                "lose",
                "join",
            ]
        ),
        st.integers(0, 50),
    ),
    min_size=4,
    max_size=12,
)
JOB_PATH_SUFFIXES = ("", "/checkpoints", "/exceptions", "/config", "/metrics", "/plan")


class ActionRunner:
    """Applies a list of actions to a cluster, and records all responses."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._client = InProcessClient(engine)
        self._folder = folder
        self.status_targets: list[str] = []
        """The targets that return the status of the triggered async operations."""

    def run(self, actions: list[Action]) -> list[bytes]:
        """Run actions, and return all responses."""
        with_reads = (("read", 0), *actions, ("read", 0))
        return [response for name, number in with_reads for response in self._run_action(name, number)]

    def _run_action(self, name: str, number: int) -> list[bytes]:
        """Run an action; return the responses that it gets."""
        engine, job_ids, jars = self._engine, list(self._engine.cluster.jobs), self._engine.cluster.jars.newest_first()
        job_id = job_ids[number % len(job_ids)] if job_ids else "0" * 32
        jar_id = jars[number % len(jars)].id if jars else "no.jar"
        match name:
            case "advance":
                engine.advance(number * number * 100)
            case "read":
                return self._read_all()
            case "upload":
                file = self._folder / "uploaded"
                file.write_bytes(small_jar(f"org.example.Job{number}"))
                return [self._send("POST", "/jars/upload", files=[UploadedFile("job.jar", file)])]
            case "delete":
                return [self._send("DELETE", f"/jars/{jar_id}")]
            case "run":
                return [self._send("POST", f"/jars/{jar_id}/run", {"parallelism": 1})]
            case "save":
                return [self._trigger(f"/jobs/{job_id}/savepoints", {"target-directory": "file:///s"})]
            case "stop":
                return [self._trigger(f"/jobs/{job_id}/stop", {"targetDirectory": "file:///s", "drain": False})]
            case "checkpoint":
                return [self._trigger(f"/jobs/{job_id}/checkpoints", {})]
            case "cancel":
                return [self._send("PATCH", f"/jobs/{job_id}")]
            case "join":
                engine.cluster.taskmanagers.add(engine.clock.now())
            case "lose" if taskmanagers := engine.cluster.taskmanagers.registered_at(engine.clock.now()):
                engine.cluster.taskmanagers.remove(taskmanagers[number % len(taskmanagers)].id, engine.clock.now())
            case "fail" if job_ids and not engine.cluster.jobs[job_id].has_ended:
                engine.cluster.state_machines.fail(engine.cluster.jobs[job_id], engine.clock.now())
        return []

    def _read_all(self) -> list[bytes]:
        targets = ["/jobs/overview", "/taskmanagers", "/jars", "/overview", "/jobmanager/log"]
        targets += [f"/jobs/{job_id}{suffix}" for job_id in self._engine.cluster.jobs for suffix in JOB_PATH_SUFFIXES]
        return [self._send("GET", target) for target in (*targets, *self.status_targets)]

    def _trigger(self, target: str, body: dict[str, Any]) -> bytes:
        trigger_id = f"{len(self.status_targets):032x}"
        self.status_targets.append(f"{target.replace('/stop', '/savepoints')}/{trigger_id}")
        return self._send("POST", target, {**body, "triggerId": trigger_id})

    def _send(self, method: str, target: str, body: dict[str, Any] | None = None, files: Any = ()) -> bytes:
        try:
            response = self._client.json(method, target, body, files)
        except ClusterError as error:
            return repr(error).encode()
        return response if isinstance(response, bytes) else encode(response)


BEFORE = [("upload", 1), ("advance", 8), ("save", 0)]
AFTER = [("run", 0), ("stop", 0), ("advance", 9), ("fail", 0)]


@examples(12)
@example(SLOW_SCENARIO, "virtual", BEFORE, AFTER, [("advance", 12), ("read", 0)])
@given(st.just(SLOW_SCENARIO) | scenarios(min_jobs=1, max_jobs=2), CLOCKS, ACTIONS, ACTIONS, ACTIONS)
def test_a_restored_cluster_responds_like_one_that_was_never_changed(
    tmp_path_factory: Any,
    scenario: DrawnScenario,
    clock: str,
    before: list[Action],
    after: list[Action],
    alternative: list[Action],
) -> None:
    folder = tmp_path_factory.mktemp("uploads")
    engines = [Engine(load_scenario(scenario), clock=clock) for _ in range(3)]
    runner, reference, alternative_reference = (ActionRunner(engine, folder) for engine in engines)
    try:
        responses = runner.run(before)
        assert responses == reference.run(before) == alternative_reference.run(before)
        time, snapshot, targets = engines[0].clock.now(), engines[0].snapshot(), [*runner.status_targets]
        expected = [reference.run(after), alternative_reference.run(alternative)]
        for actions, expected_responses in zip((after, alternative, after), (*expected, expected[0]), strict=True):
            assert runner.run(actions) == expected_responses
            engines[0].restore(snapshot)
            runner.status_targets = [*targets]
            assert engines[0].clock.now() == time
    finally:
        for engine in engines:
            engine.close()
