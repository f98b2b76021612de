import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.cluster.errors import JobAlreadyTerminated
from flinkmock.cluster.spec import ExceptionSpec, Input, Repeat, RestartStrategy, Step, VertexSpec
from flinkmock.cluster.states import JOB_STATES
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import UNBOUNDED
from tests.cluster.cluster_factory import Bench, job, ms
from tests.hypothesis_profile import examples

OOM = ExceptionSpec(JavaException("java.lang.OutOfMemoryError", "Java heap space"), vertex="count", subtask=1)


def test_a_job_enters_its_states_to_the_millisecond(tmp_path: Path) -> None:
    bench = Bench(tmp_path, job(Step("CREATED", ms(500)), Step("RUNNING", ms(20_000)), Step("FINISHED")))
    bench.advance(60_000)
    assert bench.states() == [(0, "INITIALIZING"), (0, "CREATED"), (500, "RUNNING"), (20_500, "FINISHED")]


def test_crash_loop_counts_attempts_and_keeps_its_slots(tmp_path: Path) -> None:
    crash = Repeat((Step("RUNNING", ms(20_000)), Step("RESTARTING", ms(5_000), OOM)), times=2)
    bench = Bench(tmp_path, job(crash, Step("RUNNING", UNBOUNDED)))
    bench.advance(22_000)
    orders = bench.cluster.job_named("orders")
    assert orders.state == "RESTARTING"
    assert dict(orders.task_counts_at(bench.now)) == {"FAILED": 1, "CANCELED": 3}
    assert len(bench.cluster.slots.held(bench.now, job_id=orders.id)) == 2
    bench.advance(40_000)
    assert orders.state == "RUNNING"
    assert [run.number for run in orders.attempts] == [0, 1, 2]
    assert {execution.attempt for row in orders.executions_at(bench.now) for execution in row} == {2}
    first = orders.failures[0]
    assert first.task_name == "count -> every-500th (2/2) - execution #0"
    assert first.at == bench.start + 20_000


def test_a_terminal_failure_has_flinks_message_of_suppressed_recovery(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, job(Step("RUNNING", ms(5_000)), Step("FAILING", ms(100), OOM), Step("FAILED")), taskmanagers=1
    )
    bench.advance(6_000)
    orders = bench.cluster.job_named("orders")
    assert orders.state == "FAILED"
    (entry,) = orders.failures_at(bench.now)
    assert str(entry.exception) == (
        "org.apache.flink.runtime.JobException: Recovery is suppressed by "
        "FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=2, backoffTimeMS=1000)"
    )
    assert entry.task_name is None
    assert [str(other.exception) for other in entry.concurrent] == ["java.lang.OutOfMemoryError: Java heap space"]
    assert bench.cluster.slots.held(bench.now) == []


def test_a_cancelled_job_passes_cancelling_and_releases_its_slots(tmp_path: Path) -> None:
    bench = Bench(tmp_path, job())
    bench.advance(1_000)
    orders = bench.cluster.job_named("orders")
    bench.cluster.state_machines.cancel(orders, bench.now)
    assert orders.state == "CANCELLING"
    bench.advance(1_000)
    assert [state for _, state in bench.states()] == ["INITIALIZING", "CREATED", "RUNNING", "CANCELLING", "CANCELED"]
    assert dict(orders.task_counts_at(bench.now)) == {"CANCELED": 4}
    last_task = max(execution.phases[-1][1] for row in orders.executions_at(bench.now) for execution in row)
    assert last_task <= orders.states[-1][0]
    bench.cluster.state_machines.cancel(orders, bench.now)  # once more is fine


def test_an_ended_job_cannot_be_cancelled(tmp_path: Path) -> None:
    bench = Bench(tmp_path, job(Step("RUNNING", ms(100)), Step("FINISHED")))
    bench.advance(1_000)
    with pytest.raises(JobAlreadyTerminated):
        bench.cluster.state_machines.cancel(bench.cluster.job_named("orders"), bench.now)


def test_failures_outside_the_lifecycle_use_up_the_restart_strategy(tmp_path: Path) -> None:
    bench = Bench(tmp_path, job(restart=RestartStrategy("fixed-delay", 1, 500)))
    orders = bench.cluster.job_named("orders")
    bench.advance(1_000)
    bench.cluster.state_machines.fail(orders, bench.now, OOM)
    assert orders.state == "RESTARTING"
    bench.advance(600)
    assert orders.state == "RUNNING"
    bench.cluster.state_machines.fail(orders, bench.now, OOM)
    bench.advance(100)
    assert orders.state == "FAILED"
    assert len(orders.failures) == 2  # one for each restart, and one for FAILED


def test_with_too_few_slots_tasks_are_scheduled_then_failed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, job(restart=RestartStrategy("none")), slots=1)
    bench.advance(250_000)
    orders = bench.cluster.job_named("orders")
    assert orders.state == "RUNNING"
    assert dict(orders.task_counts_at(bench.now)) == {"SCHEDULED": 4}
    assert len(bench.cluster.slots.held(bench.now)) == 1  # it holds what there is
    bench.advance(51_000)
    assert orders.state == "FAILED"
    assert dict(orders.task_counts_at(bench.now)) == {"FAILED": 1, "CANCELED": 3}
    (entry,) = orders.failures
    assert "NoResourceAvailableException" in str(entry.concurrent[0].exception)
    assert bench.cluster.slots.held(bench.now) == []


