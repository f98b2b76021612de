"""What the journal is told of a request, step by step."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from flinkmock.journal import Exchange
from flinkmock.journal.exchange import MAX_BODY_BYTES
from flinkmock.rest.call import UploadedFile
from flinkmock.rest.response import Response
from flinkmock.rest.router import Route

if TYPE_CHECKING:
    from flinkmock.engine import Engine


def begun(request: web.Request, raw: str) -> Exchange:
    seen = Exchange(request.method, raw, headers=tuple(request.headers.items()))
    seen.wall_time = time.time_ns() // 1_000_000
    seen.started_ns = time.perf_counter_ns()
    return seen


def note_body(seen: Exchange, text: bytes | None, files: Sequence[UploadedFile]) -> None:
    seen.raw_body = text if len(text or b"") <= MAX_BODY_BYTES else None
    seen.files = tuple(file.name for file in files)


def note_route(seen: Exchange, route: Route) -> None:
    seen.operation, seen.parameters = route.operation.id, route.path
    seen.job_id = route.path.get("jobid")


def answered(engine: Engine, seen: Exchange, answer: Response, arrived: int | None) -> None:
    """Completes the entry and gives it to the journal."""
    seen.time = engine.clock.now() if arrived is None else arrived
    seen.duration_us = (time.perf_counter_ns() - seen.started_ns) // 1000
    seen.status, seen.response_size, seen.content_type = answer.status, len(answer.body), answer.content_type
    # 308: what Flink says to a way of stopping that is no more
    seen.error_message = _refusal(answer) if answer.status >= 400 or answer.status == 308 else None
    seen.contract = engine.contract
    seen.job = engine.job_name(seen.job_id)
    engine.journal.add(seen)


def _refusal(answer: Response) -> str:
    """The first line of what a client was told, without the stack trace."""
    try:
        *_, text = json.loads(answer.body)["errors"]
    except (ValueError, KeyError, TypeError):
        return f"{answer.status}"
    lines = [line for line in str(text).splitlines() if not line.startswith("<Exception on server side")]
    return lines[0] if lines else f"{answer.status}"
