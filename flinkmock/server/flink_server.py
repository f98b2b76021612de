"""Answers the requests to JobManagers.

    FlinkServer
      JournalMiddleware     records the exchange
        IngressMiddleware     an ingress may respond instead, if there is one
          LeadershipMiddleware  the JobManager may be down
            FaultMiddleware       a fault may give another response, or change the response
              RestApi               routing, handler, rendering, errors

Requests come from `server/connection.py`, or from `server/aiohttp_server.py` if aiohttp has read them.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flinkmock.control.api import ControlRequest
from flinkmock.faults.middleware import FaultMiddleware
from flinkmock.ingress.ingress import Ingress
from flinkmock.ingress.middleware import IngressMiddleware
from flinkmock.journal.middleware import JournalMiddleware, Observer
from flinkmock.rest.api import RestApi
from flinkmock.rest.leadership_middleware import LeadershipMiddleware
from flinkmock.rest.response import NoResponse, Response
from flinkmock.rest.static_files import StaticFiles
from flinkmock.server.delayed_responses import DelayedResponses
from flinkmock.server.read_path import ReadPath
from flinkmock.server.response_head import head_of

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.faults.selection import FaultHit
    from flinkmock.rest.dashboard import Dashboard
    from flinkmock.rest.request import Request, RequestHandler
    from flinkmock.server.control_server import ControlServer
    from flinkmock.server.request_head import RequestHead


class FlinkServer:
    """Answers the requests to one JobManager.

    Args:
        engine: The engine.
        observer: Called with each exchange before its response is sent.
        dashboard: Flink's dashboard; None: a page about flinkmock.
        jobmanager: The index of the JobManager; 0 is the first leader.
        on_shut_down: Called when a client has shut the cluster down (`DELETE /cluster`), before that client gets its
            response.
        delayed: The delayed responses, shared by the servers of one engine; None: those of this server alone.
        control: The control API of the cluster; None: it is not served on this port.

    Attributes:
        handler: The middlewares and the REST API.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        observer: Observer | None = None,
        on_shut_down: Callable[[], None] | None = None,
        dashboard: Dashboard | None = None,
        jobmanager: int = 0,
        delayed: DelayedResponses | None = None,
        control: ControlServer | None = None,
    ) -> None:
        self.engine = engine
        self.control = control
        self._on_shut_down = on_shut_down
        self.delayed = delayed or DelayedResponses(engine)
        has_console = control is not None and control.is_on_rest_port
        static_files = StaticFiles(engine.contract.release, engine.wall_ms, dashboard, has_console=has_console)
        self.api = RestApi(engine, jobmanager=jobmanager, static_files=static_files, reuses_reads=True)
        self.quirks = self.api.quirks
        self.ingress = Ingress(engine) if engine.ingress.exists else None
        faults = FaultMiddleware(self.api, engine, engine.contract.release)
        self.handler = _with_middlewares(faults, engine, jobmanager, observer)
        self._handler_without_faults = _with_middlewares(self.api, engine, jobmanager, observer)
        self._read_path = ReadPath(self.api, engine, self._handler_without_faults, jobmanager)

    def is_for_control(self, head: RequestHead) -> bool:
        """Return whether a request is for the control API, so that `respond_to_control` handles it."""
        return self.control is not None and self.control.handles(self.without_base_path(head.target))

    def without_base_path(self, target: str) -> str:
        """Return a target without the base path of the ingress."""
        return target if self.ingress is None else self.ingress.without_base_path(target)

    def open(self, method: str, target: str, headers: Mapping[str, str], base_url: str) -> Request:
        """Open a request (see `RestApi.open`). An ingress may respond to it, instead of the cluster."""
        ingress_response = None if self.ingress is None else self.ingress.response(target, headers, base_url)
        return self._open(method, self.without_base_path(target), headers, base_url, ingress_response)

    def _open(
        self, method: str, target: str, headers: Mapping[str, str], base_url: str, ingress_response: Response | None
    ) -> Request:
        """Open a request for a target without base path; `ingress_response` is None if it reaches the cluster."""
        request = self.api.open(method, target, headers, base_url)
        request.received_ms, request.received_ns = self.engine.wall_ms(), time.perf_counter_ns()
        if ingress_response is not None:
            request.rejection, request.ends_at_ingress = ingress_response, True
        return request

    async def respond_to_control(
        self, head: RequestHead, body: bytes, base_url: str, has_disconnected: Callable[[], bool]
    ) -> tuple[bytes, bool]:
        """Return the bytes of the response of the control API, and whether the connection stays open.

        `has_disconnected` returns whether the client has disconnected.
        """
        assert self.control is not None
        request = ControlRequest(head.method, self.without_base_path(head.target), head.headers, body, base_url)
        return _encode_response(head, await self.control.respond(request, has_disconnected), lower_case_names=True)

    def may_apply_fault(self, head: RequestHead) -> bool:
        """Return whether a fault may apply to a request to the REST API, so that `respond_with_faults` handles it."""
        faults = self.engine.faults
        if not faults:
            return False
        resolved = self.api.resolve(head.method, self.without_base_path(head.target))
        return resolved.path is not None and faults.may_match(head.method, resolved.path, resolved.operation)

    def respond_with_faults(
        self, head: RequestHead, body: bytes, base_url: str
    ) -> tuple[Response | NoResponse, FaultHit | None]:
        """Return the response to a request, and the fault that applies to it, if any.

        The fault may already have changed the response or the cluster. The caller applies it to the connection.
        """
        request = self.open(head.method, head.target, head.headers, base_url)
        return self._complete(request, body, self), request.fault

    def handle(self, request: Request) -> Response | NoResponse:
        """Return the response to a complete request.

        A fault may already have changed the response or the cluster. The caller applies it to the connection.
        """
        response = self.handler.handle(request)
        if request.fault is not None:
            self.engine.apply_cluster_fault(request.fault.fault)
        return self._before_sending(response)

    def respond_immediately(self, head: RequestHead, body: bytes, base_url: str) -> tuple[bytes | None, bool]:
        """Return the bytes of the response to a request without a fault, and whether the connection stays open.

        If the bytes are None, the connection is closed without a response.
        """
        ingress_response = None
        if self.ingress is not None:
            ingress_response = self.ingress.response(head.target, head.headers, base_url)
            head = dataclasses.replace(head, target=self.ingress.without_base_path(head.target))
        if head.method == "GET" and not body and ingress_response is None:
            message = self._read_path.respond(head, base_url)
            if message is not None:
                if self.control is not None:
                    self.control.after_request()
                return message, head.keep_alive
        request = self._open(head.method, head.target, head.headers, base_url, ingress_response)
        response = self._before_sending(self._complete(request, body, self._handler_without_faults))
        if isinstance(response, NoResponse):
            return None, False
        return self.encode_response(head, response)

    def _complete(self, request: Request, body: bytes, handler: RequestHandler) -> Response | NoResponse:
        """Complete a request with its body; return the response of `handler`."""
        if body:
            request.receive(body)
        request.complete()
        response = handler.handle(request)
        request.close()
        if self.control is not None:
            self.control.after_request()
        return response

    def encode_response(self, head: RequestHead, response: Response) -> tuple[bytes, bool]:
        """Return the bytes of a response, and whether the connection stays open."""
        return _encode_response(head, response, lower_case_names=self.quirks.lower_case_headers)

    def _before_sending(self, response: Response | NoResponse) -> Response | NoResponse:
        """Return the response to send. If the cluster is shut down, call `on_shut_down`; the connection then closes."""
        if not self.engine.cluster.is_shut_down:
            return response
        if self._on_shut_down is not None:
            self._on_shut_down()
        return dataclasses.replace(response, closes_connection=True) if isinstance(response, Response) else response


def _encode_response(head: RequestHead, response: Response, *, lower_case_names: bool) -> tuple[bytes, bool]:
    """Return the bytes of a response, and whether the connection stays open."""
    keep_alive = head.keep_alive and not response.closes_connection
    return head_of(response, keep_alive=keep_alive, lower_case_names=lower_case_names) + response.body, keep_alive


def _with_middlewares(
    handler: RequestHandler, engine: Engine, jobmanager: int, observer: Observer | None
) -> JournalMiddleware:
    """Return a handler inside the journal, ingress and leadership middlewares."""
    handler = LeadershipMiddleware(handler, engine, jobmanager)
    return JournalMiddleware(IngressMiddleware(handler) if engine.ingress.exists else handler, engine, observer)
