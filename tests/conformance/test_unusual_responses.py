"""Unusual responses of real clusters under load: the invariants allow them, but nothing beyond them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flinkmock.conformance.coherence.evaluation import violations
from flinkmock.conformance.coherence.values import SuccessResponse
from tests.conformance.broken_invariants import (
    JOB_ID,
    broken_between,
    broken_over_time,
    broken_within,
    configuration,
    invariants_of,
    response,
)

VERTEX_ID = "6cdc5bb954874d922eaee11a8e7b5dd5"
SUBTASK_METRICS = ("getSubtaskMetrics", f"/vertices/{VERTEX_ID}/subtasks/0")
"""The operation id, and the path below that of the job."""


def statistics_of(value: int) -> dict[str, Any]:
    """Return the statistics of one value."""
    return {"min": value, "max": value, "avg": value}


LATE_REPORT: dict[str, Any] = {
    "id": 3,
    "status": "FAILED",
    "latest_ack_timestamp": -1,
    "checkpointed_size": 264,
    "state_size": 264,
    "end_to_end_duration": -1,
    "alignment_buffered": 0,
    "processed_data": 0,
    "persisted_data": 0,
    "num_subtasks": 1,
    "num_acknowledged_subtasks": 0,
    "summary": {
        "checkpointed_size": statistics_of(264),
        "state_size": statistics_of(264),
        "end_to_end_duration": statistics_of(0),
        "checkpoint_duration": {"sync": statistics_of(69), "async": statistics_of(142)},
        "alignment": {key: statistics_of(0) for key in ("buffered", "processed", "persisted", "duration")},
        "start_delay": statistics_of(354),
    },
    "subtasks": [
        {
            "className": "completed",
            "index": 0,
            "ack_timestamp": 1795664804230,
            "end_to_end_duration": 1085,
            "checkpointed_size": 264,
            "state_size": 264,
            "checkpoint": {"sync": 69, "async": 142},
            "alignment": {"buffered": 0, "processed": 0, "persisted": 0, "duration": 0},
            "start_delay": 354,
            "unaligned_checkpoint": False,
            "aborted": True,
            "status": "completed",
        }
    ],
}
"""A response of a real 1.17.2, without the percentiles: the checkpoint failed at 1795664804013, and this subtask
reported 217 ms later."""


@pytest.mark.parametrize(
    ("state", "is_allowed"), [("FAILING", True), ("RESTARTING", False), ("FINISHED", False), ("RUNNING", True)]
)
def test_a_job_may_be_failing_without_having_been_running(state: str, is_allowed: bool) -> None:
    """DefaultExecutionGraph.failJob is possible in CREATED and RECONCILING."""
    times = {"INITIALIZING": 1, "CREATED": 2, "RUNNING": 0, "FAILING": 0, "RESTARTING": 0, "FINISHED": 0, state: 3}
    details = {"state": state, "start-time": 1, "now": 4, "timestamps": times}
    broken = broken_within("2.3", response("2.3", "getJobDetails", f"/jobs/{JOB_ID}", details))
    assert ("job-states-in-order" not in broken) == is_allowed


def test_a_subtask_may_report_to_a_failed_checkpoint() -> None:
    target = f"/jobs/{JOB_ID}/checkpoints/details/3/subtasks/{VERTEX_ID}"
    late = response("1.17", "getTaskCheckpointStatistics", target, LATE_REPORT)
    assert broken_within("1.17", late) == set()
    earlier = copy.deepcopy(late)
    earlier.body |= {"checkpointed_size": 0, "state_size": 0, "subtasks": [{"className": "pending", "index": 0}]}
    earlier.body["summary"] = {"state_size": statistics_of(0)}
    assert broken_over_time("1.17", earlier, late) == set()
    assert broken_over_time("1.17", late, earlier) == {"checkpoint-is-unchanged"}  # the sizes must not decrease


def test_a_checkpoint_summary_without_reports_is_a_violation() -> None:
    target = f"/jobs/{JOB_ID}/checkpoints/details/3/subtasks/{VERTEX_ID}"
    no_reports = copy.deepcopy(LATE_REPORT)
    no_reports["subtasks"] = [{"className": "pending", "index": 0, "status": "pending_or_failed"}]
    assert broken_within("1.17", response("1.17", "getTaskCheckpointStatistics", target, no_reports)) == {
        "task-checkpoint-summary"
    }


def test_metrics_of_an_ended_job_need_not_add_up() -> None:
    """In a real 1.17.2, totalNumberOfCheckpoints was still 0 when the metrics were fetched for the last time."""
    counts = {"numberOfCompletedCheckpoints": "0", "numberOfFailedCheckpoints": "0"}
    counts |= {"numberOfInProgressCheckpoints": "1", "totalNumberOfCheckpoints": "0"}
    target = f"/jobs/{JOB_ID}/metrics?get={','.join(counts)}"
    entries = [{"id": name, "value": value} for name, value in counts.items()]
    metrics = response("1.17", "getJobMetrics", target, entries)

    def overview(state: str) -> SuccessResponse:
        return response("1.17", "getJobsOverview", "/jobs/overview", {"jobs": [{"jid": JOB_ID, "state": state}]})

    assert broken_between("1.17", overview("FAILED"), metrics) == set()
    assert broken_between("1.17", overview("RUNNING"), metrics) == {"checkpoint-counters"}


def test_a_slot_manager_may_list_no_slots() -> None:
    """In a real 1.17.2 with running jobs, `DeclarativeSlotManager.getAllocatedSlotsOf` returns no slots."""
    tasks = {"RUNNING": 2, "FINISHED": 0}
    vertex = {"id": VERTEX_ID, "slotSharingGroupId": "a" * 32, "parallelism": 2, "tasks": tasks}
    job = {"jid": JOB_ID, "state": "RUNNING", "vertices": [vertex], "job-type": "STREAMING"}
    taskmanager = {"id": "localhost:37509-1d9c38", "slotsNumber": 4, "freeSlots": 2}

    def cluster_with_slots(release: str, allocated_count: int) -> tuple[SuccessResponse, ...]:
        slots = [{"jobId": JOB_ID} for _ in range(allocated_count)]
        target = f"/taskmanagers/{taskmanager['id']}"
        return (
            response(release, "getJobsOverview", "/jobs/overview", {"jobs": [{"jid": JOB_ID, "state": "RUNNING"}]}),
            response(release, "getJobDetails", f"/jobs/{JOB_ID}", job),
            configuration(release),
            response(release, "getTaskManagers", "/taskmanagers", {"taskmanagers": [taskmanager]}),
            response(release, "getTaskManagerDetails", target, taskmanager | {"allocatedSlots": slots}),
        )

    for release in ("1.17", "1.20"):
        assert broken_between(release, *cluster_with_slots(release, 0)) == set()
        assert broken_between(release, *cluster_with_slots(release, 2)) == set()
    assert broken_between("1.20", *cluster_with_slots("1.20", 1)) == {"slots-of-jobs"}
    tasks |= {"RUNNING": 1, "FINISHED": 1}  # a subtask that has finished may have returned its slot
    assert broken_between("1.20", *cluster_with_slots("1.20", 1)) == set()


def test_acknowledged_checkpoints_may_stay_in_progress() -> None:
    """A real 2.3.0 had 21 such checkpoints after a while, because no vertex was left to commit a checkpoint."""
    entry = {"status": "IN_PROGRESS", "is_savepoint": False, "trigger_timestamp": 1795667612581, "num_subtasks": 5}

    def job_with_checkpoints(acknowledged_count: int, state: str = "RUNNING") -> tuple[SuccessResponse, ...]:
        history = [
            entry | {"id": number, "num_acknowledged_subtasks": acknowledged_count} for number in (119, 118, 117)
        ]
        job_path = f"/jobs/{JOB_ID}"
        return (
            response("2.3", "getJobDetails", job_path, {"state": state, "start-time": 0, "end-time": -1}),
            response("2.3", "getCheckpointConfig", f"{job_path}/checkpoints/config", {"max_concurrent": 1}),
            response("2.3", "getCheckpointingStatistics", f"{job_path}/checkpoints", {"history": history}),
        )

    assert (
        broken_between("2.3", *job_with_checkpoints(5))
        == broken_between("2.3", *job_with_checkpoints(5, "FINISHED"))
        == set()
    )
    assert broken_between("2.3", *job_with_checkpoints(4)) == {"checkpoints-in-progress"}
    assert broken_between("2.3", *job_with_checkpoints(4, "FINISHED")) == {
        "checkpoints-in-progress",
        "checkpoints-of-job",
    }


def test_a_duration_may_be_computed_a_second_after_now() -> None:
    """A real 1.20.5 on a busy machine computed a duration 1162 ms after `now`."""
    subtask = {"subtask": 0, "status": "RUNNING", "start-time": 1_000, "end-time": -1, "duration": 6_034}

    def vertex_with_duration(duration: int) -> SuccessResponse:
        body = {"now": 5_872, "subtasks": [subtask | {"duration": duration}]}
        return response("1.20", "getJobVertexDetails", f"/jobs/{JOB_ID}/vertices/{VERTEX_ID}", body)

    assert "subtask-duration" not in broken_within("1.20", vertex_with_duration(6_034))
    assert "subtask-duration" in broken_within("1.20", vertex_with_duration(4_000))
    assert "subtask-duration" in broken_within("1.20", vertex_with_duration(12_000))


def plan_with_forward(*parallelism: int) -> dict[str, Any]:
    """Return a plan with a source and a sink of a parallelism, connected by FORWARD."""
    source, sink = ({"id": id, "parallelism": number} for id, number in zip("ab", parallelism, strict=True))
    return {"plan": {"nodes": [sink | {"inputs": [{"num": 0, "id": "a", "ship_strategy": "FORWARD"}]}, source]}}


def test_forward_may_connect_vertices_of_different_parallelism_under_the_adaptive_scheduler() -> None:
    def broken(release: str, *responses: SuccessResponse) -> set[str]:
        plan = response(release, "getJobPlan", f"/jobs/{JOB_ID}/plan", plan_with_forward(2, 4))
        return broken_between(release, plan, *responses) | broken_within(release, plan)

    def details(scheduler: str) -> SuccessResponse:
        return response("2.3", "getJobDetails", f"/jobs/{JOB_ID}", {"schedulerType": scheduler})

    assert broken("2.3", details("Adaptive")) == set()
    assert broken("2.3", details("Default")) == {"forward-keeps-the-parallelism-of-the-job"}
    # releases before 2.3 do not show the scheduler of a job
    assert broken("1.20") == set()
    assert broken("1.20", configuration("1.20", jobmanager_scheduler="adaptive")) == set()
    assert broken("1.20", configuration("1.20", **{"scheduler-mode": "reactive"})) == set()
    assert broken("1.20", configuration("1.20")) == {"forward-keeps-the-parallelism-of-the-job"}
    assert broken("1.12", configuration("1.12", jobmanager_scheduler="ng")) == {
        "forward-keeps-the-parallelism-of-the-job"
    }
    jar_plan = response("2.3", "generatePlanFromJarGet", "/jars/x.jar/plan", plan_with_forward(2, 4))
    assert broken_within("2.3", jar_plan) == {"forward-keeps-the-parallelism"}


def test_a_rescaled_job_has_another_parallelism_before_2_3() -> None:
    def details(parallelism: int, running_since: int, scheduler: dict[str, str]) -> dict[str, Any]:
        vertex = {"id": VERTEX_ID, "name": "map", "parallelism": parallelism}
        times = {"RUNNING": running_since}
        return {"job-type": "STREAMING", "state": "RUNNING", "timestamps": times, "vertices": [vertex], **scheduler}

    def broken(release: str, running_since: int, **scheduler: str) -> set[str]:
        before, after = (
            response(release, "getJobDetails", f"/jobs/{JOB_ID}", details(parallelism, time, scheduler))
            for parallelism, time in ((4, 1_000), (2, running_since))
        )
        return broken_over_time(release, before, after)

    assert broken("1.20", 2_000) == set()
    assert broken("1.20", 1_000) == {"vertex-counters-grow"}
    assert broken("2.3", 2_000, schedulerType="Adaptive") == set()
    assert broken("2.3", 2_000, schedulerType="Default") == {"vertex-counters-grow"}


def test_a_rescaled_job_has_another_number_of_tasks_before_2_3() -> None:
    def broken(modified_at: int) -> set[str]:
        before, after = (
            response(
                "1.20",
                "getJobsOverview",
                "/jobs/overview",
                {"jobs": [{"jid": JOB_ID, "last-modification": time, "tasks": {"total": total}}]},
            )
            for total, time in ((4, 1_000), (2, modified_at))
        )
        return broken_over_time("1.20", before, after)

    assert broken(2_000) == set()
    assert broken(1_000) == {"listed-job-is-the-same"}


def test_a_job_may_restore_a_checkpoint_for_each_rescale() -> None:
    def broken(restored_count: int) -> set[str]:
        metrics = {"numRestarts": "0", "numRescales": "2"}
        job_path = f"/jobs/{JOB_ID}"
        return broken_between(
            "2.3",
            response("2.3", "getJobDetails", job_path, {"state": "RUNNING", "schedulerType": "Adaptive"}),
            response(
                "2.3", "getCheckpointingStatistics", f"{job_path}/checkpoints", {"counts": {"restored": restored_count}}
            ),
            response(
                "2.3",
                "getJobMetrics",
                f"{job_path}/metrics?get={','.join(metrics)}",
                [{"id": name, "value": value} for name, value in metrics.items()],
            ),
        )

    assert broken(3) == set()
    assert broken(4) == {"restored-once-per-restart"}


def real_metrics() -> Iterator[tuple[str, str, str]]:
    """Yield the scope, the name and the type of each metric of real jobs and tasks."""
    file = Path(__file__).parents[1] / "flink" / "metrics" / "data" / "metric-names.tsv"
    for line in file.read_text("utf-8").splitlines():
        scope, name, type_of_value = line.split("\t")[:3]
        if not line.startswith("#") and "manager" not in scope:
            yield scope, name, type_of_value


def test_all_numeric_metrics_of_real_jobs_and_tasks_must_be_numbers() -> None:
    for scope, name, type_of_value in real_metrics():
        operation_id, path = ("getJobMetrics", "") if scope == "job" else SUBTASK_METRICS
        metrics = [{"id": name, "value": "1_000"}]
        text = response("2.3", operation_id, f"/jobs/{JOB_ID}{path}/metrics?get={name}", metrics)
        assert ("metric-values" in broken_within("2.3", text)) == (type_of_value in ("int", "float")), name


@pytest.mark.parametrize(
    ("name", "may_be_negative"),
    [
        ("numRecordsIn", False),
        ("map.numRecordsOutPerSecond", False),
        ("accumulateBusyTimeMs", False),
        ("currentInputWatermark", True),
        ("map.currentOutputWatermark", True),
        ("mailboxLatencyMs_min", True),
    ],
)
def test_counts_of_tasks_are_not_negative(name: str, may_be_negative: bool) -> None:
    operation_id, path = SUBTASK_METRICS
    target = f"/jobs/{JOB_ID}{path}/metrics?get={name}"
    metrics = response("2.3", operation_id, target, [{"id": name, "value": "-1"}])
    assert broken_within("2.3", metrics) == (set() if may_be_negative else {"metric-values"})


def test_the_load_of_a_jvm_may_be_unknown() -> None:
    name = "Status.JVM.CPU.Load"
    target = f"/jobmanager/metrics?get={name}"
    for value, broken in (("NaN", set()), ("-1.0", set()), ("2.0", {"jvm-metrics"}), ("1_0", {"jvm-metrics"})):
        assert (
            broken_within("2.3", response("2.3", "getJobManagerMetrics", target, [{"id": name, "value": value}]))
            == broken
        )


def test_an_unknown_vertex_in_a_stream_graph_hides_no_other_violation() -> None:
    nodes = [
        {"id": "1", "job_vertex_id": "b" * 32, "operator": "filter", "parallelism": 2},  # no such vertex
        {"id": "2", "job_vertex_id": VERTEX_ID, "operator": "map", "parallelism": 3},
    ]
    vertex = {"id": VERTEX_ID, "name": "map", "parallelism": 2}
    job = response("2.3", "getJobDetails", f"/jobs/{JOB_ID}", {"vertices": [vertex], "stream-graph": {"nodes": nodes}})
    found = [
        violation.relation.text
        for violation in violations(invariants_of("2.3").relations_within(job))
        if violation.invariant.id == "stream-graph-has-the-vertices"
    ]
    assert len(found) == 2, found
    assert "no vertex has this id" in found[0]
    assert found[1].startswith("3 ")


def test_a_log_that_was_rolled_over_does_not_show_when_the_jobmanager_started() -> None:
    """/overview counts jobs that have expired, an hour after they ended. A younger JobManager has no such jobs."""

    def broken(first_line: str) -> set[str]:
        details = {"now": 1_795_664_804_230}  # 2026-11-26 03:46:44 UTC
        return broken_between(
            "2.3",
            response("2.3", "getClusterOverview", "/overview", {"jobs-finished": 5}),
            response("2.3", "getJobsOverview", "/jobs/overview", {"jobs": []}),
            response("2.3", "getDashboardConfiguration", "/config", {"timezone-offset": 0}),
            response("2.3", "getJobDetails", f"/jobs/{JOB_ID}", details),
            response("2.3", "getJobManagerLogFile", "/jobmanager/log", f"2026-11-26 03:40:00,000 INFO  {first_line}\n"),
        )

    entrypoint = "org.apache.flink.runtime.entrypoint.ClusterEntrypoint        [] -"
    assert "overview-counts-jobs" in broken(f"{entrypoint} {'-' * 80}")
    assert "overview-counts-jobs" not in broken("org.apache.flink.runtime.checkpoint [] - Triggering checkpoint 9")


def test_taskmanagers_may_have_other_slots_and_memory_than_the_jobmanager_is_configured_with() -> None:
    def broken(*taskmanagers: tuple[int, int]) -> set[str]:
        entries = [
            {"id": str(number), "slotsNumber": slots, "memoryConfiguration": {"totalProcessMemory": mib << 20}}
            for number, (slots, mib) in enumerate(taskmanagers)
        ]
        return broken_between(
            "2.3",
            configuration("2.3", taskmanager_numberOfTaskSlots="4", taskmanager_memory_process_size="1728m"),
            response("2.3", "getTaskManagers", "/taskmanagers", {"taskmanagers": entries}),
        )

    assert broken((1, 4096), (4, 1728)) == broken((2, 1728)) == set()


def test_a_claimed_savepoint_counts_as_a_checkpoint() -> None:
    """The claim mode CLAIM decides this on a real 2.3.0, and NO_CLAIM makes a retained checkpoint a savepoint."""
    restored = {"id": 5, "restore_timestamp": 1795711946831}
    for path, is_savepoint in (("savepoint-ee2a3e-2432841224d0", False), ("chk-5", True)):
        restored |= {"is_savepoint": is_savepoint, "external_path": f"file:/state/{path}"}
        statistics = {"counts": {"restored": 1}, "latest": {"restored": restored}, "history": []}
        path_of_statistics = f"/jobs/{JOB_ID}/checkpoints"
        assert "restored-is-counted" not in broken_within(
            "2.3", response("2.3", "getCheckpointingStatistics", path_of_statistics, statistics)
        )
