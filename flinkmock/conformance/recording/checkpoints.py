"""Turns the recorded checkpoints and savepoints of a job into keys of a scenario: configuration, durations, sizes."""

from __future__ import annotations

from typing import Any

from flinkmock.conformance.http_client import Json
from flinkmock.conformance.recording.distribution import cyclic_values
from flinkmock.conformance.recording.formatting import format_durations, format_size
from flinkmock.conformance.recording.observations import JobObservations
from flinkmock.units import format_duration

DISABLED = 2**63 - 1
"""The interval of a job without periodic checkpoints."""


def checkpoints(job: JobObservations) -> dict[str, Any] | str:
    """Return the `checkpoints` of a job in a scenario."""
    config = job.checkpointing
    if not config or not 0 < config["interval"] < DISABLED:
        return "none"
    section: dict[str, Any] = {
        "every": format_duration(config["interval"]),
        "timeout": format_duration(config["timeout"]),
        "min-pause": format_duration(config["min_pause"]),
        "max-concurrent": config["max_concurrent"],
        "mode": str(config["mode"]).lower().replace("_", "-"),
    }
    for key, field, format_value in (
        ("duration", "end_to_end_duration", format_duration),
        ("size", "state_size", format_size),
    ):
        if values := _measured(job, field):
            section[key] = cyclic_values(values, max(job.checkpoints), job.summary.get(field) or {}, format_value)
    if failed := [entry["id"] for entry in _history(job, savepoints=False) if entry["status"] == "FAILED"]:
        section["fails"] = failed
    if config.get("unaligned_checkpoints"):
        section["unaligned"] = True
    if config.get("tolerable_failed_checkpoints"):
        section["tolerable-failures"] = config["tolerable_failed_checkpoints"]
    externalized = config.get("externalization", {})
    if externalized.get("enabled"):
        section["retained"] = "delete" if externalized.get("delete_on_cancellation") else "retain"
    return section


def _measured(job: JobObservations, field: str) -> dict[int, int]:
    """Return the values of a field by the ids of completed and failed checkpoints and savepoints.

    Failed ones with the value 0 are left out. The result is empty if no checkpoint has completed.
    """
    completed = [entry for entry in _history(job, savepoints=False) if entry["status"] == "COMPLETED"]
    if not completed:
        return {}
    ended = [entry for entry in job.checkpoints.values() if entry["status"] in ("COMPLETED", "FAILED")]
    return {entry["id"]: entry[field] for entry in ended if entry["status"] == "COMPLETED" or entry[field] > 0}


def savepoint_duration(job: JobObservations) -> str | None:
    """Return the range of the durations of completed savepoints; None if no savepoint has completed."""
    completed = [entry for entry in _history(job, savepoints=True) if entry["status"] == "COMPLETED"]
    return format_durations([entry["end_to_end_duration"] for entry in completed]) if completed else None


def restore_path(job: JobObservations) -> str | None:
    """Return the path of the savepoint that the job restored last.

    The result is None if the job restored nothing, or if it last restored a checkpoint.
    """
    restored = job.latest.get("restored") or {}
    return restored.get("external_path") if restored.get("is_savepoint") else None


def _history(job: JobObservations, *, savepoints: bool) -> list[Json]:
    return [entry for _, entry in sorted(job.checkpoints.items()) if entry["is_savepoint"] == savepoints]
