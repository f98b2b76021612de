"""Operations that the model does not know: those that an imported release has more than flinkmock's own."""

from __future__ import annotations

from flinkmock.rest.call import Facts, FileContent, RestCall


def unmodelled(call: RestCall) -> Facts | FileContent:
    """No facts: the answer is made of the schema alone, the same each time.

    Raises UnknownJob, UnknownVertex, UnknownTaskManager for what is not there, as every operation does.
    """
    if "jobid" in call.path:
        job = call.cluster.job(call.path["jobid"])
        if "vertexid" in call.path:
            job.vertex(call.path["vertexid"])
    if "taskmanagerid" in call.path:
        call.cluster.taskmanager(call.path["taskmanagerid"], call.now)
    return FileContent(b"") if call.operation.returns_file else {}
