"""The result of a job's execution: in progress until the job has ended, then what came of it."""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.states import GLOBALLY_TERMINAL
from flinkmock.flink.stack_frames import job_master_trace
from flinkmock.rest.call import Facts, RestCall, handles
from flinkmock.rest.handlers.accumulators import of_job, serialized
from flinkmock.rest.handlers.throwables import failure_facts

APPLICATION_STATUS = {"FINISHED": "SUCCEEDED", "FAILED": "FAILED", "CANCELED": "CANCELED"}


@handles("getJobExecutionResult")
def execution_result(call: RestCall) -> Facts:
    """Not cached: COMPLETED exactly when `/jobs/overview` says that the job has ended.

    See docs/flink-behaviour.md#execution-result.
    """
    job = call.cluster.job(call.path["jobid"])
    state, end = job.state_at(call.now), job.ended_at(call.now)
    if end is None or state not in GLOBALLY_TERMINAL:
        return {"status": {"id": "IN_PROGRESS"}}
    result: dict[str, Any] = {
        "id": job.id,
        "name": job.name,
        "application-status": APPLICATION_STATUS[state],
        "accumulator-results": serialized(of_job(call.cluster, job, call.now)),
        "net-runtime": end - job.submitted_at,
        "application-id": job.application_id,
        "start-time": job.submitted_at,
        "end-time": end,
    }
    failures = job.failures_at(call.now)
    if state == "FAILED" and failures:
        release = call.cluster.release
        result["failure-cause"] = failure_facts(failures[0].exception, release, job_master_trace(release))
    return {"status": {"id": "COMPLETED"}, "job-execution-result": result}
