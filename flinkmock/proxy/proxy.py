"""The proxy itself: how a request travels to the server behind, and its answer back.

Bodies are streamed both ways; of each, only the beginning is kept to be judged. An answer that a fault spoils, slows
down or cuts off is fetched as a whole first.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from yarl import URL

from flinkmock.conformance.report import Report
from flinkmock.contract import Contract, Operation
from flinkmock.faults import Fault
from flinkmock.journal import Exchange
from flinkmock.journal.exchange import MAX_BODY_BYTES
from flinkmock.proxy.streaming import BodyBuffer, UpstreamResponse, end_to_end, origin_form, passing, received
from flinkmock.proxy.traffic_checker import JUDGED_BYTES, TrafficChecker
from flinkmock.proxy.upstream import UpstreamCluster
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.response import Response
from flinkmock.server.aiohttp_response import FlinkResponse, headers_of_flink
from flinkmock.server.delayed_responses import DelayedResponses
from flinkmock.server.faults import FaultInjection

NOT_OURS = "Accept", "Accept-Encoding", "Content-Type", "User-Agent"
"""Headers that aiohttp's client would add."""
MAX_LINE = 64 * 1024
"""Bytes of a request line or header that are passed on: more than Flink reads, so that the refusal is Flink's."""
Told = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class _Route:
    """What a target is: `operation` None for what the release has not."""

    operation: Operation | None
    parameters: Mapping[str, str]
    url: URL


