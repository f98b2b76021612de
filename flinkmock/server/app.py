"""From an aiohttp request to a response, on one page.

    FlinkServer.respond     reads the body, delivers the response       aiohttp
      JournalMiddleware     records the exchange
        LeadershipMiddleware  the JobManager may be down
          FaultMiddleware       a fault may reply instead, or spoil the response
            RestApi               routing, handler, rendering, errors

aiohttp parses HTTP and nothing else.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, web

from flinkmock.faults.middleware import FaultMiddleware
from flinkmock.journal.middleware import JournalMiddleware, Observer
from flinkmock.rest.api import RestApi
from flinkmock.rest.leadership import LeadershipMiddleware
from flinkmock.rest.response import NoResponse, Response
from flinkmock.rest.static_files import StaticFiles
from flinkmock.server.addresses import base_url_of
from flinkmock.server.aiohttp_response import ConnectionEnded, ExpectationFailed, FlinkResponse
from flinkmock.server.delayed_responses import DelayedResponses
from flinkmock.server.fault_delivery import FaultDelivery, end_connection
from flinkmock.server.head_normalizer import target_of
from flinkmock.server.read_path import ReadPath
from flinkmock.server.response_head import head_of

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.rest.dashboard import Dashboard
    from flinkmock.rest.request import Request, RequestHandler
    from flinkmock.server.control_server import ControlServer
    from flinkmock.server.request_head import RequestHead

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def create_app(
    engine: Engine,
    *,
    observer: Observer | None = None,
    dashboard: Dashboard | None = None,
    control: ControlServer | None = None,
) -> web.Application:
    """An aiohttp application that serves the first JobManager of `engine`.

    It can also be a subapplication: the prefix of its path is not part of the targets that the cluster sees.

    Args:
        observer: Called with each exchange before its response is sent.
        dashboard: Flink's dashboard; None: a page that leads to the console.
        control: The control API. It makes the application serve the engine that replaces `engine`.
    """
    server = FlinkServer(engine, observer=observer, dashboard=dashboard, control=control)

    def replace(engine: Engine) -> None:
        nonlocal server
        server, before = FlinkServer(engine, observer=observer, dashboard=dashboard, control=control), server
        before.delayed.abandon()

    if control is not None:
        control.api.control.follow = replace

    async def close(_: web.Application) -> None:
        await server.delayed.close()
        if control is not None:
            await control.clusters.close_all()

    async def respond(request: web.Request) -> web.StreamResponse:
        prefix = catch_all.resource.canonical.removesuffix("/{path}") if catch_all.resource else ""
        return await server.respond(request, prefix)

    async def expect(_: web.Request) -> None:
        """`respond` handles the header `Expect`."""

    app = web.Application()
    catch_all = app.router.add_route("*", "/{path:(?s:.*)}", respond, expect_handler=expect)
    app.on_shutdown.append(close)
    return app


class FlinkServer:
    """One JobManager behind aiohttp: `respond` is the handler of an `aiohttp.web.Server`.

    Args:
        jobmanager: The number of the JobManager.
        on_shut_down: Called when a client has shut the cluster down (`DELETE /cluster`), before that client gets its
            response.
        delayed: Shared by the servers of one engine.
        control: The control API of the cluster.
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
        self._engine = engine
        self._control = control
        self._on_shut_down = on_shut_down
        self.delayed = delayed or DelayedResponses(engine)
        console = control is not None and control.is_beside_rest_api
        static_files = StaticFiles(engine.contract.release, engine.wall_ms, dashboard, console=console)
        self._api = RestApi(engine, jobmanager=jobmanager, static_files=static_files)
        self.quirks = self._api.quirks
        faults = FaultMiddleware(self._api, engine, engine.contract.release)
        self._handler = _with_journal(faults, engine, jobmanager, observer)
        self._handler_without_faults = _with_journal(self._api, engine, jobmanager, observer)
        self._read_path = ReadPath(self._api, engine, self._handler_without_faults, jobmanager)

    def answers_at_once(self, head: RequestHead) -> bool:
        """Whether `respond_at_once` may be called: no fault can apply, and the request is to the REST API."""
        return not self._engine.faults and not (self._control is not None and self._control.handles(head.target))

    def respond_at_once(self, head: RequestHead, body: bytes, base_url: str) -> tuple[bytes | None, bool]:
        """The bytes of the response to a request to which no fault applies, and whether the connection stays open.

        None: the connection ends without a response.
        """
        engine = self._engine
        if head.method == "GET" and not body:
            message = self._read_path.message(head, base_url)
            if message is not None:
                if self._control is not None:
                    self._control.on_request()
                return message, True
        request = self._api.open(head.method, head.target, head.headers, base_url)
        request.received_at_ms, request.received_ns = engine.wall_ms(), time.perf_counter_ns()
        if body:
            request.receive(body)
        request.complete()
        response = self._handler_without_faults.handle(request)
        request.close()
        if self._control is not None:
            self._control.on_request()
        if isinstance(response, NoResponse):
            return None, False
        if engine.cluster.shut_down:
            response = dataclasses.replace(response, close=True)
            if self._on_shut_down is not None:
                self._on_shut_down()
        keep_alive = not response.close
        start = head_of(response, keep_alive=keep_alive, lower_case=self.quirks.lower_case_headers)
        return start + response.body, keep_alive

    async def respond(self, http: web.BaseRequest, prefix: str = "") -> web.StreamResponse:
        """The response to a request whose target begins with `prefix`."""
        if self._control is None:
            return await self._respond(http, prefix)
        with self._control.request():
            target = target_of(http).removeprefix(prefix)
            if self._control.handles(target):
                return await self._control.respond(http, target)
            return await self._respond(http, prefix)

    async def _respond(self, http: web.BaseRequest, prefix: str) -> web.StreamResponse:
        if (expected := http.headers.get("Expect")) is not None and http.version >= HttpVersion11:
            if expected.lower() != "100-continue":
                return ExpectationFailed()
            if http.transport is not None:
                http.transport.write(_CONTINUE)
        request = self._api.open(
            http.method,
            target_of(http).removeprefix(prefix),
            http.headers,
            base_url_of(http.transport) or f"http://{http.host}",
        )
        request.received_at_ms, request.received_ns = self._engine.wall_ms(), time.perf_counter_ns()
        try:
            if http.body_exists:
                await _receive_body(http, request)
            request.complete()
            response = self._handler.handle(request)
        finally:
            request.close()
        return await self._deliver(http, request, response)

    async def _deliver(
        self, http: web.BaseRequest, request: Request, response: Response | NoResponse
    ) -> web.StreamResponse:
        hit, transport, lower_case = request.fault, http.transport, self.quirks.lower_case_headers
        delivery = FaultDelivery(hit, self._engine.clock, self.delayed, transport) if hit else None
        if hit is not None:
            self._engine.apply_cluster_fault(hit.fault)
        if self._engine.cluster.shut_down:
            if isinstance(response, Response):
                response = dataclasses.replace(response, close=True)
            if self._on_shut_down is not None:
                self._on_shut_down()
        if delivery is not None:
            return await delivery.response(response, lower_case=lower_case)
        if isinstance(response, NoResponse):
            end_connection(transport, reset=response.reset)
            return ConnectionEnded()
        return FlinkResponse(response, lower_case=lower_case)


async def _receive_body(http: web.BaseRequest, request: Request) -> None:
    """All of the body, which Flink receives before it looks for a handler; not that of a rejected request."""
    if request.rejection is None:
        async for chunk in http.content.iter_any():
            if not request.receive(chunk):
                return


def _with_journal(
    handler: RequestHandler, engine: Engine, jobmanager: int, observer: Observer | None
) -> JournalMiddleware:
    return JournalMiddleware(LeadershipMiddleware(handler, engine, jobmanager), engine, observer)
