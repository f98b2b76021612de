"""Reads a job's lifecycle, and checks that its states follow each other as in Flink."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from flinkmock import limits
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
from flinkmock.scenario.exceptions import ExceptionReader
from flinkmock.scenario.quantities import as_int, read_duration_spec

MAX_PAST_REPEATS = 100_000
"""How often a job may repeat its steps before the scenario starts."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A state and its location; `duration` is None if none is specified."""

    location: SourceLocation
    state: str
    duration: DurationSpec | None
    exception: ExceptionSpec | None


@dataclass(frozen=True, slots=True)
class _Loop:
    """Steps that repeat `times` times, or forever for None."""

    location: SourceLocation
    times: int | None
    items: list[_Line | _Loop]

    @property
    def first(self) -> _Line:
        return _first(self.items[0])

    @property
    def last(self) -> _Line:
        return _last(self.items[-1])


class LifecycleReader:
    """Reads the lifecycle of one job.

    Args:
        job: The path of the job, for messages.
        vertices: The vertices of the job by their names in the file.
        scheduler: "default" or "adaptive".
        age: How long before the scenario the job was submitted, in ms.
        exceptions: Reads the exceptions of steps.
        diagnostics: Collects the mistakes.
    """

    def __init__(self, job: str, vertices: dict[str, VertexSpec], scheduler: str, age: int,
                 exceptions: ExceptionReader, diagnostics: Diagnostics) -> None:  # fmt: skip
        self._job = job
        self._vertices = vertices
        self._scheduler = scheduler
        self._transitions = legal_transitions(scheduler)
        self._age = age
        self._exceptions = exceptions
        self._diagnostics = diagnostics

    def read(self, node: YamlNode) -> Lifecycle:
        items = [self._item(line) for line in node.elements]
        self._check_first(_first(items[0]))
        self._check_order(items)
        self._check_last(items[-1])
        if (steps := sum(map(_count_steps, items))) > limits.LIFECYCLE_STEPS:
            message = f"the lifecycle has {steps:,} steps, more than {limits.LIFECYCLE_STEPS:,}. Write repeat: forever."
            self._diagnostics.add(node.location, message)
        return tuple(self._step(item, last=item is items[-1]) for item in items)

    # -- reading

    def _item(self, node: YamlNode) -> _Line | _Loop:
        if isinstance(node.value, str):
            return self._line(node.location, node.value, None)
        times, steps = node.get("repeat"), node.get("steps")
        if times is not None and steps is not None:
            count = None if times.value == "forever" else as_int(times, 1)
            return _Loop(times.location, count, [self._item(line) for line in steps.elements])
        state, value = next(iter(node.items.items()))
        return self._line(node.key_location(state), state, value)

    def _line(self, location: SourceLocation, state: str, value: YamlNode | None) -> _Line:
        duration, exception = value, None
        if value is not None and isinstance(value.value, dict):
            duration, exception = value.get("duration"), value.get("exception")
        if exception is not None and state not in FAILURE_STATES:
            allowed = ", ".join(name for name in JOB_STATES if name in FAILURE_STATES)
            self._diagnostics.add(exception.location, f"{state} can't have an exception. These states can: {allowed}.")
        return _Line(
            location,
            state,
            read_duration_spec(duration, self._diagnostics) if duration is not None else None,
            self._exceptions.exception_spec(exception, self._job, self._vertices) if exception is not None else None,
        )

    # -- checks

    def _check_first(self, first: _Line) -> None:
        if implicit_prefix(first.state, self._scheduler) is None:
            possible = ", ".join(state for state in JOB_STATES if implicit_prefix(state, self._scheduler) is not None)
            message = f"a Flink job never starts in {first.state}. It starts in {possible}."
            self._diagnostics.add(first.location, message)

    def _check_order(self, items: list[_Line | _Loop]) -> None:
        for item, following in pairwise(items):
            self._check_transition(_last(item), _first(following))
            if isinstance(item, _Loop) and item.times is None:
                self._diagnostics.add(item.location, "this repeats forever: the steps after it are never reached.")
        for loop in items:
            if isinstance(loop, _Loop):
                self._check_order(loop.items)
                if loop.times != 1:
                    self._check_transition(loop.last, loop.first)
                if loop.times is None:
                    self._check_loop_duration(loop)

    def _check_transition(self, line: _Line, following: _Line) -> None:
        state, next_state = line.state, following.state
        possible = self._transitions[state]
        if next_state not in possible:
            scheduler = "the adaptive scheduler" if self._scheduler == "adaptive" else "Flink"
            hint = f"From {state} it goes to {', '.join(sorted(possible))}." if possible else f"{state} is final."
            between = [state for state in sorted(possible) if next_state in self._transitions[state]]
            for nearest in get_close_matches(next_state, between, n=1):
                hint += f" Write {nearest} before {next_state}."
            self._diagnostics.add(following.location, f"{scheduler} never goes from {state} to {next_state}. {hint}")
        elif line.duration is None:
            message = f"{state} needs a duration, because {next_state} follows. Write {state}: 3s."
            self._diagnostics.add(line.location, message)
        elif _is_unbounded(line.duration):
            self._diagnostics.add(line.location, f"{state} lasts forever: {next_state} is never reached.")

    def _check_loop_duration(self, loop: _Loop) -> None:
        shortest = sum(map(_shortest_ms, loop.items))
        if any(map(_waits, loop.items)):
            return
        if shortest == 0:
            self._diagnostics.add(loop.location, "this repeats forever in no time. Give a state a duration.")
        elif self._age // shortest > MAX_PAST_REPEATS:
            message = f"this would repeat more than {MAX_PAST_REPEATS:,} times before the scenario starts."
            self._diagnostics.add(loop.location, message)

    def _check_last(self, item: _Line | _Loop) -> None:
        last = _last(item)
        if last.state in TERMINAL_JOB_STATES:
            if last.duration is not None and not _is_unbounded(last.duration) and last.duration != ZERO:
                self._diagnostics.add(last.location, f"{last.state} is final and can't have a duration.")
        elif not _repeats_forever(item) and last.duration is not None and not _is_unbounded(last.duration):
            message = f"no state follows {last.state}. Write {last.state}: forever, or add the next state."
            self._diagnostics.add(last.location, message)

    # -- result

    def _step(self, item: _Line | _Loop, *, last: bool) -> Step | Repeat:
        if isinstance(item, _Loop):
            steps = (self._step(line, last=last and line is item.items[-1]) for line in item.items)
            return Repeat(tuple(steps), item.times)
        ended = item.state in TERMINAL_JOB_STATES
        duration = UNBOUNDED if last and item.duration is None and not ended else item.duration
        return Step(JobState(item.state), ZERO if ended or duration is None else duration, item.exception)


def _first(item: _Line | _Loop) -> _Line:
    return item.first if isinstance(item, _Loop) else item


def _last(item: _Line | _Loop) -> _Line:
    return item.last if isinstance(item, _Loop) else item


def _repeats_forever(item: _Line | _Loop) -> bool:
    """Return whether an item never ends, because it or its last step repeats forever."""
    return isinstance(item, _Loop) and (item.times is None or _repeats_forever(item.items[-1]))


def _count_steps(item: _Line | _Loop) -> int:
    return sum(map(_count_steps, item.items)) * (item.times or 1) if isinstance(item, _Loop) else 1


def _shortest_ms(item: _Line | _Loop) -> int:
    if isinstance(item, _Loop):
        return sum(map(_shortest_ms, item.items)) * (item.times or 1)
    return item.duration.low if isinstance(item.duration, UniformRange) and not item.duration.unbounded else 0


def _is_unbounded(duration: DurationSpec) -> bool:
    return isinstance(duration, UniformRange) and duration.unbounded


def _waits(item: _Line | _Loop) -> bool:
    """Return whether an item lasts until a client polls the job, or until a signal."""
    if isinstance(item, _Loop):
        return any(map(_waits, item.items))
    return item.duration is not None and not isinstance(item.duration, UniformRange)