def test_released_slots_go_to_the_waiting_job(tmp_path: Path) -> None:
    short = job(Step("RUNNING", ms(1_000)), Step("FINISHED"), name="short")
    bench = Bench(tmp_path, short, job(name="waits"), slots=2)
    bench.advance(500)
    waits = bench.cluster.job_named("waits")
    assert dict(waits.task_counts_at(bench.now)) == {"SCHEDULED": 4}
    bench.advance(1_000)
    assert dict(waits.task_counts_at(bench.now)) == {"RUNNING": 4}
    assert bench.cluster.jobs_awaiting_slots == []


def test_a_lost_taskmanager_fails_its_jobs_and_they_restart_elsewhere(tmp_path: Path) -> None:
    bench = Bench(tmp_path, job(), taskmanagers=2, slots=2)
    bench.advance(1_000)
    orders = bench.cluster.job_named("orders")
    lost = bench.cluster.slots.held(bench.now, job_id=orders.id)[0].taskmanager
    bench.cluster.remove_taskmanager(lost.id, bench.now)
    assert orders.state == "RESTARTING"
    bench.advance(2_000)
    assert orders.state == "RUNNING"
    assert {slot.taskmanager.id for slot in bench.cluster.slots.held(bench.now)} == {
        manager.id for manager in bench.cluster.taskmanagers_at(bench.now)
    }


def test_a_job_that_is_older_than_the_scenario(tmp_path: Path) -> None:
    bench = Bench(tmp_path, job(Step("RUNNING", UNBOUNDED), age=7_200_000))
    orders = bench.cluster.job_named("orders")
    assert orders.duration(bench.now) == 7_200_000
    assert orders.checkpoints.counts_at(bench.now)["completed"] == pytest.approx(7_200, abs=3)


@examples(30)
@given(parts=st.lists(st.integers(1, 9_000), min_size=1, max_size=6))
def test_advancing_in_parts_or_at_once_is_the_same(tmp_path_factory: pytest.TempPathFactory, parts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("jars")
    crash = Repeat((Step("RUNNING", ms(3_000)), Step("RESTARTING", ms(700), OOM)), times=None)
    slow, fast = (Bench(folder, job(crash), job(name="other"), slots=3) for _ in range(2))
    for part in parts:
        slow.advance(part)
        for orders in slow.cluster.jobs.values():
            orders.checkpoints.counts_at(slow.now)  # a question must not change the answers to come
    fast.advance(sum(parts))
    for name in ("orders", "other"):
        assert slow.states(name) == fast.states(name)
        mine, theirs = (bench.cluster.job_named(name) for bench in (slow, fast))
        assert mine.checkpoints.counts_at(slow.now) == theirs.checkpoints.counts_at(fast.now)
        assert mine.task_counts_at(slow.now) == theirs.task_counts_at(fast.now)


@examples(25)
@given(moment=st.integers(0, 12_000))
def test_the_past_does_not_change(tmp_path_factory: pytest.TempPathFactory, moment: int) -> None:
    crash = Repeat((Step("RUNNING", ms(3_000)), Step("RESTARTING", ms(700), OOM)), times=None)
    bench = Bench(tmp_path_factory.mktemp("jars"), job(crash))
    orders = bench.cluster.job_named("orders")
    bench.advance(moment)
    then = bench.now
    before = (orders.state_at(then), orders.task_counts_at(then), orders.checkpoints.counts_at(then))
    bench.advance(5_000)
    bench.cluster.state_machines.cancel(orders, bench.now)
    bench.advance(1_000)
    assert (orders.state_at(then), orders.task_counts_at(then), orders.checkpoints.counts_at(then)) == before
    assert orders.state_at(bench.now) in JOB_STATES


def test_finish_takes_stages_that_had_not_started_through_all_states(tmp_path: Path) -> None:
    stages = (VertexSpec(("Source: files",)), VertexSpec(("Sink: table",), inputs=(Input(0, exchange="blocking"),)))
    spec = dataclasses.replace(job(Step("RUNNING", ms(60_000)), Step("FINISHED"), every=None), vertices=stages)
    bench = Bench(tmp_path, dataclasses.replace(spec, type="BATCH"))
    bench.advance(10_000)
    the_job = bench.cluster.job_named("orders")
    bench.cluster.state_machines.finish(the_job, bench.now)
    sink = the_job.executions_at(bench.now)[1][0]
    ended = {at for state, at in sink.phases if state != "CREATED"}
    assert ended == {bench.now}
    assert [state for state, _ in sink.phases] == [
        "CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED",
    ]  # fmt: skip


def test_a_failure_inside_a_loop_keeps_the_loop(tmp_path: Path) -> None:
    loop = Repeat((Step("RUNNING", ms(1_000)), Step("RESTARTING", ms(10)), Step("RUNNING", ms(2_000)),
                   Step("RESTARTING", ms(20))))  # fmt: skip
    bench = Bench(tmp_path, job(loop, restart=RestartStrategy("fixed-delay", None, 500)))
    bench.advance(1_500)
    bench.cluster.state_machines.fail(bench.cluster.job_named("orders"), bench.now)
    bench.advance(6_555)
    assert bench.states()[-6:] == [
        (4_020, "RUNNING"), (5_020, "RESTARTING"), (5_030, "RUNNING"), (7_030, "RESTARTING"), (7_050, "RUNNING"),
        (8_050, "RESTARTING"),
    ]  # fmt: skip
