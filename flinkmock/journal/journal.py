"""The journal of a cluster: its last requests, and what can be asked about them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any, Protocol

from flinkmock.errors import UnmetExpectation
from flinkmock.journal.count_range import AT_LEAST_ONCE, CountRange
from flinkmock.journal.exchange import Exchange
from flinkmock.journal.expectation import Expectation, InOrder, RequestMatcher

LIMIT = 10_000


class Expected(Protocol):
    """An `Expectation`, `InOrder` or `Unmatched`. `str` gives it in words."""

    @property
    def location(self) -> str:
        """Where a scenario says so; empty if none does."""

    def failure_message(self, exchanges: Sequence[Exchange]) -> str | None:
        """What to say if it is not met."""

    def matches(self, exchange: Exchange) -> bool:
        """Whether it is about such a request."""


@dataclass(frozen=True, slots=True)
class JournalSnapshot:
    """What a journal is at a moment."""

    kept: tuple[Exchange, ...]
    told: int
    expected_numbers: frozenset[int]


class Journal(Sequence[Exchange]):
    """The last `limit` requests, in the order in which their answers were made. Thread-safe.

    Where a request is asked for, it is written "POST /jobs/:jobid/stop"; `body`, `query` and `status` narrow it down
    as `Wanted` tells. Other text raises InvalidArgument.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._kept: deque[Exchange] = deque(maxlen=limit)
        self._told = 0
        self._expected_numbers: set[int] = set()
        """Numbers of requests without an operation that somebody expected or waited for."""
        self._changed = threading.Condition()

    @property
    def dropped(self) -> int:
        """How many are no longer kept."""
        return self._told - len(self._kept)

    def add(self, exchange: Exchange) -> None:
        with self._changed:
            self._told += 1
            exchange.number = self._told
            self._kept.append(exchange)
            self._changed.notify_all()

    def clear(self) -> None:
        """Forgets all; numbers start again."""
        self.restore(JournalSnapshot((), 0, frozenset()))

    def snapshot(self) -> JournalSnapshot:
        """What it is now, for `restore`."""
        with self._changed:
            return JournalSnapshot(tuple(self._kept), self._told, frozenset(self._expected_numbers))

    def restore(self, snapshot: JournalSnapshot) -> None:
        """Forgets what came later."""
        with self._changed:
            self._kept = deque(snapshot.kept, self.limit)
            self._told = snapshot.told
            self._expected_numbers = set(snapshot.expected_numbers)

    def exchanges(self) -> tuple[Exchange, ...]:
        with self._changed:
            return tuple(self._kept)

    def matching(self, request: str | RequestMatcher, *, body: Any = None, query: Mapping[str, Any] | None = None,
                 status: int | None = None) -> list[Exchange]:  # fmt: skip
        """The requests of that kind."""
        wanted = RequestMatcher.read(request, body, query, status)
        return [exchange for exchange in self.exchanges() if not wanted.mismatches(exchange)]

    def count(self, request: str | RequestMatcher, *, body: Any = None, query: Mapping[str, Any] | None = None,
              status: int | None = None) -> int:  # fmt: skip
        return len(self.matching(request, body=body, query=query, status=status))

    @property
    def unmatched(self) -> list[Exchange]:
        """The requests for which there is no operation."""
        return [exchange for exchange in self.exchanges() if not exchange.matched]

    @property
    def unexpected(self) -> tuple[Exchange, ...]:
        """Those of them that no fault answered, and that nobody has expected or waited for: most likely a mistake of
        the client, or a release that has no such operation."""
        return tuple(one for one in self.unmatched if one.fault is None and one.number not in self._expected_numbers)

    def expect(
        self,
        request: str | RequestMatcher,
        *,
        times: int | str | CountRange = AT_LEAST_ONCE,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        status: int | None = None,
    ) -> list[Exchange]:
        """The requests of that kind, if they came so often: 2, "once", "never", "1..10 times"; default: at least once.

        Raises UnmetExpectation.
        """
        wanted = RequestMatcher.read(request, body, query, status)
        self.check([Expectation(wanted, CountRange.read(times))])
        return self.matching(wanted)

    def expect_in_order(self, *requests: str | RequestMatcher) -> None:
        """Raises UnmetExpectation unless such requests came one after the other, whatever came in between."""
        self.check([InOrder(tuple(RequestMatcher.read(request) for request in requests))])

    def check(self, expected: Iterable[Expected]) -> None:
        """Raises UnmetExpectation, which tells of all that are not met."""
        kept, asked = self.exchanges(), tuple(expected)
        self._mark_expected(exchange for exchange in kept if any(one.matches(exchange) for one in asked))
        unmet = [text for one in asked if (text := one.failure_message(kept)) is not None]
        if unmet:
            if self.dropped:
                unmet.append(f"The journal keeps {self.limit} requests; {self.dropped} older ones were dropped.")
            raise UnmetExpectation("\n".join(unmet))

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
        """Waits until so many requests of that kind have come; `timeout` in seconds of the wall.

        Blocks its thread: in a coroutine call it by `asyncio.to_thread`. Raises UnmetExpectation when the time is up.
        """
        wanted = RequestMatcher.read(request, body, query, status)
        end = monotonic() + timeout
        found: list[Exchange] = []
        looked_at = 0
        with self._changed:
            while True:
                new = min(self._told - looked_at, len(self._kept))
                found += [one for one in islice(self._kept, len(self._kept) - new, None) if not wanted.mismatches(one)]
                looked_at = self._told
                if len(found) >= times:
                    self._mark_expected(found)
                    return found
                if not self._changed.wait(max(end - monotonic(), 0)) and monotonic() >= end:
                    break
        text = Expectation(wanted, CountRange(times, None)).failure_message(self.exchanges())
        raise UnmetExpectation(f"after {timeout:g} s: {text or f'{wanted} came too late.'}")

    def _mark_expected(self, exchanges: Iterable[Exchange]) -> None:
        self._expected_numbers.update(exchange.number for exchange in exchanges if not exchange.matched)

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: Any) -> Any:
        return self.exchanges()[index]

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges())

    def __str__(self) -> str:
        """One line for each request; how many are missing at the top."""
        lines = [f"… {self.dropped} older requests were dropped"] if self.dropped else []
        return "\n".join([*lines, *map(str, self.exchanges())])

    def __repr__(self) -> str:
        more = f", {self.dropped} dropped" if self.dropped else ""
        return f"<Journal of {len(self)} requests{more}>"
