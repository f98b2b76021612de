"""The adaptive scheduler, and slots that are added and lost. Durations are Flink's defaults."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from flinkmock.cluster.cluster_spec import TaskManagerEvent
from flinkmock.cluster.rescaling import history_at
from flinkmock.cluster.spec import Input, Step, VertexSpec
from tests.cluster.cluster_factory import ClusterHarness, job, ms

WIDE = (VertexSpec(("Source: numbers",), 1), VertexSpec(("count",), 6, inputs=(Input(0, "HASH"),)))
ADAPTIVE = {"jobmanager.scheduler": "adaptive"}


def harness(
    folder: Path, *events: TaskManagerEvent, taskmanagers: int = 1, slots: int = 2, **options: object
) -> ClusterHarness:
    """Return a cluster with a job of parallelism six."""
    wide = dataclasses.replace(job(every=5_000), vertices=WIDE)
    return ClusterHarness(folder, wide, taskmanager_events=events, taskmanagers=taskmanagers, slots=slots,
                 configuration=ADAPTIVE | options)  # type: ignore[operator]  # fmt: skip


def parallelism(b: ClusterHarness) -> list[int]:
    return [vertex.parallelism for vertex in b.cluster.job_named("orders").graph.vertices]


def test_a_job_waits_ten_seconds_for_all_slots_and_then_runs_with_fewer(tmp_path: Path) -> None:
    b = harness(tmp_path, taskmanagers=2)
    b.advance(9_999)
    assert (b.states()[-1][1], parallelism(b)) == ("CREATED", [1, 6])
    b.advance(1)
    assert (b.states()[-1], parallelism(b)) == ((10_000, "RUNNING"), [1, 4])
    b.advance(100)
    orders = b.cluster.job_named("orders")
    assert orders.task_counts_at(b.now) == {"RUNNING": 5}
    assert sum(b.cluster.slots.free_count(taskmanager, b.now) for taskmanager in b.cluster.taskmanagers.at(b.now)) == 0


def test_it_does_not_wait_if_all_slots_are_there(tmp_path: Path) -> None:
    b = harness(tmp_path, taskmanagers=3)
    assert b.states()[-1] == (0, "RUNNING")


def test_it_runs_as_soon_as_all_slots_are_there(tmp_path: Path) -> None:
    b = harness(tmp_path, TaskManagerEvent(3_000, "joins"), TaskManagerEvent(4_000, "joins"))
    b.advance(60_000)
    assert b.states()[-1] == (4_000, "RUNNING")
    assert parallelism(b) == [1, 6]


def test_without_a_slot_it_fails_after_five_minutes(tmp_path: Path) -> None:
    b = harness(tmp_path, taskmanagers=0)
    b.advance(299_999)
    assert b.states()[-1][1] == "CREATED"
    b.advance(1)
    assert b.states()[-1] == (300_000, "FAILED")
    assert "Could not acquire the minimum required resources." in str(
        b.cluster.job_named("orders").failures[-1].exception.chain()[-1]
    )


def test_new_slots_start_the_stabilization_timeout_again(tmp_path: Path) -> None:
    b = harness(tmp_path, TaskManagerEvent(100_000, "joins"), taskmanagers=0)
    b.advance(200_000)
    assert (b.states()[-1], parallelism(b)) == ((110_000, "RUNNING"), [1, 2])


def test_it_grows_at_once_when_all_slots_are_there(tmp_path: Path) -> None:
    b = harness(tmp_path, TaskManagerEvent(60_000, "joins"), taskmanagers=2)
    b.advance(120_000)
    assert b.states()[-3:] == [(60_000, "RESTARTING"), (61_000, "CREATED"), (61_000, "RUNNING")]
    assert parallelism(b) == [1, 6]
    orders = b.cluster.job_named("orders")
    assert len(orders.checkpoints.restored) == 1
    assert orders.failures == []
    initial, grown = history_at(orders, b.now)
    assert [rescale.cause for rescale in (initial, grown)] == ["INITIAL_SCHEDULE", "NEW_RESOURCE_AVAILABLE"]
    assert [(rescale.version, rescale.attempt_number) for rescale in (initial, grown)] == [(0, 1), (0, 2)]
    assert grown.state == "COMPLETED"


def test_it_grows_a_minute_later_when_only_some_slots_are_there(tmp_path: Path) -> None:
    b = harness(tmp_path, TaskManagerEvent(60_000, "joins"))
    b.advance(119_999)
    assert parallelism(b) == [1, 2]
    b.advance(10_000)
    assert parallelism(b) == [1, 4]
    assert (120_000, "RESTARTING") in b.states()


def test_it_does_not_grow_before_the_cooldown_is_over(tmp_path: Path) -> None:
    b = harness(tmp_path, TaskManagerEvent(12_000, "joins"), taskmanagers=2)
    b.advance(60_000)
    restarts = [at for at, state in b.states() if state == "RESTARTING"]
    assert [30_000 <= at - 10_000 <= 30_010 for at in restarts] == [True]


def test_it_shrinks_when_a_taskmanager_is_lost_and_grows_again(tmp_path: Path) -> None:
    b = harness(tmp_path, TaskManagerEvent(60_000, "lost"), TaskManagerEvent(200_000, "joins"), taskmanagers=3)
    b.advance(100_000)
    assert (parallelism(b), b.cluster.job_named("orders").restarts) == ([1, 4], 1)
    # RESTARTING for a second, then ten seconds in which slots could become free
    assert b.states()[-3:] == [(60_000, "RESTARTING"), (61_000, "CREATED"), (71_000, "RUNNING")]
    b.advance(150_000)
    assert parallelism(b) == [1, 6]
    causes = [rescale.cause for rescale in history_at(b.cluster.job_named("orders"), b.now)]
    assert causes == ["INITIAL_SCHEDULE", "RECOVERABLE_FAILOVER", "NEW_RESOURCE_AVAILABLE"]


def test_slots_of_an_ended_job_let_another_job_grow(tmp_path: Path) -> None:
    first = job(Step("RUNNING", ms(60_000)), Step("FINISHED"), name="first", every=None)
    second = dataclasses.replace(job(name="second", every=None), vertices=WIDE)
    b = ClusterHarness(tmp_path, first, second, taskmanagers=3, slots=2, configuration=ADAPTIVE)
    b.advance(50_000)
    assert [v.parallelism for v in b.cluster.job_named("second").graph.vertices] == [1, 4]
    b.advance(50_000)
    assert [v.parallelism for v in b.cluster.job_named("second").graph.vertices] == [1, 6]


def test_a_waiting_job_can_be_cancelled(tmp_path: Path) -> None:
    b = harness(tmp_path, TaskManagerEvent(30_000, "joins"), taskmanagers=0)
    b.advance(1_000)
    b.cluster.state_machines.cancel(b.cluster.job_named("orders"), b.now)
    b.advance(60_000)
    assert b.states()[-1][1] == "CANCELED"
    assert b.cluster.jobs_awaiting_slots.ids == []


def test_batch_jobs_never_use_it(tmp_path: Path) -> None:
    """They wait for slots in RUNNING, while a streaming job waits in CREATED, and restart without CREATED."""
    batch = dataclasses.replace(job(name="nightly", every=None, type="BATCH"), vertices=WIDE)
    stream = dataclasses.replace(job(every=None), vertices=WIDE)
    b = ClusterHarness(tmp_path, batch, stream, slots=6, taskmanagers=0, configuration=ADAPTIVE,
              taskmanager_events=(TaskManagerEvent(2_000, "joins"), TaskManagerEvent(2_000, "joins")))  # fmt: skip
    b.advance(1_000)
    assert (b.states("nightly")[-1][1], b.states()[-1][1]) == ("RUNNING", "CREATED")
    b.advance(2_000)
    assert (b.states("nightly")[-1], b.states()[-1]) == ((0, "RUNNING"), (2_000, "RUNNING"))
    b.cluster.state_machines.fail(b.cluster.job_named("nightly"), b.now)
    b.advance(2_000)
    assert b.states("nightly")[-2:] == [(3_000, "RESTARTING"), (4_000, "RUNNING")]
    assert b.cluster.jobs_awaiting_slots.ids == []
