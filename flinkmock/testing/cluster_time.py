"""One time for clusters and their clients in the same process: a client that sleeps moves the clusters' clocks.

`ClusterTime` decides when time advances. `client_clocks.py` makes clients use it.
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
from urllib.parse import urlsplit

from flinkmock.cluster.clock import ClockMode
from flinkmock.errors import FlinkMockError, InvalidArgument
from flinkmock.monotonic import monotonic

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.testing.mock import FlinkMock

_NS_PER_MS, _NS_PER_S = 1_000_000, 1_000_000_000
_DELIVERY_NAP_S, _BUSY_NAP_S, _IDLE_NAP_S = 0.0005, 0.001, 0.02
"""The pauses between two checks, in wall-clock seconds: while a response is being sent, while other threads
work, and while nothing has a deadline."""
QUIET_S = 0.02
"""The seconds without a sleep or request after which other threads of the test count as waiting."""
SERVER_THREAD_NAME = "flinkmock"


@dataclass(slots=True)
class _AttachedCluster:
    """A cluster whose time the clients follow.

    Attributes:
        cluster: The cluster.
        engine: Its current engine.
        offset_ms: The cluster time (epoch ms) minus `ClusterTime.elapsed` (in ms).
    """

    cluster: FlinkMock
    engine: Engine
    offset_ms: int


class ClusterTime:
    """The time of the clients of clusters, inside a `with` block.

        with FlinkMock("orders.yaml", clock="virtual") as cluster, ClusterTime(cluster):
            deploy(cluster.url)  # may sleep

    This time stands still while a client works. When all clients wait, it advances to the end of the shortest sleep or
    timeout, or to the next response that a fault delays. `cluster.advance` also advances it. Other threads that started
    before the block sleep in wall-clock time.

    Args:
        clusters: The clusters, with virtual clocks. `time.time` returns the time of the first one.

    Attributes:
        elapsed: The time since the beginning of the block, in ns.

    Raises:
        InvalidArgument: The clock of a cluster is not virtual, or freezegun or another `ClusterTime` is active.
        FlinkMockError: The package time-machine is not installed.
    """

    def __init__(self, *clusters: FlinkMock) -> None:
        self.elapsed = 0
        self._initial_clusters = clusters
        self._attached_clusters: list[_AttachedCluster] = []
        self._lock = threading.RLock()
        self._wait_ends: dict[int, float] = {}
        """The ident of a waiting thread -> the value of `elapsed` until which it waits; infinity without a timeout."""
        self._wait_count = 0
        """How often a thread has begun or ended a wait."""
        self._last_activity: object = None
        self._last_activity_at = 0.0
        """When `_last_activity` changed, in seconds of `monotonic`."""

    # -- begin and end

    def __enter__(self) -> Self:
        from flinkmock.testing.client_clocks import ClientClocks

        time_machine, wall_start_s = _import_time_machine(), time.time_ns() // _NS_PER_S
        self._earlier_thread_ids = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
        # whole seconds, because aiohttp rounds its deadlines up to seconds
        self._monotonic_start_ns = (time.monotonic_ns() // _NS_PER_S + 1) * _NS_PER_S
        self._wall_start_ns = wall_start_s * _NS_PER_S
        """The value of `time.time_ns` for clients when `elapsed` is 0."""
        self._wall_ns = self._wall_start_ns
        """The value of `time.time_ns` for clients now."""
        self._clocks = ClientClocks(self)
        self._clocks.install()
        try:
            self._traveller = time_machine.travel(wall_start_s, tick=False)
            self._shift_wall_clock = self._traveller.start().shift
            self.attach(*self._initial_clusters)
        except BaseException as error:
            self._clocks.uninstall()
            if isinstance(error, RuntimeError):
                raise InvalidArgument(f"The clusters' time can't be used with another fake time: {error}") from None
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for attached in self._attached_clusters:
            attached.engine.clock.on_advance = None
        self._traveller.stop()
        self._clocks.uninstall()

    def attach(self, *clusters: FlinkMock) -> None:
        """Make the clients of additional clusters follow this time. Raises InvalidArgument."""
        for cluster in clusters:
            attached = _AttachedCluster(cluster, cluster.engine, 0)
            self._attached_clusters.append(attached)
            self._follow(attached, cluster.engine)
            cluster.serve_new_engine = self._serve_and_follow(attached, cluster.serve_new_engine)

    def _serve_and_follow(
        self, attached: _AttachedCluster, serve: Callable[[Engine], None]
    ) -> Callable[[Engine], None]:
        """Return a function that calls `serve` with a new engine, and then follows its clock."""

        def replacement(engine: Engine) -> None:
            serve(engine)
            self._follow(attached, engine)

        return replacement

    def _follow(self, attached: _AttachedCluster, engine: Engine) -> None:
        """Follow the clock of an engine: advance this time when it advances. Raises InvalidArgument."""
        clock = engine.clock
        if clock.mode is not ClockMode.VIRTUAL:
            raise InvalidArgument(f'Clients share the time of a virtual clock only, not of "{clock.text}".')
        attached.engine = engine
        generation = clock.generation

        def on_advance() -> None:
            nonlocal generation
            with self._lock:
                if clock.generation != generation:  # the clock was set back
                    generation = clock.generation
                    self._set_offset(attached)
                self._move_to((clock.now() - attached.offset_ms) * _NS_PER_MS)

        self._set_offset(attached)
        clock.on_advance = on_advance

    def _set_offset(self, attached: _AttachedCluster) -> None:
        """Set `offset_ms` from the clock of the cluster. The date of the clients is that of the first cluster."""
        now = attached.engine.clock.now()
        attached.offset_ms = now - self.elapsed // _NS_PER_MS
        if attached is self._attached_clusters[0]:
            self._wall_start_ns = attached.offset_ms * _NS_PER_MS
            self._move_to(self.elapsed)

    # -- the time

    def monotonic_ns(self) -> int:
        """Return the value of `time.monotonic_ns` for clients."""
        return self._monotonic_start_ns + self.elapsed

    def is_client(self) -> bool:
        """Return whether the current thread follows this time."""
        return (
            threading.get_ident() not in self._earlier_thread_ids
            and threading.current_thread().name != SERVER_THREAD_NAME
        )

    @property
    def ports(self) -> set[int | None]:
        """The ports of the running clusters."""
        running = [attached.cluster for attached in self._attached_clusters if attached.cluster.is_running]
        return {urlsplit(url).port for cluster in running for url in cluster.urls}

    def wait(self, seconds: float | None, is_ready: Callable[[], bool], nap: Callable[[float], object]) -> bool:
        """Wait until `is_ready()` is true, for at most `seconds` of this time.

        Args:
            seconds: The maximum; None for no maximum.
            is_ready: Returns whether the wait is over.
            nap: Waits for at most the given wall-clock seconds.

        Returns:
            Whether `is_ready()` was true before the seconds were over.
        """
        thread_id = threading.get_ident()
        end = math.inf if seconds is None else self.elapsed + max(math.ceil(seconds * _NS_PER_S), 1)
        self._wait_count += 1
        self._wait_ends[thread_id] = end
        try:
            while not is_ready():
                if self.elapsed >= end:
                    return False
                next_response = self._next_response()
                if is_ready():
                    break
                earliest = min([next_response, *self._wait_ends.copy().values()])
                if next_response <= self.elapsed:
                    nap(_DELIVERY_NAP_S)
                elif earliest == math.inf:
                    nap(_IDLE_NAP_S)
                elif not self._others_wait():
                    nap(_BUSY_NAP_S)
                else:
                    self._move_clusters(int(earliest))
            return True
        finally:
            del self._wait_ends[thread_id]
            self._wait_count += 1

    def _next_response(self) -> float:
        """Wait until all requests are processed (see `FlinkMock.settle`).

        Returns:
            The value of `elapsed` at which the next response that a fault delays is due; infinity if there is none.
        """
        delays = [attached.cluster.settle() for attached in self._attached_clusters]
        return min((self.elapsed + ms * _NS_PER_MS for ms in delays if ms is not None), default=math.inf)

    def _others_wait(self) -> bool:
        """Return whether all other threads of the test wait."""
        ignored = self._earlier_thread_ids | self._wait_ends.copy().keys()
        if all(thread.ident in ignored or thread.name == SERVER_THREAD_NAME for thread in threading.enumerate()):
            return True
        journals = [attached.cluster.requests for attached in self._attached_clusters]
        activity = (self._wait_count, [len(journal) + journal.dropped for journal in journals])
        if activity != self._last_activity:
            self._last_activity, self._last_activity_at = activity, monotonic()
        return monotonic() - self._last_activity_at >= QUIET_S

    def _move_clusters(self, elapsed: int) -> None:
        """Advance all clusters, and then this time, to a value of `elapsed`."""
        for attached in self._attached_clusters:
            advance_ms = elapsed // _NS_PER_MS + attached.offset_ms - attached.engine.clock.now()
            if advance_ms > 0:
                attached.engine.advance(advance_ms)
        with self._lock:
            self._move_to(elapsed)

    def _move_to(self, elapsed: int) -> None:
        """Set `elapsed`, unless it is already later, and the date of the clients."""
        self.elapsed = max(self.elapsed, elapsed)
        wall_ns = (self._wall_start_ns + self.elapsed) // 1_000 * 1_000  # whole microseconds, as in a timedelta
        self._shift_wall_clock(timedelta(microseconds=(wall_ns - self._wall_ns) // 1_000))
        self._wall_ns = wall_ns


def _import_time_machine() -> Any:
    """Import time-machine. Raises FlinkMockError."""
    try:
        import time_machine
    except ImportError:
        raise FlinkMockError(
            "Clients in the clusters' time need time-machine: pip install 'flinkmock[time]'."
        ) from None
    return time_machine
