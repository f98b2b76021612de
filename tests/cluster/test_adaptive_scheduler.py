"""The adaptive scheduler, and slots that are added and lost.

The timeouts are Flink's defaults. Before it runs, a job waits ten seconds for the slots of its desired parallelism
(stabilization); if it has not even the slots of its lower bounds, it waits five minutes. A running job is not rescaled
in the first 30 s (cooldown). It is rescaled at once if there are enough slots for its desired parallelism, and after a
minute if there are only some more slots.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from flinkmock.cluster.cluster_spec import TaskManagerEvent
from flinkmock.cluster.rescaling import history_at
from flinkmock.cluster.savepoint_request import SavepointRequest
from flinkmock.cluster.spec import Input, Repeat, Signal, Step, VertexSpec
from flinkmock.release import Release
from tests.cluster.cluster_factory import ClusterHarness, job, ms

WIDE_VERTICES = (VertexSpec(("Source: numbers",), 1), VertexSpec(("count",), 6, inputs=(Input(0, "HASH"),)))
ADAPTIVE_CONFIGURATION = {"jobmanager.scheduler": "adaptive"}


def adaptive_harness(folder: Path, *events: TaskManagerEvent, taskmanager_count: int = 1) -> ClusterHarness:
    """Return a cluster whose TaskManagers have two slots, with a job that needs six slots for its desired parallelism.

    The desired parallelism of the job is [1, 6].
    """
    wide_job = dataclasses.replace(job(every=5_000), vertices=WIDE_VERTICES)
    return ClusterHarness(
        folder,
        wide_job,
        taskmanager_events=events,
        taskmanager_count=taskmanager_count,
        slots_per_taskmanager=2,
        configuration=ADAPTIVE_CONFIGURATION,
    )


def parallelism(harness: ClusterHarness) -> list[int]:
    """Return the current parallelism of the job `orders`, vertex by vertex."""
    return [vertex.parallelism for vertex in harness.cluster.job_named("orders").graph.vertices]


def test_a_job_waits_ten_seconds_for_all_slots_and_then_runs_with_fewer(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, taskmanager_count=2)
    harness.advance(9_999)
    assert (harness.state(), parallelism(harness)) == ("CREATED", [1, 6])
    harness.advance(1)
    assert (harness.states()[-1], parallelism(harness)) == ((10_000, "RUNNING"), [1, 4])
    harness.advance(100)
    orders = harness.cluster.job_named("orders")
    assert orders.task_counts_at(harness.now) == {"RUNNING": 5}
    slots, taskmanagers = harness.cluster.slots, harness.cluster.taskmanagers.registered_at(harness.now)
    assert [slots.free_count(taskmanager, harness.now) for taskmanager in taskmanagers] == [0, 0]


def test_a_job_runs_at_once_if_all_slots_are_available(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, taskmanager_count=3)
    assert harness.states()[-1] == (0, "RUNNING")


def test_a_waiting_job_runs_as_soon_as_all_slots_are_available(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, TaskManagerEvent(3_000, "joins"), TaskManagerEvent(4_000, "joins"))
    harness.advance(60_000)
    assert harness.states()[-1] == (4_000, "RUNNING")
    assert parallelism(harness) == [1, 6]


def test_a_job_without_a_slot_fails_after_five_minutes(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, taskmanager_count=0)
    harness.advance(299_999)
    assert harness.state() == "CREATED"
    harness.advance(1)
    assert harness.states()[-1] == (300_000, "FAILED")
    assert "Could not acquire the minimum required resources." in str(
        harness.cluster.job_named("orders").failures[-1].exception.chain()[-1]
    )


def test_new_slots_start_the_stabilization_timeout_again(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, TaskManagerEvent(100_000, "joins"), taskmanager_count=0)
    harness.advance(200_000)
    assert (harness.states()[-1], parallelism(harness)) == ((110_000, "RUNNING"), [1, 2])


def test_a_running_job_grows_at_once_when_all_slots_are_available(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, TaskManagerEvent(60_000, "joins"), taskmanager_count=2)
    harness.advance(120_000)
    assert harness.states()[-3:] == [(60_000, "RESTARTING"), (61_000, "CREATED"), (61_000, "RUNNING")]
    assert parallelism(harness) == [1, 6]
    orders = harness.cluster.job_named("orders")
    assert len(orders.checkpoints.restored) == 1
    assert orders.failures == []
    initial, grown = history_at(orders, harness.now)
    assert [rescale.cause for rescale in (initial, grown)] == ["INITIAL_SCHEDULE", "NEW_RESOURCE_AVAILABLE"]
    # version: how often the bounds had changed; number_in_version: the number of rescales since then
    assert [(rescale.version, rescale.number_in_version) for rescale in (initial, grown)] == [(0, 1), (0, 2)]
    assert grown.state == "COMPLETED"


def test_a_running_job_grows_a_minute_later_when_only_some_slots_are_available(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, TaskManagerEvent(60_000, "joins"))
    harness.advance(119_999)
    assert parallelism(harness) == [1, 2]
    harness.advance(10_000)
    assert parallelism(harness) == [1, 4]
    assert (120_000, "RESTARTING") in harness.states()


def test_a_running_job_does_not_grow_before_the_cooldown_is_over(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, TaskManagerEvent(12_000, "joins"), taskmanager_count=2)
    harness.advance(60_000)
    (restarted_at,) = [at for at, state in harness.states() if state == "RESTARTING"]
    deployed_at = 10_000  # in fact a few ms later
    assert 30_000 <= restarted_at - deployed_at <= 30_010


def test_a_job_shrinks_when_a_taskmanager_is_lost_and_grows_again(tmp_path: Path) -> None:
    harness = adaptive_harness(
        tmp_path, TaskManagerEvent(60_000, "lost"), TaskManagerEvent(200_000, "joins"), taskmanager_count=3
    )
    harness.advance(100_000)
    assert (parallelism(harness), harness.cluster.job_named("orders").restart_count) == ([1, 4], 1)
    # RESTARTING for a second, then ten seconds in which slots could become free
    assert harness.states()[-3:] == [(60_000, "RESTARTING"), (61_000, "CREATED"), (71_000, "RUNNING")]
    harness.advance(150_000)
    assert parallelism(harness) == [1, 6]
    causes = [rescale.cause for rescale in history_at(harness.cluster.job_named("orders"), harness.now)]
    assert causes == ["INITIAL_SCHEDULE", "RECOVERABLE_FAILOVER", "NEW_RESOURCE_AVAILABLE"]


def test_slots_of_an_ended_job_let_another_job_grow(tmp_path: Path) -> None:
    first = job(Step("RUNNING", ms(60_000)), Step("FINISHED"), name="first", every=None)
    second = dataclasses.replace(job(name="second", every=None), vertices=WIDE_VERTICES)
    harness = ClusterHarness(
        tmp_path, first, second, taskmanager_count=3, slots_per_taskmanager=2, configuration=ADAPTIVE_CONFIGURATION
    )
    harness.advance(50_000)
    second_job = harness.cluster.job_named("second")
    assert [vertex.parallelism for vertex in second_job.graph.vertices] == [1, 4]
    harness.advance(50_000)
    assert [vertex.parallelism for vertex in second_job.graph.vertices] == [1, 6]


@pytest.mark.parametrize(("operation", "state"), [("cancel", "CANCELED"), ("fail", "FAILED")])
def test_a_waiting_job_ends_at_once_and_never_has_tasks(tmp_path: Path, operation: str, state: str) -> None:
    harness = adaptive_harness(tmp_path, TaskManagerEvent(30_000, "joins"), taskmanager_count=0)
    harness.advance(1_000)
    orders = harness.cluster.job_named("orders")
    getattr(harness.cluster.state_machines, operation)(orders, harness.now)
    harness.advance(60_000)
    assert harness.states()[-2:] == [(0, "CREATED"), (1_000, state)]
    assert harness.cluster.jobs_awaiting_slots.ids == []
    assert orders.executions_at(harness.now) == [[], []]


def test_a_job_that_waits_after_a_restart_keeps_waiting_when_another_taskmanager_is_lost(tmp_path: Path) -> None:
    events = (TaskManagerEvent(60_000, "lost"), TaskManagerEvent(65_000, "lost"))
    harness = adaptive_harness(tmp_path, *events, taskmanager_count=3)
    harness.advance(100_000)
    assert harness.states()[-3:] == [(60_000, "RESTARTING"), (61_000, "CREATED"), (71_000, "RUNNING")]
    assert parallelism(harness) == [1, 2]
    assert len(harness.cluster.job_named("orders").failures) == 1


def test_the_timeout_of_an_earlier_wait_does_not_end_a_later_one(tmp_path: Path) -> None:
    loop = Repeat((Step("RUNNING", ms(280_000)), Step("RESTARTING", ms(1_000)), Step("CREATED")))
    wide_job = dataclasses.replace(job(loop, every=None), vertices=WIDE_VERTICES)
    events = (
        TaskManagerEvent(10_000, "joins"),
        TaskManagerEvent(290_500, "leaves"),
        TaskManagerEvent(400_000, "joins"),
    )
    harness = ClusterHarness(
        tmp_path,
        wide_job,
        taskmanager_events=events,
        taskmanager_count=0,
        slots_per_taskmanager=6,
        configuration=ADAPTIVE_CONFIGURATION,
    )
    harness.advance(399_999)  # the first wait would have ended at 300,000
    assert harness.states()[-2:] == [(290_000, "RESTARTING"), (291_000, "CREATED")]
    harness.advance(1)
    assert harness.states()[-1] == (400_000, "RUNNING")


def test_a_signal_during_a_rescale_is_kept_for_the_job(tmp_path: Path) -> None:
    wide_job = dataclasses.replace(job(Step("RUNNING", Signal("go")), Step("FINISHED")), vertices=WIDE_VERTICES)
    harness = ClusterHarness(
        tmp_path,
        wide_job,
        taskmanager_events=(TaskManagerEvent(60_000, "joins"),),
        taskmanager_count=2,
        slots_per_taskmanager=2,
        configuration=ADAPTIVE_CONFIGURATION,
    )
    harness.advance(60_500)
    assert harness.state() == "RESTARTING"
    harness.cluster.signal("go", harness.now)
    harness.advance(1_000)
    assert harness.states()[-2:] == [(61_000, "RUNNING"), (61_000, "FINISHED")]


def test_a_job_has_the_old_parallelism_until_its_tasks_have_ended_in_a_rescale(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, TaskManagerEvent(60_000, "joins"), taskmanager_count=2)
    harness.advance(60_500)
    orders = harness.cluster.job_named("orders")
    restarting_at = harness.now
    for _ in range(2):
        assert [vertex.parallelism for vertex in orders.vertices_at(restarting_at)] == [1, 4]
        assert orders.vertex(orders.graph.vertices[1].id, restarting_at).parallelism == 4
        harness.advance(1_000)
    assert [vertex.parallelism for vertex in orders.vertices_at(harness.now)] == [1, 6]


def test_on_step_is_called_for_the_states_of_a_rescale(tmp_path: Path) -> None:
    harness = adaptive_harness(tmp_path, TaskManagerEvent(60_000, "joins"), taskmanager_count=2)
    harness.advance(59_000)
    entered: list[tuple[int, str]] = []
    harness.cluster.state_machines.on_step = lambda job, step, at: entered.append((at - harness.start, step.state))
    harness.advance(10_000)
    assert entered == [(60_000, "RESTARTING"), (61_000, "CREATED"), (61_000, "RUNNING")]


def test_a_failed_stop_ends_a_job_without_a_restart(tmp_path: Path) -> None:
    harness = ClusterHarness(
        tmp_path, job(), taskmanager_count=2, slots_per_taskmanager=2, configuration=ADAPTIVE_CONFIGURATION
    )
    lose_taskmanager_during_stop(harness)
    harness.advance(1_000)
    orders = harness.cluster.job_named("orders")
    assert [state for _, state in harness.states()][-3:] == ["RUNNING", "FAILING", "FAILED"]
    (failure,) = orders.failures_at(harness.now)
    assert str(failure.exception).endswith("The failure is not recoverable")


def test_a_failed_stop_before_1_15_is_not_the_cause_of_a_later_failure(tmp_path: Path) -> None:
    harness = ClusterHarness(
        tmp_path,
        job(),
        release=Release("1.14", "1.14.6", "a921a4d", "2022-09-09T10:18:38+02:00"),
        slots_per_taskmanager=2,
        taskmanager_count=1,
        configuration=ADAPTIVE_CONFIGURATION,
    )
    lose_taskmanager_during_stop(harness)
    harness.advance(310_000)
    assert harness.state() == "FAILED"
    failures = harness.cluster.job_named("orders").failures_at(harness.now)
    assert len(failures) == 3
    assert "Could not acquire the minimum required resources." in str(failures[0].exception.chain()[-1])


def lose_taskmanager_during_stop(harness: ClusterHarness) -> None:
    """Stop the job `orders` with a savepoint, and remove a TaskManager when the savepoint is complete."""
    harness.advance(40_000)
    orders = harness.cluster.job_named("orders")
    request = SavepointRequest(job_id=orders.id, trigger_id="0" * 32, directory="file:///savepoints")
    harness.cluster.savepoints.stop_with_savepoint(request, harness.now)
    while not any(checkpoint.is_savepoint for checkpoint in orders.checkpoints.completed_checkpoints_at(harness.now)):
        harness.advance(1)
    harness.cluster.taskmanagers.remove_one(harness.now)


def test_batch_jobs_never_use_the_adaptive_scheduler(tmp_path: Path) -> None:
    """A batch job waits for slots in RUNNING, a streaming job in CREATED. A batch job restarts without CREATED."""
    batch = dataclasses.replace(job(name="nightly", every=None, type="BATCH"), vertices=WIDE_VERTICES)
    stream = dataclasses.replace(job(every=None), vertices=WIDE_VERTICES)
    harness = ClusterHarness(
        tmp_path,
        batch,
        stream,
        slots_per_taskmanager=6,
        taskmanager_count=0,
        configuration=ADAPTIVE_CONFIGURATION,
        taskmanager_events=(TaskManagerEvent(2_000, "joins"), TaskManagerEvent(2_000, "joins")),
    )
    harness.advance(1_000)
    assert (harness.state("nightly"), harness.state()) == ("RUNNING", "CREATED")
    harness.advance(2_000)
    assert (harness.states("nightly")[-1], harness.states()[-1]) == ((0, "RUNNING"), (2_000, "RUNNING"))
    harness.cluster.state_machines.fail(harness.cluster.job_named("nightly"), harness.now)
    harness.advance(2_000)
    assert harness.states("nightly")[-2:] == [(3_000, "RESTARTING"), (4_000, "RUNNING")]
    assert harness.cluster.jobs_awaiting_slots.ids == []
