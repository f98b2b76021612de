"""Normalizes the head of a request so that aiohttp reads it as Netty does.

Netty accepts nearly everything: header lines without a colon, lengths that are not numbers, any byte in the target.
Parts that Flink ignores are removed; a target that aiohttp would reject is passed in a header.
See docs/flink-behaviour.md#request-line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flinkmock import limits

if TYPE_CHECKING:
    from aiohttp import web

_TARGET_HEADER = "flinkmock-target"
"""The header that passes a target which aiohttp would reject, in hexadecimal digits."""
_PLAIN_TARGET = re.compile(rb"/[!-~]*|http://[!-~]+", re.IGNORECASE)
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NAME_THAT_ENDS_MESSAGE = re.compile(rb"^(?::|[^:\r\n\x80-\xff]*+[\x80-\xff][^:\r\n]*+:)", re.MULTILINE)
"""A header line with a name at which Netty stops reading: an empty one, or one that is not ASCII."""
_CONTROL_CHARACTER = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_FIELDS = 100
"""Of more header lines, only those that Flink reads go to aiohttp, which limits their number. Netty does not."""
_HEADERS_READ_BY_FLINK = frozenset({b"host", b"content-type", b"connection", b"expect", b"if-modified-since"})
_FRAMING_HEADERS = frozenset({b"transfer-encoding", b"content-length"})
_NORMAL = re.compile(
    rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE) /[!-~]{0,3000} HTTP/1\.[01]\r\n"
    rb"(?i:(?!transfer-encoding|flinkmock-target)[0-9a-z-]++: ?+[ -~]*+\r\n){0,90}+"
    rb"\r\n"
)
"""A head that aiohttp and Netty read in the same way, if its `Host` and `Content-Length` are valid."""
_LENGTH = re.compile(rb"\ncontent-length: ?\d{1,18} *\r")
_MAX_LENGTH_DIGITS = 18
"""The number of digits of a `Content-Length` that certainly fits into Java's long."""
_CHUNK_SIZE_LINE = re.compile(rb"0*[0-9a-fA-F]{1,8}[ \t]*(;[^\r\n]*)?\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_PROTOCOL = re.compile(rb"^([^\r\n]*[ \t])[A-Za-z]+(/\d\.\d[ \t]*\r)")


def with_strict_syntax(data: bytes) -> bytes:
    """Return data whose head has the line ends and the protocol that newer versions of Netty require.

    Until Flink 2.2, Netty (4.1.100) accepts LF as a line end, and any protocol name in place of HTTP.
    """
    end = _HEAD_END.search(data)
    size = len(data) if end is None else end.end()
    head = re.sub(rb"\r?\n", b"\r\n", data[:size])
    return _PROTOCOL.sub(rb"\1HTTP\2", head) + data[size:]


def is_normal(data: bytes) -> bool:
    """Return whether the data begins with a complete head that aiohttp can read without changes."""
    head = _NORMAL.match(data)
    if head is None or head.end() > limits.HEADERS:
        return False
    text = data[: head.end()].lower()
    length_count = text.count(b"\ncontent-length:")
    is_length_valid = length_count == 0 or (length_count == 1 and _LENGTH.search(text) is not None)
    return text.count(b"\nhost:") == 1 and is_length_valid


def normalized_request(method: bytes, target: bytes, version: bytes, headers: bytes, after_head: bytes) -> bytes:
    """Return a request for aiohttp.

    If the headers are too long, those within the limit remain, as in Netty.

    Args:
        method: The method.
        target: The target as sent.
        version: The protocol, such as `HTTP/1.1`.
        headers: The header lines. They end with CR LF, unless they are too long.
        after_head: What has arrived after the head: a part of the body or, if there is no body, the next request.
    """
    is_too_long = len(headers) > limits.HEADERS
    if is_too_long:
        headers, after_head = headers[: headers.rfind(b"\n", 0, limits.HEADERS) + 1], b""
    fields = list(_fields(headers))
    if len(fields) > _MAX_FIELDS:
        fields = [(name, value) for name, value in fields if name in _HEADERS_READ_BY_FLINK | _FRAMING_HEADERS]
    encodings = [value.lower() for name, value in fields if name == b"transfer-encoding"]
    lengths = [value for name, value in fields if name == b"content-length"]
    is_chunked = b"chunked" in encodings
    if is_chunked:
        is_length_valid = b"\n" not in after_head or _CHUNK_SIZE_LINE.match(after_head) is not None
    else:
        is_length_valid = _is_valid_length(lengths)
    is_body_readable = is_length_valid and not is_too_long and not _NAME_THAT_ENDS_MESSAGE.search(headers)
    new_fields = [(name, value) for name, value in fields if name not in {b"host"} | _FRAMING_HEADERS]
    new_fields += [(name, value) for name, value in fields if name == b"host"][:1] or [(b"host", b"localhost")]
    if not is_body_readable:
        # without a length, there is no body and the next request follows; after an invalid length, Netty reads no more
        after_head = after_head if not lengths and not encodings else b""
    elif is_chunked:
        new_fields.append((b"transfer-encoding", b"chunked"))
    else:
        new_fields.append((b"content-length", lengths[0]))
    if not _PLAIN_TARGET.fullmatch(target):
        new_fields.append((_TARGET_HEADER.encode(), target.hex().encode()))
        target = b"/"
    version = b"HTTP/1.0" if version.upper() == b"HTTP/1.0" else b"HTTP/1.1"
    lines = [b" ".join([method, target, version]), *(name + b": " + value for name, value in new_fields)]
    return b"\r\n".join([*lines, b"", after_head])


def target_of(request: web.BaseRequest) -> str:
    """Return the target as it was sent, each byte as one character, because Netty reads it as Latin-1."""
    original = request.headers.get(_TARGET_HEADER)
    if original is not None:
        return bytes.fromhex(original).decode("latin-1")
    return request.raw_path.encode("utf-8", errors="surrogateescape").decode("latin-1")


def headers_of(request: web.BaseRequest) -> Mapping[str, str]:
    """Return the headers without the one that passes the target."""
    if _TARGET_HEADER not in request.headers:
        return request.headers
    headers = request.headers.copy()
    del headers[_TARGET_HEADER]
    return headers


def _is_valid_length(values: list[bytes]) -> bool:
    """Return whether headers `Content-Length` have one valid value."""
    return len(set(values)) == 1 and values[0].isdigit() and len(values[0].lstrip(b"0")) <= _MAX_LENGTH_DIGITS


def _fields(headers: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the lower-case name and the value of each header line whose name is a token."""
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", b"\r\n" + headers)
    for line in unfolded.split(b"\n"):
        name, colon, value = line.partition(b":")
        name = name.strip().lower()
        if colon and _TOKEN.fullmatch(name) and name != _TARGET_HEADER.encode():
            yield name, _CONTROL_CHARACTER.sub(b" ", value).strip()
