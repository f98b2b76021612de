"""Checks the consistency of responses that pass through a proxy, which can't request them again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from flinkmock.conformance.coherence import Culprit, Invariants
from flinkmock.conformance.coherence.culprits import culprits
from flinkmock.conformance.coherence.evaluation import (
    Violation,
    ViolationKey,
    count_support,
    locations_of,
    violations,
)
from flinkmock.conformance.coherence.restarts import REQUIRED_SIGNS, shows_new_leader
from flinkmock.conformance.coherence.session import guard_of
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.coherence.view import View

KEPT_MS = 300_000
"""How long a response is compared with later ones, in ms."""
SHARE = 20
"""Comparisons between responses take at most one part in 20 of the time."""
SIGHTINGS = 3
"""How many times a contradiction has to be seen, each time in new responses to all requests, before it is reported."""
HELD_MS = 10_000
"""How long a contradiction over time is held back before it is reported: other responses may show a new leader."""
SIGN_MS = 60_000
"""Signs of a new leader belong together if they are seen within this time, in ms."""


@dataclass(slots=True)
class _Suspicion:
    """A violation that may be a race.

    Attributes:
        since: When it was first seen, in ms.
        raws: The values that contradict each other.
        numbers: The numbers of the responses at the last sighting.
        guard: What changes whenever the subject changes (`guard_of`).
        sightings: How often it was seen.
    """

    since: float
    raws: list[object]
    numbers: dict[str, int]
    guard: object
    sightings: int = 1


@dataclass
class PassingCoherence:
    """Collects responses as they pass.

    Args:
        invariants: The invariants of the release.
        on_new_leader: Called when responses show that the server was restarted, or has another leader.
    """

    invariants: Invariants
    on_new_leader: Callable[[], None] = lambda: None
    _newest: dict[str, SuccessResponse] = field(default_factory=dict)
    _suspicions: dict[ViolationKey, _Suspicion] = field(default_factory=dict)
    _pending: list[SuccessResponse] = field(default_factory=list)
    _held: list[tuple[float, SuccessResponse, list[Violation]]] = field(default_factory=list)
    _signs: dict[str, float] = field(default_factory=dict)
    _known_since: float = -math.inf
    _next_comparison_ms: float = 0
    _count: int = 0

    def reset(self, at: float) -> None:
        """Forget all responses, because the server may have been restarted.

        Args:
            at: When that was seen, in ms. Responses to earlier requests are ignored.
        """
        self._known_since = at
        self._newest.clear()
        self._suspicions.clear()
        self._pending.clear()
        self._held.clear()
        self._signs.clear()

    def end(self) -> list[Culprit]:
        """Return the culprits that were not reported yet."""
        return self._release(math.inf)

    def add(self, response: SuccessResponse) -> list[Culprit]:
        """Add a response; return the values that are probably wrong, in it or in an earlier one."""
        if response.sent_at < self._known_since:
            return []
        self._count += 1
        response.number = self._count
        earlier = self._newest.get(response.target)
        if earlier is not None and self._shows_new_leader(earlier, response):
            self.reset(min(self._signs.values()))
            self.on_new_leader()
            earlier = None
        self._newest[response.target] = response
        self._pending.append(response)
        contradictions: list[Violation] = []
        within = violations(self.invariants.of_response(response))
        self._drop_settled(within, lambda ids: ids == (response.target,))
        for violation in within:
            if not violation.invariant.may_disagree_for_ms or self._is_confirmed(violation, response.received_at):
                contradictions.append(violation)
        if earlier is not None and earlier.received_at <= response.sent_at:
            over_time = violations(self.invariants.of_two_responses(earlier, response))
            if over_time:
                self._held.append((response.received_at, response, over_time))
        found_culprits = self._culprits(contradictions, [response]) + self._release(response.received_at - HELD_MS)
        if response.received_at >= self._next_comparison_ms:
            found_culprits += self._compare(response.received_at)
        return found_culprits

    def _shows_new_leader(self, earlier: SuccessResponse, response: SuccessResponse) -> bool:
        """Note a sign of a new leader; return whether there are enough signs."""
        now = response.received_at
        self._signs = {operation: at for operation, at in self._signs.items() if now - at < SIGN_MS}
        if shows_new_leader(earlier, response):
            self._signs.setdefault(response.operation_id, response.sent_at)
        return len(self._signs) >= REQUIRED_SIGNS

    def _release(self, until: float) -> list[Culprit]:
        """Return the culprits in responses that were held back and arrived until a time."""
        found_culprits: list[Culprit] = []
        while self._held and self._held[0][0] <= until:
            _, response, contradictions = self._held.pop(0)
            found_culprits += self._culprits(contradictions, [response])
        return found_culprits

    def _compare(self, now: float) -> list[Culprit]:
        """Compare the responses that arrived since the last comparison with the others."""
        started_at = time.perf_counter()
        self._newest = {
            target: response for target, response in self._newest.items() if now - response.received_at < KEPT_MS
        }
        changed_ids = {value for response in self._pending for value in response.parameters.values()}
        self._pending.clear()
        view = View(sorted(self._newest.values(), key=lambda response: response.number))
        between = violations(self.invariants.of_view(view, changed_ids))
        self._drop_settled(between, lambda ids: not ids or not changed_ids.isdisjoint(ids))
        contradictions = [
            violation for violation in between if self._is_confirmed(violation, now, guard_of(view, violation))
        ]
        found_culprits = self._culprits(contradictions, view) if contradictions else []
        self._next_comparison_ms = now + max(1_000, SHARE * (time.perf_counter() - started_at) * 1000)
        return found_culprits

    def _drop_settled(self, seen: Iterable[Violation], is_compared: Callable[[tuple[str, ...]], bool]) -> None:
        """Drop the suspicions that do not show any more.

        Args:
            seen: The violations that show.
            is_compared: Whether the invariants of a subject with these ids were evaluated.
        """
        keys = {violation.key for violation in seen}
        self._suspicions = {
            key: suspicion for key, suspicion in self._suspicions.items() if key in keys or not is_compared(key.ids)
        }

    def _is_confirmed(self, violation: Violation, now: float, guard: object = None) -> bool:
        """Count a sighting of a violation; return whether it was seen often enough with the same values."""
        leaves = violation.relation.leaves
        raws = [leaf.raw for leaf in leaves]
        numbers = {leaf.response.target: leaf.response.number for leaf in leaves}
        known = self._suspicions.get(violation.key)
        if known is None or known.raws != raws or known.guard != guard:
            self._suspicions[violation.key] = _Suspicion(now, raws, numbers, guard)
            return False
        if all(numbers[target] > known.numbers.get(target, 0) for target in numbers):
            known.sightings += 1
            known.numbers = numbers
        settled = now - known.since >= max(1_000, violation.invariant.may_disagree_for_ms)
        return known.sightings >= SIGHTINGS and settled

    def _culprits(self, contradictions: list[Violation], responses: Iterable[SuccessResponse]) -> list[Culprit]:
        if not contradictions:
            return []
        relations = (relation for response in responses for relation in self.invariants.of_response(response))
        return culprits(contradictions, count_support(relations, locations_of(contradictions)))
