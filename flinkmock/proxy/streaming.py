"""Bytes and headers on their way through a proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import lru_cache

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

CHUNK = 64 * 1024
HOP_BY_HOP = frozenset(
    {"connection", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""`Host` is among them: behind an ingress, only the server's own name leads to it."""


@dataclass(slots=True)
class BodyBuffer:
    """A body that passes by: its size, and all of it as long as it is not more than `limit` bytes (-1: nothing)."""

    limit: int
    size: int = 0
    _content: bytearray = field(default_factory=bytearray)

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size <= self.limit:
            self._content += chunk
        else:
            self._content.clear()

    def forget(self) -> None:
        """It broke off."""
        self.limit = -1

    @property
    def content(self) -> bytes | None:
        """None if there was more than the limit."""
        return bytes(self._content) if self.size <= self.limit else None


class UpstreamResponse(web.StreamResponse):
    """The head of an answer of the server behind, as it came; the body is written by whoever has it."""

    # the first piece of the body then goes out with the head, which saves one of three system calls for each request
    _send_headers_immediately = False

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        super().__init__(status=answer.status, reason=answer.reason, headers=end_to_end(answer.raw_headers))
        self._came = answer.headers

    def mend(self) -> None:
        """aiohttp tells its own name, the time and a type where there is none; the server behind did not."""
        for name in ("Server", "Date", "Content-Type"):
            if name not in self._came:
                self.headers.popall(name, None)


@lru_cache(maxsize=1024)  # a client sends the same ones with each request
def end_to_end(raw: tuple[tuple[bytes, bytes], ...]) -> CIMultiDictProxy[str]:
    """The headers that are not about one connection only: each as often as it came, and spelled as it came."""
    told = ((name.decode(), value.decode("utf-8", "surrogateescape")) for name, value in raw)
    return CIMultiDictProxy(CIMultiDict((name, value) for name, value in told if name.lower() not in HOP_BY_HOP))


def origin_form(target: str) -> str:
    """The target as a server is asked for it: who takes us for a proxy that he was told of writes http://flink/jobs."""
    return target if target.startswith("/") else "/" + target.partition("://")[2].partition("/")[2]


async def passing(content: aiohttp.StreamReader, kept: BodyBuffer) -> AsyncIterator[bytes]:
    """A body, piece by piece."""
    async for chunk in content.iter_chunked(CHUNK):
        kept.add(chunk)
        yield chunk


async def received(content: aiohttp.StreamReader, kept: BodyBuffer) -> None:
    """A body that goes nowhere."""
    async for _ in passing(content, kept):
        pass
