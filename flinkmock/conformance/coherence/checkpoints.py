"""Invariants of checkpoints: counts, history, paths, statistics."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flinkmock.conformance.coherence.aggregates import percentile
from flinkmock.conformance.coherence.cluster import integer_option, options
from flinkmock.conformance.coherence.registry import between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    close,
    descending_entries,
    equal,
    require,
    same_fields,
)
from flinkmock.conformance.coherence.values import MISSING, Value, computed, constant, count, is_number
from flinkmock.conformance.coherence.view import View

_STATISTICS = "flink-behaviour.md#checkpoint-statistics"
_RULES = "flink-behaviour.md#rules-that-hold"
SUMMED_FIELDS = ("state_size", "checkpointed_size", "alignment_buffered", "processed_data", "persisted_data")
"""Fields of a checkpoint that are sums over its tasks. The fields of a task are sums over its subtasks."""
_DEFAULT_HISTORY_SIZE = 10
"""The default of web.checkpoints.history."""
_SUBFOLDER_OPTIONS = ("execution.checkpointing.create-subdir", "state.checkpoints.create-subdir")
"""The option of the cluster, and its older name, that decides whether each job has a folder for its checkpoints."""
_PERCENTILES = {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "p999": 99.9}
_CHECKPOINT_PATH = re.compile(r"/chk-(\d+)$")
_SAVEPOINT_PATH = re.compile(r"/savepoint-([0-9a-f]{6})-[0-9a-f]{12}$")


def checkpoints_in(body: Value) -> Iterator[Value]:
    """Yield the checkpoints in a response: those of the history and the latest ones, or the one in the details."""
    if body["history"].exists:
        yield from body["history"]
        yield from (body["latest"][kind] for kind in ("completed", "savepoint", "failed") if body["latest"][kind].raw)
    else:
        yield body


@within(
    "getCheckpointingStatistics",
    text="In counts, total is completed + failed + in_progress, and no count is negative.",
    source=_STATISTICS,
)
def checkpoint_counts(body: Value) -> Relations:
    counts = body["counts"]
    yield from equal(counts["total"], counts["completed"] + counts["failed"] + counts["in_progress"])
    for _, value in counts.items():
        yield from ascending(constant(0, "0"), value)


@within(
    "getCheckpointingStatistics",
    text="The history has at most as many checkpoints of each status as are counted.",
    source=_STATISTICS,
)
def history_is_counted(body: Value) -> Relations:
    for status, key in (("COMPLETED", "completed"), ("FAILED", "failed"), ("IN_PROGRESS", "in_progress")):
        yield from ascending(_listed_count(body, status), body["counts"][key])


@between(
    "job",
    text="A history that is shorter than web.checkpoints.history has all checkpoints that are in progress and, unless "
    "one was restored, all that are completed.",
    source=_STATISTICS,
    may_disagree_for_ms=0,
)
def short_history_is_complete(view: View, job_id: str) -> Relations:
    body, configured = view.body("getCheckpointingStatistics", jobid=job_id), options(view)
    history_size = integer_option(configured, _DEFAULT_HISTORY_SIZE, "web.checkpoints.history")
    if configured and len(body["history"].raw or ()) < history_size:
        yield from equal(_listed_count(body, "IN_PROGRESS"), body["counts"]["in_progress"])
        if not body["counts"]["restored"].raw:
            yield from equal(_listed_count(body, "COMPLETED"), body["counts"]["completed"])


def _listed_count(body: Value, status: str) -> Value:
    statuses = [entry["status"] for entry in body["history"]]
    return computed(count(statuses, [status], "").raw, f"{status} in the history", body["history"])


@within(
    "getCheckpointingStatistics",
    text="Newer checkpoints come first in the history, and have higher ids.",
    source=_STATISTICS,
)
def history_newest_first(body: Value) -> Relations:
    yield from descending_entries(body["history"], "id", strictly=True)
    yield from descending_entries(body["history"], "trigger_timestamp")


@within(
    "getCheckpointingStatistics",
    text="Each checkpoint takes the next id: the newest id is at least completed + in_progress, and at most the id of "
    "the restored checkpoint + total.",
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
    text="latest.completed, latest.savepoint and latest.failed are the newest such checkpoints of the history.",
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
            yield from require(bool(latest.raw), f"no latest {kind}", latest, listed[0]["id"], listed[0]["status"])
            if latest.raw and latest["id"].raw == listed[0]["id"].raw:
                yield from same_fields(latest, listed[0], without=("discarded",))
            elif latest.raw:
                yield from equal(latest["id"], listed[0]["id"])
        elif latest.raw and body["history"].raw:
            yield from require(
                latest["id"].raw < body["history"][-1]["id"].raw,
                f"the history lacks the latest {kind}",
                latest["id"],
                body["history"],
            )
        if latest.raw:
            yield from require(latest["status"].raw == status, f"not {status}", latest["status"], exact=True)
            if is_savepoint is not None:
                flag = latest["is_savepoint"]
                text = f"latest.{kind} {'is always' if is_savepoint else 'is never'} a savepoint"
                yield from require(flag.raw == is_savepoint, text, flag, exact=True)


@within(
    "getCheckpointingStatistics",
    text="There is a restored checkpoint if and only if one is counted. Its path fits its id, its is_savepoint that of "
    "the history; checkpoints that were triggered later have higher ids.",
    source="flink-behaviour.md#restored",
)
def restored_is_counted(body: Value) -> Relations:
    restored, counted = body["latest"]["restored"], body["counts"]["restored"]
    if restored.exists and counted.exists:
        yield from require(
            bool(restored.raw) == (counted.raw > 0),
            "only one of them says that a checkpoint was restored",
            restored,
            counted,
            exact=True,
        )
    for entry in body["history"] if restored.raw else ():
        if entry["trigger_timestamp"].raw > restored["restore_timestamp"].raw:
            text = "newer than the restored one, with a lower id"
            yield from require(entry["id"].raw > restored["id"].raw, text, restored["id"], entry["id"])
        elif entry["id"].raw == restored["id"].raw:
            yield from equal(restored["is_savepoint"], entry["is_savepoint"])
            yield from equal(restored["external_path"], entry["external_path"])
    if restored.raw:
        path = restored["external_path"]
        if isinstance(path.raw, str) and (match := _CHECKPOINT_PATH.search(path.raw)):
            yield from equal(restored["id"], constant(int(match[1]), f"the number in {path.raw}"))


@within(
    "getCheckpointingStatistics",
    "getCheckpointStatisticDetails",
    text="end_to_end_duration of a completed checkpoint is latest_ack_timestamp - trigger_timestamp. No "
    "acknowledgement or failure is before the trigger.",
    source=_RULES,
)
def checkpoint_duration(body: Value) -> Relations:
    for entry in checkpoints_in(body):
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
    text="All subtasks have acknowledged a completed checkpoint; no checkpoint has more acknowledgements than "
    "subtasks. No size is negative; checkpointed_size is at most state_size.",
    source=_STATISTICS,
)
def checkpoint_acknowledged(body: Value) -> Relations:
    for entry in checkpoints_in(body):
        yield from ascending(entry["num_acknowledged_subtasks"], entry["num_subtasks"])
        if entry["status"].raw == "COMPLETED":
            yield from equal(entry["num_acknowledged_subtasks"], entry["num_subtasks"])
        for key in (*SUMMED_FIELDS, "num_acknowledged_subtasks"):
            yield from ascending(constant(0, "0"), entry[key])
        yield from ascending(entry["checkpointed_size"], entry["state_size"])


@within(
    "getCheckpointingStatistics",
    "getCheckpointStatisticDetails",
    text="className, status, checkpoint_type, is_savepoint and savepointFormat of a checkpoint agree. Only a FAILED "
    "one has a failure.",
    source=_STATISTICS,
)
def checkpoint_kind(body: Value) -> Relations:
    for entry in checkpoints_in(body):
        name, status, flag = entry["className"], entry["status"], entry["is_savepoint"]
        yield from require(str(status.raw).lower() == name.raw, "another class", name, status, exact=True)
        yield from require(str(status.raw).lower() == entry["@class"].raw, "another class", entry["@class"], status)
        kind, savepoint_format = entry["checkpoint_type"], entry["savepointFormat"]
        yield from require(("SAVEPOINT" in str(kind.raw)) == flag.raw, "another type", flag, kind, exact=True)
        has_format = savepoint_format.raw is not None
        yield from require(has_format == flag.raw, "another format", flag, savepoint_format, exact=True)
        for key in ("failure_timestamp", "failure_message"):
            if entry[key].exists:
                yield from require(status.raw == "FAILED", f"there is a {key}", status, entry[key])


@within(
    "getCheckpointingStatistics",
    "getCheckpointStatisticDetails",
    text="The folder of a checkpoint is named after the checkpoint, that of a savepoint after the job.",
    source="flink-behaviour.md#savepoints",
)
def checkpoint_path(body: Value) -> Relations:
    job_id = body.response.parameters["jobid"]
    for entry in checkpoints_in(body):
        path = entry["external_path"]
        if not isinstance(path.raw, str):
            continue
        folder_name = path.raw.rpartition("/")[2]
        if folder_name.startswith("chk-"):
            holds = folder_name == f"chk-{entry['id'].raw}" and entry["is_savepoint"].raw is False
            yield from require(holds, "the path of another checkpoint", path, entry["id"], exact=True)
        elif match := _SAVEPOINT_PATH.search(path.raw):
            holds = match[1] == job_id[:6] and entry["is_savepoint"].raw is True
            yield from require(holds, "the path of another savepoint", path, entry["is_savepoint"], exact=True)


@between(
    "job",
    text="The folders of a job's checkpoints are in a folder named after the job, unless "
    "execution.checkpointing.create-subdir is false.",
    source="flink-behaviour.md#savepoints",
    may_disagree_for_ms=0,
)
def checkpoint_is_in_folder_of_job(view: View, job_id: str) -> Relations:
    configured = options(view)
    jobs_share_folder = any(
        key in configured and str(configured[key].raw).lower() == "false" for key in _SUBFOLDER_OPTIONS
    )
    if not configured or jobs_share_folder:
        return
    for entry in checkpoints_in(view.body("getCheckpointingStatistics", jobid=job_id)):
        path = entry["external_path"]
        folder, _, name = str(path.raw).rpartition("/")
        if name.startswith("chk-"):
            holds = folder.rpartition("/")[2] == job_id
            yield from require(holds, "not in the folder of the job", path, exact=True)


def _statistics(body: Value) -> Iterator[Value]:
    """Yield the objects with `min`, `avg`, `max` at any depth of the summary."""
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
    for statistics in _statistics(body):
        yield from ascending(statistics["min"], statistics["avg"], statistics["max"])
        percentiles = [statistics[name] for name in _PERCENTILES if is_number(statistics[name].raw)]
        if any(value.raw for value in percentiles):
            yield from ascending(statistics["min"], *percentiles, statistics["max"], slack=1e-6)


@within(
    "getCheckpointingStatistics",
    text="The summary covers the completed checkpoints in the history, and only these if the history has all "
    "completed ones.",
    source=_STATISTICS,
)
def summary_of_history(body: Value) -> Relations:
    completed = [entry for entry in body["history"] if entry["status"].raw == "COMPLETED"]
    is_complete = len(completed) == body["counts"]["completed"].raw and not body["counts"]["restored"].raw
    for name, statistics in body["summary"].items():
        values = [entry[name] for entry in completed if is_number(entry[name].raw)]
        for value in values:
            yield from ascending(statistics["min"], value, statistics["max"])
        completed_count = body["counts"]["completed"].raw
        for key, percent in _PERCENTILES.items():
            is_maximum = percent * (completed_count + 1) >= 100 * completed_count  # see `percentile`
            has_percentiles = is_number(statistics[key].raw) and statistics["p50"].raw
            if is_maximum and has_percentiles and not body["counts"]["restored"].raw:
                yield from close(statistics[key], statistics["max"], 1e-6 * abs(statistics["max"].raw))
        if is_complete and values and len(values) == len(completed):
            numbers = [value.raw for value in values]
            expected = {"min": min(numbers), "max": max(numbers), "avg": sum(numbers) // len(numbers)}
            expected |= {key: percentile(numbers, percent) for key, percent in _PERCENTILES.items()}
            for key, expected_value in expected.items():
                if is_number(statistics[key].raw) and (key in ("min", "avg", "max") or statistics["p50"].raw):
                    tolerance = 1e-6 * abs(expected_value) + (1 if key == "avg" else 0)
                    holds = abs(statistics[key].raw - expected_value) <= tolerance
                    text = f"{key} of {len(values)} checkpoints is {expected_value}"
                    yield from require(holds, text, statistics[key], *values, exact=True)
