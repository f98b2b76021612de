"""Requests of clients to the coordinators of operators."""

from __future__ import annotations

import base64
import binascii

from flinkmock.cluster.errors import CoordinatorNotFound, JobNotFound, UncaughtJavaException
from flinkmock.cluster.submission.node_hashes import hash_of_uid
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.call import Payload, RestCall, handles


@handles("postClientCoordination")
def coordinate(call: RestCall) -> Payload:
    """Raise an error: no operator has a coordinator. The request is read first, as by the JobMaster.

    Raises:
        JobNotFound: the job is unknown or has ended.
        UncaughtJavaException: the request can't be deserialized.
        CoordinatorNotFound: in all other cases.
    """
    job = call.cluster.job(call.path["jobid"], call.now)
    if job.ended:
        raise JobNotFound(job.id)
    problem = _deserialization_error(call.body.get("serializedCoordinationRequest"), call.cluster.release.since("1.15"))
    if problem is None:
        uid = call.path.get("operatorUid")  # since 2.3
        raise CoordinatorNotFound(call.path["operatorid"] if uid is None else hash_of_uid(uid).hex())
    raise UncaughtJavaException(problem)


def _deserialization_error(request: str | None, helpful: bool) -> JavaException | None:
    """Return the exception of deserializing the request; None if its first bytes are right."""
    if request is None:
        return JavaException(java_classes.NULL_POINTER_EXCEPTION, messages.NO_COORDINATION_REQUEST if helpful else None)
    try:
        data = base64.b64decode(request)
    except binascii.Error:
        data = b""
    if len(data) < 4:
        return JavaException(java_classes.EOF_EXCEPTION)
    if not data.startswith(b"\xac\xed\x00\x05"):
        return JavaException(java_classes.STREAM_CORRUPTED_EXCEPTION, messages.invalid_stream_header(data[:4]))
    return None
