"""What real clusters did under load, and broke an invariant with before it was corrected."""

from __future__ import annotations

import copy
from typing import Any

from flinkmock.conformance.coherence import Invariants, View, success_response
from flinkmock.conformance.coherence.evaluation import violations
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.contract import Contract

JOB, VERTEX = "317c85711bba4188e117fddefd8dc49c", "6cdc5bb954874d922eaee11a8e7b5dd5"


def response(flink: str, operation_id: str, target: str, body: Any) -> SuccessResponse:
    return success_response(Contract.load(flink).operation(operation_id), target, body)


def within(flink: str, seen: SuccessResponse) -> set[str]:
    """The ids of the invariants that a response breaks."""
    return {each.invariant.id for each in violations(Invariants(number(flink)).of_response(seen))}


def over_time(flink: str, before: SuccessResponse, after: SuccessResponse) -> set[str]:
    return {each.invariant.id for each in violations(Invariants(number(flink)).of_two_responses(before, after))}


def between(flink: str, *seen: SuccessResponse) -> set[str]:
    """The ids of the invariants that responses break together."""
    return {each.invariant.id for each in violations(Invariants(number(flink)).of_view(View(seen)))}


def number(flink: str) -> tuple[int, int]:
    major, minor = flink.split(".")
    return int(major), int(minor)


def figures(value: int) -> dict[str, Any]:
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
        "checkpointed_size": figures(264),
        "state_size": figures(264),
        "end_to_end_duration": figures(0),
        "checkpoint_duration": {"sync": figures(69), "async": figures(142)},
        "alignment": {key: figures(0) for key in ("buffered", "processed", "persisted", "duration")},
        "start_delay": figures(354),
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
"""Real 1.17.2: the checkpoint failed at 1795664804013, and this subtask reported 217 ms later. Without percentiles."""


def test_a_subtask_reports_to_a_checkpoint_that_has_failed() -> None:
    target = f"/jobs/{JOB}/checkpoints/details/3/subtasks/{VERTEX}"
    late = response("1.17", "getTaskCheckpointStatistics", target, LATE_REPORT)
    assert within("1.17", late) == set()
    earlier = copy.deepcopy(late)
    earlier.body |= {"checkpointed_size": 0, "state_size": 0, "subtasks": [{"className": "pending", "index": 0}]}
    earlier.body["summary"] = {"state_size": figures(0)}
    assert over_time("1.17", earlier, late) == set()
    assert over_time("1.17", late, earlier) == {"checkpoint-stays"}  # it does not shrink


def test_a_summary_without_any_report_is_a_contradiction() -> None:
    target = f"/jobs/{JOB}/checkpoints/details/3/subtasks/{VERTEX}"
    without = copy.deepcopy(LATE_REPORT)
    without["subtasks"] = [{"className": "pending", "index": 0, "status": "pending_or_failed"}]
    assert within("1.17", response("1.17", "getTaskCheckpointStatistics", target, without)) == {
        "task-checkpoint-summary"
    }


def test_metrics_of_an_ended_job_that_were_fetched_while_they_changed() -> None:
    """Real 1.17.2: totalNumberOfCheckpoints was still 0 at the last fetch."""
    counts = {"numberOfCompletedCheckpoints": "0", "numberOfFailedCheckpoints": "0"}
    counts |= {"numberOfInProgressCheckpoints": "1", "totalNumberOfCheckpoints": "0"}
    target = f"/jobs/{JOB}/metrics?get={','.join(counts)}"
    metrics = response("1.17", "getJobMetrics", target, [{"id": key, "value": each} for key, each in counts.items()])

    def overview(state: str) -> SuccessResponse:
        return response("1.17", "getJobsOverview", "/jobs/overview", {"jobs": [{"jid": JOB, "state": state}]})

    assert between("1.17", overview("FAILED"), metrics) == set()
    assert between("1.17", overview("RUNNING"), metrics) == {"checkpoint-counters"}


def test_the_slot_manager_lists_no_slots() -> None:
    """Real 1.17.2 with running jobs: DeclarativeSlotManager.getAllocatedSlotsOf returns none."""
    tasks = {"RUNNING": 2, "FINISHED": 0}
    vertex = {"id": VERTEX, "slotSharingGroupId": "a" * 32, "parallelism": 2, "tasks": tasks}
    job = {"jid": JOB, "state": "RUNNING", "vertices": [vertex], "job-type": "STREAMING"}
    taskmanager = {"id": "localhost:37509-1d9c38", "slotsNumber": 4, "freeSlots": 2}

    def seen(flink: str, allocated: int) -> tuple[SuccessResponse, ...]:
        slots = [{"jobId": JOB} for _ in range(allocated)]
        target = f"/taskmanagers/{taskmanager['id']}"
        return (
            response(flink, "getJobsOverview", "/jobs/overview", {"jobs": [{"jid": JOB, "state": "RUNNING"}]}),
            response(flink, "getJobDetails", f"/jobs/{JOB}", job),
            response(flink, "getTaskManagers", "/taskmanagers", {"taskmanagers": [taskmanager]}),
            response(flink, "getTaskManagerDetails", target, taskmanager | {"allocatedSlots": slots}),
        )

    for flink in ("1.17", "1.20"):
        assert between(flink, *seen(flink, 0)) == set()
        assert between(flink, *seen(flink, 2)) == set()
    assert between("1.20", *seen("1.20", 1)) == {"slots-of-jobs"}
    tasks |= {"RUNNING": 1, "FINISHED": 1}  # a subtask that has finished may have returned its slot
    assert between("1.20", *seen("1.20", 1)) == set()


def test_checkpoints_that_were_never_triggered() -> None:
    """Real 2.3.0: 21 of them after a while, because no vertex was left to commit one."""
    entry = {"status": "IN_PROGRESS", "is_savepoint": False, "trigger_timestamp": 1795667612581, "num_subtasks": 5}

    def seen(acknowledged: int, state: str = "RUNNING") -> tuple[SuccessResponse, ...]:
        history = [entry | {"id": each, "num_acknowledged_subtasks": acknowledged} for each in (119, 118, 117)]
        base = f"/jobs/{JOB}"
        return (
            response("2.3", "getJobDetails", base, {"state": state, "start-time": 0, "end-time": -1}),
            response("2.3", "getCheckpointConfig", f"{base}/checkpoints/config", {"max_concurrent": 1}),
            response("2.3", "getCheckpointingStatistics", f"{base}/checkpoints", {"history": history}),
        )

    assert between("2.3", *seen(5)) == between("2.3", *seen(5, "FINISHED")) == set()
    assert between("2.3", *seen(4)) == {"checkpoints-in-progress"}
    assert between("2.3", *seen(4, "FINISHED")) == {"checkpoints-in-progress", "checkpoints-of-job"}


def test_a_server_pauses_while_it_makes_a_response() -> None:
    """Real 1.20.5 on a busy machine: a duration was worked out 1162 ms after `now`."""
    subtask = {"subtask": 0, "status": "RUNNING", "start-time": 1_000, "end-time": -1, "duration": 6_034}

    def seen(duration: int) -> SuccessResponse:
        body = {"now": 5_872, "subtasks": [subtask | {"duration": duration}]}
        return response("1.20", "getJobVertexDetails", f"/jobs/{JOB}/vertices/{VERTEX}", body)

    assert "subtask-duration" not in within("1.20", seen(6_034))
    assert "subtask-duration" in within("1.20", seen(4_000))
    assert "subtask-duration" in within("1.20", seen(12_000))
