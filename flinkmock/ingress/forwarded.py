"""Reads the URL that a client requested from the headers of proxies: RFC 7239, and the older X-Forwarded headers."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ELEMENT = re.compile(r'\s*([A-Za-z]+)=(?:"([^"]*)"|([^;,"]*))\s*(?:;|$)')
_HOST = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")


def requested_origin(headers: Mapping[str, str], base_url: str) -> str:
    """Return the URL of the server as the client requested it, such as "https://flink.example".

    Args:
        headers: The headers of the request.
        base_url: The URL at which the request arrived, without a path. It provides the parts that the headers lack.
    """
    scheme, _, address = base_url.partition("://")
    forwarded = _first_forwarded(headers.get("Forwarded", ""))
    forwarded_scheme = (forwarded.get("proto") or _first(headers.get("X-Forwarded-Proto", ""))).lower()
    if forwarded_scheme in ("http", "https"):
        scheme = forwarded_scheme
    hosts = (forwarded.get("host"), _first(headers.get("X-Forwarded-Host", "")), headers.get("Host", ""))
    host = next((host for host in hosts if host and _HOST.fullmatch(host)), address)
    port = _first(headers.get("X-Forwarded-Port", ""))
    has_port = ":" in host.rpartition("]")[2]  # the brackets of an IPv6 address contain colons
    if port.isdecimal() and not has_port and port not in ("80", "443"):
        host = f"{host}:{port}"
    return f"{scheme}://{host}"


def _first(value: str) -> str:
    """Return the first value of a header, which the proxy closest to the client added."""
    return value.partition(",")[0].strip()


def _first_forwarded(value: str) -> dict[str, str]:
    """Return the parameters of the first element of a header `Forwarded`; names are in lower case."""
    parameters = {}
    for match in _ELEMENT.finditer(_first(value)):
        parameters[match[1].lower()] = match[2] if match[2] is not None else match[3].strip()
    return parameters