class Proxy:
    """Stands in front of the server at `upstream`.

    `told` hears each exchange. `faults` strike on the way, by the same rules and in the same way as in a fake cluster;
    `seed` fixes their random choices.

    Raises NotOverALiveCluster for faults that only a fake cluster can suffer.
    """

    def __init__(
        self,
        upstream: str,
        contract: Contract,
        told: Told | None = None,
        *,
        faults: Iterable[Fault] = (),
        seed: int = 0,
    ) -> None:
        self.upstream = upstream.rstrip("/")
        self.contract = contract
        self.judging = TrafficChecker(contract, self.upstream)
        self._told = told
        self._numbers = itertools.count(1)
        self._behind = UpstreamCluster(self.upstream, faults, seed)
        self._holding = DelayedResponses(self._behind)
        self._behaviour = ReleaseQuirks.of(contract.release)
        self._route = lru_cache(maxsize=10_000)(self._find)  # clients ask the same paths over and over
        self._client: aiohttp.ClientSession | None = None

    @property
    def report(self) -> Report:
        """What the server does wrong."""
        return self.judging.report

    def summary(self) -> str:
        """What was wrong on either side, for people."""
        return self.judging.summary()

    def runner(self, patience: float = 2.0) -> web.AppRunner:
        """To be set up and given a site. `patience`: seconds (more than 0) for which requests under way are waited for
        when it is cleaned up."""
        return web.AppRunner(
            self._app(),
            access_log=None,
            auto_decompress=False,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            shutdown_timeout=patience,
        )

    def _app(self) -> web.Application:
        async def client(_: web.Application) -> AsyncIterator[None]:
            async with aiohttp.ClientSession(
                auto_decompress=False,
                skip_auto_headers=NOT_OURS,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
                connector=aiohttp.TCPConnector(limit=0),
            ) as self._client:
                yield

        async def close(_: web.Application) -> None:
            await self._holding.close()

        app = web.Application()
        app.router.add_route("*", "/{path:(?s:.*)}", self._pass)
        app.cleanup_ctx.append(client)
        app.on_response_prepare.append(_headers(self._behaviour))
        app.on_shutdown.append(close)
        return app

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        route = self._route(request.method, request.raw_path)
        seen, sent = self._begun(request, route), BodyBuffer(MAX_BODY_BYTES)
        blow, instead = await self._befalls(request, seen, route.operation)
        if blow is not None and instead is not None:
            await received(request.content, sent)
            _end(seen, sent, instead.status, len(instead.body), instead.content_type)
            self._tell(seen)
            return await blow.response(instead)
        try:
            return await self._carried_out(request, route, seen, sent, blow)
        except aiohttp.ClientError as error:
            self._unanswered(request, route, error)
            response = web.json_response({"errors": [f"No answer from {self.upstream}: {error}"]}, status=502)
            _end(seen, sent, response.status, response.content_length or 0, response.content_type)
            self._tell(seen)
            return response

    async def _carried_out(
        self, request: web.Request, route: _Route, seen: Exchange, sent: BodyBuffer, blow: FaultInjection | None
    ) -> web.StreamResponse:
        """Raises ClientError if no head of an answer comes."""
        assert self._client is not None
        async with self._client.request(
            request.method,
            route.url,
            headers=end_to_end(request.raw_headers),
            data=passing(request.content, sent) if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            matters = self._behind.past.matters(seen.method, seen.path, route.operation)
            kept = BodyBuffer(JUDGED_BYTES if matters or route.operation is not None else -1)
            response: web.StreamResponse
            if blow is not None and blow.changes_answer:
                kept.add(body := await answer.read())
                spoiled = blow.spoil(self._stale(seen, blow) or _as_answer(answer, body))
                _end(seen, sent, spoiled.status, len(spoiled.body), spoiled.content_type)
                response = await blow.response(spoiled)
            else:
                if blow is not None:
                    await blow.hold()
                response = await self._streamed(request, route, answer, kept)
                _end(seen, sent, answer.status, kept.size, answer.headers.get("Content-Type"))
            if matters and kept.content is not None:
                self._behind.past.keep(seen.target, self._behind.clock.now(), _as_answer(answer, kept.content))
        # the client has its answer already
        asyncio.get_running_loop().call_soon(self._judge, seen, route.operation, answer, kept)
        return response

    def _stale(self, seen: Exchange, blow: FaultInjection) -> Response | None:
        """The old answer that is to be given; None: none is, or nobody has asked for so long."""
        if blow.fault is None or not blow.fault.serve_stale:
            return None
        return self._behind.past.before(seen.target, self._behind.clock.now() - blow.fault.serve_stale)

    async def _streamed(
        self, request: web.Request, route: _Route, answer: aiohttp.ClientResponse, kept: BodyBuffer
    ) -> web.StreamResponse:
        response = UpstreamResponse(answer)
        await response.prepare(request)
        try:
            async for chunk in answer.content.iter_any():
                kept.add(chunk)
                await response.write(chunk)
            await response.write_eof()
        except aiohttp.ClientError as error:
            # one of the two has left: there is no other way to tell the client than to leave as well
            self._unanswered(request, route, error)
            kept.forget()
            if request.transport is not None:
                request.transport.close()
        return response

    def _unanswered(self, request: web.Request, route: _Route, error: Exception) -> None:
        if not _gone(request):  # a client that left wants no answer
            self.judging.unanswered[f"{route.operation or request.method}: {error}"] += 1

    async def _befalls(
        self, request: web.Request, seen: Exchange, operation: Operation | None
    ) -> tuple[FaultInjection | None, Response | None]:
        """The fault that strikes a request, and the answer with which it ends if the server does not get to see it."""
        faults = self._behind.faults
        if not faults or not faults.may_match(seen.method, seen.path, operation):
            return None, None
        assert self._client is not None
        await self._behind.look(self._client, request.headers)
        blow = FaultInjection(self._behind, self._behaviour, self._holding, request, seen)
        instead = blow.fall(seen.path, operation)
        return (blow, instead) if seen.fault else (None, None)

    def _find(self, method: str, target: str) -> _Route:
        target = origin_form(target)
        operation = self.contract.match(method, target)
        parameters = {}
        if operation is not None:
            # from the end, since the path may begin with a version
            values = reversed(target.partition("?")[0].rstrip("/").split("/"))
            pairs = zip(reversed(operation.segments), values, strict=False)
            parameters = {name[1:]: unquote(value) for name, value in pairs if name.startswith(":")}
        return _Route(operation, parameters, URL(self.upstream + target, encoded=True))

    def _begun(self, request: web.Request, route: _Route) -> Exchange:
        seen = Exchange(request.method, request.raw_path, contract=self.contract)
        seen.time = seen.wall_time = time.time_ns() // 1_000_000
        seen.started_ns = time.perf_counter_ns()
        seen.headers = tuple(request.headers.items())
        if route.operation is not None:
            seen.operation, seen.parameters = route.operation.id, route.parameters
            seen.job_id = route.parameters.get("jobid")
        return seen

    def _judge(
        self, seen: Exchange, operation: Operation | None, answer: aiohttp.ClientResponse, kept: BodyBuffer
    ) -> None:
        self.judging.passed(seen, operation, answer.status, answer.headers, kept.content)
        self._tell(seen)

    def _tell(self, seen: Exchange) -> None:
        seen.number = next(self._numbers)
        if self._told:
            self._told(seen)


def _headers(behaviour: ReleaseQuirks) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """A hook for `on_response_prepare`: an answer has the headers it came with, or, if it is a fault's, Flink's."""
    of_flink = headers_of_flink(behaviour)

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        if isinstance(response, UpstreamResponse):
            response.mend()
        elif isinstance(response, FlinkResponse):
            await of_flink(request, response)

    return prepare


def _as_answer(answer: aiohttp.ClientResponse, body: bytes) -> Response:
    """What a fault can work on. Its length is that of whatever becomes of it."""
    headers = end_to_end(answer.raw_headers).copy()
    headers.popall("Content-Length", None)
    kind = headers.pop("Content-Type", None)
    return Response(answer.status, body, content_type=kind, cors=False, headers=headers)


def _end(seen: Exchange, sent: BodyBuffer, status: int, size: int, content_type: str | None) -> None:
    """Completes the entry of an answered request."""
    seen.duration_us = (time.perf_counter_ns() - seen.started_ns) // 1000
    seen.raw_body = sent.content
    seen.status, seen.response_size, seen.content_type = status, size, content_type


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
