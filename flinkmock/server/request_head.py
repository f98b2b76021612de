"""The head of a request that a connection answers without aiohttp."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from multidict import CIMultiDict, CIMultiDictProxy

from flinkmock.server.head_normalizer import is_normal

_MAX_BODY = 64 * 1024
"""Bytes of a body that is collected here; a longer one is streamed by aiohttp."""
_BY_AIOHTTP = re.compile(
    rb"\n(?:expect|upgrade):"  # a response before the response
    rb"|\ncontent-type: ?multipart"  # streamed to disk
    rb"|\nconnection: ?+(?!(?:keep-alive|close)\r)"
    rb"|^[^\n]* HTTP/1\.0\r|^HEAD ",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A parsed head.

    Attributes:
        size: Length of the head (bytes).
        body_size: Length of the body after it (bytes).
        keep_alive: Whether the client may send another request on the connection.
    """

    method: str
    target: str
    headers: CIMultiDictProxy[str]
    size: int
    body_size: int
    keep_alive: bool


def read_head(data: bytes) -> RequestHead | None:
    """Return the head at the beginning of `data`; None for one that aiohttp has to read."""
    end = data.find(b"\r\n\r\n") + 4
    return _read(data[:end]) if 4 <= end <= 2048 else None


@lru_cache(maxsize=2048)  # a client sends the same head again and again
def _read(head: bytes) -> RequestHead | None:
    if not is_normal(head) or _BY_AIOHTTP.search(head):
        return None
    line, *lines = head[:-4].decode("ascii").split("\r\n")
    method, target, _ = line.split(" ")
    headers: CIMultiDict[str] = CIMultiDict()
    for header_line in lines:
        name, _, value = header_line.partition(":")
        headers.add(name, value.strip(" \t"))
    length = int(headers.get("Content-Length", "0"))
    if length > _MAX_BODY:
        return None
    keep_alive = headers.get("Connection", "").lower() != "close"
    return RequestHead(method, target, CIMultiDictProxy(headers), len(head), length, keep_alive)
