"""Applications (2.3): the list, details, exceptions and cancellation."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from flinkmock.cluster.applications import STATES, Application
from flinkmock.cluster.errors import ApplicationNotFound
from flinkmock.cluster.failures import failure_trace
from flinkmock.flink import java_classes, messages
from flinkmock.flink.frame import source_file_of
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.stack_frames import application_frames, main_method_frames, task_frames
from flinkmock.release import Release
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.jobs import overview_payload


def _application(call: RestCall) -> Application:
    """Return the application of `:applicationid`. Raises ApplicationNotFound."""
    application_id = call.path["applicationid"]
    application = call.cluster.applications.get(application_id)
    if application is None or not call.cluster.job_store.is_kept(application, call.now):
        raise ApplicationNotFound(application_id)
    return application


def _payload(application: Application, now: int) -> dict[str, Any]:
    end = application.ended_at(now)
    return {
        "id": application.id,
        "name": application.name,
        "status": application.state_at(now),
        "start-time": application.created_at,
        "end-time": -1 if end is None else end,
        "duration": (now if end is None else end) - application.created_at,
    }


@handles("getApplicationsOverview")
def overview(call: RestCall) -> Payload:
    return {
        "applications": [
            {
                **_payload(application, call.now),
                "jobs": dict(Counter(job.state_at(call.now) for job in application.jobs)),
            }
            for application in call.cluster.applications.values()
            if call.cluster.job_store.is_kept(application, call.now)
        ]
    }


@handles("getApplicationDetails")
def details(call: RestCall) -> Payload:
    application = _application(call)
    timestamps = application.states_at(call.now)
    return {
        **_payload(application, call.now),
        "timestamps": {state: timestamps.get(state, 0) for state in STATES},
        "jobs": [overview_payload(job, call.now, call.cluster.release) for job in application.jobs],
    }


@handles("getApplicationExceptions")
def exceptions(call: RestCall) -> Payload:
    """Return the exception of the main method, or the exceptions with which the jobs failed."""
    application = _application(call)
    entries = []
    if application.failure is not None:
        error = _application_error(application, application.failure, call.cluster.release)
        entries.append(_entry(error, application.created_at, call.cluster.release))
    for job in application.jobs:
        failures = job.failures_at(call.now, limit=1)
        # the application of a job that could not be initialized stays RUNNING, without exceptions
        if failures and job.state_at(call.now) == "FAILED" and not job.ended_before_start:
            entry = _entry(failures[0].exception, job.ended_at(call.now), call.cluster.release)
            entries.append({**entry, "jobId": job.id})
    return {"exceptionHistory": {"entries": entries}}


def _application_error(application: Application, failure: JavaException, release: Release) -> JavaException:
    """Return the exception of an application whose main method throws (PackagedProgramApplication).

    If the scenario gives no stack trace for the exception of the program, the trace consists of the main method.
    """
    cause = failure.cause
    if cause is not None and not cause.frames:
        frame = f"{application.name}.main({source_file_of(application.name)})"
        cause = dataclasses.replace(cause, frames=(frame,))
    failure = dataclasses.replace(failure, cause=cause, frames=main_method_frames(release))
    return JavaException(
        java_classes.APPLICATION_EXECUTION_EXCEPTION,
        messages.COULD_NOT_EXECUTE,
        failure,
        application_frames(release),
    )


def _entry(exception: JavaException, timestamp: int | None, release: Release) -> dict[str, Any]:
    return {
        "exceptionName": exception.java_class,
        "stacktrace": failure_trace(exception, task_frames(release)),
        "timestamp": timestamp,
    }


@handles("cancelApplication")
def cancel(call: RestCall) -> Payload:
    """Cancel all jobs of an application.

    Raises:
        ApplicationNotFound: There is no such application, or the application has ended and is archived. See
            docs/flink-behaviour.md#applications.
    """
    application = _application(call)
    if application.ended_at(call.now) is not None:
        raise ApplicationNotFound(application.id)
    for job in application.jobs:
        if not job.has_ended:
            call.cluster.state_machines.cancel(job, call.now)
    return {}
