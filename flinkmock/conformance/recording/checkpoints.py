"""How a job's checkpoints and savepoints are set up, how long they take and how large they are."""

from __future__ import annotations

from typing import Any

from flinkmock.conformance.recording.formatting import lengths, sizes
from flinkmock.conformance.recording.observations import JobNotes
from flinkmock.units import format_duration

Json = Any
OFF = 2**63 - 1
"""The interval of a job without periodic checkpoints, where Flink tells one at all."""


def checkpoints(job: JobNotes) -> dict[str, Any] | str:
    config = job.checkpointing
    if not config or not 0 < config["interval"] < OFF:
        return "none"
    told: dict[str, Any] = {
        "every": format_duration(config["interval"]),
        "timeout": format_duration(config["timeout"]),
        "min-pause": format_duration(config["min_pause"]),
        "max-concurrent": config["max_concurrent"],
        "mode": str(config["mode"]).lower().replace("_", "-"),
    }
    if done := [entry for entry in _of(job, savepoints=False) if entry["status"] == "COMPLETED"]:
        told["duration"] = lengths([entry["end_to_end_duration"] for entry in done])
        told["size"] = sizes([entry["state_size"] for entry in done])
    if failed := [entry["id"] for entry in _of(job, savepoints=False) if entry["status"] == "FAILED"]:
        told["fails"] = failed
    if config.get("unaligned_checkpoints"):
        told["unaligned"] = True
    if config.get("tolerable_failed_checkpoints"):
        told["tolerable-failures"] = config["tolerable_failed_checkpoints"]
    externalized = config.get("externalization", {})
    if externalized.get("enabled"):
        told["retained"] = "delete" if externalized.get("delete_on_cancellation") else "retain"
    return told


def savepoints_take(job: JobNotes) -> str | None:
    """From trigger to end, of those that succeeded; None if there was none."""
    done = [entry for entry in _of(job, savepoints=True) if entry["status"] == "COMPLETED"]
    return lengths([entry["end_to_end_duration"] for entry in done]) if done else None


def restored_from(job: JobNotes) -> str | None:
    """The savepoint that the job began with, as long as it has not been restored from anything newer."""
    restored = job.latest.get("restored") or {}
    return restored.get("external_path") if restored.get("is_savepoint") else None


def _of(job: JobNotes, *, savepoints: bool) -> list[Json]:
    return [entry for _, entry in sorted(job.checkpoints.items()) if entry["is_savepoint"] == savepoints]
