"""Turns the observations of a cluster into a scenario."""

from __future__ import annotations

import re
from typing import Any

from flinkmock.cluster.states import scheduler_of
from flinkmock.conformance.recording.anonymize import Anonymizer
from flinkmock.conformance.recording.checkpoints import checkpoints, restore_path, savepoint_duration
from flinkmock.conformance.recording.exceptions import ExceptionCatalog
from flinkmock.conformance.recording.graph import labels, vertices
from flinkmock.conformance.recording.lifecycle import lifecycle
from flinkmock.conformance.recording.observations import ClusterObservations, JobObservations
from flinkmock.conformance.recording.samples import metric_series
from flinkmock.conformance.server_release import nearest_release
from flinkmock.flink.configuration import DEFAULTS
from flinkmock.flink.option_uses import OPTION_USES_BY_KEY, Use
from flinkmock.flink.option_values import duration_in_ms, size_in_bytes
from flinkmock.units import format_duration

OMITTED_OPTIONS = frozenset({"web.tmpdir", "blob.server.port", "rest.port", "taskmanager.numberOfTaskSlots"})
"""Options that a cluster sets when it starts, or that have their own key in a scenario."""
PROCESS_SIZE = "taskmanager.memory.process.size"
CLUSTER_DEFAULT = "Cluster level default restart strategy"
"""How Flink describes the restart strategy of a job that sets none."""
UNLIMITED_ATTEMPTS = 2**31 - 1
MAX_LAG_MS = 86_400_000
"""The maximum lag of a watermark, in ms. A watermark with a longer lag is not based on the current time."""


def recorded_scenario(observations: ClusterObservations, *, anonymize: bool = False) -> dict[str, Any]:
    """Return the scenario of a recording. The scenario begins at the end of the recording; its jobs have an `age`.

    Args:
        observations: The observations of the cluster.
        anonymize: Whether to omit or replace names, messages, hosts, paths and other details of the user's programs.
    """
    anonymizer = Anonymizer(enabled=anonymize)
    exceptions = ExceptionCatalog(anonymizer)
    entry: dict[str, Any] = {"name": "recorded"}
    if release := nearest_release(observations.version):
        entry["flink"] = release.minor
    entry["cluster"] = _cluster(observations, anonymizer)
    jobs: dict[str, Any] = {}
    listed = [(job_id, job) for job_id, job in observations.jobs.items() if not job.is_gone]
    recorded = [(job_id, job) for job_id, job in listed if job.details.get("vertices")]
    for job_id, job in sorted(recorded, key=lambda entry: entry[1].details["start-time"]):
        name = anonymizer.job(job.details["name"])
        key = name if name not in jobs else f"{name} {job_id[:6]}"
        jobs[key] = _job(job_id, job, name, observations, anonymizer, exceptions)
    return entry | ({"exceptions": exceptions.by_name} if exceptions.by_name else {}) | ({"jobs": jobs} if jobs else {})


def _cluster(observations: ClusterObservations, anonymizer: Anonymizer) -> dict[str, Any]:
    slots = max((taskmanager["slotsNumber"] for taskmanager in observations.taskmanagers), default=1)
    entry: dict[str, Any] = {"taskmanagers": _taskmanagers(observations, slots), "slots": max(1, slots)}
    if not observations.configuration:
        return entry
    defaults = {key: value for key, value in DEFAULTS.items() if key not in OMITTED_OPTIONS}
    config: dict[str, Any] = {key: None for key in defaults if key not in observations.configuration}
    for key, value in observations.configuration.items():
        option = OPTION_USES_BY_KEY.get(key)
        is_omitted = key in OMITTED_OPTIONS or (option is not None and option.use == Use.REJECTED)
        anonymized = None if is_omitted else anonymizer.option(key, value)
        if anonymized is not None and defaults.get(key) != anonymized:
            config[key] = anonymized
    if size := _process_size(observations):
        config[PROCESS_SIZE] = size
    return entry | ({"config": dict(sorted(config.items()))} if config else {})


def _taskmanagers(observations: ClusterObservations, slots: int) -> int | dict[str, Any]:
    """Return the number of TaskManagers, with the slots of each if they differ."""
    taskmanagers = observations.taskmanagers
    if all(taskmanager["slotsNumber"] == slots for taskmanager in taskmanagers):
        return len(taskmanagers)
    return {
        "count": len(taskmanagers),
        "sizes": [{"slots": max(1, taskmanager["slotsNumber"])} for taskmanager in taskmanagers],
    }


