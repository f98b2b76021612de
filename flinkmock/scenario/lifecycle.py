"""A job's lifecycle: its lines as steps, and whether Flink's jobs ever live so."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from flinkmock.cluster.spec import DurationSpec, ExceptionSpec, Lifecycle, Repeat, Step, VertexSpec
from flinkmock.cluster.states import (
    FAILURE_STATES,
    JOB_STATES,
    TERMINAL_JOB_STATES,
    JobState,
    implicit_prefix,
    legal_transitions,
)
from flinkmock.named_random import UNBOUNDED, ZERO, UniformRange
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.exceptions import Causes
from flinkmock.scenario.quantities import length, whole

MAX_STEPS = 10_000
"""Counted repeats are unrolled when they are played."""
MAX_ROUNDS = 100_000
"""How often a job that is older than the scenario may have gone around before it begins."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A state and where it is written; `length` is None where none is given."""

    place: SourceLocation
    state: str
    length: DurationSpec | None
    cause: ExceptionSpec | None


@dataclass(frozen=True, slots=True)
class _Loop:
    place: SourceLocation
    times: int | None
    items: list[_Line | _Loop]

    @property
    def first(self) -> _Line:
        return _first(self.items[0])

    @property
    def last(self) -> _Line:
        return _last(self.items[-1])


