"""Operations without a handler: only imported releases have them."""

from __future__ import annotations

from flinkmock.rest.call import FileContent, Payload, RestCall


def unmodelled(call: RestCall) -> Payload | FileContent:
    """Return an empty payload, so that the response is made of placeholders.

    Raises:
        JobNotFound, VertexNotFound, TaskManagerNotFound: As every operation with such an id.
    """
    if "jobid" in call.path:
        job = call.cluster.job(call.path["jobid"], call.now)
        if "vertexid" in call.path:
            job.vertex(call.path["vertexid"])
    if "taskmanagerid" in call.path:
        call.cluster.taskmanager(call.path["taskmanagerid"], call.now)
    return FileContent(b"") if call.operation.returns_file else {}
