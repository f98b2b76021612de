"""Rules between the checkpoint responses of a job: sums, durations, discarding, metrics, restores.

See docs/flink-behaviour.md#rules-that-hold. `coherence.py` describes the arguments of the checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = Any
_SUMMED_KEYS = ("state_size", "checkpointed_size", "processed_data", "persisted_data")
_KEYS_BY_METRIC = {
    "lastCheckpointDuration": "end_to_end_duration",
    "lastCheckpointFullSize": "state_size",
    "lastCheckpointSize": "checkpointed_size",
    "lastCheckpointProcessedData": "processed_data",
    "lastCheckpointExternalPath": "external_path",
}
"""Metrics of a job, and the keys of its last completed checkpoint that have the same values."""


def check_sums(get: Any, job_id: str, checkpoints: Json) -> Iterator[str]:
    """Check that in the newest completed checkpoint sizes add up, and durations start when it was triggered.

    Older checkpoints are not checked, because a checkpoint takes a request for each vertex.
    """
    checkpoint = next((entry for entry in checkpoints["history"] if entry["status"] == "COMPLETED"), None)
    if checkpoint is None:
        return
    name = f"checkpoint {checkpoint['id']}"
    path = f"/jobs/{job_id}/checkpoints/details/{checkpoint['id']}"
    tasks = get(path)["tasks"]
    yield from _check_sum(name, checkpoint, list(tasks.values()))
    acknowledgements = [task["latest_ack_timestamp"] for task in tasks.values()]
    if checkpoint["latest_ack_timestamp"] != max(acknowledgements):
        yield f"{name}: acknowledged at {checkpoint['latest_ack_timestamp']}, its tasks at {acknowledgements}"
    for vertex_id, task in tasks.items():
        subtasks = get(f"{path}/subtasks/{vertex_id}")["subtasks"]
        yield from _check_sum(f"{name}, {vertex_id}", task, subtasks)
        for entry in subtasks:
            if entry["end_to_end_duration"] != entry["ack_timestamp"] - checkpoint["trigger_timestamp"]:
                yield f"{name}, {vertex_id} {entry['index']}: {entry}"


def _check_sum(name: str, whole: Json, parts: list[Json]) -> Iterator[str]:
    for key in _SUMMED_KEYS:
        if key in whole and key in parts[0] and whole[key] != sum(part[key] for part in parts):
            yield f"{name}: {key} is {whole[key]}, the parts have {[part[key] for part in parts]}"


def check_discarding_and_summary(checkpoints: Json) -> Iterator[str]:
    """Check that completed checkpoints except the newest are discarded, and that min <= avg <= max in the summary."""
    completed = [
        entry for entry in checkpoints["history"] if entry["status"] == "COMPLETED" and not entry["is_savepoint"]
    ]
    for entry in completed[1:]:
        if not entry["discarded"]:
            yield f"checkpoint {entry['id']} is not discarded, and {completed[0]['id']} is newer"
    for name, statistics in checkpoints["summary"].items():
        if isinstance(statistics, dict) and not statistics["min"] <= statistics["avg"] <= statistics["max"]:
            yield f"summary of {name}: {statistics}"


def check_metrics(get: Any, job: Json, checkpoints: Json) -> Iterator[str]:
    """Compare the metrics of the last completed checkpoint with its entry in the history."""
    if job["state"] != "RUNNING":
        return
    names = ",".join(["lastCompletedCheckpointId", *_KEYS_BY_METRIC])
    values = {metric["id"]: metric["value"] for metric in get(f"/jobs/{job['jid']}/metrics?get={names}")}
    last_id = values.get("lastCompletedCheckpointId")
    for entry in checkpoints["history"]:
        if last_id is not None and entry["id"] == int(last_id):
            for name, key in _KEYS_BY_METRIC.items():
                if name in values and key in entry and values[name] != str(entry[key]):
                    yield f"{name} is {values[name]}, {key} of checkpoint {last_id} is {entry[key]}"


def check_restores(checkpoints: Json) -> Iterator[str]:
    """Check that restores are counted and shown, and that checkpoint ids continue after a restore."""
    count, latest = checkpoints["counts"]["restored"], checkpoints["latest"]["restored"]
    if (count > 0) != (latest is not None):
        yield f"{count} restored, latest {latest}"
    for entry in checkpoints["history"]:
        if latest and entry["trigger_timestamp"] > latest["restore_timestamp"] and entry["id"] <= latest["id"]:
            yield f"checkpoint {entry['id']} after {latest['id']} was restored"
