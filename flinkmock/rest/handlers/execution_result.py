"""The result of a job: IN_PROGRESS until the job is globally terminal, then COMPLETED with its outcome."""

from __future__ import annotations

from typing import Any

from flinkmock.flink.stack_frames import task_frames
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.accumulators import job_accumulators_at, serialized_accumulators
from flinkmock.rest.handlers.serialized_exceptions import failure_payload

APPLICATION_STATUS = {"FINISHED": "SUCCEEDED", "FAILED": "FAILED", "CANCELED": "CANCELED"}


@handles("getJobExecutionResult")
def execution_result(call: RestCall) -> Payload:
    """Return the result of a job. It is not cached: it is COMPLETED if and only if `/jobs/overview` has an end-time.

    See docs/flink-behaviour.md#execution-result.
    """
    job = call.cluster.job(call.path["jobid"], call.now)
    state, end = job.state_at(call.now), job.end_time_at(call.now)
    if end == -1:
        return {"status": {"id": "IN_PROGRESS"}}
    result: dict[str, Any] = {
        "id": job.id,
        "name": job.name,
        "application-status": APPLICATION_STATUS[state],
        "accumulator-results": serialized_accumulators(job_accumulators_at(call.cluster, job, call.now)),
        "net-runtime": max(end - job.submitted_at, 0),
        "start-time": job.submitted_at,
        "end-time": end,
    }
    if not job.ended_before_start:
        result["application-id"] = job.application_id
    failures = job.failures_at(call.now, limit=1)
    if state == "FAILED" and failures:
        release = call.cluster.release
        result["failure-cause"] = failure_payload(failures[0].exception, release, task_frames(release))
    return {"status": {"id": "COMPLETED"}, "job-execution-result": result}
