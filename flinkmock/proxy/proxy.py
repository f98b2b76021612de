"""Forwards requests to an upstream server and its responses to the client.

Bodies are streamed in both directions; the proxy keeps those that are short enough for checks. If a fault changes,
slows down or truncates a response, the proxy reads the whole response before it sends it.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from flinkmock.conformance.report import Report
from flinkmock.contract import Contract, Operation
from flinkmock.faults import Fault
from flinkmock.faults.middleware import FaultMiddleware, changes_response
from flinkmock.journal import Exchange
from flinkmock.journal.exchange import MAX_BODY_BYTES
from flinkmock.journal.middleware import add_response, exchange_of
from flinkmock.proxy.requests_in_flight import RequestsInFlight
from flinkmock.proxy.streaming import (
    KEEP_NOTHING,
    STATUSES_WITH_UNREAD_BODY,
    BodyBuffer,
    UpstreamResponse,
    as_response,
    drop_added_headers,
    end_to_end_headers,
    forward_body,
    is_cut_off,
    is_disconnected,
    microseconds_of,
    origin_form,
    read_body,
    send_continue,
)
from flinkmock.proxy.traffic_checker import MAX_CHECKED_BYTES, TrafficChecker
from flinkmock.proxy.upstream import UpstreamCluster
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.request import Request
from flinkmock.rest.response import NoResponse, Response
from flinkmock.server.aiohttp_response import UnsentResponse, response_with_fault
from flinkmock.server.delayed_responses import DelayedResponses
from flinkmock.server.fault_delivery import FaultDelivery

HEADERS_ADDED_BY_AIOHTTP = "Accept", "Accept-Encoding", "Content-Type", "User-Agent"
"""Headers that aiohttp's client adds by default."""
_CREDENTIALS = "Authorization", "Cookie"
"""The headers of a client that the proxy's own requests have, too."""
MAX_LINE_BYTES = 64 * 1024
"""The maximum length of a request line or header, in bytes: more than Flink's, so that Flink rejects longer ones."""


class _Route(NamedTuple):
    """What the proxy derives from the method and target of a request. `operation` is None if the release lacks it."""

    operation: Operation | None
    path_parameters: Mapping[str, str]
    upstream_url: URL


