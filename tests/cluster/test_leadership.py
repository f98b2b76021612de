"""The leader falls: what its successor makes of the jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from flinkmock.cluster.cluster_spec import ClusterSpec, LeaderChange
from flinkmock.cluster.job import Job
from flinkmock.cluster.spec import Polls, Repeat, Signal, Step
from flinkmock.named_random import UNBOUNDED, UniformRange
from tests.cluster.cluster_factory import ClusterHarness, job, ms

HA = {"configuration": {"high-availability.type": "zookeeper"}}


def recovered(folder: Path, *lifecycle: Step | Repeat, at: int, **options: object) -> tuple[ClusterHarness, Job]:
    """A cluster one hour after its leader fell at `at` ms and was back at once."""
    spec = job(*lifecycle, **options)  # type: ignore[arg-type]
    harness = ClusterHarness(folder, spec, leader_changes=(LeaderChange(at, UniformRange(0, 0)),), **HA)
    harness.advance(3_600_000)
    return harness, harness.cluster.job_named("orders")


def names(harness: ClusterHarness) -> list[str]:
    return [state for _, state in harness.states()]


def test_a_recovered_job_continues_its_lifecycle(tmp_path: Path) -> None:
    steps = (Step("CREATED", ms(500)), Step("RUNNING", ms(10_000)), Step("RESTARTING", ms(1_000)),
             Step("RUNNING", ms(20_000)), Step("FINISHED"))  # fmt: skip
    harness, _ = recovered(tmp_path, *steps, at=15_000)
    assert harness.states() == [
        (15_000, "INITIALIZING"), (15_000, "CREATED"), (15_500, "RUNNING"), (35_500, "FINISHED"),
    ]  # fmt: skip


def test_a_recovered_loop_stays_a_loop(tmp_path: Path) -> None:
    first = Step("RUNNING", ms(1_000))
    loop = Repeat((Step("RESTARTING", ms(10)), Step("RUNNING", ms(20)), Step("RESTARTING", ms(30)), first))
    harness, _ = recovered(tmp_path, first, loop, at=1_015)
    moments = [at for at, _ in harness.states()]
    assert [moments[n + 1] - moments[n] for n in range(2, 8)] == [20, 30, 1_000, 10, 20, 30]


@pytest.mark.parametrize("at", [1_000, 1_500])
def test_a_job_that_restarts_or_starts_begins_again(tmp_path: Path, at: int) -> None:
    steps = (
        Step("CREATED", ms(1_200)),
        Step("RUNNING", ms(200)),
        Step("RESTARTING", ms(200)),
        Step("RUNNING", UNBOUNDED),
    )
    harness, _ = recovered(tmp_path, *steps, at=at)
    assert names(harness)[:3] == ["INITIALIZING", "CREATED", "RUNNING"]
    assert names(harness)[-1] == "RUNNING"


def test_a_cancellation_is_lost_with_the_leader(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(), **HA)
    harness.advance(5_000)
    harness.cluster.state_machines.cancel(harness.cluster.job_named("orders"), harness.now)
    harness.cluster.leadership.crash_leader(1_000, harness.now)
    harness.advance(60_000)
    assert names(harness) == ["INITIALIZING", "CREATED", "RUNNING"]


@pytest.mark.parametrize("length", [Polls(3), Signal("go")])
def test_a_recovered_job_does_not_wait_for_the_same_signal_again(tmp_path: Path, length: Polls | Signal) -> None:
    harness = ClusterHarness(tmp_path, job(Step("CREATED", length), Step("RUNNING", UNBOUNDED)), **HA)
    orders = harness.cluster.job_named("orders")
    for _ in range(3):
        harness.cluster.record_polls([orders.id], harness.now)
    if isinstance(length, Signal):
        harness.cluster.signal("go", harness.now)
    harness.cluster.leadership.crash_leader(0, harness.now)
    harness.advance(1)
    assert names(harness)[-1] == "RUNNING"


def test_a_job_that_ends_before_it_runs_does_so_again(tmp_path: Path) -> None:
    harness, _ = recovered(tmp_path, Step("CREATED", ms(2_000)), Step("CANCELLING", ms(10)), Step("CANCELED"), at=1_000)
    assert harness.states()[-1] == (3_010, "CANCELED")


def test_ended_jobs_are_lost_and_their_slots_are_free(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(Step("RUNNING", ms(1_000)), Step("FINISHED")), **HA)
    harness.advance(2_000)
    harness.cluster.leadership.crash_leader(500, harness.now)
    harness.advance(500)
    assert harness.cluster.jobs == {}
    assert harness.cluster.applications == {}


def test_a_job_without_a_checkpoint_is_restored_from_its_savepoint_again(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(every=None, restore_path="/sp/one"), **HA)
    harness.cluster.leadership.crash_leader(0, harness.now)
    harness.advance(100)
    restored = harness.cluster.job_named("orders").checkpoints.restored
    assert [(checkpoint.path, checkpoint.is_savepoint) for checkpoint in restored] == [("file:/sp/one", True)]


def test_the_next_jobmanager_becomes_the_leader(tmp_path: Path) -> None:
    changes = tuple(LeaderChange(at, UniformRange(100, 100)) for at in (1_000, 2_000, 3_000))
    harness = ClusterHarness(tmp_path, job(), jobmanagers=3, leader_changes=changes)
    leaders = []
    for _ in range(8):
        leader = harness.cluster.leadership.leader
        leaders.append(None if leader is None else leader.number)
        harness.advance(500)
    assert leaders == [0, 0, None, 1, None, 2, None, 0]
    terms = [(term.leader, term.since and term.since - harness.start) for term in harness.cluster.leadership.past_terms]
    assert terms == [(0, 0), (1, 1_100), (2, 2_100)]


def test_the_past_does_not_change(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(), jobmanagers=2)
    harness.advance(5_000)
    before = harness.cluster.job_named("orders")
    earlier = (
        before.state_at(harness.now),
        before.task_counts_at(harness.now),
        before.checkpoints.counts_at(harness.now),
    )
    then = harness.now
    harness.advance(10)
    harness.cluster.leadership.crash_leader(100, harness.now)
    harness.advance(10_000)
    term = harness.cluster.leadership.term_at(then)
    assert term is not None
    assert term.jobs == {before.id: before}
    assert (before.state_at(then), before.task_counts_at(then), before.checkpoints.counts_at(then)) == earlier
    assert harness.cluster.leadership.term_at(then + 50) is None


def test_a_cluster_can_stay_without_a_leader(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(), leader_changes=(LeaderChange(1_000, UNBOUNDED),))
    harness.advance(86_400_000)
    assert harness.cluster.leadership.leader is None
    assert ClusterSpec().jobmanagers == 1
