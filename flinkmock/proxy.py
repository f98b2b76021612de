"""A proxy in front of a live cluster that passes everything on as it is and checks both directions.

Bodies are streamed both ways; of each, only the beginning is kept to be judged. The verdict over an answer is made when
the client has it already. It costs more than passing the answer on, so of an operation that has answered well for a
while only one answer in many is judged, unless all are asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import aiohttp
from aiohttp import web
from yarl import URL

from flinkmock.conformance.fetch import Answer
from flinkmock.conformance.judge import REFUSALS, judge, message
from flinkmock.conformance.report import Report
from flinkmock.contract import Contract, Operation
from flinkmock.journal.exchange import MAX_KEPT, Exchange

JUDGED_BYTES = 4 * 1024 * 1024
"""Answers that are longer are passed on unjudged."""
CHUNK = 64 * 1024
FIRST, ONE_IN = 50, 50
"""So many answers of each operation are judged, then one in so many. Unexpected statuses always are."""
REFUSED = 308, 400, 404, 405, 409, 413, 500, 503
"""Whether a refusal is right can't be told from outside; its form can."""
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
NOT_OURS = "Accept", "Accept-Encoding", "Content-Type", "User-Agent"
"""Headers that aiohttp's client would add."""
Told = Callable[[Exchange], None]


@dataclass
class Kept:
    """What passes by, but for what is beyond `limit` bytes."""

    limit: int
    whole: bool = True
    size: int = 0
    content: bytearray = field(default_factory=bytearray)

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.whole = self.whole and self.size <= self.limit
        if self.whole:
            self.content += chunk
        else:
            self.content.clear()


class Proxy:
    """`report` grows with what the server does wrong, `advice` with what its clients do. `told` hears each exchange.

    `thorough`: every answer is judged.
    """

    def __init__(self, upstream: str, contract: Contract, told: Told | None = None, *, thorough: bool = False) -> None:
        self.upstream = upstream.rstrip("/")
        self.contract = contract
        self.report = Report(self.upstream, str(contract.release))
        self.advice: dict[str, int] = {}
        """Sentence -> how often there was reason for it."""
        self._told = told
        self._thorough = thorough
        self._passed: Counter[str] = Counter()
        self._match = lru_cache(maxsize=10_000)(contract.match)  # clients ask the same paths over and over
        self._client: aiohttp.ClientSession | None = None

    def app(self) -> web.Application:
        """To be run by aiohttp."""

        async def client(_: web.Application) -> AsyncIterator[None]:
            async with aiohttp.ClientSession(
                auto_decompress=False,
                skip_auto_headers=NOT_OURS,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
                connector=aiohttp.TCPConnector(limit=0),
            ) as self._client:
                yield

        @web.middleware
        async def everything(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            return await self._pass(request)

        app = web.Application(middlewares=[everything])
        app.cleanup_ctx.append(client)
        app.on_response_prepare.append(_as_it_came)
        return app

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        assert self._client is not None
        seen = Exchange(request.method, request.raw_path, wall=round(time.time() * 1000), contract=self.contract)
        seen.headers = tuple(request.headers.items())
        operation = self._match(request.method, request.raw_path)
        seen.operation = operation.id if operation else None
        started = time.perf_counter()
        sent, received = Kept(MAX_KEPT), Kept(JUDGED_BYTES)
        try:
            async with self._client.request(
                request.method,
                URL(self.upstream + request.raw_path, encoded=True),
                headers=[(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP],
                data=_passing(request.content, sent) if request.body_exists else None,
                allow_redirects=False,
            ) as answer:
                response = _Passed(status=answer.status, reason=answer.reason)
                for name, value in answer.headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        response.headers.add(name, value)
                response.came = frozenset(name.lower() for name in answer.headers)
                await response.prepare(request)
                due = operation is not None and self._due(operation, answer.status)
                async for chunk in answer.content.iter_any():
                    if due:
                        received.add(chunk)
                    await response.write(chunk)
                await response.write_eof()
        except aiohttp.ClientConnectorError as error:
            self._advise(f"no answer from {self.upstream}: {error}")
            return web.json_response({"errors": [f"No answer from {self.upstream}: {error}"]}, status=502)
        seen.took = round((time.perf_counter() - started) * 1e6)
        seen.status, seen.answered = answer.status, response.body_length
        seen.content = bytes(sent.content) if sent.whole else None
        seen.content_type = answer.headers.get("content-type")
        self.report.requests += 1
        asyncio.get_running_loop().call_soon(self._judge, seen, operation, answer.headers, received if due else None)
        return response

    def _due(self, operation: Operation, status: int) -> bool:
        self._passed[operation.id] += 1
        times = self._passed[operation.id]
        return self._thorough or times <= FIRST or times % ONE_IN == 0 or status != operation.status

    def _judge(
        self, seen: Exchange, operation: Operation | None, headers: Mapping[str, str], received: Kept | None
    ) -> None:
        if operation is not None:
            if seen.status == operation.status:
                self.report.answered[operation] += 1
            if received is not None and received.whole:
                told = {name.lower(): value for name, value in headers.items()}
                answer = Answer(seen.status, told, bytes(received.content))
                seen.refusal = message(answer) or None if seen.status >= 400 else None
                refusals = (*REFUSED, *REFUSALS.get(operation.id, ()))
                for finding in judge(self.contract, operation, answer, tuple(sorted(set(refusals)))):
                    self.report.add(finding, seen.target)
        elif seen.status < 400:
            self._advise(
                f"{seen.method} {seen.path} is answered, but is no operation of Flink {self.contract.release}."
            )
        if received is not None or seen.content or "?" in seen.target:
            for sentence in seen.verdict.advice:
                self._advise(sentence)
        if self._told:
            self._told(seen)

    def _advise(self, sentence: str) -> None:
        self.advice[sentence] = self.advice.get(sentence, 0) + 1

    def summary(self) -> str:
        """What was wrong on either side."""
        lines = [self.report.table()]
        if self.advice:
            lines += ["", "of the clients' requests:"]
            lines += [f"    {times}x  {sentence}" for sentence, times in self.advice.items()]
        return "\n".join(lines)


class _Passed(web.StreamResponse):
    """An answer of the server behind. `came`: the names of its headers, in lower case."""

    came: frozenset[str] = frozenset()


async def _as_it_came(_: web.Request, response: web.StreamResponse) -> None:
    """aiohttp tells its own name, the time and a type where there is none; the server behind did not."""
    if isinstance(response, _Passed):
        for name in ("server", "date", "content-type"):
            if name not in response.came:
                response.headers.popall(name, None)


async def _passing(content: aiohttp.StreamReader, kept: Kept) -> AsyncIterator[bytes]:
    async for chunk in content.iter_chunked(CHUNK):
        kept.add(chunk)
        yield chunk
