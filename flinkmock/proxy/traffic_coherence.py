"""Checks the coherence of responses that pass through a proxy, which can't request them again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from flinkmock.conformance.coherence import Culprit, Invariants
from flinkmock.conformance.coherence.culprits import culprits
from flinkmock.conformance.coherence.evaluation import (
    Violation,
    ViolationKey,
    count_holding_relations,
    locations_of,
    violations,
)
from flinkmock.conformance.coherence.new_leader import REQUIRED_SIGNS, shows_new_leader
from flinkmock.conformance.coherence.session import guard_of
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.coherence.view import View

COMPARISON_WINDOW_MS = 300_000
"""How long a response is compared with later ones, in ms."""
MIN_COMPARISON_INTERVAL_MS = 1_000
MAX_COMPARISON_SHARE = 1 / 20
"""The maximum share of the time that comparisons between responses take."""
REQUIRED_SIGHTINGS = 3
"""How many times a suspicion has to be seen before it is reported, each time in new responses to all its requests."""
HOLD_BACK_MS = 10_000
"""How long a violation over time, or of an order of times, is held back before it is reported: other responses may show
a new leader."""
SIGN_WINDOW_MS = 60_000
"""Signs of a new leader belong together if they are seen within this time, in ms."""
UNCHECKED_INVARIANTS = frozenset({"server-clock-is-steady"})
"""Ids of invariants that are not checked: a machine's clock may be set while a proxy runs for days."""


@dataclass(slots=True)
class _Suspicion:
    """A violation that may come from values of different age, in one response or in several.

    Attributes:
        since: When the violation was first seen with these values and this guard, in ms.
        values: The values that contradict each other.
        response_numbers: Target -> the number of the response when the violation was last counted.
        guard: The state of the subject (`guard_of`).
        sighting_count: How many times the violation was counted since then. It is counted only if all its responses
            are new.
    """

    since: float
    values: list[object]
    response_numbers: dict[str, int]
    guard: object
    sighting_count: int = 1


class _HeldBackViolations(NamedTuple):
    """Violations that are reported later, unless there is a new leader.

    Attributes:
        since: When they were found, in ms.
        violations: The violations.
        responses: Responses with their values.
    """

    since: float
    violations: list[Violation]
    responses: list[SuccessResponse]


