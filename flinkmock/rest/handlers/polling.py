"""Finds the jobs and async operations that a request polls, for wait conditions (`3 polls`)."""

from __future__ import annotations

from flinkmock.cluster.async_operations import wait_key
from flinkmock.contract.operation_traits import traits_of
from flinkmock.rest.call import RestCall


def polled_keys(call: RestCall) -> list[str]:
    """Return the ids of the jobs and async operations that a request polls: the keys of `WaitConditions`."""
    if call.operation.method != "GET":
        return []
    if traits_of(call.operation.id).lists_jobs:
        return list(call.cluster.jobs)
    job_id: str | None = call.path.get("jobid")
    if "triggerid" in call.path:
        return [wait_key(job_id, call.path["triggerid"])]
    return [] if job_id is None else [job_id]
