"""The proxy itself: how a request travels to the server behind, and its answer back.

Bodies are streamed both ways; of each, only the beginning is kept to be judged. An answer that a fault spoils, slows
down or cuts off is fetched as a whole first.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import lru_cache
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from yarl import URL

from flinkmock.conformance.report import Report
from flinkmock.contract import Contract, Operation
from flinkmock.faults import Fault
from flinkmock.faults.middleware import FaultMiddleware, changes_response
from flinkmock.journal import Exchange
from flinkmock.journal.exchange import MAX_BODY_BYTES
from flinkmock.journal.middleware import exchange_of, finish
from flinkmock.proxy.streaming import BodyBuffer, UpstreamResponse, end_to_end, origin_form, passing, received
from flinkmock.proxy.traffic_checker import JUDGED_BYTES, TrafficChecker
from flinkmock.proxy.upstream import UpstreamCluster
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.request import Request
from flinkmock.rest.response import NoResponse, Response
from flinkmock.server.delayed_responses import DelayedResponses
from flinkmock.server.fault_delivery import FaultDelivery

NOT_OURS = "Accept", "Accept-Encoding", "Content-Type", "User-Agent"
"""Headers that aiohttp's client would add."""
MAX_LINE = 64 * 1024
"""Bytes of a request line or header that are passed on: more than Flink reads, so that the refusal is Flink's."""
Told = Callable[[Exchange], None]


