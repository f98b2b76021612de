"""Jobs that follow their lifecycle, and leave it: states, attempts, failures and slots."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.cluster.errors import JobAlreadyTerminated
from flinkmock.cluster.failures import recovery_suppressed_error
from flinkmock.cluster.spec import (
    ExceptionSpec,
    Input,
    Repeat,
    RestartStrategy,
    RestartStrategyKind,
    Step,
    VertexSpec,
)
from flinkmock.cluster.states import JOB_STATES
from flinkmock.contract import Contract
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import UNBOUNDED
from tests.cluster.cluster_factory import ClusterHarness, job, ms
from tests.hypothesis_profile import examples

OOM = ExceptionSpec(JavaException("java.lang.OutOfMemoryError", "Java heap space"), vertex="count", subtask=1)


def test_a_job_enters_its_states_at_the_exact_times(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(Step("CREATED", ms(500)), Step("RUNNING", ms(20_000)), Step("FINISHED")))
    harness.advance(60_000)
    assert harness.states() == [(0, "INITIALIZING"), (0, "CREATED"), (500, "RUNNING"), (20_500, "FINISHED")]


def test_a_job_that_restarts_counts_attempts_and_keeps_its_slots(tmp_path: Path) -> None:
    restart_loop = Repeat((Step("RUNNING", ms(20_000)), Step("RESTARTING", ms(5_000), OOM)), times=2)
    harness = ClusterHarness(tmp_path, job(restart_loop, Step("RUNNING", UNBOUNDED)))
    harness.advance(22_000)
    orders = harness.cluster.job_named("orders")
    assert orders.state == "RESTARTING"
    assert dict(orders.task_counts_at(harness.now)) == {"FAILED": 1, "CANCELED": 3}
    assert len(harness.cluster.slots.held(harness.now, job_id=orders.id)) == 2
    harness.advance(40_000)
    assert orders.state == "RUNNING"
    assert [attempt.number for attempt in orders.attempts] == [0, 1, 2]
    assert {execution.attempt for row in orders.executions_at(harness.now) for execution in row} == {2}
    first_failure = orders.failures[0]
    assert first_failure.task_name == "count -> every-500th (2/2) - execution #0"
    assert first_failure.at == harness.start + 20_000


def test_a_terminal_failure_reports_that_recovery_is_suppressed(tmp_path: Path) -> None:
    harness = ClusterHarness(
        tmp_path, job(Step("RUNNING", ms(5_000)), Step("FAILING", ms(100), OOM), Step("FAILED")), taskmanager_count=1
    )
    harness.advance(6_000)
    orders = harness.cluster.job_named("orders")
    assert orders.state == "FAILED"
    (failure,) = orders.failures_at(harness.now)
    assert str(failure.exception) == (
        "org.apache.flink.runtime.JobException: Recovery is suppressed by "
        "FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=2, backoffTimeMS=1000)"
    )
    assert failure.task_name is None
    assert [str(task_failure.exception) for task_failure in failure.concurrent] == [
        "java.lang.OutOfMemoryError: Java heap space"
    ]
    assert harness.cluster.slots.held(harness.now) == []


def test_an_exponential_delay_without_a_limit_suppresses_recovery_after_the_largest_number_of_attempts() -> None:
    strategy = RestartStrategy(RestartStrategyKind.EXPONENTIAL_DELAY)
    error = recovery_suppressed_error(strategy, OOM.java_exception, Contract.load("2.3").release)
    assert str(error.message).endswith(", attemptsBeforeResetBackoff=2147483647)")


def test_a_cancelled_job_goes_through_cancelling_and_releases_its_slots(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job())
    harness.advance(1_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.state_machines.cancel(orders, harness.now)
    assert orders.state == "CANCELLING"
    harness.advance(1_000)
    assert [state for _, state in harness.states()] == ["INITIALIZING", "CREATED", "RUNNING", "CANCELLING", "CANCELED"]
    assert dict(orders.task_counts_at(harness.now)) == {"CANCELED": 4}
    last_task_ended_at = max(
        execution.ended_at(harness.now) or 0 for row in orders.executions_at(harness.now) for execution in row
    )
    job_ended_at = orders.ended_at(harness.now)
    assert job_ended_at is not None and last_task_ended_at <= job_ended_at
    harness.cluster.state_machines.cancel(orders, harness.now)  # a second cancellation has no effect


def test_an_ended_job_cannot_be_cancelled(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(Step("RUNNING", ms(100)), Step("FINISHED")))
    harness.advance(1_000)
    with pytest.raises(JobAlreadyTerminated):
        harness.cluster.state_machines.cancel(harness.cluster.job_named("orders"), harness.now)


def test_failures_outside_the_lifecycle_count_for_the_restart_strategy(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(restart=RestartStrategy("fixed-delay", 1, 500)))
    orders = harness.cluster.job_named("orders")
    harness.advance(1_000)
    harness.cluster.state_machines.fail(orders, harness.now, OOM)
    assert orders.state == "RESTARTING"
    harness.advance(600)
    assert orders.state == "RUNNING"
    harness.cluster.state_machines.fail(orders, harness.now, OOM)
    harness.advance(100)
    assert orders.state == "FAILED"
    assert len(orders.failures_at(harness.now)) == 2  # that of the restart, and that of FAILED


def test_the_history_of_a_failed_job_still_has_its_failure_at_an_earlier_time(tmp_path: Path) -> None:
    """A cached response shows the history at the time at which the cache was filled."""
    harness = ClusterHarness(tmp_path, job(restart=RestartStrategy("none")))
    harness.advance(1_000)
    orders = harness.cluster.job_named("orders")
    failing_at = harness.now
    harness.cluster.state_machines.fail(orders, failing_at, OOM)
    failures_while_failing = orders.failures_at(failing_at)
    harness.advance(1_000)
    assert orders.state == "FAILED"
    assert [failure.exception for failure in orders.failures_at(failing_at)] == [OOM.java_exception]
    assert [failure.at for failure in failures_while_failing] == [failing_at]
    assert orders.failures_at(harness.now)[0].concurrent[0].at == failing_at


def test_a_job_with_too_few_slots_fails_after_the_slot_request_timeout(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(restart=RestartStrategy("none")), slots_per_taskmanager=1)
    harness.advance(250_000)
    orders = harness.cluster.job_named("orders")
    assert orders.state == "RUNNING"
    assert dict(orders.task_counts_at(harness.now)) == {"SCHEDULED": 4}
    assert len(harness.cluster.slots.held(harness.now)) == 1  # it holds the available slots
    harness.advance(51_000)
    assert orders.state == "FAILED"
    assert dict(orders.task_counts_at(harness.now)) == {"FAILED": 1, "CANCELED": 3}
    (failure,) = orders.failures_at(harness.now)
    assert "NoResourceAvailableException" in str(failure.concurrent[0].exception)
    assert harness.cluster.slots.held(harness.now) == []


def test_released_slots_go_to_the_waiting_job(tmp_path: Path) -> None:
    short_job = job(Step("RUNNING", ms(1_000)), Step("FINISHED"), name="short")
    harness = ClusterHarness(tmp_path, short_job, job(name="waiting"), slots_per_taskmanager=2)
    harness.advance(500)
    waiting_job = harness.cluster.job_named("waiting")
    assert dict(waiting_job.task_counts_at(harness.now)) == {"SCHEDULED": 4}
    harness.advance(1_000)
    assert dict(waiting_job.task_counts_at(harness.now)) == {"RUNNING": 4}
    assert harness.cluster.jobs_awaiting_slots.ids == []


def test_a_lost_taskmanager_fails_its_jobs_and_they_restart_elsewhere(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(), taskmanager_count=2, slots_per_taskmanager=2)
    harness.advance(1_000)
    orders = harness.cluster.job_named("orders")
    lost_taskmanager = harness.cluster.slots.held(harness.now, job_id=orders.id)[0].taskmanager
    harness.cluster.taskmanagers.remove(lost_taskmanager.id, harness.now)
    assert orders.state == "RESTARTING"
    harness.advance(2_000)
    assert orders.state == "RUNNING"
    assert {slot.taskmanager.id for slot in harness.cluster.slots.held(harness.now)} == {
        taskmanager.id for taskmanager in harness.cluster.taskmanagers.registered_at(harness.now)
    }


def test_a_job_can_be_older_than_the_scenario(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(Step("RUNNING", UNBOUNDED), age=7_200_000))
    orders = harness.cluster.job_named("orders")
    assert harness.now - orders.submitted_at == 7_200_000
    assert orders.checkpoints.counts_at(harness.now)["completed"] == pytest.approx(7_200, abs=3)


@examples(30)
@given(durations=st.lists(st.integers(1, 9_000), min_size=1, max_size=6))
def test_the_state_does_not_depend_on_how_often_the_clock_is_advanced(
    tmp_path_factory: pytest.TempPathFactory, durations: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("jars")
    restart_loop = Repeat((Step("RUNNING", ms(3_000)), Step("RESTARTING", ms(700), OOM)), times=None)
    in_parts, at_once = (
        ClusterHarness(folder, job(restart_loop), job(name="other"), slots_per_taskmanager=3) for _ in range(2)
    )
    for duration in durations:
        in_parts.advance(duration)
        for each_job in in_parts.cluster.jobs.values():
            each_job.checkpoints.counts_at(in_parts.now)  # a read must not change later responses
    at_once.advance(sum(durations))
    for name in ("orders", "other"):
        assert in_parts.states(name) == at_once.states(name)
        job_in_parts, job_at_once = (harness.cluster.job_named(name) for harness in (in_parts, at_once))
        assert job_in_parts.checkpoints.counts_at(in_parts.now) == job_at_once.checkpoints.counts_at(at_once.now)
        assert job_in_parts.task_counts_at(in_parts.now) == job_at_once.task_counts_at(at_once.now)


@examples(25)
@given(duration=st.integers(0, 12_000))
def test_a_job_as_of_an_earlier_time_does_not_change(tmp_path_factory: pytest.TempPathFactory, duration: int) -> None:
    restart_loop = Repeat((Step("RUNNING", ms(3_000)), Step("RESTARTING", ms(700), OOM)), times=None)
    harness = ClusterHarness(tmp_path_factory.mktemp("jars"), job(restart_loop))
    orders = harness.cluster.job_named("orders")
    harness.advance(duration)
    time = harness.now
    before = (orders.state_at(time), orders.task_counts_at(time), orders.checkpoints.counts_at(time))
    harness.advance(5_000)
    harness.cluster.state_machines.cancel(orders, harness.now)
    harness.advance(1_000)
    assert (orders.state_at(time), orders.task_counts_at(time), orders.checkpoints.counts_at(time)) == before
    assert orders.state_at(harness.now) in JOB_STATES


def test_tasks_that_had_not_started_go_through_all_states_when_the_job_is_finished(tmp_path: Path) -> None:
    stages = (VertexSpec(("Source: files",)), VertexSpec(("Sink: table",), inputs=(Input(0, exchange="blocking"),)))
    spec = dataclasses.replace(job(Step("RUNNING", ms(60_000)), Step("FINISHED"), every=None), vertices=stages)
    harness = ClusterHarness(tmp_path, dataclasses.replace(spec, type="BATCH"))
    harness.advance(10_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.state_machines.finish(orders, harness.now)
    sink = orders.executions_at(harness.now)[1][0]
    assert {at for at, state in sink.phases if state != "CREATED"} == {harness.now}
    assert [state for _, state in sink.phases] == [
        "CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED",
    ]  # fmt: skip


def test_a_job_that_fails_inside_a_loop_continues_the_loop(tmp_path: Path) -> None:
    loop = Repeat((Step("RUNNING", ms(1_000)), Step("RESTARTING", ms(10)), Step("RUNNING", ms(2_000)),
                   Step("RESTARTING", ms(20))))  # fmt: skip
    harness = ClusterHarness(tmp_path, job(loop, restart=RestartStrategy("fixed-delay", None, 500)))
    harness.advance(1_500)
    harness.cluster.state_machines.fail(harness.cluster.job_named("orders"), harness.now)
    harness.advance(6_555)
    assert harness.states()[-6:] == [
        (4_020, "RUNNING"), (5_020, "RESTARTING"), (5_030, "RUNNING"), (7_030, "RESTARTING"), (7_050, "RUNNING"),
        (8_050, "RESTARTING"),
    ]  # fmt: skip


def test_a_suspended_job_has_no_running_tasks_and_takes_no_checkpoints(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(Step("RUNNING", ms(20_000)), Step("SUSPENDED", exception=OOM)))
    harness.advance(30_000)
    orders = harness.cluster.job_named("orders")
    assert harness.states()[-1] == (20_000, "SUSPENDED")
    assert dict(orders.task_counts_at(harness.now)) == {"CANCELED": 4}
    checkpoint_counts = orders.checkpoints.counts_at(harness.now)
    harness.advance(10_000)
    assert orders.checkpoints.counts_at(harness.now) == checkpoint_counts
    assert [failure.exception for failure in orders.failures_at(harness.now)] == [OOM.java_exception]


@pytest.mark.parametrize("state", ["RESTARTING", "CANCELLING"])
def test_the_exception_of_failing_counts_although_the_tasks_have_already_ended(tmp_path: Path, state: str) -> None:
    steps = (Step("RUNNING", ms(1_000)), Step(state, ms(500)), Step("FAILING", ms(100), OOM), Step("FAILED"))
    harness = ClusterHarness(tmp_path, job(*steps))
    orders = harness.cluster.job_named("orders")
    harness.advance(1_550)
    assert orders.failures_at(harness.now)[0].exception == OOM.java_exception
    harness.advance(1_000)
    failure = orders.failures_at(harness.now)[0]
    assert failure.exception.cause == OOM.java_exception
    assert [concurrent.exception for concurrent in failure.concurrent] == [OOM.java_exception]


def test_a_job_that_ends_while_it_initializes_never_has_a_graph(tmp_path: Path) -> None:
    harness = ClusterHarness(
        tmp_path,
        job(Step("INITIALIZING", ms(1_000)), Step("SUSPENDED")),
        job(Step("INITIALIZING", ms(10_000)), Step("CREATED"), Step("RUNNING"), name="finished"),
    )
    harness.cluster.state_machines.finish(harness.cluster.job_named("finished"), harness.now)
    harness.advance(2_000)
    assert [each.ended_before_start for each in harness.cluster.jobs.values()] == [True, True]


def test_a_job_whose_cancellation_fails_while_it_initializes_shows_the_exception(tmp_path: Path) -> None:
    steps = (Step("INITIALIZING"), Step("CANCELLING", ms(500)), Step("FAILING", ms(100), OOM), Step("FAILED"))
    harness = ClusterHarness(tmp_path, job(*steps))
    harness.advance(1_000)
    orders = harness.cluster.job_named("orders")
    assert (orders.state, orders.ended_before_start) == ("FAILED", True)
    assert OOM.java_exception in orders.failures_at(harness.now)[0].exception.chain()