class LifecycleReader:
    """Reads the lifecycle of one job. `job` names it in messages; `started_ago` is how long it has lived (ms)."""

    def __init__(self, job: str, vertices: dict[str, VertexSpec], scheduler: str, started_ago: int, causes: Causes,
                 mistakes: Diagnostics) -> None:  # fmt: skip
        self._job = job
        self._vertices = vertices
        self._scheduler = scheduler
        self._moves = legal_transitions(scheduler)
        self._started_ago = started_ago
        self._causes = causes
        self._mistakes = mistakes

    def read(self, node: YamlNode) -> Lifecycle:
        items = [self._item(line) for line in node.elements]
        self._check_beginning(_first(items[0]))
        self._check_order(items)
        self._check_end(items[-1])
        if (steps := sum(map(_steps, items))) > MAX_STEPS:
            self._mistakes.add(node.place, f"{steps:,} states in all; at most {MAX_STEPS:,}. Write repeat: forever.")
        return tuple(self._played(item, last=item is items[-1]) for item in items)

    # -- lines

    def _item(self, node: YamlNode) -> _Line | _Loop:
        if isinstance(node.value, str):
            return self._line(node.place, node.value, None)
        times, steps = node.get("repeat"), node.get("steps")
        if times is not None and steps is not None:
            count = None if times.value == "forever" else whole(times, 1)
            return _Loop(times.place, count, [self._item(line) for line in steps.elements])
        state, stay = next(iter(node.items.items()))
        return self._line(node.key_place(state), state, stay)

    def _line(self, place: SourceLocation, state: str, stay: YamlNode | None) -> _Line:
        exception = stay.get("exception") if stay else None
        if stay is not None and isinstance(stay.value, dict):
            stay = stay.get("duration")
        if exception is not None and state not in FAILURE_STATES:
            belongs = ", ".join(name for name in JOB_STATES if name in FAILURE_STATES)
            self._mistakes.add(
                exception.place, f"no exception leads to {state}. The key exception belongs to {belongs}."
            )
        return _Line(
            place,
            state,
            length(stay, self._mistakes) if stay is not None else None,
            self._causes.cause(exception, self._job, self._vertices) if exception is not None else None,
        )

    # -- order

    def _check_beginning(self, first: _Line) -> None:
        if implicit_prefix(first.state, self._scheduler) is None:
            possible = ", ".join(state for state in JOB_STATES if implicit_prefix(state, self._scheduler) is not None)
            self._mistakes.add(first.place, f"no job of Flink begins with {first.state}. It begins with {possible}.")

    def _check_order(self, items: list[_Line | _Loop]) -> None:
        for here, following in pairwise(items):
            self._check_move(_last(here), _first(following))
            if isinstance(here, _Loop) and here.times is None:
                self._mistakes.add(here.place, "this repeats forever: what follows is never reached.")
        for loop in items:
            if isinstance(loop, _Loop):
                self._check_order(loop.items)
                if loop.times != 1:
                    self._check_move(loop.last, loop.first)
                if loop.times is None:
                    self._check_pace(loop)

    def _check_move(self, here: _Line, following: _Line) -> None:
        possible = self._moves[here.state]
        if following.state not in possible:
            ways = ", ".join(sorted(possible)) or "nothing; it is final"
            who = "the adaptive scheduler" if self._scheduler == "adaptive" else "Flink"
            self._mistakes.add(
                following.place,
                f"{who} never goes from {here.state} to {following.state}. From {here.state} it goes to {ways}.",
            )
        elif here.length is None:
            self._mistakes.add(
                here.place, f"{here.state} needs a length, since {following.state} follows. Write {here.state}: 3s."
            )
        elif _forever(here.length):
            self._mistakes.add(here.place, f"{here.state} lasts forever: {following.state} is never reached.")

    def _check_pace(self, loop: _Loop) -> None:
        shortest = sum(map(_shortest, loop.items))
        if any(map(_waits, loop.items)):
            return
        if shortest == 0:
            self._mistakes.add(loop.place, "this would repeat forever without time going by. Give a state a length.")
        elif self._started_ago // shortest > MAX_ROUNDS:
            self._mistakes.add(loop.place, f"until now this would have repeated more than {MAX_ROUNDS:,} times.")

    def _check_end(self, item: _Line | _Loop) -> None:
        last = _last(item)
        if last.state in TERMINAL_JOB_STATES:
            if last.length is not None and not _forever(last.length) and last.length != ZERO:
                self._mistakes.add(last.place, f"{last.state} is final: it takes no length.")
        elif not _goes_on(item) and last.length is not None and not _forever(last.length):
            self._mistakes.add(
                last.place, f"nothing follows {last.state}. Write {last.state}: forever, or the state that comes next."
            )

    # -- what is played

    def _played(self, item: _Line | _Loop, *, last: bool) -> Step | Repeat:
        if isinstance(item, _Loop):
            return Repeat(
                tuple(self._played(each, last=last and each is item.items[-1]) for each in item.items), item.times
            )
        ended = item.state in TERMINAL_JOB_STATES
        lasts = UNBOUNDED if last and item.length is None and not ended else item.length
        return Step(JobState(item.state), ZERO if ended or lasts is None else lasts, item.cause)


def _first(item: _Line | _Loop) -> _Line:
    return item.first if isinstance(item, _Loop) else item


def _last(item: _Line | _Loop) -> _Line:
    return item.last if isinstance(item, _Loop) else item


def _goes_on(item: _Line | _Loop) -> bool:
    """Whether an item never comes to its end, because it repeats forever or ends in something that does."""
    return isinstance(item, _Loop) and (item.times is None or _goes_on(item.items[-1]))


def _steps(item: _Line | _Loop) -> int:
    return sum(map(_steps, item.items)) * (item.times or 1) if isinstance(item, _Loop) else 1


def _shortest(item: _Line | _Loop) -> int:
    if isinstance(item, _Loop):
        return sum(map(_shortest, item.items)) * (item.times or 1)
    return item.length.low if isinstance(item.length, UniformRange) and not item.length.unbounded else 0


def _forever(length: DurationSpec) -> bool:
    return isinstance(length, UniformRange) and length.unbounded


def _waits(item: _Line | _Loop) -> bool:
    """Whether an item is never over before somebody reads the job or gives a signal."""
    if isinstance(item, _Loop):
        return any(map(_waits, item.items))
    return item.length is not None and not isinstance(item.length, UniformRange)
