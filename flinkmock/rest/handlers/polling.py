"""Which requests are polls: reads of a job or of an asynchronous operation, which scenarios count (`3 polls`)."""

from __future__ import annotations

from flinkmock.cluster.async_operations import thing
from flinkmock.rest.call import RestCall

LISTS = frozenset({"getJobIdsWithStatusesOverview", "getJobsOverview"})
"""The operations that tell of every job."""


def polled(call: RestCall) -> list[str]:
    """The jobs and operations that a request asks for, as `Cluster.read` wants them."""
    if call.operation.method != "GET":
        return []
    if call.operation.id in LISTS:
        return list(call.cluster.jobs)
    job_id: str | None = call.path.get("jobid")
    if "triggerid" in call.path:
        return [thing(job_id, call.path["triggerid"])]
    return [] if job_id is None else [job_id]