@dataclass
class TrafficCoherence:
    """Finds contradictions in responses as they pass. Times are in ms of one clock.

    Args:
        invariants: The invariants of the release.
        on_new_leader: Called when responses show that the server was restarted, or has another leader.
    """

    invariants: Invariants
    on_new_leader: Callable[[], None] = lambda: None
    _newest: dict[str, SuccessResponse] = field(default_factory=dict)
    """Target -> the newest response."""
    _suspicions: dict[ViolationKey, _Suspicion] = field(default_factory=dict)
    _uncompared: list[SuccessResponse] = field(default_factory=list)
    """The responses since the last comparison."""
    _held_back_violations: list[_HeldBackViolations] = field(default_factory=list)
    """In the order of arrival."""
    _sign_times: dict[str, float] = field(default_factory=dict)
    """Operation id -> when its responses first showed a new leader."""
    _reset_at: float = -math.inf
    _next_comparison_at: float = 0
    _response_count: int = 0

    def reset(self, at: float) -> None:
        """Forget all responses, because the server may have been restarted.

        Args:
            at: In ms. Responses to requests that were sent earlier are ignored.
        """
        self._reset_at = at
        self._newest.clear()
        self._suspicions.clear()
        self._uncompared.clear()
        self._held_back_violations.clear()
        self._sign_times.clear()

    def end(self) -> list[Culprit]:
        """Return the culprits of the violations that are still held back."""
        return self._take_held_back(math.inf)

    def add(self, response: SuccessResponse) -> list[Culprit]:
        """Add a response; return the values that are probably wrong, in it or in an earlier one."""
        if response.sent_at < self._reset_at:
            return []
        self._response_count += 1
        response.number = self._response_count
        earlier = self._newest.get(response.target)
        if earlier is not None and self._note_sign_of_new_leader(earlier, response):
            self.reset(min(self._sign_times.values()))
            self.on_new_leader()
            earlier = None
        self._newest[response.target] = response
        self._uncompared.append(response)
        if earlier is not None and earlier.received_at <= response.sent_at:
            violations_over_time = violations(self.invariants.relations_over_time(earlier, response))
            if violations_over_time:
                self._hold_back(response.received_at, violations_over_time, [response])
        reported = self._check(response)
        reported += self._take_held_back(response.received_at - HOLD_BACK_MS)
        if response.received_at >= self._next_comparison_at:
            reported += self._compare(response.received_at)
        return reported

    def _note_sign_of_new_leader(self, earlier: SuccessResponse, response: SuccessResponse) -> bool:
        """Note whether a response is a sign of a new leader; return whether there are now enough signs."""
        now = response.received_at
        self._sign_times = {operation: at for operation, at in self._sign_times.items() if now - at < SIGN_WINDOW_MS}
        if shows_new_leader(earlier, response):
            self._sign_times.setdefault(response.operation_id, response.sent_at)
        return len(self._sign_times) >= REQUIRED_SIGNS

    def _check(self, response: SuccessResponse) -> list[Culprit]:
        """Return the culprits within one response."""
        current_violations = violations(self.invariants.relations_within(response))
        self._drop_resolved(current_violations, lambda subject: subject == (response.target,))
        confirmed = [
            violation
            for violation in current_violations
            if not violation.invariant.may_disagree_for_ms or self._is_confirmed(violation, response.received_at)
        ]
        return self._culprits(confirmed, [response])

    def _take_held_back(self, until: float) -> list[Culprit]:
        """Remove the violations that were found by a time; return their culprits."""
        reported: list[Culprit] = []
        while self._held_back_violations and self._held_back_violations[0].since <= until:
            held_back = self._held_back_violations.pop(0)
            reported += self._culprits(held_back.violations, held_back.responses)
        return reported

    def _hold_back(self, since: float, found: list[Violation], responses: list[SuccessResponse]) -> None:
        self._held_back_violations.append(_HeldBackViolations(since, found, responses))

    def _compare(self, now: float) -> list[Culprit]:
        """Compare the responses that arrived since the last comparison with the others."""
        started_at = time.perf_counter()
        self._newest = {
            target: response
            for target, response in self._newest.items()
            if now - response.received_at < COMPARISON_WINDOW_MS
        }
        ids_in_new_responses = {value for response in self._uncompared for value in response.parameters.values()}
        new_numbers = {response.number for response in self._uncompared}
        self._uncompared.clear()
        view = View(sorted(self._newest.values(), key=lambda response: response.number))
        current_violations = violations(self.invariants.relations_between(view, ids_in_new_responses))
        self._drop_resolved(
            current_violations, lambda subject: not subject or not ids_in_new_responses.isdisjoint(subject)
        )
        confirmed, of_times = [], []
        for violation in current_violations:
            if violation.invariant.may_disagree_for_ms:
                if self._is_confirmed(violation, now, guard_of(view, violation)):
                    confirmed.append(violation)
            elif violation.invariant.id not in UNCHECKED_INVARIANTS and _has_response(violation, new_numbers):
                of_times.append(violation)
        if of_times:
            responses = {leaf.response.number: leaf.response for found in of_times for leaf in found.relation.leaves}
            self._hold_back(now, of_times, list(responses.values()))
        reported = self._culprits(confirmed, view)
        duration_ms = (time.perf_counter() - started_at) * 1000
        self._next_comparison_at = now + max(MIN_COMPARISON_INTERVAL_MS, duration_ms / MAX_COMPARISON_SHARE)
        return reported

    def _drop_resolved(
        self, current_violations: Iterable[Violation], is_compared: Callable[[tuple[str, ...]], bool]
    ) -> None:
        """Drop the suspicions that were not found again.

        Args:
            current_violations: The violations in the newest responses.
            is_compared: Returns whether the invariants of a subject were evaluated. The argument has the ids of the
                subject or, if the subject is one response, the target of that response.
        """
        keys = {violation.key for violation in current_violations}
        self._suspicions = {
            key: suspicion for key, suspicion in self._suspicions.items() if key in keys or not is_compared(key.ids)
        }

    def _is_confirmed(self, violation: Violation, now: float, guard: object = None) -> bool:
        """Count a sighting of a violation; return whether it was seen often enough with the same values."""
        leaves = violation.relation.leaves
        values = [leaf.raw for leaf in leaves]
        numbers = {leaf.response.target: leaf.response.number for leaf in leaves}
        suspicion = self._suspicions.get(violation.key)
        if suspicion is None or suspicion.values != values or suspicion.guard != guard:
            self._suspicions[violation.key] = _Suspicion(now, values, numbers, guard)
            return False
        if all(numbers[target] > suspicion.response_numbers.get(target, 0) for target in numbers):
            suspicion.sighting_count += 1
            suspicion.response_numbers = numbers
        required_ms = max(MIN_COMPARISON_INTERVAL_MS, violation.invariant.may_disagree_for_ms)
        return suspicion.sighting_count >= REQUIRED_SIGHTINGS and now - suspicion.since >= required_ms

    def _culprits(self, confirmed: list[Violation], responses: Iterable[SuccessResponse]) -> list[Culprit]:
        if not confirmed:
            return []
        relations = (relation for response in responses for relation in self.invariants.relations_within(response))
        return culprits(confirmed, count_holding_relations(relations, locations_of(confirmed)))


def _has_response(violation: Violation, numbers: Collection[int]) -> bool:
    """Return whether a response with one of these numbers takes part in a violation."""
    return any(leaf.response.number in numbers for leaf in violation.relation.leaves)
