"""Middleware that records each request and its response as an `Exchange` in the journal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flinkmock.journal.exchange import MAX_BODY_BYTES, Exchange
from flinkmock.rest.response import JSON, NoResponse, Response, is_error_status

if TYPE_CHECKING:
    from flinkmock.contract import Contract
    from flinkmock.engine import Engine
    from flinkmock.rest.reads import Read
    from flinkmock.rest.request import Request, RequestHandler

Observer = Callable[[Exchange], None]
ReadOutcome = tuple[int, int, int, int, str | None]
"""The values that differ between reads of one target. A plain tuple, because one is made for each read:

- `cluster_time`: cluster time at which the request arrived (epoch ms)
- `received_ms`: wall-clock time at which the request arrived (epoch ms)
- `received_ns`: time at which the request arrived by `time.perf_counter_ns`
- `size`: size of the response body (bytes)
- `job`: name of the job; None if the path has no id of an existing job
"""


class JournalMiddleware:
    """Records the responses of `handler`. `observer` is called with each exchange before the response is sent."""

    def __init__(self, handler: RequestHandler, engine: Engine, observer: Observer | None = None) -> None:
        self._handler = handler
        self._engine = engine
        self._observer = observer

    def handle(self, request: Request) -> Response | NoResponse:
        response = self._handler.handle(request)
        self.record(request, response)
        return response

    def record(self, request: Request, response: Response | NoResponse) -> None:
        """Record a request and its response."""
        engine = self._engine
        exchange = exchange_of(request)
        exchange.contract = engine.contract
        exchange.time = engine.clock.now() if request.arrived_at is None else request.arrived_at
        exchange.job = engine.job_name(exchange.job_id)
        if request.rejection is None:
            content = request.body.content
            exchange.body_bytes = content if len(content) <= MAX_BODY_BYTES else None
            exchange.files = tuple(file.name for file in request.body.files)
        if isinstance(response, Response):
            add_response(exchange, request, response.status, len(response.body), response.content_type)
            if is_error_status(response.status):
                exchange.error_message = _error_message(response)
        else:
            add_response(exchange, request, 0, 0, None)
        engine.journal.add(exchange)
        if self._observer is not None:
            self._observer(exchange)

    def record_read(self, read: Read, headers: Mapping[str, str], outcome: ReadOutcome) -> None:
        """Record a read that was answered with 200."""
        _, _, received_ns, _, _ = outcome
        duration_us = (time.perf_counter_ns() - received_ns) // 1000
        if self._observer is None:
            self._engine.journal.add_lazily(
                _exchange_of_read, self._engine.contract, read, headers, outcome, duration_us
            )
            return
        exchange = _exchange_of_read(self._engine.contract, read, headers, outcome, duration_us)
        self._engine.journal.add(exchange)
        self._observer(exchange)


def _exchange_of_read(
    contract: Contract, read: Read, headers: Mapping[str, str], outcome: ReadOutcome, duration_us: int
) -> Exchange:
    cluster_time, received_ms, _, size, job = outcome
    return Exchange(
        "GET",
        read.target,
        cluster_time,
        200,
        read.operation.id,
        read.job_id,
        wall_time=received_ms,
        duration_us=duration_us,
        job=job,
        parameters=read.path_parameters,
        headers=tuple(headers.items()),
        response_size=size,
        content_type=JSON,
        contract=contract,
    )


def exchange_of(request: Request) -> Exchange:
    """Return the exchange of a request, without its response."""
    exchange = Exchange(request.method, request.target, headers=tuple(request.headers.items()))
    exchange.wall_time, exchange.is_page = request.received_ms, request.is_page
    if request.operation is not None:
        exchange.operation, exchange.parameters = request.operation.id, request.path_parameters
        exchange.job_id = request.job_id
    if request.fault is not None:
        exchange.fault = request.fault.fault.name
    return exchange


def add_response(exchange: Exchange, request: Request, status: int, size: int, content_type: str | None) -> None:
    """Add a response to an exchange. `size` is the size of its body in bytes; `status` is 0 if there is no response."""
    exchange.duration_us = (time.perf_counter_ns() - request.received_ns) // 1000
    exchange.status, exchange.response_size, exchange.content_type = status, size, content_type


def _error_message(response: Response) -> str:
    """Return the line of the last of the `errors` that names the mistake or exception; the status if there is none."""
    try:
        *_, text = json.loads(response.body)["errors"]
    except (ValueError, KeyError, TypeError):
        return f"{response.status}"
    lines = (line for line in str(text).split("\n") if line and not line.startswith("<Exception on server side"))
    return next(lines, f"{response.status}")
