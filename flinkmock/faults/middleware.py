"""Middleware that chooses the fault of a request and changes the response.

`server/fault_delivery.py` applies faults to the connection.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from flinkmock.faults.body_edits import corrupt_body, set_values
from flinkmock.faults.fault import CorruptionKind, Fault, PredefinedReply, Reply
from flinkmock.faults.selection import TriggerContext
from flinkmock.faults.variation import varied_body
from flinkmock.flink import java_classes, messages
from flinkmock.flink.exceptions import completion_exception
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.error_responses import internal_error, plain_error
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.response import NoResponse, Response, error_response

if TYPE_CHECKING:
    from flinkmock.contract import Operation
    from flinkmock.faults.fault_target import FaultTarget
    from flinkmock.release import Release
    from flinkmock.rest.request import Request, RequestHandler


class FaultMiddleware:
    """Applies the faults of `target` to requests.

    `handle` wraps a synchronous handler. The proxy, which awaits its handler, calls `before` and `after` instead.
    """

    def __init__(self, handler: RequestHandler | None, target: FaultTarget, release: Release) -> None:
        self._handler = handler
        self._target = target
        self._minor_release = release.minor
        self._quirks = ReleaseQuirks.of(release)

    def handle(self, request: Request) -> Response | NoResponse:
        assert self._handler is not None
        if not self._target.faults:
            return self._handler.handle(request)
        response = self.before(request)
        return self.after(request, self._handler.handle(request) if response is None else response)

    def before(self, request: Request) -> Response | NoResponse | None:
        """Choose the fault of a request; return a response if the fault keeps the cluster from handling the request."""
        target, path = self._target, request.path
        if path is None or request.rejection is not None:
            return None
        if not target.faults or not target.faults.may_match(request.method, path, request.operation):
            return None
        with target.lock:
            if request.arrived_at is None:
                request.arrived_at = target.advance_for_request()
            context = TriggerContext(
                method=request.method,
                path=path,
                operation=request.operation,
                ms_since_start=request.arrived_at - target.started_at,
                job=target.job_name(request.job_id),
                headers=request.headers,
                state_of_job=target.state_of_job,
            )
            request.fault = target.faults.select(context)
        if request.fault is None:
            return None
        fault = request.fault.fault
        request.staleness_ms = fault.serve_stale or 0
        if fault.reaches_cluster:
            return None
        return self._reply(fault.reply, request) if fault.reply else NoResponse()

    def after(self, request: Request, response: Response | NoResponse) -> Response | NoResponse:
        """Return the response with the changes that the fault of the request makes."""
        if request.fault is None or isinstance(response, NoResponse):
            return response
        fault = request.fault.fault
        body, content_type = response.body, response.content_type
        if fault.set_values:
            body, changed_paths = set_values(body, fault.set_values)
            self._target.faults.note_changed_paths(fault, changed_paths)
        operation = request.operation
        if fault.vary is not None and operation is not None and _is_success_of_json_operation(operation, response):
            draw = partial(self._target.faults.random.number, "fault", fault.name, request.fault.nth, "vary")
            body, changed_paths = varied_body(body, fault.vary, self._minor_release, operation.id, draw)
            self._target.faults.note_changed_paths(fault, changed_paths)
        if fault.corrupt is not None:
            corrupted_body = corrupt_body(body, fault.corrupt)
            if corrupted_body != body:
                self._target.faults.note_changed_paths(fault, (fault.corrupt.field,))
            body = corrupted_body
            content_type = "text/html" if fault.corrupt.kind is CorruptionKind.HTML else content_type
        if body is response.body:
            return response
        return dataclasses.replace(response, body=body, content_type=content_type)

    def _reply(self, reply: PredefinedReply | Reply, request: Request) -> Response:
        match reply:
            case Reply():
                return dataclasses.replace(error_response(reply.status, *reply.errors), headers=reply.headers)
            case PredefinedReply.LEADER_UNAVAILABLE:
                return plain_error(503, messages.NO_LEADER)
            case PredefinedReply.NOT_FOUND:
                includes_path = self._quirks.not_found_includes_path
                return plain_error(404, messages.not_found(request.target) if includes_path else messages.NOT_FOUND)
            case PredefinedReply.GATEWAY_TIMEOUT:
                return Response(504, messages.GATEWAY_TIMEOUT_PAGE, content_type="text/html", has_cors_header=False)
            case PredefinedReply.INTERNAL_ERROR:
                timeout = JavaException(java_classes.TIMEOUT_EXCEPTION, messages.RPC_TIMED_OUT)
                return internal_error(completion_exception(timeout))


def _is_success_of_json_operation(operation: Operation, response: Response) -> bool:
    """Return whether a response has the success status of an operation that returns JSON. The body is not checked."""
    return operation.response is not None and not operation.returns_file and response.status == operation.status


def changes_response(fault: Fault) -> bool:
    """Return whether a fault changes the response. A delay alone does not change it."""
    return bool(
        fault.reply
        or fault.drop
        or fault.corrupt
        or fault.set_values
        or fault.vary
        or fault.throttle
        or fault.serve_stale
    )
