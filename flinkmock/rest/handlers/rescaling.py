"""Resource requirements of jobs, and the rescales of the adaptive scheduler (2.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flinkmock.cluster.checkpoint_summary import percentile, summary_statistics
from flinkmock.cluster.errors import (
    AdaptiveSchedulerFeature,
    AdaptiveSchedulerRequired,
    InvalidResourceRequirements,
    JobInitializing,
    JobNotFound,
    RescaleNotFound,
    UncaughtJavaException,
)
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job import Job, ParallelismBounds
from flinkmock.cluster.rescaling import (
    Rescale,
    RescaleState,
    bounds_errors,
    history_at,
    java_vertex_order,
    parallelism_bounds_of,
)
from flinkmock.flink import java_classes, messages, options
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.memory import taskmanager_memory
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.checkpoints import PERCENTILES
from flinkmock.rest.handlers.jobs import scheduler_type, slot_sharing_group_id
from flinkmock.rest.handlers.lookup import job_and_time

_UNKNOWN_PROFILE = {
    "cpuCores": -1.0,
    "taskHeapMemory": -1,
    "taskOffHeapMemory": -1,
    "managedMemory": -1,
    "networkMemory": -1,
    "extendedResources": {},
}
"""ResourceProfile.UNKNOWN, the resources of slots for which the job specifies none."""


def _unfinished_job(call: RestCall) -> Job:
    """Return the job of `:jobid` if it has not ended. Raises JobNotFound, JobInitializing."""
    job = call.cluster.job(call.path["jobid"], call.now)
    if job.ended_at(call.now) is not None:
        raise JobNotFound(job.id)
    if not job.has_graph_at(call.now):
        raise JobInitializing(job.id)
    return job


def _require_adaptive_scheduler(job: Job) -> None:
    if not job.is_adaptive:
        scheduler = f"{scheduler_type(job)}Scheduler"
        raise AdaptiveSchedulerRequired(job.id, AdaptiveSchedulerFeature.REQUIREMENTS, scheduler)


@handles("getJobResourceRequirements")
def requirements(call: RestCall) -> Payload:
    """Return the parallelism bounds of a job. Raises JobNotFound, JobInitializing, AdaptiveSchedulerRequired."""
    job = _unfinished_job(call)
    _require_adaptive_scheduler(job)
    bounds = parallelism_bounds_of(job)
    payload = {}
    for vertex_id in java_vertex_order(bounds):
        lower, upper = bounds[vertex_id]
        payload[vertex_id] = {"parallelism": {"lowerBound": lower, "upperBound": upper}}
    return payload


@handles("updateJobResourceRequirements")
def set_requirements(call: RestCall) -> Payload:
    """Set the parallelism bounds of a job.

    Raises:
        JobNotFound: There is no such job, or it has ended.
        JobInitializing: The job has no graph yet.
        AdaptiveSchedulerRequired: The job does not use the adaptive scheduler.
        InvalidResourceRequirements: The bounds are invalid. They are checked before the scheduler.
        UncaughtJavaException: A vertex has `null` for its bounds, or the job runs in reactive mode.
    """
    if not call.body:
        raise InvalidResourceRequirements(messages.NO_REQUIREMENTS)
    job = _unfinished_job(call)
    for vertex_id, requirement in call.body.items():
        if requirement is None:
            text = messages.no_requirement(vertex_id)
            raise UncaughtJavaException(JavaException(java_classes.ILLEGAL_STATE_EXCEPTION, text))
    bounds = {}
    for vertex_id, requirement in call.body.items():
        parallelism = requirement["parallelism"]
        bounds[vertex_id] = ParallelismBounds(parallelism["lowerBound"], parallelism["upperBound"])
    if errors := bounds_errors(job, bounds):
        raise InvalidResourceRequirements("\n".join(errors))
    _require_adaptive_scheduler(job)
    if job.is_reactive:
        raise UncaughtJavaException(JavaException(java_classes.UNSUPPORTED_OPERATION_EXCEPTION, messages.REACTIVE_MODE))
    call.cluster.adaptive_scheduler.update_bounds(job, bounds, call.now)
    return {}


@handles("getJobRescaleConfig")
def config(call: RestCall) -> Payload:
    """Return the configuration of rescales. Raises JobNotFound, AdaptiveSchedulerRequired."""
    job, _ = job_and_time(call)
    if not job.is_adaptive:
        raise AdaptiveSchedulerRequired(job.id, AdaptiveSchedulerFeature.RESCALE_CONFIG)
    configuration = call.cluster.configuration
    failure_count = configuration.integer(options.RESCALE_CHECKPOINT_FAILURES)
    checkpoint_interval_ms = job.spec.checkpoints.interval if job.spec.checkpoints else None
    max_delay_ms = configuration.optional_milliseconds(options.RESCALE_MAX_DELAY)
    if max_delay_ms is None:  # docs/flink-behaviour.md#rescale-history
        max_delay_ms = (failure_count + 1) * (checkpoint_interval_ms or 0)
    return {
        "rescaleHistoryMax": configuration.integer(options.RESCALE_HISTORY),
        "schedulerExecutionMode": "REACTIVE" if configuration.is_reactive else None,
        "submissionResourceWaitTimeoutInMillis": configuration.submission_wait_ms,
        "submissionResourceStabilizationTimeoutInMillis": configuration.submission_stabilization_ms,
        "slotIdleTimeoutInMillis": configuration.milliseconds(options.SLOT_IDLE_TIMEOUT),
        "executingCooldownTimeoutInMillis": configuration.milliseconds(options.RESCALE_COOLDOWN),
        "executingResourceStabilizationTimeoutInMillis": configuration.milliseconds(options.RESCALE_STABILIZATION),
        "maximumDelayForTriggeringRescaleInMillis": max_delay_ms,
        "rescaleOnFailedCheckpointCount": failure_count,
    }


def _job_and_rescales(call: RestCall, feature: AdaptiveSchedulerFeature) -> tuple[Job, list[Rescale]]:
    """Return the job and its rescales, oldest first.

    Raises:
        JobNotFound: There is no such job.
        AdaptiveSchedulerRequired: The job does not use the adaptive scheduler, or no history is kept.
    """
    job, time = job_and_time(call)
    if not job.is_adaptive or call.cluster.configuration.integer(options.RESCALE_HISTORY) <= 0:
        raise AdaptiveSchedulerRequired(job.id, feature)
    return job, history_at(job, time)


def _kept_rescales(call: RestCall, rescales: Sequence[Rescale]) -> list[Rescale]:
    """Return the rescales that are in the history, whose length is limited by an option, newest first."""
    return list(reversed(rescales))[: call.cluster.configuration.integer(options.RESCALE_HISTORY)]


@handles("getJobRescalesOverview")
def overview(call: RestCall) -> Payload:
    job, rescales = _job_and_rescales(call, AdaptiveSchedulerFeature.RESCALES)
    latest = {}
    for state in ("COMPLETED", "FAILED", "IGNORED"):
        newest = next((rescale for rescale in reversed(rescales) if rescale.state == state), None)
        latest[state.lower()] = None if newest is None else _payload(call, job, newest)
    return {"rescalesCounts": _counts(rescales), "latest": latest}


@handles("getJobRescalesHistory")
def history(call: RestCall) -> Payload:
    job, rescales = _job_and_rescales(call, AdaptiveSchedulerFeature.RESCALES)
    return [_payload(call, job, rescale) for rescale in _kept_rescales(call, rescales)]


@handles("getJobRescalesSummary")
def summary(call: RestCall) -> Payload:
    _, rescales = _job_and_rescales(call, AdaptiveSchedulerFeature.RESCALES)
    ended = [rescale for rescale in rescales if rescale.ended_at is not None]
    return {
        "rescalesCounts": _counts(rescales),
        "rescalesDurationStatsInMillis": _duration_statistics(ended),
        **{
            f"{state.lower()}RescalesDurationStatsInMillis": _duration_statistics(
                [rescale for rescale in ended if rescale.state == state]
            )
            for state in ("COMPLETED", "IGNORED", "FAILED")
        },
    }


@handles("getJobRescaleDetails")
def details(call: RestCall) -> Payload:
    """Return the details of a rescale. Raises JobNotFound, AdaptiveSchedulerRequired, RescaleNotFound."""
    job, rescales = _job_and_rescales(call, AdaptiveSchedulerFeature.RESCALE_DETAILS)
    for rescale in _kept_rescales(call, rescales):
        if _uuid(call, job, rescale) == call.path["rescaleuuid"]:
            return {**_payload(call, job, rescale), **_details(call, job, rescale)}
    raise RescaleNotFound(call.path["rescaleuuid"])


def _uuid(call: RestCall, job: Job, rescale: Rescale) -> str:
    return call.cluster.random.hex(32, "rescale", job.id, rescale.number)


def _counts(rescales: Sequence[Rescale]) -> dict[str, int]:
    states = Counter(rescale.state for rescale in rescales)
    return {
        "ignored": states[RescaleState.IGNORED],
        "inProgress": states[None],
        "completed": states[RescaleState.COMPLETED],
        "failed": states[RescaleState.FAILED],
    }


def _duration_statistics(rescales: Sequence[Rescale]) -> dict[str, Any]:
    """Return the statistics of the durations of rescales that have ended, in ms."""
    statistics = summary_statistics([(rescale.ended_at or 0) - rescale.started_at for rescale in rescales])
    if statistics is None:
        return {"min": 0, "max": 0, "avg": 0} | dict.fromkeys(PERCENTILES, float("nan"))
    return {
        "min": statistics.minimum,
        "max": statistics.maximum,
        "avg": statistics.average,
        **{name: percentile(statistics.window, fraction) for name, fraction in PERCENTILES.items()},
    }


def _payload(call: RestCall, job: Job, rescale: Rescale) -> dict[str, Any]:
    """Return a rescale as lists show it, without what only its details contain."""
    return {
        "rescaleUuid": _uuid(call, job, rescale),
        "resourceRequirementsUuid": call.cluster.random.hex(32, "requirements", job.id, rescale.version),
        "rescaleAttemptId": rescale.number_in_version,
        "vertices": {},
        "slots": {},
        "schedulerStates": [],
        "startTimestampInMillis": rescale.started_at,
        "endTimestampInMillis": rescale.ended_at,
        "terminalState": rescale.state,
        "triggerCause": rescale.cause,
        "terminatedReason": rescale.reason,
    }


def _details(call: RestCall, job: Job, rescale: Rescale) -> dict[str, Any]:
    """Return what only the details of a rescale contain."""
    old_graph = new_graph = None
    attempt = rescale.job_attempt
    if attempt is not None and attempt.number > 0:
        old_graph = job.attempts[attempt.number - 1].graph
    if attempt is not None and rescale.state == RescaleState.COMPLETED:
        new_graph = attempt.graph
    return {
        "vertices": _vertices(job, old_graph, new_graph),
        "slots": _slots(call, job, old_graph, new_graph),
        "schedulerStates": _scheduler_states(rescale),
    }


def _vertices(job: Job, old_graph: JobGraph | None, new_graph: JobGraph | None) -> dict[str, Any]:
    bounds = parallelism_bounds_of(job)
    vertices = {}
    for vertex_id in java_vertex_order(bounds):
        vertex = job.graph.by_id[vertex_id]
        group = vertex.spec.slot_sharing_group
        lower, upper = bounds[vertex_id]
        vertices[vertex_id] = {
            "jobVertexId": vertex_id,
            "jobVertexName": vertex.name,
            "slotSharingGroupId": slot_sharing_group_id(job, group),
            "slotSharingGroupName": group,
            "desiredParallelism": upper,
            "sufficientParallelism": lower,
            "preRescaleParallelism": old_graph.by_id[vertex_id].parallelism if old_graph else None,
            "postRescaleParallelism": new_graph.by_id[vertex_id].parallelism if new_graph else None,
        }
    return vertices


def _slots(call: RestCall, job: Job, old_graph: JobGraph | None, new_graph: JobGraph | None) -> dict[str, Any]:
    bounds = parallelism_bounds_of(job)
    memory = taskmanager_memory(call.cluster.configuration, call.cluster.release)
    resource = memory.slot_resource(call.cluster.spec.slots_per_taskmanager)
    slots = {}
    for group in job.graph.slot_count_by_group:
        bounds_of_group = [
            bounds[vertex.id] for vertex in job.graph.vertices if vertex.spec.slot_sharing_group == group
        ]
        group_id = slot_sharing_group_id(job, group)
        slots[group_id] = {
            "slotSharingGroupId": group_id,
            "slotSharingGroupName": group,
            "requestResourceProfile": _UNKNOWN_PROFILE,
            "desiredSlots": max(upper for _, upper in bounds_of_group),
            "minimalRequiredSlots": max(lower for lower, _ in bounds_of_group),
            "preRescaleSlots": old_graph.slot_count_by_group[group] if old_graph else None,
            "postRescaleSlots": new_graph.slot_count_by_group[group] if new_graph else None,
            "acquiredResourceProfile": resource,
        }
    return slots


def _scheduler_states(rescale: Rescale) -> list[dict[str, Any]]:
    """Return the states of the adaptive scheduler during a completed rescale (observed on 2.3.0); [] for any other."""
    if rescale.job_attempt is None or rescale.ended_at is None or rescale.state != RescaleState.COMPLETED:
        return []
    scheduled_at = max(rescale.started_at, rescale.job_attempt.created_at)
    if rescale.job_attempt.number == 0:
        states = [
            ("Created", rescale.started_at, rescale.started_at),
            ("WaitingForResources", rescale.started_at, scheduled_at),
        ]
    else:
        states = [
            ("Restarting", rescale.started_at, scheduled_at),
            ("WaitingForResources", scheduled_at, scheduled_at),
        ]
    states.append(("CreatingExecutionGraph", scheduled_at, rescale.ended_at))
    states.append(("Executing", rescale.ended_at, rescale.ended_at))
    return [
        {
            "state": state,
            "enterTimestampInMillis": entered_at,
            "leaveTimestampInMillis": left_at,
            "durationInMillis": left_at - entered_at,
            "stringifiedException": None,
        }
        for state, entered_at, left_at in states
    ]
