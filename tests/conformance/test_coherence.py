"""A check finds values that contradict each other, and names the wrong value."""

from __future__ import annotations

import itertools
import random
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from flinkmock import FlinkMock
from flinkmock.conformance.check import Check
from flinkmock.conformance.coherence import INVARIANTS, Scope
from flinkmock.conformance.http_client import HttpClient
from flinkmock.contract import Contract
from tests.conformance.falsification_testing import check_falsifications, record_fake
from tests.conformance.falsifications import Falsification, all_falsifications, parent_of
from tests.conformance.random_falsifications import random_falsifications
from tests.conformance.recorded_passes import RecordedPasses

SCENARIO_FOLDER = Path(__file__).parent.parent.parent / "scenarios"
SCENARIOS = (
    "back-pressure",
    "batch",
    "checkpoint-storm",
    "crash-loop",
    "demo",
    "fails-for-good",
    "legacy-1.12",
    "lost-taskmanager",
    "no-free-slots",
    "rescale",
    "rolling-upgrade",
    "savepoint-fails-once",
    "slow-savepoint",
    "stop-times-out",
    "streaming-happy",
)
"""The built-in scenarios, except those with faults in responses, a leader change or hundreds of TaskManagers."""
VALUES_PER_PARAMETER = 2
"""How many vertices, subtasks and checkpoints of a job each pass reads at most."""


@pytest.fixture(scope="module")
def recorded() -> RecordedPasses:
    return record_fake("2.3", VALUES_PER_PARAMETER)


def test_an_unchanged_cluster_keeps_all_invariants(recorded: RecordedPasses) -> None:
    assert recorded.find_culprits() == []


def test_most_of_a_sample_of_falsifications_are_found_and_named(recorded: RecordedPasses) -> None:
    rng = random.Random("a sample")
    falsifications = rng.sample(all_falsifications(recorded, rng), 5)
    score = check_falsifications(recorded, falsifications)
    assert score.found_share >= 0.6, "\n".join([str(score), *score.missed])
    assert score.named_share >= 0.8, "\n".join([str(score), *score.misnamed])


@pytest.mark.parametrize(
    ("operation_id", "pointer", "kind", "argument"),
    [
        ("getJobsOverview", "/jobs/0/duration", "set", 1_000),
        ("getJobManagerLogList", "/logs/1/size", "add", 1),
        ("getTaskManagerLogs", "/logs", "drop", 0),
        ("getTaskManagerThreadDump", "/threadInfos", "reverse", None),
        ("getJobVertexBackPressure", "/end-timestamp", "add", 1),
        ("getJobManagerOperatorMetrics", "/0/value", "set", "-1"),
        ("getJobExceptions", "/exceptionHistory/entries", "repeat", 0),
        ("getTaskManagerDetails", "/metrics/heapCommitted", "add", 1),
        ("getApplicationDetails", "/timestamps/CREATED", "add", -1),
        ("getJobManagerMetrics", "/3/id", "set", "Status.JVM.Nothing"),
    ],
)
def test_a_falsification_is_found_and_named(
    operation_id: str, pointer: str, kind: str, argument: object, recorded: RecordedPasses
) -> None:
    target = first_target(recorded, operation_id, pointer)
    score = check_falsifications(recorded, [Falsification(operation_id, target, pointer, kind, argument)])
    assert (score.missed, score.misnamed) == ([], [])


def first_target(recorded: RecordedPasses, operation_id: str, pointer: str) -> str:
    """Return the target of the first response to an operation whose value at a pointer is not 0 or empty."""
    for response in recorded.passes[0]:
        if response.operation_id == operation_id:
            parent, key = parent_of(response.body, pointer)
            if parent is not None and parent[key]:
                return response.target
    raise LookupError(f"no response to {operation_id} has {pointer}")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "release"), list(zip(SCENARIOS, itertools.cycle(("2.3", "1.20", "1.12")))))
def test_built_in_scenarios_keep_all_invariants(name: str, release: str) -> None:
    with FlinkMock(SCENARIO_FOLDER / f"{name}.yaml", flink=release, clock="virtual") as cluster:
        cluster.advance("20s")

        def wait(ms: int) -> None:
            if ms:
                cluster.advance(f"{int(ms)}ms")

        with closing(HttpClient(cluster.url)) as client:
            check = Check(client, Contract.load(release), wait=wait, values_per_parameter=VALUES_PER_PARAMETER)
            report = check.run(watch_ms=10_000)
    assert report.clean, report.table()


