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
"""The maximum number of times that a job repeats its steps before the scenario starts."""


@dataclass(frozen=True, slots=True)
class _StateEntry:
    """A step with one state; `duration` is None if the step specifies no duration."""

    location: SourceLocation
    state: str
    duration: DurationSpec | None
    exception: ExceptionSpec | None

    @property
    def first_state_entry(self) -> _StateEntry:
        return self

    @property
    def last_state_entry(self) -> _StateEntry:
        return self


@dataclass(frozen=True, slots=True)
class _RepeatEntry:
    """Steps that run `times` times; forever if `times` is None."""

    location: SourceLocation
    times: int | None
    entries: list[_Entry]

    @property
    def first_state_entry(self) -> _StateEntry:
        return self.entries[0].first_state_entry

    @property
    def last_state_entry(self) -> _StateEntry:
        return self.entries[-1].last_state_entry


_Entry = _StateEntry | _RepeatEntry
"""One entry of a lifecycle."""


class LifecycleReader:
    """Reads the lifecycle of one job.

    Args:
        job: The path of the job, for messages.
        vertices: The vertices of the job by their names in the file.
        scheduler: "default" or "adaptive".
        age: How long before the start of the scenario the job was submitted, in ms.
        exception_reader: Reads the exceptions of steps.
        diagnostics: Collects the mistakes.
    """

    def __init__(self, job: str, vertices: dict[str, VertexSpec], scheduler: str, age: int,
                 exception_reader: ExceptionReader, diagnostics: Diagnostics) -> None:  # fmt: skip
        self._job = job
        self._vertices = vertices
        self._scheduler = scheduler
        self._transitions = legal_transitions(scheduler)
        self._age = age
        self._exception_reader = exception_reader
        self._diagnostics = diagnostics

    def read(self, node: YamlNode) -> Lifecycle:
        entries = [self._read_entry(element) for element in node.elements]
        self._check_first(entries[0].first_state_entry)
        self._check_order(entries)
        self._check_last(entries[-1])
        step_count = sum(map(_count_steps, entries))
        if step_count > limits.LIFECYCLE_STEPS:
            counts = f"{step_count:,} steps, more than {limits.LIFECYCLE_STEPS:,}"
            self._diagnostics.add(node.location, f"the lifecycle has {counts}. Write repeat: forever.")
        return tuple(_step(entry, is_last=entry is entries[-1]) for entry in entries)

    # -- reading

    def _read_entry(self, node: YamlNode) -> _Entry:
        if isinstance(node.value, str):
            return self._read_state(node.location, node.value, None)
        times, steps = node.get("repeat"), node.get("steps")
        if times is not None and steps is not None:
            count = None if times.value == "forever" else as_int(times, 1)
            return _RepeatEntry(times.location, count, [self._read_entry(element) for element in steps.elements])
        state, value = next(iter(node.items.items()))
        return self._read_state(node.key_location(state), state, value)

    def _read_state(self, location: SourceLocation, state: str, value: YamlNode | None) -> _StateEntry:
        duration, exception = value, None
        if value is not None and isinstance(value.value, dict):
            duration, exception = value.get("duration"), value.get("exception")
        if exception is not None and state not in FAILURE_STATES:
            allowed = ", ".join(name for name in JOB_STATES if name in FAILURE_STATES)
            self._diagnostics.add(exception.location, f"{state} can't have an exception. These states can: {allowed}.")
        return _StateEntry(
            location,
            state,
            read_duration_spec(duration, self._diagnostics) if duration is not None else None,
            self._exception_reader.exception_spec(exception, self._job, self._vertices)
            if exception is not None
            else None,
        )

    # -- checks

    def _check_first(self, first: _StateEntry) -> None:
        if implicit_prefix(first.state, self._scheduler) is None:
            possible = ", ".join(state for state in JOB_STATES if implicit_prefix(state, self._scheduler) is not None)
            message = f"a Flink job never starts in {first.state}. It starts in {possible}."
            self._diagnostics.add(first.location, message)

    def _check_order(self, entries: list[_Entry]) -> None:
        for entry, next_entry in pairwise(entries):
            self._check_transition(entry.last_state_entry, next_entry.first_state_entry)
            if isinstance(entry, _RepeatEntry) and entry.times is None:
                self._diagnostics.add(entry.location, "this repeats forever: the steps after it are never reached.")
        for entry in entries:
            if isinstance(entry, _RepeatEntry):
                self._check_order(entry.entries)
                if entry.times != 1:
                    self._check_transition(entry.last_state_entry, entry.first_state_entry)
                if entry.times is None:
                    self._check_endless_repeat(entry)

    def _check_transition(self, entry: _StateEntry, next_entry: _StateEntry) -> None:
        state, next_state = entry.state, next_entry.state
        if next_state not in self._transitions[state]:
            scheduler = "the adaptive scheduler" if self._scheduler == "adaptive" else "Flink"
            message = f"{scheduler} never goes from {state} to {next_state}. {self._transition_hint(state, next_state)}"
            self._diagnostics.add(next_entry.location, message)
        elif entry.duration is None:
            message = f"{state} needs a duration, because {next_state} follows. Write {state}: 3s."
            self._diagnostics.add(entry.location, message)
        elif _is_unbounded(entry.duration):
            self._diagnostics.add(entry.location, f"{state} lasts forever: {next_state} is never reached.")

    def _transition_hint(self, state: str, next_state: str) -> str:
        """Return the states that can follow a state.

        If a state with a name like that of `next_state` can come between, the hint suggests it: FAILING before FAILED.
        """
        possible = sorted(self._transitions[state])
        if not possible:
            return f"{state} is a terminal state."
        hint = f"From {state} it goes to {', '.join(possible)}."
        states_between = [between for between in possible if next_state in self._transitions[between]]
        suggested = get_close_matches(next_state, states_between, n=1)
        return f"{hint} Write {suggested[0]} before {next_state}." if suggested else hint

    def _check_endless_repeat(self, entry: _RepeatEntry) -> None:
        """Check that a repeat without end takes time, and does not repeat too often before the scenario starts."""
        if any(map(_has_wait_condition, entry.entries)):
            return
        shortest_ms = sum(map(_shortest_ms, entry.entries))
        if shortest_ms == 0:
            self._diagnostics.add(entry.location, "this repeats forever in no time. Give a state a duration.")
        elif self._age // shortest_ms > MAX_PAST_REPEATS:
            message = f"this would repeat more than {MAX_PAST_REPEATS:,} times before the scenario starts."
            self._diagnostics.add(entry.location, message)

    def _check_last(self, entry: _Entry) -> None:
        last = entry.last_state_entry
        if last.state in TERMINAL_JOB_STATES:
            if last.duration is not None and not _is_unbounded(last.duration) and last.duration != ZERO:
                self._diagnostics.add(last.location, f"{last.state} is a terminal state and can't have a duration.")
        elif not _repeats_forever(entry) and last.duration is not None and not _is_unbounded(last.duration):
            message = f"no state follows {last.state}. Write {last.state}: forever, or add the next state."
            self._diagnostics.add(last.location, message)


