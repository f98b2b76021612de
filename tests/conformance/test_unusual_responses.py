"""Unusual responses of real clusters under load: the invariants allow them, but nothing beyond them."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from flinkmock.conformance.coherence import Invariants, View, success_response
from flinkmock.conformance.coherence.evaluation import EvaluatedRelation, violations
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.contract import Contract

JOB_ID, VERTEX_ID = "317c85711bba4188e117fddefd8dc49c", "6cdc5bb954874d922eaee11a8e7b5dd5"


def response(release: str, operation_id: str, target: str, body: Any) -> SuccessResponse:
    return success_response(Contract.load(release).operation(operation_id), target, body)


def broken_within(release: str, response: SuccessResponse) -> set[str]:
    """Return the ids of the invariants that a response breaks."""
    return ids_of(invariants_of(release).relations_within(response))


def broken_over_time(release: str, before: SuccessResponse, after: SuccessResponse) -> set[str]:
    """Return the ids of the invariants that two responses to the same request break."""
    return ids_of(invariants_of(release).relations_over_time(before, after))


def broken_between(release: str, *responses: SuccessResponse) -> set[str]:
    """Return the ids of the invariants that responses break together."""
    return ids_of(invariants_of(release).relations_between(View(responses)))


def ids_of(relations: Iterable[EvaluatedRelation]) -> set[str]:
    return {violation.invariant.id for violation in violations(relations)}


def invariants_of(release: str) -> Invariants:
    return Invariants(Contract.load(release).release.number)


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
