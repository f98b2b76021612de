"""Delivers requests of clients to the coordinators of operators."""

from __future__ import annotations

import base64
import binascii

from flinkmock.cluster.collect_responses import collect_response, find_collect_sink
from flinkmock.cluster.errors import CoordinatorNotFound, JobNotFound, UncaughtJavaException
from flinkmock.cluster.submission.node_hashes import hash_of_uid
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_serialization.reader import BadStream, JavaObject, read_object
from flinkmock.flink.java_serialization.stream_constants import HEADER
from flinkmock.flink.java_serialization.writer import serialized_collect_response
from flinkmock.rest.call import Payload, RestCall, handles


@handles("postClientCoordination")
def coordinate(call: RestCall) -> Payload:
    """Deliver a request to the coordinator of a sink of `collect()`.

    Like Flink, deserialize the request before looking for the coordinator.

    Raises:
        JobNotFound: The job is unknown or has ended.
        UncaughtJavaException: The request can't be deserialized, or is for the coordinator of a source.
        CoordinatorNotFound: The operator is neither a sink of `collect()` nor a source with splits, or the request to
            the sink is not a CollectCoordinationRequest.
    """
    job = call.cluster.job(call.path["jobid"], call.now)
    if job.has_ended:
        raise JobNotFound(job.id)
    serialized_request: str | None = call.body.get("serializedCoordinationRequest")
    error = _deserialization_error(serialized_request, explains_missing_request=call.cluster.release.since("1.15"))
    if serialized_request is None or error is not None:
        raise UncaughtJavaException(error or JavaException(java_classes.NULL_POINTER_EXCEPTION))
    uid = call.path.get("operatorUid")  # since 2.3
    operator_id = call.path["operatorid"] if uid is None else hash_of_uid(uid).hex()
    vertex_and_sink = find_collect_sink(job, operator_id)
    request = _collect_request(serialized_request)
    if any(vertex.id == operator_id and vertex.spec.splits for vertex in job.graph.vertices):
        message = messages.coordinator_handles_no_requests(operator_id)  # of SourceCoordinator
        raise UncaughtJavaException(JavaException(java_classes.FLINK_EXCEPTION, message))
    if vertex_and_sink is None or request is None:
        raise CoordinatorNotFound(operator_id)
    (vertex, sink), (version, offset) = vertex_and_sink, request
    response = collect_response(job, vertex, sink, version, offset, call.now, call.cluster.random)
    data = serialized_collect_response(response.version, response.last_checkpointed_offset, response.rows)
    return {"serializedCoordinationResult": base64.b64encode(data).decode()}


def _collect_request(serialized_request: str) -> tuple[str, int] | None:
    """Return the version and the offset of a CollectCoordinationRequest; None for any other request."""
    try:
        request = read_object(base64.b64decode(serialized_request))
    except BadStream:
        return None
    fields = request.fields if isinstance(request, JavaObject) else {}
    version, offset = fields.get("version"), fields.get("offset")
    return (version, offset) if isinstance(version, str) and isinstance(offset, int) else None


def _deserialization_error(serialized_request: str | None, *, explains_missing_request: bool) -> JavaException | None:
    """Return the exception of deserializing a request; None if its first bytes are valid."""
    if serialized_request is None:
        message = messages.NO_COORDINATION_REQUEST if explains_missing_request else None
        return JavaException(java_classes.NULL_POINTER_EXCEPTION, message)
    try:
        data = base64.b64decode(serialized_request)
    except binascii.Error:
        data = b""
    if len(data) < len(HEADER):
        return JavaException(java_classes.EOF_EXCEPTION)
    if not data.startswith(HEADER):
        header = data[: len(HEADER)]
        return JavaException(java_classes.STREAM_CORRUPTED_EXCEPTION, messages.invalid_stream_header(header))
    return None
