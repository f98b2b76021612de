"""Middleware: each request and its response become an `Exchange` in the journal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from flinkmock.journal.exchange import MAX_BODY_BYTES, Exchange
from flinkmock.rest.response import NoResponse, Response

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.rest.request import Request, RequestHandler

Observer = Callable[[Exchange], None]


class JournalMiddleware:
    """Records what `handler` responds. `observer` is called with each exchange before the response is sent."""

    def __init__(self, handler: RequestHandler, engine: Engine, observer: Observer | None = None) -> None:
        self._handler = handler
        self._engine = engine
        self._observer = observer

    def handle(self, request: Request) -> Response | NoResponse:
        response = self._handler.handle(request)
        engine = self._engine
        exchange = exchange_of(request)
        exchange.contract = engine.contract
        exchange.time = engine.clock.now() if request.arrived_at is None else request.arrived_at
        exchange.job = engine.job_name(exchange.job_id)
        if request.rejection is None:
            content = request.body.content
            exchange.raw_body = content if len(content) <= MAX_BODY_BYTES else None
            exchange.files = tuple(file.name for file in request.body.files)
        if isinstance(response, Response):
            finish(exchange, request, response.status, len(response.body), response.content_type)
            # 308: Flink's response to a removed way of stopping
            if response.status >= 400 or response.status == 308:
                exchange.error_message = _error_message(response)
        else:
            finish(exchange, request, 0, 0, None)
        engine.journal.add(exchange)
        if self._observer is not None:
            self._observer(exchange)
        return response


def exchange_of(request: Request) -> Exchange:
    """The exchange of a request, without its response. A rejected request has no operation."""
    exchange = Exchange(request.method, request.target, headers=tuple(request.headers.items()))
    exchange.wall_time = request.received_at_ms
    if request.operation is not None and request.rejection is None:
        exchange.operation, exchange.parameters = request.operation.id, request.path_parameters
        exchange.job_id = request.job_id
    if request.fault is not None:
        exchange.fault = request.fault.fault.name
    return exchange


def finish(exchange: Exchange, request: Request, status: int, size: int, content_type: str | None) -> None:
    """Adds the response; `size` in bytes of its body, `status` 0 if there is none."""
    exchange.duration_us = (time.perf_counter_ns() - request.received_ns) // 1000
    exchange.status, exchange.response_size, exchange.content_type = status, size, content_type


def _error_message(response: Response) -> str:
    """The first line of an error response, without the stack trace."""
    try:
        *_, text = json.loads(response.body)["errors"]
    except (ValueError, KeyError, TypeError):
        return f"{response.status}"
    lines = [line for line in str(text).splitlines() if not line.startswith("<Exception on server side")]
    return lines[0] if lines else f"{response.status}"