_Route = tuple[Operation | None, Mapping[str, str], URL]
"""What a target names: an operation of the release or None, the path parameters, and the URL behind the proxy."""


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
        self._quirks = ReleaseQuirks.of(contract.release)
        self._faults = FaultMiddleware(None, self._behind, self._quirks)
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
        app.on_response_prepare.append(_prepare)
        app.on_shutdown.append(close)
        return app

    async def _pass(self, http: web.Request) -> web.StreamResponse:
        request, url = self._opened(http)
        sent = BodyBuffer(MAX_BODY_BYTES)
        response = await self._choose_fault(http, request)
        if request.fault is not None:
            delivery = FaultDelivery(request.fault, self._behind.clock, self._holding, http.transport)
            if response is not None:
                await received(http.content, sent)
                self._tell(self._exchange(request, sent, response))
                return await delivery.response(response, lower_case=self._quirks.lower_case_headers)
        else:
            delivery = None
        try:
            return await self._forwarded(http, request, url, sent, delivery)
        except aiohttp.ClientError as error:
            self._unanswered(http, request, error)
            failure = web.json_response({"errors": [f"No answer from {self.upstream}: {error}"]}, status=502)
            exchange = self._begun(request, sent)
            finish(exchange, request, failure.status, failure.content_length or 0, failure.content_type)
            self._tell(exchange)
            return failure

    async def _forwarded(
        self, http: web.Request, request: Request, url: URL, sent: BodyBuffer, delivery: FaultDelivery | None
    ) -> web.StreamResponse:
        """Raises ClientError if no head of a response comes."""
        assert self._client is not None
        async with self._client.request(
            http.method,
            url,
            headers=end_to_end(http.raw_headers),
            data=passing(http.content, sent) if http.body_exists else None,
            allow_redirects=False,
        ) as answer:
            matters = self._behind.past.matters(request.method, request.path or "", request.operation)
            kept = BodyBuffer(JUDGED_BYTES if matters or request.operation is not None else -1)
            response: web.StreamResponse
            if delivery is not None and request.fault is not None and changes_response(request.fault.fault):
                kept.add(body := await answer.read())
                changed = self._faults.after(request, self._stale(request) or _as_response(answer, body))
                exchange = self._exchange(request, sent, changed)
                response = await delivery.response(changed, lower_case=self._quirks.lower_case_headers)
            else:
                if delivery is not None:
                    await delivery.delay()
                response = await self._streamed(http, request, answer, kept)
                exchange = self._begun(request, sent)
                finish(exchange, request, answer.status, kept.size, answer.headers.get("Content-Type"))
            if matters and kept.content is not None:
                self._behind.past.keep(request.target, self._behind.clock.now(), _as_response(answer, kept.content))
        # the client has its response already
        asyncio.get_running_loop().call_soon(self._judge, exchange, request.operation, answer, kept)
        return response

    def _stale(self, request: Request) -> Response | None:
        """The earlier response that the fault of the request serves; None: it serves none, or there is none so old."""
        if not request.staleness_ms:
            return None
        return self._behind.past.before(request.target, self._behind.clock.now() - request.staleness_ms)

    async def _streamed(
        self, http: web.Request, request: Request, answer: aiohttp.ClientResponse, kept: BodyBuffer
    ) -> web.StreamResponse:
        response = UpstreamResponse(answer)
        await response.prepare(http)
        try:
            async for chunk in answer.content.iter_any():
                kept.add(chunk)
                await response.write(chunk)
            await response.write_eof()
        except aiohttp.ClientError as error:
            # one of the two has left: the client can only be told by closing its connection
            self._unanswered(http, request, error)
            kept.forget()
            if http.transport is not None:
                http.transport.close()
        return response

    def _unanswered(self, http: web.Request, request: Request, error: Exception) -> None:
        if not _gone(http):  # a client that left expects no response
            self.judging.unanswered[f"{request.operation or request.method}: {error}"] += 1

    async def _choose_fault(self, http: web.Request, request: Request) -> Response | NoResponse | None:
        """Chooses the fault that applies to a request; returns the response if the server doesn't get the request."""
        faults = self._behind.faults
        if not faults or not faults.may_match(request.method, request.path or "", request.operation):
            return None
        assert self._client is not None
        await self._behind.look(self._client, http.headers)
        return self._faults.before(request)

    def _opened(self, http: web.Request) -> tuple[Request, URL]:
        """The request, and the URL to which it goes."""
        request = Request(http.method, http.raw_path, http.headers)
        request.received_at_ms, request.received_ns = time.time_ns() // 1_000_000, time.perf_counter_ns()
        request.operation, request.path_parameters, url = self._route(http.method, http.raw_path)
        request.job_id = request.path_parameters.get("jobid")
        request.path = unquote(http.raw_path.partition("?")[0])
        return request, url

    def _find(self, method: str, target: str) -> _Route:
        target = origin_form(target)
        operation = self.contract.match(method, target)
        parameters = {}
        if operation is not None:
            # from the end, since the path may begin with a version
            values = reversed(target.partition("?")[0].rstrip("/").split("/"))
            pairs = zip(reversed(operation.segments), values, strict=False)
            parameters = {name[1:]: unquote(value) for name, value in pairs if name.startswith(":")}
        return operation, parameters, URL(self.upstream + target, encoded=True)

    def _begun(self, request: Request, sent: BodyBuffer) -> Exchange:
        """The exchange of a request, without its response."""
        exchange = exchange_of(request)
        exchange.contract, exchange.raw_body, exchange.time = self.contract, sent.content, request.received_at_ms
        return exchange

    def _exchange(self, request: Request, sent: BodyBuffer, response: Response | NoResponse) -> Exchange:
        exchange = self._begun(request, sent)
        if isinstance(response, Response):
            finish(exchange, request, response.status, len(response.body), response.content_type)
        else:
            finish(exchange, request, 0, 0, None)
        return exchange

    def _judge(
        self, seen: Exchange, operation: Operation | None, answer: aiohttp.ClientResponse, kept: BodyBuffer
    ) -> None:
        self.judging.passed(seen, operation, answer.status, answer.headers, kept.content)
        self._tell(seen)

    def _tell(self, seen: Exchange) -> None:
        seen.number = next(self._numbers)
        if self._told:
            self._told(seen)


async def _prepare(request: web.Request, response: web.StreamResponse) -> None:
    """A hook for `on_response_prepare`: a response that is passed on has the headers with which it came."""
    if isinstance(response, UpstreamResponse):
        response.mend()


def _as_response(answer: aiohttp.ClientResponse, body: bytes) -> Response:
    """What a fault can work on. Its length is that of whatever becomes of it."""
    headers = end_to_end(answer.raw_headers).copy()
    headers.popall("Content-Length", None)
    kind = headers.pop("Content-Type", None)
    return Response(answer.status, body, content_type=kind, cors=False, headers=headers)


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
