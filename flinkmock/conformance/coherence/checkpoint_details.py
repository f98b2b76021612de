"""Invariants of the details of checkpoints, and between them and other responses."""

from __future__ import annotations

from itertools import pairwise

from flinkmock.conformance.coherence.checkpoints import SUMMED_FIELDS, checkpoints_in
from flinkmock.conformance.coherence.jobs import TERMINAL, entry_with
from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    counting_up,
    equal,
    require,
    same_fields,
)
from flinkmock.conformance.coherence.schedulers import has_default_scheduler
from flinkmock.conformance.coherence.values import MISSING, Value, constant, count, highest, is_number, total
from flinkmock.conformance.coherence.view import View

_STATISTICS = "flink-behaviour.md#checkpoint-statistics"
_DETAILS = "flink-behaviour.md#checkpoint-details"
_RULES = "flink-behaviour.md#rules-that-hold"
_FIELDS_OF_METRICS = {
    "lastCheckpointDuration": "end_to_end_duration",
    "lastCheckpointFullSize": "state_size",
    "lastCheckpointSize": "checkpointed_size",
    "lastCheckpointProcessedData": "processed_data",
    "lastCheckpointPersistedData": "persisted_data",
    "lastCheckpointExternalPath": "external_path",
    "lastCheckpointCompletedTimestamp": "latest_ack_timestamp",
}
"""Metric of a job -> field of its last completed checkpoint."""


@within(
    "getCheckpointStatisticDetails",
    text="The sizes and counts of a completed checkpoint are sums over its tasks, which are COMPLETED, too; its "
    "latest_ack_timestamp is the latest of any task.",
    source=_RULES,
)
def checkpoint_adds_up(body: Value) -> Relations:
    tasks = [task for _, task in body["tasks"].items()]
    if not tasks or body["status"].raw != "COMPLETED":
        return
    for key in (*SUMMED_FIELDS, "num_subtasks", "num_acknowledged_subtasks"):
        if body[key].exists and tasks[0][key].exists:
            yield from equal(body[key], total([task[key] for task in tasks], f"sum of {key}"))
    yield from equal(
        body["latest_ack_timestamp"], highest([task["latest_ack_timestamp"] for task in tasks], "the latest of tasks")
    )
    for task in tasks:
        yield from equal(task["status"], body["status"])


@within(
    "getCheckpointStatisticDetails",
    text="The tasks of a checkpoint have its id, and their durations begin at its trigger. A task has at most as many "
    "acknowledgements as subtasks; checkpointed_size is at most state_size.",
    source=_RULES,
)
def checkpoint_tasks(body: Value) -> Relations:
    for _, task in body["tasks"].items():
        yield from equal(task["id"], body["id"])
        yield from ascending(task["num_acknowledged_subtasks"], task["num_subtasks"])
        yield from ascending(task["checkpointed_size"], task["state_size"])
        if task["latest_ack_timestamp"].raw not in (-1, MISSING) and task["end_to_end_duration"].raw != -1:
            yield from equal(task["end_to_end_duration"], task["latest_ack_timestamp"] - body["trigger_timestamp"])


@within(
    "getTaskCheckpointStatistics",
    text="In a completed checkpoint, the sizes and counts of a task are sums over its subtasks; its "
    "latest_ack_timestamp and end_to_end_duration are the highest of any subtask.",
    source=_RULES,
)
def task_checkpoint_adds_up(body: Value) -> Relations:
    if body["status"].raw != "COMPLETED":
        return  # one in progress still changes; late subtasks of a failed one don't count as acknowledged
    completed = [subtask for subtask in body["subtasks"] if subtask["status"].raw == "completed"]
    if not completed:
        return
    yield from equal(
        body["num_acknowledged_subtasks"], constant(len(completed), f"{len(completed)} completed subtasks")
    )
    yield from equal(body["num_subtasks"], constant(len(body["subtasks"].raw), "number of subtasks"))
    for key in ("state_size", "checkpointed_size"):
        if body[key].exists:
            yield from equal(body[key], total([subtask[key] for subtask in completed], f"sum of {key}"))
    for key, inner in (
        ("alignment_buffered", "buffered"),
        ("processed_data", "processed"),
        ("persisted_data", "persisted"),
    ):
        parts = [subtask["alignment"][inner] for subtask in completed]
        if body[key].exists and all(part.exists for part in parts):
            yield from equal(body[key], total(parts, f"sum of alignment/{inner}"))
    yield from equal(
        body["latest_ack_timestamp"], highest([subtask["ack_timestamp"] for subtask in completed], "the latest ack")
    )
    yield from equal(
        body["end_to_end_duration"], highest([subtask["end_to_end_duration"] for subtask in completed], "the longest")
    )


