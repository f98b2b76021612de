"""`tests/fidelity/oracle.yaml` agrees with the recordings of its jobs."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flinkmock.cluster.spec import JobSpec, Repeat, Step
from flinkmock.scenario import load_scenario

TESTS = Path(__file__).parents[1]
VERSIONS = sorted(folder.name for folder in (TESTS / "recordings").iterdir())


@cache
def oracle() -> dict[str, JobSpec]:
    """Return the jobs of the oracle by the simple name of their main class."""
    return {
        rule.pattern.rpartition(".")[2]: rule.job
        for rule in load_scenario(TESTS / "fidelity" / "oracle.yaml").submissions
    }


def recorded_body(version: str, suite: str, step: str) -> dict[str, Any]:
    """Return the body of the response of a recorded step."""
    recording = json.loads(gzip.decompress((TESTS / "recordings" / version / f"{suite}.json.gz").read_bytes()))
    (body,) = [entry["response"]["body"] for entry in recording["steps"] if entry["step"] == step]
    assert isinstance(body, dict)
    return body


JOBS = [
    ("WordCount", "job-running", "job"),
    ("TwoSources", "job-running", "GET /jobs/{job2}"),
    ("Finite", "lifecycle", "FINISHED job"),
    ("Failing", "lifecycle", "FAILED job"),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("name", "suite", "step"), JOBS, ids=[name for name, _, _ in JOBS])
def test_the_graph_agrees_with_the_recording(name: str, suite: str, step: str, version: str) -> None:
    spec, body = oracle()[name], recorded_body(version, suite, step)
    assert spec.name == body["name"]
    assert [(vertex.id, vertex.name, vertex.parallelism) for vertex in spec.vertices] == [
        (vertex["id"], vertex["name"], vertex["parallelism"]) for vertex in body["vertices"]
    ]
    edges = {
        (spec.vertices[edge.source].id, vertex.id, edge.ship_strategy, edge.exchange)
        for vertex in spec.vertices
        for edge in vertex.inputs
    }
    assert edges == {
        (edge["id"], node["id"], edge["ship_strategy"], edge["exchange"])
        for node in body["plan"]["nodes"]
        for edge in node.get("inputs", ())
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "suite", "step"),
    [
        ("WordCount", "job-running", "job/checkpoints/config"),
        ("Finite", "lifecycle", "FINISHED job/checkpoints/config"),
        ("Failing", "lifecycle", "FAILED job/checkpoints/config"),
    ],
)
def test_the_checkpoint_interval_agrees_with_the_recording(name: str, suite: str, step: str, version: str) -> None:
    checkpoints = oracle()[name].checkpoints
    assert checkpoints is not None
    assert checkpoints.every == recorded_body(version, suite, step)["interval"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "suite", "step"),
    [
        ("WordCount", "job-running", "job/accumulators filled"),
        ("Finite", "lifecycle", "FINISHED job/accumulators"),
        ("Failing", "lifecycle", "FAILED job/accumulators"),
    ],
)
def test_the_types_of_accumulators_agree_with_the_recording(name: str, suite: str, step: str, version: str) -> None:
    types = {
        accumulator: accumulator_type
        for vertex in oracle()[name].vertices
        for accumulator, accumulator_type in vertex.accumulators.items()
    }
    recorded = recorded_body(version, suite, step)["user-task-accumulators"]
    assert types == {accumulator["name"]: accumulator["type"] for accumulator in recorded}


def test_the_exceptions_of_the_failing_job_agree_with_the_recording() -> None:
    entries = recorded_body("2.3.0", "lifecycle", "FAILED job/exceptions")["exceptionHistory"]["entries"]
    spec = oracle()["Failing"]
    repeat, failing = spec.lifecycle[2], spec.lifecycle[4]
    assert isinstance(repeat, Repeat)
    assert repeat.times == spec.restart.attempts == len(entries) - 1
    assert isinstance(failing, Step)
    exception = failing.exception
    assert exception is not None
    assert exception.subtask is not None
    for entry, attempt in ((entries[2], 0), (entries[1], 1), (entries[0]["concurrentExceptions"][0], 2)):
        assert entry["exceptionName"] == exception.java_exception.java_class
        assert entry["taskName"] == f"{exception.vertex} ({exception.subtask + 1}/2) - execution #{attempt}"
        assert entry["stacktrace"].startswith(
            f"{exception.java_exception}\n\tat {exception.java_exception.frames[0]}\n"
        )
        assert f"Caused by: {exception.java_exception.cause}\n" in entry["stacktrace"]


def test_some_recorded_programs_start_no_job() -> None:
    assert str(oracle()["MainThrows"].program.throws) == "java.lang.IllegalStateException: Intentional failure in main"
    assert not oracle()["NoExecute"].program.executes


def test_the_configuration_agrees_with_the_recording() -> None:
    """The values agree except for paths, the options except for those that a JobManager adds at its start.

    The oracle also configures the paths of log files, which the recorded clusters get from system properties.
    """
    scenario = load_scenario(TESTS / "fidelity" / "oracle.yaml")
    recording = json.loads(gzip.decompress((TESTS / "recordings" / "2.3.0" / "cluster.json.gz").read_bytes()))
    (body,) = [step["response"]["body"] for step in recording["steps"] if step["step"] == "GET /jobmanager/config"]
    recorded = {entry["key"]: entry["value"] for entry in body}
    added_options = {"rest.port", "blob.server.port", "web.tmpdir"}
    path_options = {"web.upload.dir", "io.tmp.dirs", "state.savepoints.dir", "state.checkpoints.dir"}
    configured = set(scenario.configuration) - {"web.log.path", "taskmanager.log.path"}
    assert configured == set(recorded) - added_options
    assert all(scenario.configuration[key] == recorded[key] for key in configured - path_options)
