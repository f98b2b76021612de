"""Splits the URLs of servers."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

_SPACE_OR_CONTROL_CHARACTER = re.compile(r"[\x00-\x20\x7f]")
_PERCENT_ENCODED = re.compile(r"[!-~]*")


def split_server_url(url: str) -> SplitResult:
    """Split the URL of a server; "http://" may be omitted.

    Raises:
        ValueError: It is not an HTTP URL, or the server can't be requested because the URL contains invalid characters.
    """
    parts = urlsplit(url if "://" in url or url.startswith("//") else f"//{url}", scheme="http")
    host, _ = parts.hostname, parts.port  # `port` raises ValueError if the port is invalid
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("write http://host:8081")
    try:
        host.encode("idna")
    except UnicodeError:
        raise ValueError("invalid host name") from None
    if _SPACE_OR_CONTROL_CHARACTER.search(host):
        raise ValueError("invalid host name")
    if not _PERCENT_ENCODED.fullmatch(parts.path):
        raise ValueError("the path is not percent-encoded")
    return parts
