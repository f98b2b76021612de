"""One time for clusters and their clients in the same process: a client that sleeps moves the clusters' clocks.

`ClusterTime` decides when time moves on. `client_clocks.py` makes clients use it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from flinkmock.cluster.clock import ClockMode
from flinkmock.errors import FlinkMockError, InvalidArgument
from flinkmock.monotonic import monotonic

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.testing.mock import FlinkMock

_MS, _S = 1_000_000, 1_000_000_000
"""A millisecond and a second, in ns."""
_DELIVERY_NAP_S, _BUSY_NAP_S, _IDLE_NAP_S = 0.0005, 0.001, 0.02
"""The pauses between two checks, in seconds of the wall clock: while a response is being sent, while other threads
work, and while nothing has a deadline."""
QUIET_S = 0.02
"""The seconds without a sleep or request after which other threads of the test count as waiting."""
SERVER_THREAD = "flinkmock"


@dataclass(slots=True)
class _Cluster:
    """A cluster, and the ms by which its clock is ahead of `ClusterTime.elapsed`."""

    cluster: FlinkMock
    engine: Engine
    ahead: int


class ClusterTime:
    """The time of the clients of clusters, inside a `with` block.

        with FlinkMock("orders.yaml", clock="virtual") as cluster, ClusterTime(cluster):
            deploy(cluster.url)  # may sleep

    Time stands still while a client works. When all of them wait, it advances to the end of the shortest sleep or
    timeout, or to the next response that a fault delays. `cluster.advance` also advances it. Threads that started
    before the block sleep in the time of the wall clock.

    Args:
        clusters: The clusters, with virtual clocks. `time.time` returns the time of the first one.

    Attributes:
        elapsed: The time since the beginning of the block, in ns.

    Raises:
        InvalidArgument: The clock of a cluster is not virtual, or freezegun or another such block is active.
        FlinkMockError: The package time-machine is not installed.
    """

    def __init__(self, *clusters: FlinkMock) -> None:
        self.elapsed = 0
        self._initial = clusters
        self._clusters: list[_Cluster] = []
        self._lock = threading.RLock()
        self._waiting: dict[int, float] = {}
        """The ident of a waiting thread -> the time until which it waits."""
        self._waits = 0
        self._last_activity: tuple[object, float] = (None, 0.0)

    # -- begin and end

    def __enter__(self) -> Self:
        from flinkmock.testing.client_clocks import ClientClocks

        time_machine, begin = _time_machine(), time.time_ns() // _S
        self._foreign = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
        # whole seconds, because aiohttp rounds its deadlines up to seconds
        self._monotonic_start = (time.monotonic_ns() // _S + 1) * _S
        self._wall_start = self._wall = begin * _S
        self._clocks = ClientClocks(self)
        self._clocks.install()
        try:
            self._traveller = time_machine.travel(begin, tick=False)
            self._shift = self._traveller.start().shift
            self.attach(*self._initial)
        except BaseException as error:
            self._clocks.uninstall()
            if isinstance(error, RuntimeError):
                raise InvalidArgument(f"The clusters' time can't be used with another fake time: {error}") from None
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for cluster in self._clusters:
            cluster.engine.clock.on_advance = None
        self._traveller.stop()
        self._clocks.uninstall()

    def attach(self, *clusters: FlinkMock) -> None:
        """Make the clients of further clusters follow this time. Raises InvalidArgument."""
        for cluster in clusters:
            attached = _Cluster(cluster, cluster.engine, 0)
            self._clusters.append(attached)
            self._follow(attached, cluster.engine)
            cluster.serve_new_engine = self._followed_by(attached, cluster.serve_new_engine)

    def _followed_by(self, attached: _Cluster, serve: Callable[[Engine], None]) -> Callable[[Engine], None]:
        def replacement(engine: Engine) -> None:
            serve(engine)
            self._follow(attached, engine)

        return replacement

    def _follow(self, attached: _Cluster, engine: Engine) -> None:
        clock = engine.clock
        if clock.mode is not ClockMode.VIRTUAL:
            raise InvalidArgument(f'Clients share the time of a virtual clock only, not of "{clock.text}".')
        attached.engine = engine

        def on_advance() -> None:
            with self._lock:
                if clock.generation != generation[0]:
                    generation[0] = clock.generation
                    self._set_ahead(attached)
                self._move((clock.now() - attached.ahead) * _MS)

        generation = [clock.generation]
        self._set_ahead(attached)
        clock.on_advance = on_advance

    def _set_ahead(self, attached: _Cluster) -> None:
        now = attached.engine.clock.now()
        attached.ahead = now - self.elapsed // _MS
        if attached is self._clusters[0]:
            self._wall_start = attached.ahead * _MS
            self._move(self.elapsed)

    # -- the time

    def monotonic_ns(self) -> int:
        """Return the value of `time.monotonic_ns` for clients."""
        return self._monotonic_start + self.elapsed

    def is_client(self) -> bool:
        """Return whether the current thread follows this time."""
        return threading.get_ident() not in self._foreign and threading.current_thread().name != SERVER_THREAD

    @property
    def ports(self) -> set[int]:
        """Return the ports of the running clusters."""
        urls = [url for cluster in self._clusters if cluster.cluster.is_running for url in cluster.cluster.urls]
        return {int(url.rpartition(":")[2]) for url in urls}

    def wait(self, seconds: float | None, ready: Callable[[], bool], nap: Callable[[float], object]) -> bool:
        """Wait until `ready()` is true, for at most some seconds of this time.

        Args:
            seconds: The maximum; None for no maximum.
            ready: Returns whether the wait is over.
            nap: Waits for at most the given seconds of the wall clock.

        Returns:
            True if it is ready, False if the time is over.
        """
        me = threading.get_ident()
        end = math.inf if seconds is None else self.elapsed + max(math.ceil(seconds * _S), 1)
        self._waits += 1
        self._waiting[me] = end
        try:
            while not ready():
                if self.elapsed >= end:
                    return False
                response = self._next_response()
                if ready():
                    break
                earliest = min([response, *self._waiting.copy().values()])
                if response <= self.elapsed:
                    nap(_DELIVERY_NAP_S)
                elif earliest == math.inf:
                    nap(_IDLE_NAP_S)
                elif not self._others_wait():
                    nap(_BUSY_NAP_S)
                else:
                    self._move_clusters(int(earliest))
            return True
        finally:
            del self._waiting[me]
            self._waits += 1

    def _next_response(self) -> float:
        """Process all requests; return the time of the first response that a fault delays, in ns."""
        remaining = [ms for cluster in self._clusters if (ms := cluster.cluster.settle()) is not None]
        return min((self.elapsed + ms * _MS for ms in remaining), default=math.inf)

    def _others_wait(self) -> bool:
        """Return whether all other threads of the test wait."""
        ignored = self._foreign | self._waiting.copy().keys()
        if all(thread.ident in ignored or thread.name == SERVER_THREAD for thread in threading.enumerate()):
            return True
        activity = (
            self._waits,
            [len(cluster.cluster.requests) + cluster.cluster.requests.dropped for cluster in self._clusters],
        )
        if activity != self._last_activity[0]:
            self._last_activity = activity, monotonic()
        return monotonic() - self._last_activity[1] >= QUIET_S

    def _move_clusters(self, elapsed: int) -> None:
        for cluster in self._clusters:
            by = elapsed // _MS + cluster.ahead - cluster.engine.clock.now()
            if by > 0:
                cluster.engine.advance(by)
        with self._lock:
            self._move(elapsed)

    def _move(self, elapsed: int) -> None:
        self.elapsed = max(self.elapsed, elapsed)
        wall = (self._wall_start + self.elapsed) // 1_000 * 1_000
        self._shift(timedelta(microseconds=(wall - self._wall) // 1_000))
        self._wall = wall


def _time_machine() -> Any:
    """Import time-machine. Raises FlinkMockError."""
    try:
        import time_machine
    except ImportError:
        raise FlinkMockError(
            "Clients in the clusters' time need time-machine: pip install 'flinkmock[time]'."
        ) from None
    return time_machine
