"""Operations without a handler, which only imported releases have."""

from __future__ import annotations

from flinkmock.rest.call import FileContent, Payload, RestCall


def unmodelled(call: RestCall) -> Payload | FileContent:
    """Return an empty payload, so that the response consists of placeholders.

    Raises:
        JobNotFound, VertexNotFound, TaskManagerNotFound: An id in the path is unknown.
    """
    if "jobid" in call.path:
        job = call.cluster.job(call.path["jobid"], call.now)
        if "vertexid" in call.path:
            job.vertex(call.path["vertexid"])
    if "taskmanagerid" in call.path:
        call.cluster.taskmanagers.get(call.path["taskmanagerid"], call.now)
    return FileContent(b"") if call.operation.returns_file else {}
