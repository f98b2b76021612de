"""Checks the responses of passes over a server.

A violation that may come from values of different age, in one response or in several, is a suspicion: it is reported
only after its responses were requested again and still contradict each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flinkmock.conformance.coherence.culprits import Culprit, culprits
from flinkmock.conformance.coherence.evaluation import (
    SHAPE_ERRORS,
    Invariants,
    Violation,
    ViolationKey,
    count_holding_relations,
    locations_of,
    violations,
)
from flinkmock.conformance.coherence.new_leader import REQUIRED_SIGNS, operations_with_new_leader
from flinkmock.conformance.coherence.registry import Scope
from flinkmock.conformance.coherence.requests import server_time_of
from flinkmock.conformance.coherence.values import Json, SuccessResponse, Value, ValueLocation, is_number, shortened
from flinkmock.conformance.coherence.view import RepeatedView, View

REPEAT_AFTER_MS = (0, 1_500, 4_500, 9_000, 15_000)
"""The pauses before the responses of a violation are requested again, in ms. Their sum is longer than Flink's caches
last, and longer than two intervals between fetches of metrics."""
LONG_INTERVAL_MS = 30_000
"""A pass is compared with the previous one, and with one or more that ended at least this many ms before it."""
REQUIRED_REPEATS = 3
"""How many times the violation of a suspicion has to occur again before it is reported."""
Fetch = Callable[[str], SuccessResponse | None]


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass over the server.

    Attributes:
        ended_at: When it ended, in ms of `CoherenceSession.now`.
        view: Its responses.
    """

    ended_at: float
    view: View


@dataclass(slots=True)
class _Suspicion:
    """A violation that may come from values of different age, in one response or in several.

    Attributes:
        violation: The violation, with its newest values.
        since: When the violation was first found with the current `guard`, in ms of `CoherenceSession.now`.
        guard: A value that must not change while the violation is confirmed (`guard_of`).
        repeat_count: How many times the violation has occurred again since then, in responses requested again.
        repeated_at: When its responses were last requested again, in ms.
    """

    violation: Violation
    since: float
    guard: object
    repeat_count: int = 0
    repeated_at: float = 0