@within(
    "getTaskCheckpointStatistics",
    text="The subtasks in a checkpoint are listed by index, with a status that fits className. Their durations begin "
    "at the same trigger, and no part of a duration is longer than the whole.",
    source=_RULES,
)
def subtask_checkpoints(body: Value) -> Relations:
    yield from counting_up(body["subtasks"], "index")
    for subtask in body["subtasks"]:
        name = subtask["className"] if subtask["className"].exists else subtask["@class"]
        if name.raw == "completed":
            yield from equal(subtask["status"], name)
            if body["status"].raw == "COMPLETED":
                yield from require(
                    subtask["aborted"].raw is False, "completed and aborted", subtask["aborted"], exact=True
                )
            if body["latest_ack_timestamp"].raw not in (-1, MISSING) and body["end_to_end_duration"].raw != -1:
                trigger = body["latest_ack_timestamp"] - body["end_to_end_duration"]
                yield from equal(subtask["ack_timestamp"] - subtask["end_to_end_duration"], trigger)
            for part in (subtask["checkpoint"]["sync"], subtask["checkpoint"]["async"], subtask["start_delay"]):
                yield from ascending(part, subtask["end_to_end_duration"], slack=1000)
                yield from ascending(constant(-1, "-1"), part)
            for _, part in subtask["alignment"].items():
                yield from ascending(constant(-1, "-1"), part)
            yield from ascending(subtask["checkpointed_size"], subtask["state_size"])
        elif name.raw == "pending":
            text = "a pending subtask has another status than pending_or_failed"
            yield from require(subtask["status"].raw == "pending_or_failed", text, subtask["status"], name, exact=True)


_SUBTASK_FIELDS = {
    ("checkpointed_size",): ("checkpointed_size",),
    ("state_size",): ("state_size",),
    ("end_to_end_duration",): ("end_to_end_duration",),
    ("checkpoint_duration", "sync"): ("checkpoint", "sync"),
    ("checkpoint_duration", "async"): ("checkpoint", "async"),
    ("alignment", "buffered"): ("alignment", "buffered"),
    ("alignment", "processed"): ("alignment", "processed"),
    ("alignment", "persisted"): ("alignment", "persisted"),
    ("alignment", "duration"): ("alignment", "duration"),
    ("start_delay",): ("start_delay",),
}
"""Path of a field in a task's summary -> path of the field in its subtasks."""


