"""Invariants of checkpoints: counts, history, sums from subtask to checkpoint, statistics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from flinkmock.conformance.coherence.jobs import TERMINAL, row_with
from flinkmock.conformance.coherence.registry import METRICS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    counting_up,
    descending_rows,
    equal,
    same_fields,
    true,
)
from flinkmock.conformance.coherence.values import MISSING, Value, constant, count, highest, is_number, total
from flinkmock.conformance.coherence.vertices import percentile
from flinkmock.conformance.coherence.view import View

_STATISTICS = "checkpoint-statistics"
_DETAILS = "checkpoint-details"
_RULES = "rules-that-hold"
SUMMED = ("state_size", "checkpointed_size", "alignment_buffered", "processed_data", "persisted_data")
"""Fields that add up from subtask to task to checkpoint."""
_PERCENTILES = {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "p999": 99.9}
_METRICS = {
    "lastCheckpointDuration": "end_to_end_duration",
    "lastCheckpointFullSize": "state_size",
    "lastCheckpointSize": "checkpointed_size",
    "lastCheckpointProcessedData": "processed_data",
    "lastCheckpointPersistedData": "persisted_data",
    "lastCheckpointExternalPath": "external_path",
    "lastCheckpointCompletedTimestamp": "latest_ack_timestamp",
}
_JOB_IN_PATH = re.compile(r"/([0-9a-f]{32})/chk-(\d+)$")
_SAVEPOINT = re.compile(r"/savepoint-([0-9a-f]{6})-[0-9a-f]{12}$")


def entries(body: Value) -> Iterator[Value]:
    """Yield the checkpoints in a response: those of the history and the latest ones, or the one in the details."""
    if body["history"].exists:
        yield from body["history"]
        yield from (body["latest"][kind] for kind in ("completed", "savepoint", "failed") if body["latest"][kind].raw)
    else:
        yield body


@within("getCheckpointingStatistics", text="total is completed + failed + in_progress.", source=_STATISTICS)
def checkpoint_counts(body: Value) -> Relations:
    counts = body["counts"]
    yield from equal(counts["total"], counts["completed"] + counts["failed"] + counts["in_progress"])
    for _, value in counts.items():
        yield from ascending(constant(0, "0"), value)


@within(
    "getCheckpointingStatistics", text="The history has at most as many checkpoints as are counted.", source=_STATISTICS
)
def history_is_counted(body: Value) -> Relations:
    statuses = [entry["status"] for entry in body["history"]]
    for status, key in (("COMPLETED", "completed"), ("FAILED", "failed"), ("IN_PROGRESS", "in_progress")):
        listed = count(statuses, [status], f"{status} in the history")
        yield from ascending(listed, body["counts"][key])
        if key == "in_progress" and len(statuses) < 10:
            yield from equal(listed, body["counts"][key])
        if key == "completed" and len(statuses) < 10 and not body["counts"]["restored"].raw:
            yield from equal(listed, body["counts"][key])


@within("getCheckpointingStatistics", text="The newest checkpoint comes first, and ids rise.", source=_STATISTICS)
def history_newest_first(body: Value) -> Relations:
    yield from descending_rows(body["history"], "id", strictly=True)
    yield from descending_rows(body["history"], "trigger_timestamp")


@within(
    "getCheckpointingStatistics",
    text="Each checkpoint takes one id: the newest id is at least the number completed, and at most the total, counted "
    "from the restored checkpoint.",
    source=_STATISTICS,
)
def checkpoint_ids_are_counted(body: Value) -> Relations:
    newest, counts, restored = body["history"][0]["id"], body["counts"], body["latest"]["restored"]["id"]
    if newest.exists:
        yield from ascending(counts["completed"] + counts["in_progress"], newest)
        if not counts["restored"].raw:
            yield from ascending(newest, counts["total"])
        elif restored.exists:
            yield from ascending(newest, counts["total"] + restored)


@within(
    "getCheckpointingStatistics",
    text="latest has the newest checkpoint of the history that is completed, a savepoint, or failed.",
    source=_STATISTICS,
)
def latest_is_newest(body: Value) -> Relations:
    kinds = (("completed", "COMPLETED", False), ("savepoint", "COMPLETED", True), ("failed", "FAILED", None))
    for kind, status, is_savepoint in kinds:
        listed = [
            entry
            for entry in body["history"]
            if entry["status"].raw == status and is_savepoint in (None, entry["is_savepoint"].raw)
        ]
        latest = body["latest"][kind]
        if listed:
            yield from true(bool(latest.raw), f"no latest {kind}", latest, listed[0]["id"], listed[0]["status"])
            if latest.raw and latest["id"].raw == listed[0]["id"].raw:
                yield from same_fields(latest, listed[0], without=("discarded",))
            elif latest.raw:
                yield from equal(latest["id"], listed[0]["id"])
        elif latest.raw and body["history"].raw:
            yield from true(
                latest["id"].raw < body["history"][-1]["id"].raw,
                f"the history lacks the latest {kind}",
                latest["id"],
                body["history"],
            )
        if latest.raw:
            yield from true(latest["status"].raw == status, f"it is not {status}", latest["status"], exact=True)
            if is_savepoint is not None:
                flag = latest["is_savepoint"]
                yield from true(flag.raw == is_savepoint, f"the latest {kind}", flag, exact=True)


@within(
    "getCheckpointingStatistics",
    text="A job has a restored checkpoint exactly if it counts one; newer checkpoints have higher ids.",
    source="restored",
)
def restored_is_counted(body: Value) -> Relations:
    restored, counted = body["latest"]["restored"], body["counts"]["restored"]
    if restored.exists and counted.exists:
        yield from true(bool(restored.raw) == (counted.raw > 0), "restored", restored, counted, exact=True)
    for entry in body["history"] if restored.raw else ():
        if entry["trigger_timestamp"].raw > restored["restore_timestamp"].raw:
            text = "newer than the restored one, with a lower id"
            yield from true(entry["id"].raw > restored["id"].raw, text, restored["id"], entry["id"])
        elif entry["id"].raw == restored["id"].raw:
            yield from equal(restored["is_savepoint"], entry["is_savepoint"])
            yield from equal(restored["external_path"], entry["external_path"])
    if restored.raw:
        path, flag = restored["external_path"], restored["is_savepoint"]
        if isinstance(path.raw, str) and (match := _JOB_IN_PATH.search(path.raw)):
            yield from equal(restored["id"], constant(int(match[2]), f"the number in {path.raw}"))
        if isinstance(path.raw, str) and _SAVEPOINT.search(path.raw):
            yield from true(flag.raw is True, "the path of a savepoint", flag, path, exact=True)


@within(
    "getCheckpointingStatistics",
    "getCheckpointStatisticDetails",
    text="end_to_end_duration is latest_ack_timestamp - trigger_timestamp.",
    source=_RULES,
)
def checkpoint_duration(body: Value) -> Relations:
    for entry in entries(body):
        if entry["latest_ack_timestamp"].raw not in (-1, MISSING):
            yield from ascending(entry["trigger_timestamp"], entry["latest_ack_timestamp"])
        if entry["status"].raw == "COMPLETED":
            duration = entry["latest_ack_timestamp"] - entry["trigger_timestamp"]
            yield from equal(entry["end_to_end_duration"], duration)
        if entry["status"].raw == "FAILED":
            yield from ascending(entry["trigger_timestamp"], entry["failure_timestamp"])


@within(
    "getCheckpointingStatistics",
    "getCheckpointStatisticDetails",
    text="All subtasks have acknowledged a completed checkpoint; never more than there are.",
    source=_STATISTICS,
)
def checkpoint_acknowledged(body: Value) -> Relations:
    for entry in entries(body):
        yield from ascending(entry["num_acknowledged_subtasks"], entry["num_subtasks"])
        if entry["status"].raw == "COMPLETED":
            yield from equal(entry["num_acknowledged_subtasks"], entry["num_subtasks"])
        for key in (*SUMMED, "num_acknowledged_subtasks"):
            yield from ascending(constant(0, "0"), entry[key])
        yield from ascending(entry["checkpointed_size"], entry["state_size"])


@within(
    "getCheckpointingStatistics",
    "getCheckpointStatisticDetails",
    text="className, status, checkpoint_type, is_savepoint and savepointFormat of a checkpoint agree.",
    source=_STATISTICS,
)
def checkpoint_kind(body: Value) -> Relations:
    for entry in entries(body):
        name, status, flag = entry["className"], entry["status"], entry["is_savepoint"]
        yield from true(str(status.raw).lower() == name.raw, "another class", name, status, exact=True)
        yield from true(str(status.raw).lower() == entry["@class"].raw, "another class", entry["@class"], status)
        kind, form = entry["checkpoint_type"], entry["savepointFormat"]
        yield from true(("SAVEPOINT" in str(kind.raw)) == flag.raw, "another type", flag, kind, exact=True)
        yield from true((form.raw is not None) == flag.raw, "another format", flag, form, exact=True)
        for key in ("failure_timestamp", "failure_message"):
            if entry[key].exists:
                yield from true(status.raw == "FAILED", "it has a failure", status, entry[key])


@within(
    "getCheckpointingStatistics",
    "getCheckpointStatisticDetails",
    text="The folder of a checkpoint is named after job and checkpoint, that of a savepoint after the job.",
    source="savepoints",
)
def checkpoint_path(body: Value) -> Relations:
    job_id = body.response.parameters["jobid"]
    for entry in entries(body):
        path = entry["external_path"]
        if not isinstance(path.raw, str):
            continue
        if match := _JOB_IN_PATH.search(path.raw):
            right = match[1] == job_id and match[2] == str(entry["id"].raw) and entry["is_savepoint"].raw is False
            yield from true(right, "the path of another checkpoint", path, entry["id"], exact=True)
        elif match := _SAVEPOINT.search(path.raw):
            right = match[1] == job_id[:6] and entry["is_savepoint"].raw is True
            yield from true(right, "the path of another savepoint", path, entry["is_savepoint"], exact=True)


@within(
    "getCheckpointingStatistics",
    text="Only the newest completed checkpoint may be kept; savepoints are never discarded.",
    source=_RULES,
    settles_in_ms=6_000,
)
def older_checkpoints_are_discarded(body: Value) -> Relations:
    completed = [e for e in body["history"] if e["status"].raw == "COMPLETED" and e["is_savepoint"].raw is False]
    for entry in completed[2:]:
        yield from true(entry["discarded"].raw is True, "it is not discarded", entry["discarded"], exact=True)
    for entry in body["history"]:
        if entry["status"].raw == "COMPLETED" and entry["is_savepoint"].raw is True:
            yield from true(entry["discarded"].raw is False, "a savepoint is discarded", entry["discarded"], exact=True)


def _statistics(body: Value) -> Iterator[Value]:
    pending = [body["summary"]]
    while pending:
        value = pending.pop()
        if "min" in (value.raw or {}):
            yield value
        else:
            pending += [inner for _, inner in value.items()]


@within(
    "getCheckpointingStatistics",
    "getTaskCheckpointStatistics",
    text="Statistics are in order: min <= avg <= max, and min <= p50 <= p90 <= p95 <= p99 <= p999 <= max.",
    source=_RULES,
)
def statistics_in_order(body: Value) -> Relations:
    for figures in _statistics(body):
        yield from ascending(figures["min"], figures["avg"], figures["max"])
        percentiles = [figures[name] for name in _PERCENTILES if is_number(figures[name].raw)]
        if percentiles and any(each.raw for each in percentiles):
            yield from ascending(figures["min"], *percentiles, figures["max"], slack=1e-6)


@within(
    "getCheckpointingStatistics",
    text="The summary covers the completed checkpoints in the history, and exactly them if there are no others.",
    source=_STATISTICS,
)
def summary_of_history(body: Value) -> Relations:
    completed = [entry for entry in body["history"] if entry["status"].raw == "COMPLETED"]
    whole = len(completed) == body["counts"]["completed"].raw and not body["counts"]["restored"].raw
    for name, figures in body["summary"].items():
        values = [entry[name] for entry in completed if is_number(entry[name].raw)]
        for value in values:
            yield from ascending(figures["min"], value, figures["max"])
        if whole and values and len(values) == len(completed):
            numbers = [value.raw for value in values]
            expected = {"min": min(numbers), "max": max(numbers), "avg": sum(numbers) // len(numbers)}
            expected |= {key: percentile(numbers, percent) for key, percent in _PERCENTILES.items()}
            for key, figure in expected.items():
                if is_number(figures[key].raw) and (key in ("min", "avg", "max") or figures["p50"].raw):
                    right = abs(figures[key].raw - figure) <= 1e-6 * abs(figure) + (key == "avg")
                    text = f"{key} of {len(values)} checkpoints is {figure}"
                    yield from true(right, text, figures[key], *values, exact=True)


@within("getCheckpointStatisticDetails", text="A checkpoint is the sum of its tasks.", source=_RULES)
def checkpoint_adds_up(body: Value) -> Relations:
    tasks = [task for _, task in body["tasks"].items()]
    if not tasks or body["status"].raw != "COMPLETED":
        return
    for key in (*SUMMED, "num_subtasks", "num_acknowledged_subtasks"):
        if body[key].exists and tasks[0][key].exists:
            yield from equal(body[key], total([task[key] for task in tasks], f"sum of {key}"))
    yield from equal(
        body["latest_ack_timestamp"], highest([task["latest_ack_timestamp"] for task in tasks], "the latest of tasks")
    )
    for task in tasks:
        yield from equal(task["status"], body["status"])


@within(
    "getCheckpointStatisticDetails",
    text="The tasks of a checkpoint have its id, and durations since its trigger.",
    source=_RULES,
)
def checkpoint_tasks(body: Value) -> Relations:
    for _, task in body["tasks"].items():
        yield from equal(task["id"], body["id"])
        yield from ascending(task["num_acknowledged_subtasks"], task["num_subtasks"])
        yield from ascending(task["checkpointed_size"], task["state_size"])
        if task["latest_ack_timestamp"].raw not in (-1, MISSING) and task["end_to_end_duration"].raw != -1:
            yield from equal(task["end_to_end_duration"], task["latest_ack_timestamp"] - body["trigger_timestamp"])


@within("getTaskCheckpointStatistics", text="A task's part of a checkpoint is the sum of its subtasks.", source=_RULES)
def task_checkpoint_adds_up(body: Value) -> Relations:
    if body["status"].raw != "COMPLETED":
        return  # the subtasks of failed checkpoints are dropped
    rows = [row for row in body["subtasks"] if row["status"].raw == "completed"]
    if not rows:
        return
    yield from equal(body["num_acknowledged_subtasks"], constant(len(rows), f"{len(rows)} completed subtasks"))
    yield from equal(body["num_subtasks"], constant(len(body["subtasks"].raw), "number of subtasks"))
    for key in ("state_size", "checkpointed_size"):
        if body[key].exists:
            yield from equal(body[key], total([row[key] for row in rows], f"sum of {key}"))
    for key, inner in (
        ("alignment_buffered", "buffered"),
        ("processed_data", "processed"),
        ("persisted_data", "persisted"),
    ):
        parts = [row["alignment"][inner] for row in rows]
        if body[key].exists and all(part.exists for part in parts):
            yield from equal(body[key], total(parts, f"sum of alignment/{inner}"))
    yield from equal(body["latest_ack_timestamp"], highest([row["ack_timestamp"] for row in rows], "the latest ack"))
    yield from equal(body["end_to_end_duration"], highest([row["end_to_end_duration"] for row in rows], "the longest"))


@within("getTaskCheckpointStatistics", text="All subtasks count their durations from the same trigger.", source=_RULES)
def subtask_checkpoints(body: Value) -> Relations:
    yield from counting_up(body["subtasks"], "index")
    for row in body["subtasks"]:
        name = row["className"] if row["className"].exists else row["@class"]
        if name.raw == "completed":
            yield from equal(row["status"], name)
            if body["status"].raw == "COMPLETED":
                yield from true(row["aborted"].raw is False, "completed and aborted", row["aborted"], exact=True)
            if body["latest_ack_timestamp"].raw not in (-1, MISSING) and body["end_to_end_duration"].raw != -1:
                trigger = body["latest_ack_timestamp"] - body["end_to_end_duration"]
                yield from equal(row["ack_timestamp"] - row["end_to_end_duration"], trigger)
            for part in (row["checkpoint"]["sync"], row["checkpoint"]["async"], row["start_delay"]):
                yield from ascending(part, row["end_to_end_duration"], slack=1000)
                yield from ascending(constant(-1, "-1"), part)
            for _, part in row["alignment"].items():
                yield from ascending(constant(-1, "-1"), part)
            yield from ascending(row["checkpointed_size"], row["state_size"])
        elif name.raw == "pending":
            yield from true(row["status"].raw == "pending_or_failed", "pending", row["status"], name, exact=True)


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
"""Field of a task's summary -> field of its subtasks."""


