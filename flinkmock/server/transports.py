"""URLs of sockets and connections, and how connections are closed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""A value of SO_LINGER with a timeout of 0 s: `close` sends RST, not FIN."""


def base_url_of(transport: asyncio.BaseTransport | None) -> str | None:
    """Return the URL of the socket at which a connection arrived; None for a Unix socket, or if it is unknown."""
    address = transport.get_extra_info("sockname") if transport else None
    if not isinstance(address, tuple):  # the address of a Unix socket is its path
        return None
    scheme = "https" if transport is not None and transport.get_extra_info("sslcontext") else "http"
    return _url(scheme, *address[:2])


def url_of(listening_socket: socket.socket, scheme: str = "http") -> str:
    """Return the URL of a listening socket."""
    return _url(scheme, *listening_socket.getsockname()[:2])


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def is_closed(transport: asyncio.BaseTransport | None) -> bool:
    """Return whether a connection is closed or closing."""
    return transport is None or transport.is_closing()


def close_connection(transport: asyncio.Transport | None, *, reset: bool) -> None:
    """Close a connection: with a TCP reset, or after the written bytes are sent."""
    if transport is None:
        return
    if not reset:
        transport.close()
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):  # the client may have closed the connection
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
