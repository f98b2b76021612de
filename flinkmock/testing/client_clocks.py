"""Makes clients follow a `ClusterTime`, by replacing `time.sleep`, `time.monotonic`, `Event.wait` and others.

time-machine replaces `time.time`, `datetime.now` and other functions that return a date. All changes are undone at the
end.
"""

from __future__ import annotations

import asyncio
import select
import selectors
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flinkmock.errors import InvalidArgument
from flinkmock.server.loop import ServerLoop

if TYPE_CHECKING:
    from flinkmock.testing.cluster_time import ClusterTime

_PACKAGES_WITHOUT_CLIENTS = sys.stdlib_module_names | {
    "flinkmock",
    "pytest",
    "_pytest",
    "pluggy",
    "xdist",
    "execnet",
    "time_machine",
}
"""Packages that don't follow the cluster time: their references to functions of `time` are not replaced."""
_RECEIVE_METHODS: tuple[tuple[Any, str], ...] = (
    (socket.socket, "recv"),
    (socket.socket, "recv_into"),
    (ssl.SSLSocket, "read"),  # its other methods call this one
)


class ClientClocks:
    """Replaces functions of the standard library while it is installed."""

    _installed: ClientClocks | None = None

    def __init__(self, cluster_time: ClusterTime) -> None:
        self._cluster_time = cluster_time
        self._undo_functions: list[Callable[[], None]] = []

    def install(self) -> None:
        """Replace the functions. Raises InvalidArgument if they are already replaced."""
        if ClientClocks._installed is not None:
            raise InvalidArgument("Clients already follow the time of clusters.")
        ClientClocks._installed = self
        for name, replacement in (
            ("sleep", self._sleep(time.sleep)),
            ("monotonic", self._monotonic(time.monotonic)),
            ("monotonic_ns", self._monotonic_ns(time.monotonic_ns)),
        ):
            self._replace_everywhere(name, replacement)
        selector: Any = selectors.DefaultSelector
        self._replace(selector, "select", self._select(selector.select))
        self._replace(threading.Event, "wait", self._event_wait(threading.Event.wait))
        for owner, name in _RECEIVE_METHODS:
            self._replace(owner, name, self._receive(getattr(owner, name)))

    def uninstall(self) -> None:
        """Restore the functions. Modules imported in the meantime may keep replacements, which call the originals."""
        while self._undo_functions:
            self._undo_functions.pop()()
        ClientClocks._installed = None

    @property
    def _is_active(self) -> bool:
        """Whether a call from the current thread follows the `ClusterTime`."""
        return ClientClocks._installed is self and self._cluster_time.is_client()

    def _replace(self, owner: Any, name: str, replacement: object) -> None:
        own_attributes = vars(owner)
        if name in own_attributes:
            original = own_attributes[name]
            self._undo_functions.append(lambda: setattr(owner, name, original))
        else:  # the attribute is inherited
            self._undo_functions.append(lambda: delattr(owner, name))
        setattr(owner, name, replacement)

    def _replace_everywhere(self, name: str, replacement: object) -> None:
        """Replace a function in `time`, and in modules of clients that use `from time import …`."""
        original = getattr(time, name)
        self._replace(time, name, replacement)
        for module in [*sys.modules.values()]:
            if (getattr(module, "__name__", None) or "").partition(".")[0] in _PACKAGES_WITHOUT_CLIENTS:
                continue
            for key, value in [*getattr(module, "__dict__", {}).items()]:
                if value is original:
                    self._replace(module, key, replacement)

    # -- the replacements, created from the originals

    def _sleep(self, sleep: Callable[[float], None]) -> Callable[[float], None]:
        def replacement(seconds: float, /) -> None:
            if seconds > 0 and self._is_active:
                self._cluster_time.wait(seconds, lambda: False, sleep)
            else:
                sleep(seconds)

        return replacement

    def _monotonic(self, monotonic: Callable[[], float]) -> Callable[[], float]:
        return lambda: self._cluster_time.monotonic_ns() / 1e9 if self._is_active else monotonic()

    def _monotonic_ns(self, monotonic_ns: Callable[[], int]) -> Callable[[], int]:
        return lambda: self._cluster_time.monotonic_ns() if self._is_active else monotonic_ns()

    def _select(self, select: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        """Make event loops wait for their next timer in cluster time."""

        def replacement(selector: Any, timeout: float | None = None) -> list[Any]:
            if (timeout is not None and timeout <= 0) or not self._is_in_loop_of_client():
                return select(selector, timeout)
            events: list[Any] = []

            def has_events() -> bool:
                events.extend(select(selector, 0))
                return bool(events)

            def nap(seconds: float) -> None:
                events.extend(select(selector, seconds))

            self._cluster_time.wait(timeout, lambda: bool(events) or has_events(), nap)
            return events

        return replacement

    def _is_in_loop_of_client(self) -> bool:
        loop = asyncio._get_running_loop()
        return loop is not None and not isinstance(loop, ServerLoop) and self._is_active

    def _event_wait(self, wait: Callable[..., bool]) -> Callable[..., bool]:
        """Make `event.wait(5)`, with which many threads sleep, wait in cluster time."""

        def replacement(event: threading.Event, timeout: float | None = None) -> bool:
            caller = sys._getframe(1).f_globals.get("__name__", "").partition(".")[0]
            if timeout is None or timeout <= 0 or caller in _PACKAGES_WITHOUT_CLIENTS or not self._is_active:
                return wait(event, timeout)
            return self._cluster_time.wait(timeout, event.is_set, lambda seconds: wait(event, seconds))

        return replacement

    def _receive(self, receive: Callable[..., Any]) -> Callable[..., Any]:
        """Make blocking sockets wait for responses in cluster time."""

        def replacement(connection: socket.socket, *args: Any, **options: Any) -> Any:
            timeout = connection.gettimeout()
            if timeout != 0 and self._is_active and self._is_connected_to_cluster(connection):
                poll = select.poll()
                poll.register(connection, select.POLLIN)
                received: list[Any] = []

                def has_received() -> bool:
                    # a TLS connection may be readable, but have no data for the client
                    connection.settimeout(0)
                    try:
                        received.append(receive(connection, *args, **options))
                    except (BlockingIOError, ssl.SSLWantReadError):
                        return False
                    finally:
                        connection.settimeout(timeout)
                    return True

                if not self._cluster_time.wait(
                    timeout, lambda: bool(received) or has_received(), lambda seconds: poll.poll(seconds * 1000)
                ):
                    raise TimeoutError("timed out")
                return received[0]
            return receive(connection, *args, **options)

        return replacement

    def _is_connected_to_cluster(self, connection: socket.socket) -> bool:
        try:
            peer = connection.getpeername()
        except OSError:
            return False
        return isinstance(peer, tuple) and peer[1] in self._cluster_time.ports