@within(
    "getTaskCheckpointStatistics",
    text="The summary of a task in a completed checkpoint has the minima, maxima and averages of its subtasks; the "
    "summary is 0 while no subtask has acknowledged.",
    source=_DETAILS,
)
def task_checkpoint_summary(body: Value) -> Relations:
    for summary_path, subtask_path in _SUBTASK_FIELDS.items():
        statistics = body["summary"]
        for key in summary_path:
            statistics = statistics[key]
        # A subtask that reports after a checkpoint has failed is `aborted`: it is in the summary, but doesn't count as
        # acknowledged.
        if body["num_acknowledged_subtasks"].raw == 0 and not any(
            subtask["aborted"].raw for subtask in body["subtasks"]
        ):
            for key in ("min", "max", "avg"):
                yield from require(not statistics[key].raw, "no subtask has acknowledged", statistics[key], exact=True)
        if body["status"].raw != "COMPLETED":
            continue
        values = []
        for subtask in body["subtasks"]:
            value = subtask
            for key in subtask_path:
                value = value[key]
            values.append(value)
        if statistics.exists and values and all(is_number(value.raw) and value.raw >= 0 for value in values):
            numbers = [value.raw for value in values]
            for key, expected_value in (
                ("min", min(numbers)),
                ("max", max(numbers)),
                ("avg", sum(numbers) // len(numbers)),
            ):
                if is_number(statistics[key].raw):
                    text = f"the {key} of the subtasks is {expected_value}"
                    yield from require(
                        statistics[key].raw == expected_value, text, statistics[key], *values, exact=True
                    )


@between("checkpoint", text="The details of a checkpoint agree with the history.", source=_STATISTICS)
def checkpoint_entry(view: View, job_id: str, checkpoint_id: str) -> Relations:
    statistics = view.body("getCheckpointingStatistics", jobid=job_id)
    details = view.body("getCheckpointStatisticDetails", jobid=job_id, checkpointid=checkpoint_id)
    if details["status"].raw == "IN_PROGRESS":
        return
    for entry in checkpoints_in(statistics):
        if str(entry["id"].raw) == checkpoint_id and entry["status"].raw != "IN_PROGRESS":
            yield from same_fields(entry, details, without=("tasks", "discarded"))


@between(
    "checkpoint",
    text="The details of a checkpoint agree with those of its tasks, which are the vertices of the job.",
    source=_STATISTICS,
)
def checkpoint_task(view: View, job_id: str, checkpoint_id: str) -> Relations:
    details = view.body("getCheckpointStatisticDetails", jobid=job_id, checkpointid=checkpoint_id)
    vertices = view.body("getJobDetails", jobid=job_id)["vertices"]
    vertex_ids = dict.fromkeys(vertex["id"].raw for vertex in vertices)
    for vertex_id, task in details["tasks"].items():
        if vertex_ids:
            yield from require(
                vertex_id in vertex_ids, f"{vertex_id} is not a vertex of the job", details["tasks"], vertices
            )
            vertex = entry_with(vertices, "id", vertex_id)
            yield from ascending(task["num_subtasks"], vertex["maxParallelism"])
        response = view.body(
            "getTaskCheckpointStatistics", jobid=job_id, checkpointid=checkpoint_id, vertexid=vertex_id
        )
        if response.exists and details["status"].raw != "IN_PROGRESS":
            yield from same_fields(task, response)
    if details["tasks"].raw and details["status"].raw == "COMPLETED":
        for vertex_id in vertex_ids:
            yield from require(
                vertex_id in details["tasks"].raw, f"the vertex {vertex_id} is missing", details["tasks"]
            )


@between(
    "job",
    text="A running job has restored a checkpoint at most once when it started, and once for each restart or rescale.",
    source="flink-behaviour.md#restored",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def restored_once_per_restart(view: View, job_id: str) -> Relations:
    metrics = view.metrics("getJobMetrics", jobid=job_id)
    restarts = metrics.get("numRestarts", Value(MISSING))
    if "numRescales" in metrics:  # since 2.0, numRestarts does not count them
        restarts += metrics["numRescales"]
    if view.body("getJobDetails", jobid=job_id)["state"].raw == "RUNNING":
        yield from ascending(view.body("getCheckpointingStatistics", jobid=job_id)["counts"]["restored"], restarts + 1)


@between(
    "job",
    text="With the default scheduler, a job restores a checkpoint before it schedules the tasks that continue from it.",
    source="flink-behaviour.md#restored",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def restored_before_scheduled(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    restored = view.body("getCheckpointingStatistics", jobid=job_id)["latest"]["restored"]["restore_timestamp"]
    if not restored.exists or not has_default_scheduler(view, job_id):
        return
    scheduled: list[Value] = []
    for vertex in details["vertices"]:
        subtasks = view.body("getSubtasksTimes", jobid=job_id, vertexid=str(vertex["id"].raw))["subtasks"]
        if len(subtasks.raw or ()) != vertex["parallelism"].raw:
            return  # not all vertices were read
        scheduled += [subtask["timestamps"]["SCHEDULED"] for subtask in subtasks]
    if highest(scheduled, "the latest time of SCHEDULED").raw:  # 0 if a job that waits for slots has no executions
        latest = max(scheduled, key=lambda time: time.raw)
        yield from ascending(restored, latest)


@between(
    "job",
    text="Checkpoints are triggered between the start and the end of a job, and restored after its start. None is in "
    "progress after its end.",
    source=_STATISTICS,
)
def checkpoints_of_job(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    statistics = view.body("getCheckpointingStatistics", jobid=job_id)
    for entry in checkpoints_in(statistics):
        if details["start-time"].exists:
            yield from ascending(details["start-time"], entry["trigger_timestamp"])
        if details["end-time"].raw != -1:
            yield from ascending(entry["trigger_timestamp"], details["end-time"])
        if details["state"].is_in(TERMINAL):
            yield from require(not _waits_for_subtasks(entry), "the job has ended", entry["status"], details["state"])
    restored = statistics["latest"]["restored"]["restore_timestamp"]
    if restored.exists:
        yield from ascending(details["start-time"], restored)


def _metrics_unless_ended(view: View, job_id: str) -> dict[str, Value]:
    """Return the metrics of a job; none if it has ended.

    Flink reads metrics one after the other, so they may disagree until the next fetch. There is no further fetch for a
    job that has ended.
    """
    has_ended = entry_with(view.body("getJobsOverview")["jobs"], "jid", job_id)["state"].raw in TERMINAL
    return {} if has_ended else view.metrics("getJobMetrics", jobid=job_id)


@between(
    "job",
    text="The metrics lastCheckpoint… are those of the checkpoint lastCompletedCheckpointId. The metrics count at "
    "most as many checkpoints as the checkpoint statistics.",
    source=_RULES,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def checkpoint_metrics(view: View, job_id: str) -> Relations:
    statistics = view.body("getCheckpointingStatistics", jobid=job_id)
    metrics = _metrics_unless_ended(view, job_id)
    last_id = metrics.get("lastCompletedCheckpointId", Value(MISSING))
    if last_id.exists:
        for entry in statistics["history"]:
            if entry["id"].raw == last_id.raw and entry["status"].raw == "COMPLETED":
                for name, key in _FIELDS_OF_METRICS.items():
                    if name in metrics and entry[key].exists:
                        yield from equal(metrics[name], entry[key])
        if statistics["history"].raw:
            yield from ascending(last_id, statistics["history"][0]["id"])
    for name, key in (
        ("numberOfCompletedCheckpoints", "completed"),
        ("numberOfFailedCheckpoints", "failed"),
        ("totalNumberOfCheckpoints", "total"),
    ):
        if name in metrics:
            yield from ascending(metrics[name], statistics["counts"][key])


@between(
    "job",
    text="In the metrics of a job, totalNumberOfCheckpoints is the number of completed, failed and in-progress "
    "checkpoints.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def checkpoint_counters(view: View, job_id: str) -> Relations:
    metrics = _metrics_unless_ended(view, job_id)
    names = ("numberOfCompletedCheckpoints", "numberOfFailedCheckpoints", "numberOfInProgressCheckpoints")
    if all(name in metrics for name in (*names, "totalNumberOfCheckpoints")):
        yield from equal(
            metrics["totalNumberOfCheckpoints"], total([metrics[name] for name in names], "completed + failed + …")
        )


def _waits_for_subtasks(entry: Value) -> bool:
    """Return whether a checkpoint is in progress and some subtasks have not acknowledged it.

    A checkpoint that all subtasks have acknowledged may stay IN_PROGRESS.
    See docs/flink-behaviour.md#checkpoint-details.
    """
    acknowledged, subtasks = entry["num_acknowledged_subtasks"], entry["num_subtasks"]
    is_acknowledged = subtasks.exists and acknowledged.raw == subtasks.raw
    return entry["status"].raw == "IN_PROGRESS" and not is_acknowledged


@between("job", text="No more checkpoints are in progress at a time than the job allows.", source=_STATISTICS)
def checkpoints_in_progress(view: View, job_id: str) -> Relations:
    limit = view.body("getCheckpointConfig", jobid=job_id)["max_concurrent"]
    statistics = view.body("getCheckpointingStatistics", jobid=job_id)
    in_progress = [
        entry["status"]
        for entry in statistics["history"]
        if _waits_for_subtasks(entry) and entry["is_savepoint"].raw is False
    ]
    if in_progress:
        yield from ascending(count(in_progress, ["IN_PROGRESS"], "checkpoints in progress"), limit)


@between(
    "job",
    text="Checkpoints follow each other at the interval that the job sets, with the minimum pause in between.",
    source=_STATISTICS,
)
def checkpoint_interval(view: View, job_id: str) -> Relations:
    config = view.body("getCheckpointConfig", jobid=job_id)
    interval = config["interval"]
    details = view.body("getJobDetails", jobid=job_id)
    history = view.body("getCheckpointingStatistics", jobid=job_id)["history"]
    periodic = [
        entry
        for entry in history
        if entry["trigger_timestamp"].raw >= details["timestamps"]["RUNNING"].raw
        and entry["status"].raw == "COMPLETED"
        and entry["is_savepoint"].raw is False
    ]
    successive = [(new, old) for new, old in pairwise(periodic) if new["id"].raw == old["id"].raw + 1]
    if len(successive) < 4 or not is_number(interval.raw) or details["state"].raw != "RUNNING":
        return
    gaps = [new["trigger_timestamp"].raw - old["trigger_timestamp"].raw for new, old in successive]
    pauses = [new["trigger_timestamp"].raw - old["latest_ack_timestamp"].raw for new, old in successive]
    min_pause = config["min_pause"]
    # Single gaps and pauses may be shorter or longer, because of load or manual triggers; not all of them.
    text = f"all pauses were at most {max(pauses)} ms"
    yield from require(max(pauses) >= 0.9 * min_pause.raw, text, min_pause, history)
    longest_duration = max(entry["end_to_end_duration"].raw for entry in periodic)
    longest_expected_gap = 1.2 * interval.raw + 2 * min_pause.raw + 2 * longest_duration + 500
    holds = max(gaps) >= 0.9 * interval.raw and min(gaps) <= longest_expected_gap
    yield from require(holds, f"checkpoints were triggered {min(gaps)} to {max(gaps)} ms apart", interval, history)
