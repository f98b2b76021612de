"""The journal of a cluster: its latest exchanges, and the checks of expectations."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, cast

from flinkmock import limits
from flinkmock.contract.known_operations import unknown_operation_message
from flinkmock.errors import InvalidArgument, UnmetExpectation
from flinkmock.journal.count_range import AT_LEAST_ONCE, CountRange
from flinkmock.journal.exchange import Exchange
from flinkmock.journal.expectation import Expectation, InOrder, RequestMatcher
from flinkmock.monotonic import monotonic
from flinkmock.tables import counted


class Expected(Protocol):
    """An `Expectation`, `InOrder` or `Unmatched`. `str()` of it is a description."""

    @property
    def location(self) -> str:
        """The source location; "" if the expectation is not from a scenario."""

    def failure_message(self, exchanges: Sequence[Exchange]) -> str | None:
        """Return the message if the expectation is not met; None if it is met."""

    def matches(self, exchange: Exchange) -> bool:
        """Return whether the expectation is about this request."""


_LazyExchange = tuple[Callable[..., Exchange], tuple[Any, ...]]
"""A function that creates an exchange, and its arguments."""


@dataclass(frozen=True, slots=True)
class JournalSnapshot:
    """The state of a journal; `count` includes the exchanges that were dropped."""

    exchanges: tuple[Exchange, ...]
    count: int
    expected_numbers: frozenset[int]


def _exchange(entry: Exchange | _LazyExchange, number: int) -> Exchange:
    if isinstance(entry, Exchange):
        return entry
    create, args = entry
    exchange = create(*args)
    exchange.number = number
    return exchange


class Journal(Sequence[Exchange]):
    """The latest `limit` exchanges, in the order of their responses. Thread-safe.

    Methods take requests as text: "POST /jobs/:jobid/stop", or an operation id. They raise InvalidArgument for any
    other text. `body`, `query` and `status` restrict the requests as in `RequestMatcher`.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit = limits.JOURNAL if limit is None else limit
        self._entries: deque[Exchange | _LazyExchange] = deque(maxlen=limit)
        self._has_lazy_entries = False
        self._count = 0
        """The number of all exchanges, including those that were dropped."""
        self._expected_numbers: set[int] = set()
        """Numbers of the requests without an operation that a test expected or waited for."""
        self._changed = threading.Condition()
        self._waiting_thread_count = 0
        """The number of threads that wait for a change."""

    @property
    def dropped(self) -> int:
        """Number of older exchanges that were dropped."""
        return self._count - len(self._entries)

    def add(self, exchange: Exchange) -> None:
        with self._changed:
            self._count += 1
            exchange.number = self._count
            self._entries.append(exchange)
            if self._waiting_thread_count:
                self._changed.notify_all()

    def add_lazily(self, create: Callable[..., Exchange], *args: Any) -> None:
        """Add an exchange that `create(*args)` creates when it is first read. Most exchanges are never read."""
        with self._changed:
            self._count += 1
            self._entries.append((create, args))
            self._has_lazy_entries = True
            if self._waiting_thread_count:
                self._changed.notify_all()

    @property
    def _exchanges(self) -> deque[Exchange]:
        """All exchanges in the journal. The caller holds `_changed`."""
        if self._has_lazy_entries:
            exchanges = [_exchange(entry, number) for number, entry in enumerate(self._entries, self.dropped + 1)]
            self._entries = deque(exchanges, self.limit)
            self._has_lazy_entries = False
        return cast("deque[Exchange]", self._entries)

    def clear(self) -> None:
        """Remove all exchanges. Numbers start at 1 again."""
        self.restore(JournalSnapshot((), 0, frozenset()))

    def snapshot(self) -> JournalSnapshot:
        """Return the state of the journal, for `restore`."""
        with self._changed:
            return JournalSnapshot(tuple(self._exchanges), self._count, frozenset(self._expected_numbers))

    def restore(self, snapshot: JournalSnapshot) -> None:
        """Return to the state of a snapshot."""
        with self._changed:
            self._entries = deque(snapshot.exchanges, self.limit)
            self._has_lazy_entries = False
            self._count = snapshot.count
            self._expected_numbers = set(snapshot.expected_numbers)

    def exchanges(self) -> tuple[Exchange, ...]:
        with self._changed:
            return tuple(self._exchanges)

    def matching(self, request: str | RequestMatcher, *, body: Any = None, query: Mapping[str, Any] | None = None,
                 status: int | None = None) -> list[Exchange]:  # fmt: skip
        """Return the matching requests.

        Raises:
            InvalidArgument: No request matches, and no release has a matching operation.
        """
        matcher = RequestMatcher.parse(request, body, query, status)
        matching = [exchange for exchange in self.exchanges() if not matcher.mismatches(exchange)]
        problem = unknown_operation_message(matcher.pattern) if not matching else None
        if problem is not None:
            raise InvalidArgument(f"{problem[:1].upper()}{problem[1:]}")
        return matching

    def count(self, request: str | RequestMatcher, *, body: Any = None, query: Mapping[str, Any] | None = None,
              status: int | None = None) -> int:  # fmt: skip
        """Return the number of matching requests. Raises InvalidArgument as `matching` does."""
        return len(self.matching(request, body=body, query=query, status=status))

    @property
    def unmatched(self) -> list[Exchange]:
        """The requests that match neither an operation of the cluster nor a page of the dashboard."""
        return [exchange for exchange in self.exchanges() if not exchange.matched]

    @property
    def unexpected(self) -> tuple[Exchange, ...]:
        """The unmatched requests to which no fault applied and that no test expected.

        They are probably mistakes of the client, or operations that the cluster lacks.
        """
        return tuple(
            exchange
            for exchange in self.unmatched
            if exchange.fault is None and exchange.number not in self._expected_numbers
        )

    def expect(
        self,
        request: str | RequestMatcher,
        *,
        times: int | str | CountRange = AT_LEAST_ONCE,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        status: int | None = None,
    ) -> list[Exchange]:
        """Check the number of matching requests, and return them.

        Args:
            request: Method and path, or an operation id.
            times: 2, "once", "never", "1..10 times". Default: at least once.
            body: Part of the JSON body.
            query: Query parameters.
            status: Status of the response.

        Raises:
            UnmetExpectation: More or fewer requests match. The message lists near misses.
            InvalidArgument: No request matches, as expected, but none ever can: no release has a matching operation.
        """
        matcher = RequestMatcher.parse(request, body, query, status)
        self.check([Expectation(matcher, CountRange.parse(times))])
        return self.matching(matcher)

    def expect_in_order(self, *requests: str | RequestMatcher) -> None:
        """Check that requests were sent in this order, possibly with others in between.

        Raises:
            UnmetExpectation: They were not.
        """
        self.check([InOrder(tuple(RequestMatcher.parse(request) for request in requests))])

    def check(self, expected: Iterable[Expected]) -> None:
        """Check expectations.

        Raises:
            UnmetExpectation: Expectations are not met; the message describes all of them.
        """
        exchanges, expectations = self.exchanges(), tuple(expected)
        self._mark_expected(
            exchange for exchange in exchanges if any(expectation.matches(exchange) for expectation in expectations)
        )
        messages = [expectation.failure_message(exchanges) for expectation in expectations]
        failures = [message for message in messages if message is not None]
        if failures:
            if self.dropped:
                dropped = "1 older one was" if self.dropped == 1 else f"{self.dropped} older ones were"
                failures.append(f"The journal keeps {counted(self.limit, 'request')}; {dropped} dropped.")
            raise UnmetExpectation("\n".join(failures))

    def wait_for(
        self,
        request: str | RequestMatcher,
        *,
        times: int = 1,
        timeout: float = 5.0,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        status: int | None = None,
    ) -> list[Exchange]:
        """Wait until matching requests have been sent, and return them.

        The method blocks the thread: use `asyncio.to_thread` in a coroutine.

        Args:
            request: Method and path, or an operation id.
            times: Number of requests.
            timeout: The timeout in wall-clock seconds.
            body: Part of the JSON body.
            query: Query parameters.
            status: Status of the response.

        Raises:
            UnmetExpectation: The requests were not sent within the timeout.
        """
        matcher = RequestMatcher.parse(request, body, query, status)
        deadline = monotonic() + timeout
        matching: list[Exchange] = []
        checked_count = 0
        with self._changed:
            while True:
                new_count = min(self._count - checked_count, len(self._exchanges))
                matching += [
                    exchange
                    for exchange in islice(self._exchanges, len(self._exchanges) - new_count, None)
                    if not matcher.mismatches(exchange)
                ]
                checked_count = self._count
                if len(matching) >= times:
                    self._mark_expected(matching)
                    return matching
                self._waiting_thread_count += 1
                try:
                    has_changed = self._changed.wait(max(deadline - monotonic(), 0))
                finally:
                    self._waiting_thread_count -= 1
                if not has_changed and monotonic() >= deadline:
                    break
        raise self.timeout_error(matcher, times, timeout)

    def matching_if_enough(self, matcher: RequestMatcher, times: int) -> list[Exchange] | None:
        """Return the matching requests, which count as expected then; None if there are fewer than `times`."""
        matching = [exchange for exchange in self.exchanges() if not matcher.mismatches(exchange)]
        if len(matching) < times:
            return None
        self._mark_expected(matching)
        return matching

    def timeout_error(self, matcher: RequestMatcher, times: int, timeout: float) -> UnmetExpectation:
        """Return the error for a wait whose `timeout` (in seconds) has expired."""
        message = Expectation(matcher, CountRange(times, None)).failure_message(self.exchanges())
        return UnmetExpectation(f"after {timeout:g} s: {message or f'{matcher} was sent too late.'}")

    def _mark_expected(self, exchanges: Iterable[Exchange]) -> None:
        numbers = [exchange.number for exchange in exchanges if not exchange.matched]
        with self._changed:
            self._expected_numbers.update(numbers)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: Any) -> Any:
        return self.exchanges()[index]

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges())

    def __str__(self) -> str:
        """Return one line per request, after the number of dropped requests."""
        lines = [f"… {self.dropped} older requests were dropped"] if self.dropped else []
        return "\n".join([*lines, *map(str, self.exchanges())])

    def __repr__(self) -> str:
        dropped = f", {self.dropped} dropped" if self.dropped else ""
        return f"<Journal of {counted(len(self), 'request')}{dropped}>"
