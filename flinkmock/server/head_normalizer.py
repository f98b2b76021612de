"""The head of a request, rewritten so that aiohttp takes it as Netty would. See docs/flink-behaviour.md#request-line.

Netty reads nearly everything: header lines that are none, lengths that are no numbers, any byte in the target. What
Flink does not look at is left out; a target that aiohttp refuses travels in a header of our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiohttp import web

_TARGET = "flinkmock-target"
_PLAIN_TARGET = re.compile(rb"/[!-~]*|http://[!-~]+", re.IGNORECASE)
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ODD_NAME = re.compile(rb"^(:|[^:\r\n]*[\x80-\xff][^:\r\n]*:)", re.MULTILINE)
"""A name that Netty refuses, and with it all that follows."""
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_SIZE = 8192
"""Bytes of header lines; behind more Netty reads no body."""
_MAX_FIELDS = 100
"""More than that aiohttp refuses, and Netty does not."""
_READ = frozenset({b"host", b"content-type", b"connection", b"expect", b"if-modified-since"})
"""What Flink looks at."""
_FRAMING = frozenset({b"transfer-encoding", b"content-length"})
_CHUNK = re.compile(rb"[0-9a-fA-F]+[ \t]*(;[^\r\n]*)?\r?\n")


def mended(method: bytes, target: bytes, version: bytes, headers: bytes, rest: bytes) -> bytes:
    """A whole request. `headers` ends with CR LF, `rest` is what has been received of the body."""
    fields = list(_fields(headers))
    if len(fields) > _MAX_FIELDS:
        fields = [(name, value) for name, value in fields if name in _READ | _FRAMING]
    encodings = [value.lower() for name, value in fields if name == b"transfer-encoding"]
    lengths = [value for name, value in fields if name == b"content-length"]
    chunked = b"chunked" in encodings
    readable = _CHUNK.match(rest) if chunked and b"\n" in rest else chunked or _is_length(lengths)
    readable = readable and len(headers) <= _MAX_SIZE and not _ODD_NAME.search(headers)
    kept = [(name, value) for name, value in fields if name not in {b"host"} | _FRAMING]
    kept += [(name, value) for name, value in fields if name == b"host"][:1] or [(b"host", b"localhost")]
    if not readable:  # for Netty the message ends here, and nothing more is read from the connection
        rest = rest if not lengths and not encodings else b""
    elif chunked:
        kept.append((b"transfer-encoding", b"chunked"))
    else:
        kept.append((b"content-length", lengths[0]))
    if not _PLAIN_TARGET.fullmatch(target):
        kept.append((_TARGET.encode(), target.hex().encode()))
        target = b"/"
    version = b"HTTP/1.0" if version.upper() == b"HTTP/1.0" else b"HTTP/1.1"
    lines = [b" ".join([method, target, version]), *(name + b": " + value for name, value in kept)]
    return b"\r\n".join([*lines, b"", rest])


def target_of(request: web.Request) -> str:
    """The target as it came, each byte as one character: Netty reads it as Latin-1."""
    sent = request.headers.get(_TARGET)
    if sent is not None:
        return bytes.fromhex(sent).decode("latin-1")
    return request.raw_path.encode("utf-8", errors="surrogateescape").decode("latin-1")


def _is_length(values: list[bytes]) -> bool:
    return len(set(values)) == 1 and values[0].isdigit()


def _fields(headers: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name, in lower case, and value of each line that has a proper name."""
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", b"\r\n" + headers)
    for line in unfolded.split(b"\n"):
        name, colon, value = line.partition(b":")
        name = name.strip().lower()
        if colon and _TOKEN.fullmatch(name) and name != _TARGET.encode():
            yield name, _CONTROL.sub(b" ", value).strip()
