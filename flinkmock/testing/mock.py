"""A fake cluster for the duration of a `with` block.

Heavy modules are imported when the first cluster starts: pytest imports this module in every test run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from flinkmock.control.cluster_control import ClusterControl
from flinkmock.control.engine_options import EngineOptions
from flinkmock.errors import NotRunning
from flinkmock.ingress.spec import parse_base_path
from flinkmock.units import parse_time

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from aiohttp import web

    from flinkmock.cluster.cluster_spec import ClusterSpec
    from flinkmock.engine import Engine
    from flinkmock.engine_snapshot import Snapshot
    from flinkmock.ingress import Credential
    from flinkmock.server import Dashboard, ServerThread
    from flinkmock.server.aiohttp_application import ApplicationServer
    from flinkmock.server.tls import Tls
    from flinkmock.server.tls_options import TlsOptions

HOST = "127.0.0.1"
DEFAULT_CLOCK = "1s per request"
"""Clients that poll make progress with or without sleeping, at least as fast as with a real cluster."""


class FlinkMock(ClusterControl):
    """A fake Flink cluster that listens on a port, in a separate thread. Sync and async clients can use it.

        with FlinkMock("orders.yaml", flink="1.20") as cluster:
            requests.get(cluster.url + "/jobs/overview")

    The end of the `with` block stops the cluster and checks the scenario's expectations.

    Args:
        scenario: A file, YAML text, a mapping with the keys of a scenario file, or a `ClusterSpec`. A file name is
            looked up in the current folder, then among the built-in scenarios. None: a cluster without jobs.
        flink: The minor release to serve; None for that of the scenario, else the newest.
        seed: The seed; None for that of the scenario.
        clock: "1s per request", "virtual", "real" or "10x"; None for that of the scenario, else "1s per request".
        start_time: The cluster time at which the scenario begins: a datetime, or text such as "2026-01-01T00:00:00Z".
            None: the scenario's, else the time of the wall clock.
        port: The port; 0 for a free one.
        dashboard: A folder or jar with Flink's dashboard, as for `flinkmock serve --dashboard`. None: no dashboard.
        control: Whether the control API is served at `control_url`.
        tls: Whether the cluster is served with TLS. True creates a certificate, which clients trust with `ssl_context`
            or `ca_file`. `TlsOptions` specifies files, or requires client certificates. None: the scenario's option
            `security.ssl.rest.enabled` decides.
        base_path: The path below which an ingress serves the cluster; None for that of the scenario.
        credentials: The credentials that the ingress accepts: `basic("alice", "secret")`, `bearer("token")`; empty for
            those of the scenario.

    The other arguments are checked by `start`.

    Raises:
        InvalidArgument: `start_time` is not a time, or `base_path` is not a path.
    """

    def __init__(
        self,
        scenario: str | Path | Mapping[str, object] | ClusterSpec | None = None,
        *,
        flink: str | None = None,
        seed: int | None = None,
        clock: str | None = None,
        start_time: str | datetime | None = None,
        port: int = 0,
        dashboard: str | Path | None = None,
        control: bool = True,
        tls: bool | TlsOptions | None = None,
        base_path: str | None = None,
        credentials: Iterable[Credential] = (),
    ) -> None:
        options = EngineOptions(
            flink=flink,
            seed=seed,
            clock=clock,
            default_clock=DEFAULT_CLOCK,
            start_time=None if start_time is None else parse_time(start_time),
            base_path=None if base_path is None else parse_base_path(base_path),
            credentials=tuple(credentials),
        )
        super().__init__(scenario, options)
        self._tls_options = tls
        self._tls: Tls | None = None
        self._port = port
        self._dashboard = dashboard
        self._has_control_api = control
        self._server: ServerThread | None = None
        self._applications: list[ApplicationServer] = []
        self.serve_new_engine = self._serve_new_engine

    def start(self) -> Self:
        """Start the cluster and its server. Does nothing if it is running.

        Raises:
            ScenarioError: The scenario is invalid.
            UnknownRelease: There is no contract for the release.
            InvalidArgument: The clock, the port, the value of a configuration option, or an imported schema file is
                invalid.
            PortTaken: Another process listens on the port.
            DashboardMissing: There is no dashboard, or it belongs to another release.
            FakerMissing: The release was imported and needs Faker.
            FlinkMockError: A certificate can't be read or created.
        """
        if self._server is None:
            engine = self.open_engine()
            try:
                self._serve(engine)
            except BaseException:
                self.close()
                raise
        return self

    def create_app(self) -> web.Application:
        """Create an aiohttp application that serves this cluster, instead of `start`.

        Use it with pytest-aiohttp: `await aiohttp_client(cluster.create_app())`. The cluster then has no `url`. It is
        closed when the application is cleaned up. Requests that aiohttp's server rejects before the application
        sees them get the error message of aiohttp.

        Raises the errors of `start`.
        """
        from flinkmock.server.aiohttp_application import ApplicationServer
        from flinkmock.server.control_server import create_control_server

        engine = self.open_engine()
        control = create_control_server(self, HOST) if self._has_control_api else None
        application = ApplicationServer(engine, dashboard=self._load_dashboard(engine), control=control)

        async def close(app: web.Application) -> None:
            self.close()

        application.app.on_cleanup.append(close)
        self._applications.append(application)
        return application.app

    def close(self) -> None:
        """Stop the server and delete uploaded jars. Does nothing if the cluster is not running.

        Only `verify` and the end of a `with` block check expectations.
        """
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self._applications.clear()
        if self._tls is not None:
            self._tls.close()
            self._tls = None
        self.close_engine()

    def _serve(self, engine: Engine) -> None:
        from flinkmock.server import ServerThread

        self._tls = self._load_tls(engine)
        server = ServerThread(
            engine,
            HOST,
            self._port,
            dashboard=self._load_dashboard(engine),
            control=self if self._has_control_api else None,
            context=self._tls.server_context if self._tls is not None else None,
        )
        server.start()
        self._server = server

    def _load_tls(self, engine: Engine) -> Tls | None:
        """Return the certificates with which the cluster is served; None without TLS. Raises FlinkMockError."""
        from flinkmock.server.tls_options import TlsOptions, enables_tls

        options = self._tls_options
        if options is False or (options is None and not enables_tls(engine)):
            return None
        from flinkmock.server.tls import tls_of

        return tls_of(engine, HOST, TlsOptions() if options is True else options)

    def _serve_new_engine(self, engine: Engine) -> None:
        """Serve a new engine, which replaces the current one."""
        dashboard = self._load_dashboard(engine)
        if self._server is not None:
            self._server.replace(engine, dashboard)
        for application in self._applications:
            application.replace(engine, dashboard)

    def _load_dashboard(self, engine: Engine) -> Dashboard | None:
        from flinkmock.server import Dashboard

        return Dashboard.load(self._dashboard, engine.contract.release) if self._dashboard else None

    @property
    def url(self) -> str:
        """The base URL without a trailing slash: "http://127.0.0.1:40123". Raises NotRunning."""
        return self.urls[0]

    @property
    def urls(self) -> tuple[str, ...]:
        """The base URLs of all JobManagers; the first one is `url`. Raises NotRunning."""
        if self._server is None:
            raise NotRunning("This FlinkMock is not running. Use it in a `with` block, or call start().")
        return self._server.urls

    @property
    def is_running(self) -> bool:
        """Whether the cluster was started and not closed.

        After a client's `DELETE /cluster` this stays true, although clients can't connect.
        """
        return self._server is not None

    def settle(self) -> float | None:
        """Wait until the cluster has processed all requests that it has received, at most 10 s of wall-clock time.

        Not awaited are responses that a fault delays, and requests to the control API that wait for a job or a request.

        Returns:
            The ms by which the cluster's clock has to advance until a delayed response is due; None if there is none,
            if the FlinkMock is not running, or if it is still busy after 10 s.
        """
        return self._server.settle() if self._server is not None else None

    @property
    def control_url(self) -> str:
        """The base URL of the control API, without a trailing slash. Raises NotRunning, also if control is False."""
        from flinkmock.control.api import API_PREFIX

        if not self._has_control_api:
            raise NotRunning("This FlinkMock has no control API. Leave out control=False.")
        return self.url + API_PREFIX

    @property
    def host(self) -> str:
        """The host of `url`: "127.0.0.1". Raises NotRunning."""
        return urlsplit(self.url).netloc.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port of `url`. Raises NotRunning."""
        port = urlsplit(self.url).port
        assert port is not None
        return port

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """A new context for clients that trusts the cluster, with a client certificate if the cluster requires one.

        None if the cluster has no TLS.
        """
        return self._tls.client_context() if self._tls is not None else None

    @property
    def ca_file(self) -> str | None:
        """The PEM file with the certificate that clients have to trust; None if the cluster has no TLS."""
        return str(self._tls.ca_file) if self._tls is not None else None

    @property
    def client_certificate(self) -> str | None:
        """The PEM file with the certificate that the cluster requires, and its key; None if it requires none."""
        certificate = self._tls.client_certificate_file if self._tls is not None else None
        return str(certificate) if certificate is not None else None

    @property
    def auth(self) -> tuple[str, str] | None:
        """The first user that the ingress accepts, with the password; None if it accepts none. Raises NotRunning."""
        from flinkmock.ingress.credential import Scheme

        users = (
            credential.secret for credential in self.engine.ingress.credentials if credential.scheme is Scheme.BASIC
        )
        secret = next(users, None)
        if secret is None:
            return None
        user, _, password = secret.partition(":")
        return user, password

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the ingress requires: `Authorization` with its first credential. Raises NotRunning."""
        credentials = self.engine.ingress.credentials
        return {"Authorization": credentials[0].header} if credentials else {}

    def restore(self, snapshot: Snapshot) -> None:
        was_shut_down = self.cluster.is_shut_down
        super().restore(snapshot)
        if was_shut_down and not self.cluster.is_shut_down and self._server is not None:  # nothing listens
            self._server.replace(self.engine, self._load_dashboard(self.engine))

    restore.__doc__ = ClusterControl.restore.__doc__

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.verify()

    async def __aenter__(self) -> Self:
        return self.start()  # takes a few ms, which is not worth another thread

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.verify()

    def __repr__(self) -> str:
        return f"<FlinkMock at {self._server.url}>" if self._server else "<FlinkMock, not running>"