@pytest.mark.slow
@pytest.mark.parametrize("release", ["2.3", "1.20", "1.17"])
def test_a_cancellation_before_the_job_has_tasks_keeps_all_invariants(release: str) -> None:
    scenario = {
        "cluster": {"taskmanagers": 0, "config": {"jobmanager.scheduler": "adaptive"}},
        "jobs": {"orders": {"parallelism": 4}},
    }
    with FlinkMock(scenario, flink=release, clock="virtual") as cluster:
        cluster.advance("5s")
        waits = itertools.count()

        def wait(ms: int) -> None:
            if next(waits) == 1:
                assert cluster.job("orders").state == "CREATED"
                cluster.job("orders").cancel()
            if ms:
                cluster.advance(f"{int(ms)}ms")

        with closing(HttpClient(cluster.url)) as client:
            check = Check(client, Contract.load(release), wait=wait, values_per_parameter=VALUES_PER_PARAMETER)
            report = check.run(watch_ms=20_000)
        assert cluster.job("orders").state == "CANCELED"
    assert report.clean, report.table()


@pytest.mark.slow
@pytest.mark.parametrize("release", ["2.3", "1.20"])
def test_a_rescale_keeps_all_invariants(release: str) -> None:
    config = {
        "jobmanager.scheduler": "adaptive",
        "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling": "3 s",
    }
    scenario = {"cluster": {"slots": 4, "config": config}, "jobs": {"orders": {"parallelism": 4}}}
    with FlinkMock(scenario, flink=release, clock="virtual") as cluster:
        cluster.advance("20s")
        job_url = f"{cluster.url}/jobs/{cluster.job('orders').id}"

        def parallelism() -> dict[str, int]:
            return {vertex["id"]: vertex["parallelism"] for vertex in httpx.get(job_url).json()["vertices"]}

        def change_upper_bounds(source: int, others: int) -> None:
            body = {
                vertex_id: {"parallelism": {"lowerBound": 1, "upperBound": others if index else source}}
                for index, vertex_id in enumerate(parallelism())
            }
            assert httpx.put(f"{job_url}/resource-requirements", json=body).json() == {}

        change_upper_bounds(2, 4)
        cluster.advance("40s")
        assert list(parallelism().values()) == [2, 4, 4]
        waits = itertools.count()

        def wait(ms: int) -> None:
            if next(waits) == 1:
                change_upper_bounds(2, 3)
            if ms:
                cluster.advance(f"{int(ms)}ms")

        with closing(HttpClient(cluster.url)) as client:
            check = Check(client, Contract.load(release), wait=wait, values_per_parameter=VALUES_PER_PARAMETER)
            report = check.run(watch_ms=20_000)
        assert list(parallelism().values()) == [2, 3, 3]
    assert report.clean, report.table()


@pytest.mark.slow
@pytest.mark.parametrize("release", ["2.3", "1.20", "1.12"])
def test_most_falsifications_are_found_and_named(release: str) -> None:
    """Check 30 falsifications; `python -m tests.conformance.falsification_testing` checks all, up to 2,000."""
    recorded = record_fake(release, VALUES_PER_PARAMETER)
    rng = random.Random(release)
    score = check_falsifications(recorded, rng.sample(all_falsifications(recorded, rng), 30))
    assert score.found_share >= 0.9, "\n".join([str(score), *score.missed])
    assert score.named_share >= 0.95, "\n".join([str(score), *score.misnamed])


@pytest.mark.slow
def test_most_random_falsifications_are_found_and_named(recorded: RecordedPasses) -> None:
    score = check_falsifications(recorded, random_falsifications(recorded, random.Random("random"), 30))
    assert score.found_share >= 0.9, "\n".join([str(score), *score.missed])
    assert score.named_share >= 0.95, "\n".join([str(score), *score.misnamed])


def test_each_invariant_has_a_text_a_source_and_subjects() -> None:
    for invariant in INVARIANTS.values():
        assert invariant.text.endswith("."), invariant.id
        assert invariant.source, invariant.id
        assert invariant.subjects, invariant.id
    assert {invariant.scope for invariant in INVARIANTS.values()} == set(Scope)
