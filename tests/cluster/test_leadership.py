"""Crashes of the leader: the jobs that the next leader recovers, and what is lost."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from flinkmock.cluster.cluster_spec import LeaderChange
from flinkmock.cluster.spec import Polls, Repeat, Signal, Step
from flinkmock.named_random import UNBOUNDED, UniformRange
from tests.cluster.cluster_factory import ClusterHarness, job, ms

HIGHLY_AVAILABLE = {"configuration": {"high-availability.type": "zookeeper"}}
"""The arguments of a highly available cluster: its next leader recovers the jobs."""


def cluster_after_crash(folder: Path, *lifecycle: Step | Repeat, crash_at: int) -> ClusterHarness:
    """Return a cluster with a job at the end of its first hour.

    The leader has crashed at `crash_at` ms, and the same JobManager was elected again at once.
    """
    changes = (LeaderChange(crash_at, UniformRange.exactly(0)),)
    harness = ClusterHarness(folder, job(*lifecycle), leader_changes=changes, **HIGHLY_AVAILABLE)
    harness.advance(3_600_000)
    return harness


def state_names(harness: ClusterHarness) -> list[str]:
    return [state for _, state in harness.states()]


def test_a_recovered_job_continues_its_lifecycle(tmp_path: Path) -> None:
    steps = (Step("CREATED", ms(500)), Step("RUNNING", ms(10_000)), Step("RESTARTING", ms(1_000)),
             Step("RUNNING", ms(20_000)), Step("FINISHED"))  # fmt: skip
    harness = cluster_after_crash(tmp_path, *steps, crash_at=15_000)
    assert harness.states() == [
        (15_000, "INITIALIZING"), (15_000, "CREATED"), (15_500, "RUNNING"), (35_500, "FINISHED"),
    ]  # fmt: skip


def test_a_recovered_job_continues_its_loop(tmp_path: Path) -> None:
    first = Step("RUNNING", ms(1_000))
    loop = Repeat((Step("RESTARTING", ms(10)), Step("RUNNING", ms(20)), Step("RESTARTING", ms(30)), first))
    harness = cluster_after_crash(tmp_path, first, loop, crash_at=1_015)
    times = [at for at, _ in harness.states()[2:]]  # without INITIALIZING and CREATED
    assert [later - earlier for earlier, later in pairwise(times)][:6] == [20, 30, 1_000, 10, 20, 30]


@pytest.mark.parametrize("crash_at", [1_000, 1_500])
def test_a_job_that_is_created_or_restarting_during_the_crash_runs_later(tmp_path: Path, crash_at: int) -> None:
    steps = (
        Step("CREATED", ms(1_200)),
        Step("RUNNING", ms(200)),
        Step("RESTARTING", ms(200)),
        Step("RUNNING", UNBOUNDED),
    )
    harness = cluster_after_crash(tmp_path, *steps, crash_at=crash_at)
    assert state_names(harness)[:3] == ["INITIALIZING", "CREATED", "RUNNING"]
    assert state_names(harness)[-1] == "RUNNING"


def test_a_cancellation_is_lost_with_the_leader(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(), **HIGHLY_AVAILABLE)
    harness.advance(5_000)
    harness.cluster.state_machines.cancel(harness.cluster.job_named("orders"), harness.now)
    harness.cluster.leadership.crash_leader(1_000, harness.now)
    harness.advance(60_000)
    assert state_names(harness) == ["INITIALIZING", "CREATED", "RUNNING"]


@pytest.mark.parametrize("condition", [Polls(3), Signal("go")])
def test_a_recovered_job_does_not_wait_for_the_same_polls_or_signal_again(
    tmp_path: Path, condition: Polls | Signal
) -> None:
    harness = ClusterHarness(tmp_path, job(Step("CREATED", condition), Step("RUNNING", UNBOUNDED)), **HIGHLY_AVAILABLE)
    orders = harness.cluster.job_named("orders")
    for _ in range(3):
        harness.cluster.record_polls([orders.id], harness.now)
    if isinstance(condition, Signal):
        harness.cluster.signal("go", harness.now)
    harness.cluster.leadership.crash_leader(0, harness.now)
    harness.advance(1)
    assert state_names(harness)[-1] == "RUNNING"


def test_a_recovered_job_without_a_running_step_starts_its_lifecycle_again(tmp_path: Path) -> None:
    steps = (Step("CREATED", ms(2_000)), Step("CANCELLING", ms(10)), Step("CANCELED"))
    harness = cluster_after_crash(tmp_path, *steps, crash_at=1_000)
    assert harness.states()[-1] == (3_010, "CANCELED")


def test_ended_jobs_and_their_applications_are_lost(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(Step("RUNNING", ms(1_000)), Step("FINISHED")), **HIGHLY_AVAILABLE)
    harness.advance(2_000)
    harness.cluster.leadership.crash_leader(500, harness.now)
    harness.advance(500)
    assert harness.cluster.jobs == {}
    assert harness.cluster.applications == {}


def test_a_job_without_a_checkpoint_is_restored_from_its_savepoint_again(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(every=None, restore_path="/sp/one"), **HIGHLY_AVAILABLE)
    harness.cluster.leadership.crash_leader(0, harness.now)
    harness.advance(100)
    restored = harness.cluster.job_named("orders").checkpoints.restored
    assert [(checkpoint.path, checkpoint.is_savepoint) for checkpoint in restored] == [("file:/sp/one", True)]


def test_the_next_jobmanager_becomes_the_leader(tmp_path: Path) -> None:
    changes = tuple(LeaderChange(at, UniformRange.exactly(100)) for at in (1_000, 2_000, 3_000))
    harness = ClusterHarness(tmp_path, job(), jobmanager_count=3, leader_changes=changes)
    leaders = []
    for _ in range(8):
        leader = harness.cluster.leadership.leader
        leaders.append(None if leader is None else leader.number)
        harness.advance(500)
    assert leaders == [0, 0, None, 1, None, 2, None, 0]
    past_terms = harness.cluster.leadership.past_terms
    assert [term.leader for term in past_terms] == [0, 1, 2]
    assert [term.since - harness.start for term in past_terms[1:]] == [1_100, 2_100]


def test_the_jobs_of_a_past_term_do_not_change(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(), jobmanager_count=2)
    harness.advance(5_000)
    time = harness.now
    orders = harness.cluster.job_named("orders")
    before = (orders.state_at(time), orders.task_counts_at(time), orders.checkpoints.counts_at(time))
    harness.advance(10)
    harness.cluster.leadership.crash_leader(100, harness.now)
    harness.advance(10_000)
    term = harness.cluster.leadership.term_at(time)
    assert term is not None
    assert term.jobs == {orders.id: orders}
    assert (orders.state_at(time), orders.task_counts_at(time), orders.checkpoints.counts_at(time)) == before
    assert harness.cluster.leadership.term_at(time + 50) is None


def test_a_cluster_can_stay_without_a_leader(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(), leader_changes=(LeaderChange(1_000, UNBOUNDED),))
    harness.advance(86_400_000)
    assert harness.cluster.leadership.leader is None
