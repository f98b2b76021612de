"""The aiohttp application: how a request becomes an answer, on one page.

aiohttp parses HTTP and nothing else; routing, decoding and errors are Flink's.
See docs/flink-behaviour.md#order-of-checks.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from flinkmock.cluster.errors import ClusterError
from flinkmock.flink import java_classes, messages
from flinkmock.flink.configuration import MAX_CONTENT_LENGTH
from flinkmock.flink.java_exception import JavaException
from flinkmock.journal import Exchange
from flinkmock.journal.middleware import answered, begun, note_body, note_route
from flinkmock.rest.call import FileContent
from flinkmock.rest.error_mapping import told
from flinkmock.rest.error_responses import RequestRejected, internal, plain, rest
from flinkmock.rest.jackson.binding import BodyReader
from flinkmock.rest.multipart import Routes, Upload, boundary_of, receive
from flinkmock.rest.parameters import BadParameter, path_values, query_values, surplus_values
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.request_target import BadEscape, Target
from flinkmock.rest.response import Response
from flinkmock.rest.router import Route, Router
from flinkmock.server.aiohttp_response import headers_of_flink
from flinkmock.server.dashboard import Dashboard
from flinkmock.server.delayed_responses import DelayedResponses
from flinkmock.server.faults import FaultInjection
from flinkmock.server.first_request import MAX_REQUEST_LINE
from flinkmock.server.head_normalizer import target_of
from flinkmock.server.static_files import StaticFiles

if TYPE_CHECKING:
    from flinkmock.engine import Engine

_LOG = logging.getLogger("flinkmock.server")
_LOG_URLS = frozenset({"getJobManagerLogUrl", "getTaskManagerLogUrl"})
"""GeneratedLogUrlHandler: no handler of the REST API like others. It converts nothing, and sends no CORS header."""
TOO_LARGE = Response(413, b"", content_type=None, cors=False, close=True)


Observer = Callable[[Exchange], None]


def create_app(
    engine: Engine,
    *,
    observer: Observer | None = None,
    on_shut_down: Callable[[], None] | None = None,
    dashboard: Dashboard | None = None,
    jobmanager: int = 0,
    holding: DelayedResponses | None = None,
) -> web.Application:
    """An application that serves `engine`, and the files of `dashboard` (None: a page of our own).

    `jobmanager` is the number of the one that is asked here; applications for several of one engine share `holding`.
    `observer` is called once for each request, before its answer is sent. `on_shut_down` is called when a client has
    shut the cluster down (`DELETE /cluster`), so that nobody is listening any more when that client is told.
    """
    server = _Server(engine, observer, on_shut_down, dashboard, jobmanager, holding or DelayedResponses(engine))

    @web.middleware
    async def everything(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        # no route is registered with aiohttp, so `handler` knows nothing but its own 404
        with server.holding.request():
            return await server.watched(request)

    app = web.Application(middlewares=[everything])
    app.on_response_prepare.append(headers_of_flink(server.behaviour))
    app.on_shutdown.append(server.close)
    return app


class _Server:
    def __init__(
        self,
        engine: Engine,
        observer: Observer | None,
        on_shut_down: Callable[[], None] | None,
        dashboard: Dashboard | None,
        jobmanager: int,
        holding: DelayedResponses,
    ) -> None:
        contract, configuration = engine.contract, engine.cluster.configuration
        self.behaviour = ReleaseQuirks.of(contract.release)
        self.holding = holding
        self._engine = engine
        self._jobmanager = jobmanager
        self._observer = observer
        self._on_shut_down = on_shut_down
        self._router = Router(contract, configuration.values)
        self._bodies = BodyReader(contract, self.behaviour)
        self._static = StaticFiles(contract.release, time.time(), dashboard)
        self._limit = configuration.integer(MAX_CONTENT_LENGTH)

    async def watched(self, request: web.Request) -> web.StreamResponse:
        """The answer, what stands in its way, and what befalls it; told to the journal."""
        if self._engine.cluster.shut_down and request.transport:
            request.transport.abort()  # a connection from before the end: there is no process any more
        raw = target_of(request)
        seen = begun(request, raw)
        blow = FaultInjection(self._engine, self.behaviour, self.holding, request, seen)
        blow.arrived = self._engine.turned_away(self._jobmanager)
        try:
            if blow.arrived is not None and self._engine.cluster.leadership.jobmanagers[self._jobmanager].down:
                blow.nobody_there()
            answer = await self._answer(request, raw, seen, blow)
        except RequestRejected as refused:
            answer = refused.answer
        answer = blow.spoil(answer)
        answered(self._engine, seen, answer, blow.arrived)
        if self._observer:
            self._observer(seen)
        if blow.fault is not None:
            self._engine.befall(blow.fault)
        if self._engine.cluster.shut_down:
            answer = dataclasses.replace(answer, close=True)
            if self._on_shut_down:
                self._on_shut_down()
        return await blow.response(answer)

    async def close(self, app: web.Application) -> None:
        """Lets nobody wait any longer."""
        await self.holding.close()

    async def _answer(self, request: web.Request, raw: str, seen: Exchange, blow: FaultInjection) -> Response:
        """The path of a request. Raises Refused wherever it ends early."""
        # 1. the target
        if len(request.method) + len(raw) + len("  HTTP/1.1") > MAX_REQUEST_LINE:
            return plain(404, messages.unable_to_load(messages.BAD_REQUEST_PATH), cors=False, close=True)
        try:
            target = Target.parse(raw)
            route = self._router.route(request.method, target.path)
        except BadEscape as error:
            return plain(500, messages.pipeline_error(str(error)), close=True)
        # 2. all of the body, which Flink receives before it looks for a handler
        upload = await self._upload(request, route, target)
        try:
            body_text = await self._body(request) if upload is None else upload.json
            note_body(seen, body_text, upload.files if upload else ())
            # 3. an operation, or nothing of the kind; and what befalls it on the way
            if route is not None:
                note_route(seen, route)
            if (instead := blow.fall(target.path, route.operation if route else None)) is not None:
                return instead
            # LeaderRetrievalHandler: without a leader there are not even files, nor mistakes in parameters (recorded)
            if self._engine.cluster.leadership.leader is None and (route or request.method == "GET"):
                return plain(503, messages.NO_LEADER, cors=route is not None)
            if route is None:
                return self._nothing_there(request, target)
            plainly = route.operation.id in _LOG_URLS
            # 4. the body's JSON; it is read before the parameters, so that its mistakes win
            body = {} if plainly else self._bodies.read(route.operation, body_text)
            # 5. the parameters
            try:
                path = dict(route.path) if plainly else path_values(route.operation, route.path)
                query = query_values(route.operation, target.query)
            except BadParameter as error:
                cause = JavaException(java_classes.HANDLER_REQUEST_EXCEPTION, str(error))
                return rest(400, messages.bad_parameters(str(error)), cause)
            if body is None:  # HandlerRequest wants one, after the parameters
                return internal(JavaException("java.lang.NullPointerException"))
            if surplus := surplus_values(route.operation, query, body):
                return rest(400, surplus)
            seen.job_id = path.get("jobid")
            # 6. the cluster
            try:
                with self._engine.lock:
                    found = self._engine.handle(
                        route.operation,
                        path=path,
                        query=query,
                        body=body,
                        files=upload.files if upload else (),
                        base_url=_base_url(request),
                        arrived=blow.arrived,
                        jobmanager=self._jobmanager,
                        ago=(blow.fault.serve_stale if blow.fault else None) or 0,
                    )
            except ClusterError as problem:
                return told(problem, route.operation, self.behaviour)
            except Exception as error:
                _LOG.exception("%s %s", request.method, raw)
                return internal(JavaException("java.lang.IllegalStateException", f"flinkmock failed: {error!r}"))
        finally:
            if upload is not None:
                upload.close()
        # 7. its answer
        if isinstance(found, FileContent):
            return Response(route.operation.status, found.data, found.content_type, cors=False)
        return Response(route.operation.status, found, cors=route.operation.id not in _LOG_URLS)

    async def _upload(self, request: web.Request, route: Route | None, target: Target) -> Upload | None:
        """The parts of a multipart form; None for any other body, and for methods other than POST."""
        if (request.content_length or 0) > self._limit:
            raise RequestRejected(TOO_LARGE)
        if request.method != "POST":
            return None
        boundary = boundary_of(request.headers.get("Content-Type", ""))
        if boundary is None:
            return None
        routes = Routes(takes_post=route is not None, takes_files=route is not None and route.operation.file_upload)
        return await receive(self._chunks(request), boundary, routes, self.behaviour)

    async def _body(self, request: web.Request) -> bytes:
        return b"".join([chunk async for chunk in self._chunks(request)])

    async def _chunks(self, request: web.Request) -> AsyncIterator[bytes]:
        """Raises Refused when the limit is passed: a chunked body doesn't tell its length beforehand."""
        received = 0
        async for chunk in request.content.iter_any():
            received += len(chunk)
            if received > self._limit:
                raise RequestRejected(TOO_LARGE)
            yield chunk

    def _nothing_there(self, request: web.Request, target: Target) -> Response:
        if request.method == "GET":
            return self._static.answer(target.path, request.headers.get("If-Modified-Since"), time.time())
        text = messages.not_found(target.raw) if self.behaviour.not_found_tells_path else messages.NOT_FOUND
        return plain(404, text)


def _base_url(request: web.Request) -> str:
    """The address at which the request arrived: like Flink, which tells its own address whatever `Host` says."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    if not name:
        return f"http://{request.host}"
    host, port = name[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
