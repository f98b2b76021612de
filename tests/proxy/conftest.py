"""Fixtures that run proxies, and a list for their exchanges."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from flinkmock.journal import Exchange
from flinkmock.proxy import Proxy

Serve = Callable[[web.Application | Proxy], Awaitable[str]]


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A function that starts an application or a proxy on a free port, and returns its URL."""
    runners: list[web.AppRunner] = []

    async def start(app: web.Application | Proxy) -> str:
        if isinstance(app, Proxy):
            runner = app.runner(shutdown_timeout=0.1)
        else:
            runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in reversed(runners):
        await runner.cleanup()
