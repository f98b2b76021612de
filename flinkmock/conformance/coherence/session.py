"""Checks responses as they arrive, and requests them again before it reports a violation that may be a race."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from flinkmock.conformance.coherence.culprits import Culprit, culprits
from flinkmock.conformance.coherence.evaluation import Invariants, Violation, count_support, locations_of, violations
from flinkmock.conformance.coherence.registry import Scope
from flinkmock.conformance.coherence.requests import server_time_of
from flinkmock.conformance.coherence.restarts import SIGNS, operations_with_new_leader
from flinkmock.conformance.coherence.values import Json, SeenResponse, Value, ValueLocation, is_number, shortened
from flinkmock.conformance.coherence.view import RepeatedView, View

REPEAT_AFTER_MS = (0, 1_500, 4_500, 9_000, 15_000)
"""The pauses before the responses of a violation are requested again, in ms. Their sum is longer than Flink's caches
and the intervals of its metrics."""
ANCHOR_MS = 30_000
"""The age, in ms, of the view that a new one is compared with, besides the view before it."""
Fetch = Callable[[str], SeenResponse | None]
_Key = tuple[str, tuple[str, ...], frozenset[ValueLocation]]


@dataclass(slots=True)
class _Suspicion:
    """A violation that may be a race.

    Attributes:
        violation: The violation, with its newest values.
        since: When it was first seen, in ms.
        guard: What must not change while the violation is confirmed (`guard_of`).
        repeats: How many times its responses were requested again.
        repeated_at: When they were last requested again, in ms.
    """

    violation: Violation
    since: float
    guard: object
    repeats: int = 0
    repeated_at: float = 0


@dataclass
class CoherenceSession:
    """Collects the responses of passes over a server, and checks each pass.

    Args:
        invariants: The invariants of the release.
        fetch: Requests a target again; None if the response isn't a success.
        now: Returns the time in ms, of the same clock as the responses' times.
        skip: Whether responses of an operation are left out because they break its schema.
        on_new_leader: Called when a pass shows that the server was restarted, or has another leader.
    """

    invariants: Invariants
    fetch: Fetch
    now: Callable[[], float]
    skip: Callable[[str], bool] = lambda operation_id: False
    on_new_leader: Callable[[], None] = lambda: None
    _responses: list[SeenResponse] = field(default_factory=list)
    _view: View = field(default_factory=View)
    _earlier: list[tuple[float, View]] = field(default_factory=list)
    _suspicions: dict[_Key, _Suspicion] = field(default_factory=dict)

    def add(self, response: SeenResponse) -> None:
        """Add a response of the current pass."""
        self._responses.append(response)

    def reset(self) -> None:
        """Forget all responses, because the server may have been restarted."""
        self._responses = []
        self._view = View()
        self._earlier.clear()
        self._suspicions.clear()

    def end_pass(self) -> list[Culprit]:
        """Check the responses that were added since the last pass; return the culprits that are already certain.

        A pass that shows a new leader is dropped, with all earlier ones: a part of it may be the former leader's.
        """
        now = self.now()
        self._view = View(response for response in self._responses if not self.skip(response.operation_id))
        self._responses = []
        if self._earlier and self._shows_new_leader(self._earlier[-1][1]):
            self.reset()
            self.on_new_leader()
            return []
        certain = self._over_time(now)
        seen: dict[_Key, Violation] = {}
        for violation in self._current():
            if violation.invariant.settles_in_ms:
                seen.setdefault(violation.key, violation)
            else:
                certain.append(violation)
        for key in self._suspicions.keys() - seen.keys():
            del self._suspicions[key]
        for key, violation in seen.items():
            if key not in self._suspicions:
                self._suspicions[key] = _Suspicion(violation, now, guard_of(self._view, violation))
        self._earlier = [*self._earlier[-1:], (now, self._view)] if not self._earlier else self._kept(now)
        return self._culprits(certain)

    def _shows_new_leader(self, before: View) -> bool:
        earlier = {response.target: response for response in before}
        return len(operations_with_new_leader(earlier, self._view)) >= SIGNS

    def _kept(self, now: float) -> list[tuple[float, View]]:
        """Return the views to keep: the newest of those older than `ANCHOR_MS`, and all newer ones."""
        old = [earlier for earlier in self._earlier if now - earlier[0] >= ANCHOR_MS]
        young = [earlier for earlier in self._earlier if now - earlier[0] < ANCHOR_MS]
        return [*old[-1:], *young, (now, self._view)]

    @property
    def has_suspicions(self) -> bool:
        """Whether there are violations that may be races."""
        return bool(self._suspicions)

    def request_again(self, *, apart_ms: float = 0) -> list[Culprit]:
        """Request the responses of all suspicions again; return the culprits that are certain now.

        Args:
            apart_ms: Suspicions whose responses were requested less than this time ago are left out.
        """
        now = self.now()
        due = {
            key: suspicion
            for key, suspicion in self._suspicions.items()
            if not suspicion.repeats or now - suspicion.repeated_at >= apart_ms
        }
        if not due:
            return []
        repeated_violations = self._repeated(due)
        view = RepeatedView(self._view, self.fetch)  # requested once for all suspicions
        confirmed = []
        for key, suspicion in due.items():
            if key not in repeated_violations:
                del self._suspicions[key]
                continue
            guard = guard_of(view, suspicion.violation)
            if suspicion.guard != guard:
                suspicion.since, suspicion.guard, suspicion.repeats = now, guard, 0
            suspicion.violation = repeated_violations[key]
            suspicion.repeats += 1
            suspicion.repeated_at = now
            if suspicion.repeats >= 3 and now - suspicion.since >= suspicion.violation.invariant.settles_in_ms:
                confirmed.append(suspicion.violation)
                del self._suspicions[key]
        return self._culprits(confirmed)

    def _repeated(self, due: dict[_Key, _Suspicion]) -> dict[_Key, Violation]:
        """Return the violations that occur twice in a row; those between responses with the same values."""
        suspected = {
            (suspicion.violation.invariant.id, suspicion.violation.ids): suspicion.violation
            for suspicion in due.values()
        }
        repeated_violations: dict[_Key, Violation] = {}
        for violation in suspected.values():
            first, second = (self._violations_in_new_responses(violation) for _ in range(2))
            within = violation.invariant.scope is Scope.RESPONSE  # values of one response are of one time
            for key, repeated in second.items():
                if key in due and key in first and (within or _raws(first[key]) == _raws(repeated)):
                    repeated_violations[key] = repeated
        return repeated_violations

    def _violations_in_new_responses(self, violation: Violation) -> dict[_Key, Violation]:
        invariant, ids = violation.invariant, violation.ids
        if invariant.scope is Scope.BETWEEN_RESPONSES:
            view = RepeatedView(self._view, self.fetch)
            failed = (
                Violation(invariant, ids, relation) for relation in invariant.check(view, *ids) if not relation.holds
            )
        else:
            response = self.fetch(ids[0])
            relations = self.invariants.of_response(response) if response else ()
            failed = (other for other in violations(relations) if other.invariant is invariant)
        try:
            return {failure.key: failure for failure in failed}
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
            return {}

    def _current(self) -> list[Violation]:
        contradictions = [
            violation for response in self._view for violation in violations(self.invariants.of_response(response))
        ]
        return contradictions + violations(self.invariants.of_view(self._view))

    def _over_time(self, now: float) -> list[Violation]:
        contradictions: list[Violation] = []
        for number, (time, view) in enumerate(reversed(self._earlier)):
            if number and now - time < ANCHOR_MS:
                continue
            earlier = {response.target: response for response in view}
            for response in self._view:
                if (before := earlier.get(response.target)) is not None:
                    contradictions += violations(self.invariants.of_two_responses(before, response))
            apart = _server_time(self._view) - _server_time(view)  # the clock of a fake may be virtual
            contradictions += violations(self.invariants.of_two_views(view, self._view, apart))
        repeated: dict[str, SeenResponse] = {}
        for response in self._view.in_order:
            if (before := repeated.get(response.target)) is not None:
                contradictions += violations(self.invariants.of_two_responses(before, response))
            repeated[response.target] = response
        return contradictions

    def _culprits(self, contradictions: Iterable[Violation]) -> list[Culprit]:
        listed = list(contradictions)
        if not listed:
            return []
        locations = locations_of(listed)
        support: Counter[ValueLocation] = Counter()
        for response in self._view:
            support += count_support(self.invariants.of_response(response), locations)
        support += count_support(self.invariants.of_view(self._view), locations)
        return culprits(listed, support)


def _server_time(view: View) -> float:
    """Return the latest time of the server in a view, in ms; 0 if there is none."""
    clocks = [server_time_of(Value.of(response)).raw for response in view]
    return max((clock for clock in clocks if is_number(clock)), default=0)


def _raws(violation: Violation) -> list[object]:
    """Return the values of a violation; of lists and objects, only the texts, because their numbers may count on."""
    return [
        _without_numbers(leaf.raw) if isinstance(leaf.raw, (dict, list)) else leaf.raw
        for leaf in violation.relation.leaves
    ]


def _without_numbers(raw: Json) -> Json:
    if isinstance(raw, dict):
        return {key: _without_numbers(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_without_numbers(value) for value in raw]
    return None if is_number(raw) else raw


def guard_of(view: View, violation: Violation) -> object:
    """Return a value that changes with the subject of a violation: while it stays the same, responses have to agree."""
    ids = {part for subject_id in violation.ids for part in subject_id.partition("?")[0].split("/")}
    jobs = view.body("getJobsOverview")["jobs"]
    rows = {str(job["jid"].raw): f"{job['state'].raw} {job['last-modification'].raw}" for job in jobs}
    subject = {job_id: row for job_id, row in rows.items() if job_id in ids}
    if subject:
        return subject
    taskmanagers = [str(row["id"].raw) for row in view.body("getTaskManagers")["taskmanagers"]]
    return rows, sorted(taskmanagers)


def described(culprit: Culprit) -> tuple[str, str]:
    """Return two texts: the invariant that a value breaks, and the values that contradict it."""
    order = sorted(culprit.violations, key=lambda violation: (not violation.relation.exact, violation.invariant.id))
    first = order[0]
    subject = f"GET {shortened(culprit.value.response.target)} "
    texts = list(dict.fromkeys(violation.relation.text.replace(subject, "") for violation in order))
    text = "; ".join(texts[:3]) + (f"; and {len(texts) - 3} more" if len(texts) > 3 else "")
    if culprit.others:
        text += f" (or {', or '.join(other.where() for other in culprit.others)} is wrong)"
    return f"{first.invariant.text} [{first.invariant.id}]", text