@dataclass
class CoherenceSession:
    """Collects the responses of passes over a server, and checks each pass.

    Args:
        invariants: The invariants of the release.
        fetch: Requests a target again; None if the response isn't a success.
        now: Returns the time in ms, of the same clock as the responses' times.
        skip: Returns whether the responses of an operation are left out, because one of them broke the schema.
        on_new_leader: Called when a pass shows that the server was restarted, or has another leader.
    """

    invariants: Invariants
    fetch: Fetch
    now: Callable[[], float]
    skip: Callable[[str], bool] = lambda operation_id: False
    on_new_leader: Callable[[], None] = lambda: None
    _responses: list[SuccessResponse] = field(default_factory=list)
    _view: View = field(default_factory=View)
    _earlier: list[_Pass] = field(default_factory=list)
    _suspicions: dict[ViolationKey, _Suspicion] = field(default_factory=dict)

    def add(self, response: SuccessResponse) -> None:
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

        If the pass shows a new leader, all passes are dropped, even this one, because some of its responses may be from
        the former leader.
        """
        now = self.now()
        self._view = View(response for response in self._responses if not self.skip(response.operation_id))
        self._responses = []
        if self._earlier and self._shows_new_leader(self._earlier[-1].view):
            self.reset()
            self.on_new_leader()
            return []
        certain = self._violations_over_time(now)
        suspected: dict[ViolationKey, Violation] = {}
        for violation in self._violations_of_pass():
            if violation.invariant.may_disagree_for_ms:
                suspected.setdefault(violation.key, violation)
            else:
                certain.append(violation)
        for key in self._suspicions.keys() - suspected.keys():
            del self._suspicions[key]
        for key, violation in suspected.items():
            if key not in self._suspicions:
                self._suspicions[key] = _Suspicion(violation, now, guard_of(self._view, violation))
        self._earlier = [*self._comparable_passes(now), _Pass(now, self._view)]
        return self._culprits(certain)

    def _shows_new_leader(self, earlier: View) -> bool:
        responses = {response.target: response for response in earlier}
        return len(operations_with_new_leader(responses, self._view)) >= REQUIRED_SIGNS

    def _comparable_passes(self, now: float) -> list[_Pass]:
        """Return the passes that later ones are compared with: see `LONG_INTERVAL_MS`."""
        old = [earlier for earlier in self._earlier if now - earlier.ended_at >= LONG_INTERVAL_MS]
        young = [earlier for earlier in self._earlier if now - earlier.ended_at < LONG_INTERVAL_MS]
        return [*old[-1:], *young]

    @property
    def has_suspicions(self) -> bool:
        """Whether there are suspicions that are neither confirmed nor refuted."""
        return bool(self._suspicions)

    def request_again(self, *, min_interval_ms: float = 0) -> list[Culprit]:
        """Request the responses of all suspicions again; return the culprits that are certain now.

        Args:
            min_interval_ms: Suspicions whose responses were requested again less than this time ago are left out.
        """
        now = self.now()
        due = {
            key: suspicion
            for key, suspicion in self._suspicions.items()
            if not suspicion.repeat_count or now - suspicion.repeated_at >= min_interval_ms
        }
        if not due:
            return []
        repeated_violations = self._repeated(due)
        view = RepeatedView(self._view, self.fetch)  # one view, so that suspicions share requests
        confirmed = []
        for key, suspicion in due.items():
            if key not in repeated_violations:
                del self._suspicions[key]
                continue
            guard = guard_of(view, suspicion.violation)
            if suspicion.guard != guard:
                suspicion.since, suspicion.guard, suspicion.repeat_count = now, guard, 0
            suspicion.violation = repeated_violations[key]
            suspicion.repeat_count += 1
            suspicion.repeated_at = now
            if (
                suspicion.repeat_count >= REQUIRED_REPEATS
                and now - suspicion.since >= suspicion.violation.invariant.may_disagree_for_ms
            ):
                confirmed.append(suspicion.violation)
                del self._suspicions[key]
        return self._culprits(confirmed)

    def _repeated(self, due: dict[ViolationKey, _Suspicion]) -> dict[ViolationKey, Violation]:
        """Return the violations that occur twice in a row; those between responses must have the same values twice."""
        one_per_subject = {(key.invariant_id, key.ids): suspicion.violation for key, suspicion in due.items()}
        repeated_violations: dict[ViolationKey, Violation] = {}
        for violation in one_per_subject.values():
            first = self._violations_in_new_responses(violation)
            second = self._violations_in_new_responses(violation)
            is_within_response = violation.invariant.scope is Scope.RESPONSE
            for key, repeated in second.items():
                if (
                    key in due
                    and key in first
                    and (is_within_response or _raw_values(first[key]) == _raw_values(repeated))
                ):
                    repeated_violations[key] = repeated
        return repeated_violations

    def _violations_in_new_responses(self, violation: Violation) -> dict[ViolationKey, Violation]:
        """Request the responses of a violation again; return the violations of its invariant in the new ones."""
        invariant, ids = violation.invariant, violation.ids
        if invariant.scope is Scope.BETWEEN_RESPONSES:
            view = RepeatedView(self._view, self.fetch)
            failed = (
                Violation(invariant, ids, relation) for relation in invariant.check(view, *ids) if not relation.holds
            )
        else:
            response = self.fetch(ids[0])
            relations = self.invariants.relations_within(response) if response else ()
            failed = (other for other in violations(relations) if other.invariant is invariant)
        try:
            return {failure.key: failure for failure in failed}
        except SHAPE_ERRORS:
            return {}

    def _violations_of_pass(self) -> list[Violation]:
        within_responses = [
            violation for response in self._view for violation in violations(self.invariants.relations_within(response))
        ]
        return within_responses + violations(self.invariants.relations_between(self._view))

    def _violations_over_time(self, now: float) -> list[Violation]:
        """Compare the pass with earlier ones, and its responses to the same request with each other."""
        result: list[Violation] = []
        for earlier in reversed(self._earlier):
            if earlier is not self._earlier[-1] and now - earlier.ended_at < LONG_INTERVAL_MS:
                continue
            responses = {response.target: response for response in earlier.view}
            for response in self._view:
                if (before := responses.get(response.target)) is not None:
                    result += violations(self.invariants.relations_over_time(before, response))
            interval_ms = _interval_ms(earlier.view, self._view)
            result += violations(self.invariants.relations_between_times(earlier.view, self._view, interval_ms))
        newest: dict[str, SuccessResponse] = {}
        for response in self._view.responses_in_order:
            if (before := newest.get(response.target)) is not None:
                result += violations(self.invariants.relations_over_time(before, response))
            newest[response.target] = response
        return result

    def _culprits(self, certain: Sequence[Violation]) -> list[Culprit]:
        if not certain:
            return []
        locations = locations_of(certain)
        support: Counter[ValueLocation] = Counter()
        for response in self._view:
            support += count_holding_relations(self.invariants.relations_within(response), locations)
        support += count_holding_relations(self.invariants.relations_between(self._view), locations)
        return culprits(certain, support)


def _interval_ms(before: View, after: View) -> float:
    """Return how many ms of the server's time are between two views; 0 if a view shows no time.

    The clock of a fake may be virtual, so the time of the client says nothing about it.
    """
    times = _server_time(before), _server_time(after)
    return 0 if times[0] is None or times[1] is None else times[1] - times[0]


def _server_time(view: View) -> float | None:
    """Return the latest time of the server in a view, in ms since the epoch; None if there is none."""
    times = [server_time_of(Value.of(response)).raw for response in view]
    return max((time for time in times if is_number(time)), default=None)


def _raw_values(violation: Violation) -> list[object]:
    """Return the values of a violation. Numbers in lists and objects are None: they may increase between requests."""
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
    """Return a value that changes with the subject of a violation: while it stays the same, responses have to agree.

    If the violation is about a listed job, this is the job's state and last modification; otherwise the states and last
    modifications of all jobs, and the ids of the TaskManagers.
    """
    ids = {part for subject_id in violation.ids for part in subject_id.partition("?")[0].split("/")}
    jobs = view.body("getJobsOverview")["jobs"]
    changes = {str(job["jid"].raw): f"{job['state'].raw} {job['last-modification'].raw}" for job in jobs}
    changes_of_subject = {job_id: change for job_id, change in changes.items() if job_id in ids}
    if changes_of_subject:
        return changes_of_subject
    taskmanagers = [str(taskmanager["id"].raw) for taskmanager in view.body("getTaskManagers")["taskmanagers"]]
    return changes, sorted(taskmanagers)


def described(culprit: Culprit) -> tuple[str, str]:
    """Return two texts: the invariant that a culprit breaks, and the values that contradict each other."""
    exact_first = sorted(
        culprit.violations, key=lambda violation: (not violation.relation.exact, violation.invariant.id)
    )
    invariant = exact_first[0].invariant
    own_request = f"GET {shortened(culprit.value.response.target)} "
    texts = list(dict.fromkeys(violation.relation.text.replace(own_request, "") for violation in exact_first))
    text = "; ".join(texts[:3]) + (f"; and {len(texts) - 3} more" if len(texts) > 3 else "")
    if culprit.others:
        text += f" (or {', or '.join(other.where() for other in culprit.others)} is wrong)"
    return f"{invariant.text} [{invariant.id}]", text