def _process_size(observations: ClusterObservations) -> str | None:
    """Return the process size of TaskManagers; None if the configuration of the JobManager has the same size."""
    first = observations.taskmanagers[0] if observations.taskmanagers else {}
    size = first.get("memoryConfiguration", {}).get("totalProcessMemory")
    try:
        configured = size_in_bytes(observations.configuration.get(PROCESS_SIZE, "0"))
    except ValueError:
        configured = 0
    return f"{size}b" if size and size != configured else None


def _job(
    job_id: str,
    job: JobObservations,
    name: str,
    observations: ClusterObservations,
    anonymizer: Anonymizer,
    exceptions: ExceptionCatalog,
) -> dict[str, Any]:
    details = job.details
    labels_by_id = labels(details, anonymizer)
    labels_by_name = {vertex["name"]: labels_by_id[vertex["id"]] for vertex in details["vertices"]}
    entry: dict[str, Any] = {"name": name, "id": job_id}
    if anonymizer.enabled:
        del entry["id"]
    job_type = details.get("job-type") or details.get("plan", {}).get("type")
    entry["type"] = "batch" if job_type == "BATCH" else "streaming"
    if (age := observations.now - details["start-time"]) > 0:
        entry["age"] = format_duration(age)
    if (parallelism := job.config.get("job-parallelism", 0)) > 0:
        entry["parallelism"] = parallelism
    entry["vertices"] = vertices(job, labels_by_id, anonymizer)
    scheduler = scheduler_of(observations.configuration.get("jobmanager.scheduler"), job_type)
    entry["lifecycle"] = lifecycle(job, observations.now, scheduler, exceptions, labels_by_name)
    entry["checkpoints"] = checkpoints(job)
    if restart := restart_strategy(job.config.get("restart-strategy", "")):
        entry["restart"] = restart
    if path := restore_path(job):
        entry["restore-path"] = anonymizer.path(path)
    if (duration := savepoint_duration(job)) is not None:
        entry["operations"] = {"savepoint": duration}
    if (lag := _watermark_lag(job)) is not None:
        entry["watermarks"] = lag
    metrics = {name: metric_series([samples], age) for name, samples in job.metrics.items()}
    if metrics and not anonymizer.enabled:
        entry["metrics"] = metrics
    if not anonymizer.enabled and job.config.get("user-config"):
        entry["user-config"] = job.config["user-config"]
    return entry


def restart_strategy(sentence: str) -> dict[str, Any] | str | None:
    """Parse Flink's description of a restart strategy; None for the cluster's default and unknown descriptions."""
    if sentence == "Restart deactivated.":
        return "none"
    if fixed_delay := re.match(r"Restart with fixed delay \((.*?)\)\. #(\d+) restart", sentence):
        attempts = {"attempts": int(fixed_delay[2])} if int(fixed_delay[2]) < UNLIMITED_ATTEMPTS else {}
        return {"strategy": "fixed-delay", **attempts, "delay": format_duration(duration_in_ms(fixed_delay[1]))}
    failure_rate = re.match(
        r"Failure rate restart with maximum of (\d+) failures within interval (.*?) and fixed delay (.*)\.", sentence
    )
    if failure_rate:
        interval, delay = (format_duration(duration_in_ms(text)) for text in (failure_rate[2], failure_rate[3]))
        return {"strategy": "failure-rate", "attempts": int(failure_rate[1]), "interval": interval, "delay": delay}
    if exponential_delay := re.match(r"Restart with exponential delay: starting at (.*?),", sentence):
        return {"strategy": "exponential-delay", "delay": format_duration(duration_in_ms(exponential_delay[1]))}
    return None


def _watermark_lag(job: JobObservations) -> str | None:
    """Return the lag of event time at the last poll; "none" if there are no watermarks; None if it is unknown."""
    latest = [vertex.watermarks[-1] for vertex in job.by_vertex.values() if vertex.watermarks]
    lags_ms = [at - watermark for at, watermark in latest if watermark is not None]
    if not lags_ms:
        return "none" if latest else None
    lag_ms = max(lags_ms)
    return format_duration(lag_ms) if 0 <= lag_ms < MAX_LAG_MS else None
