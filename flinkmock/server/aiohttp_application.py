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


class ApplicationServer:
    """Serves the first JobManager of an engine as an aiohttp application.

    Args:
        engine: The engine.
        observer: Called with each exchange before its response is sent.
        dashboard: Flink's dashboard; None: a page about flinkmock.
        control: The control API; None: it is not served.

    Attributes:
        app: The application. It can also be a subapplication. Its path prefix is then removed from targets.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        observer: Observer | None = None,
        dashboard: Dashboard | None = None,
        control: ControlServer | None = None,
    ) -> None:
        self._observer = observer
        self._control = control
        self._server = self._create_server(engine, dashboard)
        self.app = web.Application()
        self._route = self.app.router.add_route("*", "/{path:(?s:.*)}", self._respond, expect_handler=self._expect)
        self.app.on_shutdown.append(self._close)

    def replace(self, engine: Engine, dashboard: Dashboard | None = None) -> None:
        """Serve another engine. Delayed responses are dropped. Can be called from any thread."""
        previous_server, self._server = self._server, self._create_server(engine, dashboard)
        previous_server.delayed.abandon()

    def _create_server(self, engine: Engine, dashboard: Dashboard | None) -> FlinkServer:
        return FlinkServer(engine, observer=self._observer, dashboard=dashboard, control=self._control)

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        prefix = self._route.resource.canonical.removesuffix("/{path}") if self._route.resource else ""
        return await aiohttp_server.respond(self._server, request, prefix)

    async def _expect(self, _: web.Request) -> None:
        """Do nothing, because `_respond` handles the header `Expect`."""

    async def _close(self, _: web.Application) -> None:
        await self._server.delayed.close()
        if self._control is not None:
            await self._control.clusters.close_all()
