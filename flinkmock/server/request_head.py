"""Parses the head of a request that a connection answers without aiohttp."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from multidict import CIMultiDict, CIMultiDictProxy

from flinkmock.server.head_normalizer import is_normal

_MAX_HEAD_BYTES = 2048
"""The maximum size of a head that is not left to aiohttp."""
_MAX_BODY_BYTES = 64 * 1024
"""The maximum size of a body that is not left to aiohttp."""
_NEEDS_AIOHTTP = re.compile(
    rb"\n(?:expect|upgrade):"  # these need a response before the final one
    rb"|\ncontent-type: ?multipart"  # uploads are streamed to disk
    rb"|\nconnection: ?+(?!(?:keep-alive|close)\r)"  # such as `upgrade`
    rb"|^[^\n]* HTTP/1\.0\r|^HEAD ",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A parsed head.

    Attributes:
        size: The length of the head in bytes.
        body_size: The length of the body in bytes.
        keep_alive: Whether the client may send another request on the connection.
    """

    method: str
    target: str
    headers: CIMultiDictProxy[str]
    size: int
    body_size: int
    keep_alive: bool


def read_head(data: bytes) -> RequestHead | None:
    """Return the head at the beginning of `data`; None if the head is incomplete, or if aiohttp has to read it."""
    last_line_end = data.find(b"\r\n\r\n")
    size = last_line_end + 4
    return _read(data[:size]) if last_line_end >= 0 and size <= _MAX_HEAD_BYTES else None


@lru_cache(maxsize=2048)  # clients send the same head repeatedly
def _read(head: bytes) -> RequestHead | None:
    if not is_normal(head) or _NEEDS_AIOHTTP.search(head):
        return None
    request_line, *header_lines = head[:-4].decode("ascii").split("\r\n")
    method, target, _ = request_line.split(" ")
    headers: CIMultiDict[str] = CIMultiDict()
    for header_line in header_lines:
        name, _, value = header_line.partition(":")
        headers.add(name, value.strip(" \t"))
    length = int(headers.get("Content-Length", "0"))
    if length > _MAX_BODY_BYTES:
        return None
    keep_alive = headers.get("Connection", "").lower() != "close"
    return RequestHead(method, target, CIMultiDictProxy(headers), len(head), length, keep_alive)
