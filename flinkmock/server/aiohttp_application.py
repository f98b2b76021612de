"""A cluster as an aiohttp application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from flinkmock.server import aiohttp_server
from flinkmock.server.flink_server import FlinkServer

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.journal.middleware import Observer
    from flinkmock.rest.dashboard import Dashboard
    from flinkmock.server.control_server import ControlServer


def create_app(
    engine: Engine,
    *,
    observer: Observer | None = None,
    dashboard: Dashboard | None = None,
    control: ControlServer | None = None,
) -> web.Application:
    """Return an aiohttp application that serves the first JobManager of an engine.

    It can also be a subapplication. Its path prefix is then removed from targets.

    Args:
        engine: The engine.
        observer: Called with each exchange before its response is sent.
        dashboard: Flink's dashboard; None: a page about flinkmock.
        control: The control API. If a client replaces the engine with it, the application serves the new engine, with
            the same dashboard.
    """
    server = FlinkServer(engine, observer=observer, dashboard=dashboard, control=control)

    def replace(engine: Engine) -> None:
        nonlocal server
        previous_server = server
        server = FlinkServer(engine, observer=observer, dashboard=dashboard, control=control)
        previous_server.delayed.abandon()

    if control is not None:
        control.api.control.serve_new_engine = replace

    async def close(_: web.Application) -> None:
        await server.delayed.close()
        if control is not None:
            await control.clusters.close_all()

    async def respond(request: web.Request) -> web.StreamResponse:
        prefix = catch_all.resource.canonical.removesuffix("/{path}") if catch_all.resource else ""
        return await aiohttp_server.respond(server, request, prefix)

    async def expect(_: web.Request) -> None:
        """Do nothing, because `respond` handles the header `Expect`."""

    app = web.Application()
    catch_all = app.router.add_route("*", "/{path:(?s:.*)}", respond, expect_handler=expect)
    app.on_shutdown.append(close)
    return app
