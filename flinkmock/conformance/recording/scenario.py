"""The notes of a watched cluster, written down in the form of a scenario file."""

from __future__ import annotations

import re
from typing import Any

from flinkmock.cluster.states import scheduler_of
from flinkmock.conformance.recording.anonymize import Scrubber
from flinkmock.conformance.recording.checkpoints import checkpoints, restored_from, savepoints_take
from flinkmock.conformance.recording.exceptions import Causes
from flinkmock.conformance.recording.graph import labels, vertices
from flinkmock.conformance.recording.lifecycle import lifecycle
from flinkmock.conformance.recording.observations import JobNotes, Notes
from flinkmock.conformance.recording.samples import course
from flinkmock.flink.configuration import DEFAULTS, milliseconds, size_in_bytes
from flinkmock.units import format_duration

Json = Any
STARTED = frozenset({"web.tmpdir", "blob.server.port", "rest.port", "taskmanager.numberOfTaskSlots"})
"""Options that a starting cluster sets itself, or that the scenario says in words of its own."""
PROCESS = "taskmanager.memory.process.size"
WITHOUT_END = 2**31 - 1
LATEST_EVENT_MS = 86_400_000
"""A watermark that is further behind is no time of today: the program counts something else."""


def scenario(notes: Notes, *, scrub: bool = False) -> dict[str, Any]:
    """What was seen. The scenario begins when the recording ended, its jobs `started` before.

    `scrub`: without names, messages, hosts, paths and what a program calls its own.
    """
    scrubber = Scrubber(scrub)
    causes = Causes(scrubber)
    told: dict[str, Any] = {"name": "recorded"}
    if notes.version:
        told["flink"] = ".".join(notes.version.split(".")[:2])
    told["cluster"] = _cluster(notes, scrubber)
    jobs: dict[str, Any] = {}
    known = [(job_id, job) for job_id, job in notes.jobs.items() if job.details.get("vertices")]
    for job_id, job in sorted(known, key=lambda each: each[1].details["start-time"]):
        name = scrubber.job(job.details["name"])
        key = name if name not in jobs else f"{name} {job_id[:6]}"
        jobs[key] = _job(job_id, job, name, notes, scrubber, causes)
    return told | ({"exceptions": causes.by_name} if causes.by_name else {}) | ({"jobs": jobs} if jobs else {})


def _cluster(notes: Notes, scrubber: Scrubber) -> dict[str, Any]:
    slots = max((row["slotsNumber"] for row in notes.taskmanagers), default=1)
    told: dict[str, Any] = {"taskmanagers": len(notes.taskmanagers), "slots": max(1, slots)}
    if not notes.configuration:
        return told
    usual = {key: value for key, value in DEFAULTS.items() if key not in STARTED}
    config: dict[str, Any] = {key: None for key in usual if key not in notes.configuration}
    for key, value in notes.configuration.items():
        shown = scrubber.option(key, value) if key not in STARTED else None
        if shown is not None and usual.get(key) != shown:
            config[key] = shown
    if size := _process_size(notes):
        config[PROCESS] = size
    return told | ({"config": dict(sorted(config.items()))} if config else {})


def _process_size(notes: Notes) -> str | None:
    """What the task managers are given, if their configuration is another one than the JobManager's."""
    told = [row.get("memoryConfiguration", {}).get("totalProcessMemory") or 0 for row in notes.taskmanagers[:1]]
    try:
        known = size_in_bytes(notes.configuration.get(PROCESS, "0"))
    except ValueError:
        known = 0
    return f"{told[0]}b" if told and told[0] and told[0] != known else None


def _job(job_id: str, job: JobNotes, name: str, notes: Notes, scrubber: Scrubber, causes: Causes) -> dict[str, Any]:
    details = job.details
    called = labels(details, scrubber)
    by_name = {vertex["name"]: called[vertex["id"]] for vertex in details["vertices"]}
    told: dict[str, Any] = {"name": name, "id": job_id}
    if scrubber.on:
        del told["id"]
    kind = details.get("job-type") or details.get("plan", {}).get("type")
    told["type"] = "batch" if kind == "BATCH" else "streaming"
    if (age := notes.now - details["start-time"]) > 0:
        told["age"] = format_duration(age)
    if (width := job.config.get("job-parallelism", 0)) > 0:
        told["parallelism"] = width
    told["vertices"] = vertices(job, called, scrubber)
    scheduler = scheduler_of(notes.configuration.get("jobmanager.scheduler"), kind)
    told["lifecycle"] = lifecycle(job, notes.now, scheduler, causes, by_name)
    told["checkpoints"] = checkpoints(job)
    if restart := restart_strategy(job.config.get("restart-strategy", "")):
        told["restart"] = restart
    if path := restored_from(job):
        told["restore-path"] = scrubber.path(path)
    if (takes := savepoints_take(job)) is not None:
        told["operations"] = {"savepoint": takes}
    if (lag := _watermarks(job)) is not None:
        told["watermarks"] = lag
    metrics = {name: course([samples], age) for name, samples in job.metrics.items()}
    if metrics and not scrubber.on:
        told["metrics"] = metrics
    if not scrubber.on and job.config.get("user-config"):
        told["user-config"] = job.config["user-config"]
    return told


def restart_strategy(sentence: str) -> dict[str, Any] | str | None:
    """What Flink's sentence about the restart strategy says; None where it names the cluster's."""
    if sentence == "Restart deactivated.":
        return "none"
    if fixed := re.match(r"Restart with fixed delay \((.*?)\)\. #(\d+) restart", sentence):
        attempts = {"attempts": int(fixed[2])} if int(fixed[2]) < WITHOUT_END else {}
        return {"strategy": "fixed-delay", **attempts, "delay": format_duration(milliseconds(fixed[1]))}
    if growing := re.match(r"Restart with exponential delay: starting at (.*?),", sentence):
        return {"strategy": "exponential-delay", "delay": format_duration(milliseconds(growing[1]))}
    return None


def _watermarks(job: JobNotes) -> str | None:
    """How far event time was behind at the last look, "none" if there is none; None if it can't be told."""
    seen = [vertex.watermarks[-1] for vertex in job.by_vertex.values() if vertex.watermarks]
    marks = [(at, mark) for at, mark in seen if mark is not None]
    if not marks:
        return "none" if seen else None
    lag = max(at - mark for at, mark in marks)
    return format_duration(lag) if 0 <= lag < LATEST_EVENT_MS else None