@within("getTaskCheckpointStatistics", text="A task's summary is that of its subtasks.", source=_DETAILS)
def task_checkpoint_summary(body: Value) -> Relations:
    if body["status"].raw != "COMPLETED":
        return
    for field, inner in _SUBTASK_FIELDS.items():
        figures = body["summary"]
        for key in field:
            figures = figures[key]
        values = []
        for row in body["subtasks"]:
            value = row
            for key in inner:
                value = value[key]
            values.append(value)
        if figures.exists and values and all(is_number(value.raw) and value.raw >= 0 for value in values):
            numbers = [value.raw for value in values]
            for key, figure in (("min", min(numbers)), ("max", max(numbers)), ("avg", sum(numbers) // len(numbers))):
                if is_number(figures[key].raw):
                    text = f"the {key} of the subtasks is {figure}"
                    yield from true(figures[key].raw == figure, text, figures[key], *values, exact=True)


@between("checkpoint", text="The details of a checkpoint are those in the history.", source=_STATISTICS)
def checkpoint_entry(view: View, job_id: str, checkpoint_id: str) -> Relations:
    statistics = view.body("getCheckpointingStatistics", jobid=job_id)
    details = view.body("getCheckpointStatisticDetails", jobid=job_id, checkpointid=checkpoint_id)
    if details["status"].raw == "IN_PROGRESS":
        return
    for entry in entries(statistics):
        if str(entry["id"].raw) == checkpoint_id and entry["status"].raw != "IN_PROGRESS":
            yield from same_fields(entry, details, without=("tasks", "discarded"))


@between("checkpoint", text="A task of a checkpoint is described as in its own response.", source=_STATISTICS)
def checkpoint_task(view: View, job_id: str, checkpoint_id: str) -> Relations:
    details = view.body("getCheckpointStatisticDetails", jobid=job_id, checkpointid=checkpoint_id)
    vertices = view.body("getJobDetails", jobid=job_id)["vertices"]
    ids = {vertex["id"].raw for vertex in vertices}
    for vertex_id, task in details["tasks"].items():
        if ids:
            yield from true(vertex_id in ids, f"{vertex_id} is no vertex of the job", details["tasks"], vertices)
            vertex = row_with(vertices, "id", vertex_id)
            yield from ascending(task["num_subtasks"], vertex["maxParallelism"])
        response = view.body(
            "getTaskCheckpointStatistics", jobid=job_id, checkpointid=checkpoint_id, vertexid=vertex_id
        )
        if response.exists and details["status"].raw != "IN_PROGRESS":
            yield from same_fields(task, response)
    if details["tasks"].raw and details["status"].raw == "COMPLETED":
        for vertex_id in ids:
            yield from true(vertex_id in details["tasks"].raw, f"{vertex_id} has no part in it", details["tasks"])


@between("job", text="Checkpoints were triggered while the job existed.", source=_STATISTICS)
def checkpoints_of_job(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    statistics = view.body("getCheckpointingStatistics", jobid=job_id)
    for entry in entries(statistics):
        if details["start-time"].exists:
            yield from ascending(details["start-time"], entry["trigger_timestamp"])
        if details["end-time"].raw != -1:
            yield from ascending(entry["trigger_timestamp"], details["end-time"])
        if details["state"].is_in(TERMINAL):
            yield from true(
                entry["status"].raw != "IN_PROGRESS", "the job has ended", entry["status"], details["state"]
            )
    restored = statistics["latest"]["restored"]["restore_timestamp"]
    if restored.exists:
        yield from ascending(details["start-time"], restored)


@between(
    "job",
    text="The metrics lastCheckpoint… are those of the checkpoint lastCompletedCheckpointId.",
    source=_RULES,
    settles_in_ms=METRICS,
)
def checkpoint_metrics(view: View, job_id: str) -> Relations:
    statistics = view.body("getCheckpointingStatistics", jobid=job_id)
    metrics = view.metrics("getJobMetrics", jobid=job_id)
    last = metrics.get("lastCompletedCheckpointId", Value(MISSING))
    if last.exists:
        for entry in statistics["history"]:
            if entry["id"].raw == last.raw and entry["status"].raw == "COMPLETED":
                for name, key in _METRICS.items():
                    if name in metrics and entry[key].exists:
                        yield from equal(metrics[name], entry[key])
        if statistics["history"].raw:
            yield from ascending(last, statistics["history"][0]["id"])
    for name, key in (
        ("numberOfCompletedCheckpoints", "completed"),
        ("numberOfFailedCheckpoints", "failed"),
        ("totalNumberOfCheckpoints", "total"),
    ):
        if name in metrics:
            yield from ascending(metrics[name], statistics["counts"][key])


@between(
    "job",
    text="The counters of checkpoints in the metrics add up.",
    source="metrics",
    settles_in_ms=METRICS,
)
def checkpoint_counters(view: View, job_id: str) -> Relations:
    metrics = view.metrics("getJobMetrics", jobid=job_id)
    names = ("numberOfCompletedCheckpoints", "numberOfFailedCheckpoints", "numberOfInProgressCheckpoints")
    if all(name in metrics for name in (*names, "totalNumberOfCheckpoints")):
        yield from equal(
            metrics["totalNumberOfCheckpoints"], total([metrics[name] for name in names], "completed + failed + …")
        )


@within("getCheckpointConfig", text="The settings of checkpoints agree with each other.", source=_STATISTICS)
def checkpoint_settings(body: Value) -> Relations:
    outside = body["externalization"]
    if outside["enabled"].raw is False:
        deleted = outside["delete_on_cancellation"]
        yield from true(deleted.raw is True, "nothing is kept", deleted, outside["enabled"], exact=True)
    yield from ascending(constant(1, "1"), body["max_concurrent"])
    yield from ascending(constant(0, "0"), body["min_pause"])
    yield from ascending(constant(1, "1"), body["timeout"])
    yield from ascending(constant(0, "0"), body["tolerable_failed_checkpoints"])


@between("job", text="No more checkpoints are in progress at a time than the job allows.", source=_STATISTICS)
def checkpoints_in_progress(view: View, job_id: str) -> Relations:
    limit = view.body("getCheckpointConfig", jobid=job_id)["max_concurrent"]
    statistics = view.body("getCheckpointingStatistics", jobid=job_id)
    going = [
        entry["status"]
        for entry in statistics["history"]
        if entry["status"].raw == "IN_PROGRESS" and entry["is_savepoint"].raw is False
    ]
    if going:
        yield from ascending(count(going, ["IN_PROGRESS"], "checkpoints in progress"), limit)


@between(
    "job",
    text="Checkpoints follow each other at the interval of the job, if none of them takes longer.",
    source=_STATISTICS,
)
def checkpoint_interval(view: View, job_id: str) -> Relations:
    config = view.body("getCheckpointConfig", jobid=job_id)
    interval = config["interval"]
    details = view.body("getJobDetails", jobid=job_id)
    history = view.body("getCheckpointingStatistics", jobid=job_id)["history"]
    rows = [
        entry
        for entry in history
        if entry["trigger_timestamp"].raw >= details["timestamps"]["RUNNING"].raw
        and entry["status"].raw == "COMPLETED"
        and entry["is_savepoint"].raw is False
    ]
    pairs = [(new, old) for new, old in pairwise(rows) if new["id"].raw == old["id"].raw + 1]
    if len(pairs) < 4 or not is_number(interval.raw) or details["state"].raw != "RUNNING":
        return
    gaps = [new["trigger_timestamp"].raw - old["trigger_timestamp"].raw for new, old in pairs]
    longest = max(entry["end_to_end_duration"].raw for entry in rows)
    shown = f"checkpoints were triggered {min(gaps)} to {max(gaps)} ms apart"
    least = 1.2 * interval.raw + 2 * config["min_pause"].raw + 2 * longest + 500
    right = max(gaps) >= 0.9 * interval.raw and min(gaps) <= least
    yield from true(right, shown, interval, history)
