"""Invariants between the checkpoint responses of a job: sums, durations, discarding, metrics.

See docs/flink-behaviour.md#rules-that-hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = Any
_SUMMED = ("state_size", "checkpointed_size", "processed_data", "persisted_data")
_METRICS = {
    "lastCheckpointDuration": "end_to_end_duration",
    "lastCheckpointFullSize": "state_size",
    "lastCheckpointSize": "checkpointed_size",
    "lastCheckpointProcessedData": "processed_data",
    "lastCheckpointExternalPath": "external_path",
}


def sums(get: Any, job_id: str, response: Json) -> Iterator[str]:
    """Check the newest checkpoint: sizes of subtasks, vertices and checkpoint add up; durations start at the trigger.

    The other checkpoints were the newest in earlier reads.
    """
    for entry in [entry for entry in response["history"] if entry["status"] == "COMPLETED"][:1]:
        path = f"/jobs/{job_id}/checkpoints/details/{entry['id']}"
        tasks = get(path)["tasks"]
        yield from _adds_up(f"checkpoint {entry['id']}", entry, list(tasks.values()))
        acknowledged = [task["latest_ack_timestamp"] for task in tasks.values()]
        if entry["latest_ack_timestamp"] != max(acknowledged):
            yield f"checkpoint {entry['id']}: acknowledged {entry['latest_ack_timestamp']}, its tasks {acknowledged}"
        for vertex_id, task in tasks.items():
            subtasks = get(f"{path}/subtasks/{vertex_id}")["subtasks"]
            yield from _adds_up(f"checkpoint {entry['id']}, {vertex_id}", task, subtasks)
            for row in subtasks:
                if row["end_to_end_duration"] != row["ack_timestamp"] - entry["trigger_timestamp"]:
                    yield f"checkpoint {entry['id']}, {vertex_id} {row['index']}: {row}"


def _adds_up(name: str, whole: Json, parts: list[Json]) -> Iterator[str]:
    for key in _SUMMED:
        if key in whole and key in parts[0] and whole[key] != sum(part[key] for part in parts):
            yield f"{name}: {key} is {whole[key]}, the parts have {[part[key] for part in parts]}"


def retention(response: Json) -> Iterator[str]:
    """Check that only the newest completed checkpoint is kept, and that minimum, average and maximum are in order."""
    completed = [entry for entry in response["history"] if entry["status"] == "COMPLETED" and not entry["is_savepoint"]]
    for entry in completed[1:]:
        if not entry["discarded"]:
            yield f"checkpoint {entry['id']} is not discarded, and {completed[0]['id']} is newer"
    for name, figures in response["summary"].items():
        if isinstance(figures, dict) and not figures["min"] <= figures["avg"] <= figures["max"]:
            yield f"summary of {name}: {figures}"


def metrics(get: Any, job: Json, response: Json) -> Iterator[str]:
    """Check that the metrics of the last checkpoint agree with its entry."""
    if job["state"] != "RUNNING":
        return
    names = ",".join(["lastCompletedCheckpointId", *_METRICS])
    values = {metric["id"]: metric["value"] for metric in get(f"/jobs/{job['jid']}/metrics?get={names}")}
    last = values.get("lastCompletedCheckpointId")
    for entry in response["history"]:
        if last is not None and entry["id"] == int(last):
            for name, key in _METRICS.items():
                if name in values and key in entry and values[name] != str(entry[key]):
                    yield f"{name} is {values[name]}, {key} of checkpoint {last} {entry[key]}"


def restored(response: Json) -> Iterator[str]:
    """Check that restores are counted and listed, and that checkpoint ids continue after a restore."""
    count, latest = response["counts"]["restored"], response["latest"]["restored"]
    if (count > 0) != (latest is not None):
        yield f"{count} restored, latest {latest}"
    for entry in response["history"]:
        if latest and entry["trigger_timestamp"] > latest["restore_timestamp"] and entry["id"] <= latest["id"]:
            yield f"checkpoint {entry['id']} after {latest['id']} was restored"