class Proxy:
    """A proxy for one server.

    Args:
        upstream_url: The URL of the server.
        contract: The contract that requests and responses are checked against.
        on_exchange: Called with each exchange.
        faults: Applied to requests by the same rules as in a fake cluster.
        seed: The seed of the faults' random draws.
        on_checked: Called with each exchange and sentences about it, see `TrafficChecker.check`.
        headers: Headers to add to every request, such as credentials. They replace headers of the same name that the
            client sends.
        context: The SSL context for TLS to the server; None for the default one.

    Raises:
        FaultRequiresFakeCluster: Some of the faults change the cluster itself.
    """

    def __init__(
        self,
        upstream_url: str,
        contract: Contract,
        on_exchange: Callable[[Exchange], None] | None = None,
        *,
        faults: Iterable[Fault] = (),
        seed: int = 0,
        on_checked: Callable[[Exchange, Sequence[str]], None] | None = None,
        headers: Mapping[str, str] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._added_headers = dict(headers or {})
        self._context = context
        self.upstream_url = upstream_url.rstrip("/")
        self.contract = contract
        self.checker = TrafficChecker(contract, self.upstream_url)
        self._on_exchange = on_exchange
        self._on_checked = on_checked
        self._exchange_numbers = itertools.count(1)
        self._in_flight = RequestsInFlight(self.checker)
        self._upstream_cluster = UpstreamCluster(self.upstream_url, faults, seed)
        self._delayed_responses = DelayedResponses(self._upstream_cluster)
        self._quirks = ReleaseQuirks.of(contract.release)
        self._fault_middleware = FaultMiddleware(None, self._upstream_cluster, contract.release)
        self._cached_route = lru_cache(maxsize=10_000)(self._find_route)  # clients repeat the same targets
        self._client: aiohttp.ClientSession | None = None

    @property
    def report(self) -> Report:
        """The findings about the server."""
        return self.checker.report

    @property
    def in_flight_count(self) -> int:
        """The number of requests whose response has not been sent completely."""
        return len(self._in_flight)

    def summary(self) -> str:
        """Return the findings about the server, its clients and the faults as text."""
        return "\n".join([self.report.table(), *self.further_findings()])

    def further_findings(self) -> list[str]:
        """Return lines about requests with mistakes, requests without a response, and faults that never applied.

        `TrafficChecker.mistakes` says what counts as a mistake.
        """
        unused = self._upstream_cluster.faults.unused()
        fault_lines = ["", "faults:", *(f"    {sentence}" for sentence in unused)] if unused else []
        return [*self.checker.client_findings(), *fault_lines]

    def runner(self, shutdown_timeout: float = 2.0) -> web.AppRunner:
        """Return an aiohttp runner; the caller sets it up and adds a site.

        Args:
            shutdown_timeout: How long the runner's cleanup waits for pending requests, in seconds (more than 0).
        """
        return web.AppRunner(
            self._app(),
            access_log=None,
            auto_decompress=False,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
            shutdown_timeout=shutdown_timeout,
        )

    def _app(self) -> web.Application:
        async def open_client(_: web.Application) -> AsyncIterator[None]:
            async with aiohttp.ClientSession(
                auto_decompress=False,
                skip_auto_headers=HEADERS_ADDED_BY_AIOHTTP,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
                connector=aiohttp.TCPConnector(limit=0, ssl=self._context or True),
            ) as self._client:
                yield

        async def cancel_delayed_responses(_: web.Application) -> None:
            self._in_flight.is_stopping = True
            await self._delayed_responses.close()

        async def finish_checks(_: web.Application) -> None:
            self._in_flight.end_all()
            self.checker.end()

        app = web.Application()
        app.on_cleanup.append(finish_checks)
        app.router.add_route("*", "/{path:(?s:.*)}", self._handle, expect_handler=send_continue)
        app.cleanup_ctx.append(open_client)
        app.on_response_prepare.append(drop_added_headers)
        app.on_shutdown.append(cancel_delayed_responses)
        return app

    async def _handle(self, http_request: web.Request) -> web.StreamResponse:
        request, url = self._request_of(http_request)
        self._in_flight.add(request)
        try:
            return await self._respond(http_request, request, url)
        except asyncio.CancelledError:
            self._in_flight.end_without_response(request)
            raise
        finally:
            self._in_flight.remove(request)

    async def _respond(self, http_request: web.Request, request: Request, url: URL) -> web.StreamResponse:
        """Return the response to a request: from its fault, from the server, or 502.

        The status is 502 if the server sends no response, or an incomplete one that a fault would change.
        """
        request_body = BodyBuffer(MAX_BODY_BYTES)
        response = await self._choose_fault(http_request, request)
        if request.fault is not None:
            delivery = FaultDelivery(
                request.fault, self._upstream_cluster.clock, self._delayed_responses, http_request.transport
            )
            if response is not None:
                await read_body(http_request.content, request_body)
                self._record(self._exchange(request, request_body, response))
                return await self._send(http_request, request, response, delivery)
        else:
            delivery = None
        try:
            return await self._forward(http_request, request, url, request_body, delivery)
        except aiohttp.ClientError as error:
            self._add_unanswered(http_request, request, error)
            problem = "Incomplete response" if is_cut_off(error) else "No response"
            bad_gateway = web.json_response({"errors": [f"{problem} from {self.upstream_url}: {error}"]}, status=502)
            exchange = self._exchange_without_response(request, request_body)
            size = bad_gateway.content_length or 0
            add_response(exchange, request, bad_gateway.status, size, bad_gateway.content_type)
            self._record(exchange)
            return bad_gateway

    async def _forward(
        self,
        http_request: web.Request,
        request: Request,
        url: URL,
        request_body: BodyBuffer,
        delivery: FaultDelivery | None,
    ) -> web.StreamResponse:
        """Forward a request and its response.

        Raises:
            aiohttp.ClientError: The server sends no response, or an incomplete one that a fault would change.
        """
        assert self._client is not None
        async with self._client.request(
            http_request.method,
            url,
            headers=self._with_added_headers(end_to_end_headers(http_request.raw_headers)),
            data=forward_body(http_request.content, request_body) if http_request.body_exists else None,
            allow_redirects=False,
        ) as upstream_response:
            is_kept = self._upstream_cluster.history.is_needed(request.method, request.path or "", request.operation)
            body = BodyBuffer(MAX_CHECKED_BYTES if is_kept or request.operation is not None else KEEP_NOTHING)
            response: web.StreamResponse
            changed_response: Response | NoResponse | None = None
            if delivery is not None:
                delivery.begin_delay()
            if request.fault is not None and changes_response(request.fault.fault):
                content = await upstream_response.read()
                body.add(content)
                original = self._stale_response(request) or as_response(upstream_response, content)
                changed_response = self._fault_middleware.after(request, original)
                exchange = self._exchange(request, request_body, changed_response)
            else:
                delay_us = 0 if delivery is None else await microseconds_of(delivery.delay())
                response = await self._stream(http_request, request, upstream_response, body)
                exchange = self._exchange_without_response(request, request_body)
                content_type = upstream_response.headers.get("Content-Type")
                add_response(exchange, request, upstream_response.status, body.size, content_type)
                exchange.duration_us -= delay_us
            if upstream_response.status in STATUSES_WITH_UNREAD_BODY:
                upstream_response.close()
            if is_kept and body.content is not None:
                kept_response = as_response(upstream_response, body.content)
                self._upstream_cluster.history.add(request.target, self._upstream_cluster.clock.now(), kept_response)
        if delivery is not None and changed_response is not None:
            response = await self._send(http_request, request, changed_response, delivery)
        # the whole response has been sent; aiohttp ends the request before the check
        asyncio.get_running_loop().call_soon(self._check, exchange, request, upstream_response, body)
        return response

    async def _send(
        self, http_request: web.Request, request: Request, response: Response | NoResponse, delivery: FaultDelivery
    ) -> web.StreamResponse:
        """Send a response with the effects of a fault. Return a response of which aiohttp sends nothing more.

        If it can't be sent completely, count the request, unless the fault drops the response or a part of it.
        """
        lower_case_names = self._quirks.lower_case_headers
        try:
            http_response = await response_with_fault(response, delivery, lower_case_names=lower_case_names)
            await http_response.prepare(http_request)
            await http_response.write_eof()
        except ConnectionResetError:
            if request.fault is not None and request.fault.fault.drop is None:
                self._in_flight.end_without_response(request)
            return UnsentResponse()
        return http_response

    def _with_added_headers(self, headers: Mapping[str, str]) -> CIMultiDict[str]:
        """Return the headers of a client, with those that the proxy adds to or replaces in every request."""
        merged = CIMultiDict(headers)
        for name, value in self._added_headers.items():
            merged[name] = value
        return merged

    def _stale_response(self, request: Request) -> Response | None:
        """Return the earlier response that a fault serves; None if the fault serves none, or if none is old enough."""
        if not request.staleness_ms:
            return None
        return self._upstream_cluster.history.newest_until(
            request.target, self._upstream_cluster.clock.now() - request.staleness_ms
        )

    async def _stream(
        self, http_request: web.Request, request: Request, upstream_response: aiohttp.ClientResponse, body: BodyBuffer
    ) -> web.StreamResponse:
        """Send the server's response to the client while it arrives."""
        response = UpstreamResponse(upstream_response)
        await response.prepare(http_request)
        try:
            async for chunk in upstream_response.content.iter_any():
                body.add(chunk)
                await response.write(chunk)
            await response.write_eof()
        except aiohttp.ClientError as error:
            # client or server has disconnected; closing the connection shows a client that the body is incomplete
            self._add_unanswered(http_request, request, error)
            body.discard()
            if http_request.transport is not None:
                http_request.transport.close()
        return response

    def _add_unanswered(self, http_request: web.Request, request: Request, error: Exception) -> None:
        """Count a request that got no complete response. If the server is the cause, note an interruption."""
        if is_disconnected(http_request):
            self._in_flight.end_without_response(request)
        else:
            self.checker.add_unanswered(f"{request.operation or request.method}: {error}")
            event = "the server cut off a response" if is_cut_off(error) else "the server did not respond"
            self.checker.note_interruption(event, time.perf_counter_ns() / 1_000_000)

    async def _choose_fault(self, http_request: web.Request, request: Request) -> Response | NoResponse | None:
        """Choose the fault of a request; return the response if the fault keeps the request from the server."""
        faults = self._upstream_cluster.faults
        if not faults or not faults.may_match(request.method, request.path or "", request.operation):
            return None
        assert self._client is not None
        headers = {"Accept": "application/json"}
        headers |= {name: http_request.headers[name] for name in _CREDENTIALS if name in http_request.headers}
        await self._upstream_cluster.refresh_jobs(self._client, self._with_added_headers(headers))
        return self._fault_middleware.before(request)

    def _request_of(self, http_request: web.Request) -> tuple[Request, URL]:
        """Return the request and its upstream URL."""
        target = origin_form(http_request.raw_path)
        request = Request(http_request.method, target, http_request.headers)
        request.received_ms, request.received_ns = time.time_ns() // 1_000_000, time.perf_counter_ns()
        route = self._cached_route(http_request.method, target)
        request.operation, request.path_parameters = route.operation, route.path_parameters
        request.job_id = request.path_parameters.get("jobid")
        request.path = unquote(target.partition("?")[0])
        return request, route.upstream_url

    def _find_route(self, method: str, target: str) -> _Route:
        operation, parameters = self.contract.match_route(method, target) or (None, {})
        return _Route(operation, parameters, URL(self.upstream_url + target, encoded=True))

    def _exchange_without_response(self, request: Request, request_body: BodyBuffer) -> Exchange:
        """Return the exchange of a request without its response."""
        exchange = exchange_of(request)
        exchange.contract, exchange.body_bytes, exchange.time = self.contract, request_body.content, request.received_ms
        return exchange

    def _exchange(self, request: Request, request_body: BodyBuffer, response: Response | NoResponse) -> Exchange:
        """Return the exchange of a request with its response."""
        exchange = self._exchange_without_response(request, request_body)
        if isinstance(response, Response):
            add_response(exchange, request, response.status, len(response.body), response.content_type)
        else:
            add_response(exchange, request, 0, 0, None)
        return exchange

    def _check(
        self,
        exchange: Exchange,
        request: Request,
        upstream_response: aiohttp.ClientResponse,
        body: BodyBuffer,
    ) -> None:
        """Check an exchange whose request was forwarded to the server, and record it."""
        sentences = self.checker.check(
            exchange,
            request.operation,
            upstream_response.status,
            upstream_response.headers,
            body.content,
            started_at=request.received_ns / 1_000_000,
            ended_at=time.perf_counter_ns() / 1_000_000,
        )
        self._record(exchange, sentences)

    def _record(self, exchange: Exchange, sentences: Sequence[str] = ()) -> None:
        """Number an exchange and pass it to the callbacks, with sentences about it."""
        exchange.number = next(self._exchange_numbers)
        if self._on_exchange:
            self._on_exchange(exchange)
        if self._on_checked:
            self._on_checked(exchange, sentences)