def _step(entry: _Entry, *, is_last: bool) -> Step | Repeat:
    """Convert an entry. A last step without a duration lasts forever."""
    if isinstance(entry, _RepeatEntry):
        steps = (_step(child, is_last=is_last and child is entry.entries[-1]) for child in entry.entries)
        return Repeat(tuple(steps), entry.times)
    if entry.state in TERMINAL_JOB_STATES:
        duration: DurationSpec = ZERO
    elif entry.duration is not None:
        duration = entry.duration
    else:
        duration = UNBOUNDED if is_last else ZERO
    return Step(JobState(entry.state), duration, entry.exception)


def _repeats_forever(entry: _Entry) -> bool:
    """Return whether an entry never ends, because it or its last step repeats forever."""
    return isinstance(entry, _RepeatEntry) and (entry.times is None or _repeats_forever(entry.entries[-1]))


def _count_steps(entry: _Entry) -> int:
    """Return the number of steps of an entry when its repeats are unrolled; steps that repeat forever count once."""
    return sum(map(_count_steps, entry.entries)) * (entry.times or 1) if isinstance(entry, _RepeatEntry) else 1


def _shortest_ms(entry: _Entry) -> int:
    """Return the shortest time that an entry can take, in ms.

    Steps that repeat forever count once, and states that last forever count as 0.
    """
    if isinstance(entry, _RepeatEntry):
        return sum(map(_shortest_ms, entry.entries)) * (entry.times or 1)
    return entry.duration.low if isinstance(entry.duration, UniformRange) and not entry.duration.is_unbounded else 0


def _is_unbounded(duration: DurationSpec) -> bool:
    return isinstance(duration, UniformRange) and duration.is_unbounded


def _has_wait_condition(entry: _Entry) -> bool:
    """Return whether an entry has a wait condition: polls or a signal."""
    if isinstance(entry, _RepeatEntry):
        return any(map(_has_wait_condition, entry.entries))
    return entry.duration is not None and not isinstance(entry.duration, UniformRange)
