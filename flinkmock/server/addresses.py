"""The address of a connection."""

from __future__ import annotations

import asyncio


def base_url_of(transport: asyncio.BaseTransport | None) -> str | None:
    """The address at which the connection arrived; None if it is not known."""
    address = transport.get_extra_info("sockname") if transport else None
    if not address:
        return None
    host, port = address[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
