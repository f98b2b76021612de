"""The table of invariants. An invariant is a function that yields the relations that have to hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from flinkmock.conformance.coherence.relations import Relations

CACHE_REFRESH_MS = 5_000
"""In ms; longer than Flink caches execution graphs, checkpoint statistics and files of TaskManagers, which is 3 s."""
TWO_CACHES_MS = 6_000
"""Twice as long as each of these caches lasts, in ms: a cached value may come from another cache."""
METRICS_REFRESH_MS = 24_000
"""Longer than two intervals between fetches of metrics, or between heartbeats (10 s each), in ms."""


class Scope(StrEnum):
    """Which values an invariant compares."""

    RESPONSE = "within a response"
    REQUEST = "against the request"
    BETWEEN_RESPONSES = "between responses"
    TIME = "over time"


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule that the responses of real clusters keep.

    Attributes:
        id: The name of its function, with hyphens instead of underscores.
        scope: Which values it compares.
        text: The rule in a sentence.
        source: The section of the documentation that has the evidence: "flink-behaviour.md#caches".
        since, until: The first and the last release for which it holds; "" if there is none.
        may_disagree_for_ms: How long values of different age may disagree, in ms. A violation is reported only if it
            lasts for this time, or immediately if this is 0.
        min_interval_ms: For `TIME`: the least time between two views, in ms.
        subjects: The ids of the operations whose responses it gets. For `BETWEEN_RESPONSES`: one kind of subject (a key
            of `view.ID_PARAMETERS`). For `TIME`: ids of operations, or one kind of subject.
        check: Yields relations. It gets the body (`RESPONSE`, `REQUEST`), the view and the ids of the subject
            (`BETWEEN_RESPONSES`), or two bodies or two views with the ids (`TIME`).
    """

    id: str
    scope: Scope
    text: str
    source: str
    since: str
    until: str
    may_disagree_for_ms: int
    min_interval_ms: int
    subjects: tuple[str, ...]
    check: Callable[..., Relations]

    def holds_for(self, release_number: tuple[int, int]) -> bool:
        """Return whether the invariant holds for a release, given as numbers such as (2, 3)."""
        holds_already = not self.since or _release_number(self.since) <= release_number
        return holds_already and (not self.until or release_number <= _release_number(self.until))


def _release_number(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


INVARIANTS: dict[str, Invariant] = {}
"""All invariants by id, in the order of the modules that define them."""
InvariantFunction = Callable[..., Relations]


def _register(
    scope: Scope,
    subjects: tuple[str, ...],
    text: str,
    source: str,
    since: str,
    until: str,
    *,
    may_disagree_for_ms: int = 0,
    min_interval_ms: int = 0,
) -> Callable[[InvariantFunction], InvariantFunction]:
    def register(check: InvariantFunction) -> InvariantFunction:
        invariant_id = check.__name__.replace("_", "-")
        if invariant_id in INVARIANTS:
            raise ValueError(f"two invariants are called {invariant_id}")
        INVARIANTS[invariant_id] = Invariant(
            invariant_id, scope, text, source, since, until, may_disagree_for_ms, min_interval_ms, subjects, check
        )
        return check

    return register


def within(
    *operations: str, text: str, source: str, since: str = "", until: str = "", may_disagree_for_ms: int = 0
) -> Callable[[InvariantFunction], InvariantFunction]:
    """Register `check(body)`, called for each response of these operations."""
    return _register(Scope.RESPONSE, operations, text, source, since, until, may_disagree_for_ms=may_disagree_for_ms)


def against_request(
    *operations: str, text: str, source: str, since: str = "", until: str = ""
) -> Callable[[InvariantFunction], InvariantFunction]:
    """Register `check(body)`, which compares the body with the parameters in `body.response`."""
    return _register(Scope.REQUEST, operations, text, source, since, until)


def between(
    subject: str,
    *,
    text: str,
    source: str,
    since: str = "",
    until: str = "",
    may_disagree_for_ms: int = CACHE_REFRESH_MS,
) -> Callable[[InvariantFunction], InvariantFunction]:
    """Register `check(view, *ids)`, called for each subject of a kind: a "job" has one id, a "vertex" two."""
    return _register(
        Scope.BETWEEN_RESPONSES, (subject,), text, source, since, until, may_disagree_for_ms=may_disagree_for_ms
    )


def over_time(
    *operations: str, text: str, source: str, since: str = "", until: str = ""
) -> Callable[[InvariantFunction], InvariantFunction]:
    """Register `check(before, after)` for two responses to the same request; `after` was requested later."""
    return _register(Scope.TIME, operations, text, source, since, until)


def between_times(
    subject: str, *, text: str, source: str, since: str = "", until: str = "", min_interval_ms: int = 0
) -> Callable[[InvariantFunction], InvariantFunction]:
    """Register `check(before, after, *ids)` for two views of a subject that are at least `min_interval_ms` apart."""
    return _register(Scope.TIME, (subject,), text, source, since, until, min_interval_ms=min_interval_ms)


def releases_of(invariant: Invariant) -> str:
    """Return the releases of an invariant for tables: "since 1.13", or "all"."""
    bounds = [f"since {invariant.since}"] if invariant.since else []
    if invariant.until:
        bounds.append(f"until {invariant.until}")
    return ", ".join(bounds) or "all"
