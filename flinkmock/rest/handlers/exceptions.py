"""The exceptions of a job: the history since 1.13, and the root exception and task failures of 1.x."""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.errors import UncaughtJavaException
from flinkmock.cluster.failures import Failure, failure_trace
from flinkmock.cluster.job import Job
from flinkmock.cluster.states import JobState, TaskState
from flinkmock.flink import java_classes
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.options import EXCEPTION_HISTORY
from flinkmock.flink.stack_frames import task_frames
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.lookup import UNASSIGNED, job_and_time

DEFAULT_LIMIT = 20
"""The default of `maxExceptions` (JobExceptionsHandler.MAX_NUMBER_EXCEPTION_TO_REPORT)."""


@handles("getJobExceptions")
def exceptions(call: RestCall) -> Payload:
    """Return the root exception, the failed tasks and the history.

    `failureLabelFilter` removes all entries of the history, because no failure has labels.

    Raises:
        JobNotFound: There is no such job.
        UncaughtJavaException: `maxExceptions` is negative (since 1.13).
    """
    job, time = job_and_time(call)
    max_entries = call.query_value("maxExceptions", DEFAULT_LIMIT)
    if max_entries < 0:
        # 1.12 has no history, and accepts negative limits. See docs/flink-behaviour.md#query-parameters.
        if call.cluster.release.since("1.13"):
            raise UncaughtJavaException(JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, str(max_entries)))
        max_entries = 0
    failures = job.failures_at(time, limit=call.cluster.configuration.integer(EXCEPTION_HISTORY))
    root = failures[0] if failures else None
    if not call.cluster.release.since("1.19"):
        failures = _archived_failures(job, failures, time)
    if call.query.get("failureLabelFilter"):
        failures = []
    frames = task_frames(call.cluster.release)
    failed_tasks = _failed_tasks(job, time, frames)
    return {
        "root-exception": failure_trace(root.exception, frames) if root else None,
        "timestamp": root.at if root else None,
        "all-exceptions": failed_tasks[:max_entries],
        "truncated": len(failed_tasks) > max_entries,
        "exceptionHistory": {
            "entries": [_entry(failure, frames, with_concurrent=True) for failure in failures[:max_entries]],
            "truncated": len(failures) > max_entries,
        },
    }


def _archived_failures(job: Job, failures: list[Failure], time: int) -> list[Failure]:
    """Return the failures in the history of releases before 1.19.

    A failure enters this history when it has been handled: when the tasks have restarted, or the job has failed. A
    JobException is a failure after which the job does not restart (ExecutionFailureHandler).

    Recorded on 1.18.1, and on 1.17.2 for jobs that fail while they stop.
    """
    attempt = job.attempt_at(time)
    newest_failure_is_pending = job.state_at(time) in (JobState.RESTARTING, JobState.FAILING)

    def is_archived(failure: Failure) -> bool:
        if attempt is not None and failure.at <= attempt.created_at:
            return True
        failed_the_job = failure is failures[0] or failure.exception.java_class == java_classes.JOB_EXCEPTION
        return failed_the_job and not newest_failure_is_pending

    return list(filter(is_archived, failures))


def _entry(failure: Failure, frames: tuple[str, ...], *, with_concurrent: bool) -> dict[str, Any]:
    """Return an entry of the history. The keys of missing values are left out.

    A global failure has no task; a task without a slot has no endpoint and no TaskManager.
    """
    payload: dict[str, Any] = {
        "exceptionName": failure.exception.java_class,
        "stacktrace": failure_trace(failure.exception, frames),
        "timestamp": failure.at,
        "failureLabels": {},
    }
    if failure.task_name is not None:
        payload["taskName"] = failure.task_name
    if failure.endpoint is not None:
        payload |= {
            "location": failure.endpoint,
            "endpoint": failure.endpoint,
            "taskManagerId": failure.taskmanager_id,
        }
    if with_concurrent:
        payload["concurrentExceptions"] = [_entry(other, frames, with_concurrent=False) for other in failure.concurrent]
    return payload


def _failed_tasks(job: Job, time: int, frames: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return `all-exceptions` of 1.x: the current executions that have FAILED."""
    attempt = job.attempt_at(time)
    failures = [
        cause
        for failure in job.failures_since(job.submitted_at if attempt is None else attempt.created_at)
        if failure.at <= time
        for cause in (failure, *failure.concurrent)
    ]
    failed_tasks = []
    for row in job.executions_at(time):
        for execution in row:
            if execution.state_at(time) != TaskState.FAILED:
                continue
            task = f"{execution.vertex.name} ({execution.subtask + 1}/{execution.vertex.parallelism})"
            name = f"{task} - execution #{execution.attempt}"
            failure = next((failure for failure in failures if failure.task_name == name), None)
            if failure is not None:
                failed_tasks.append(
                    {
                        "exception": failure_trace(failure.exception, frames),
                        "task": task,
                        "location": failure.endpoint or UNASSIGNED,
                        "endpoint": failure.endpoint or UNASSIGNED,
                        "timestamp": failure.at,
                        "taskManagerId": failure.taskmanager_id or UNASSIGNED,
                    }
                )
    return failed_tasks
