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
class _StateEntry:
    """A step with one state; `duration` is None if none is specified."""

    location: SourceLocation
    state: str
    duration: DurationSpec | None
    exception: ExceptionSpec | None


@dataclass(frozen=True, slots=True)
class _LoopEntry:
    """Steps that repeat `times` times, or forever for None."""

    location: SourceLocation
    times: int | None
    entries: list[_StateEntry | _LoopEntry]

    @property
    def first(self) -> _StateEntry:
        return _first(self.entries[0])

    @property
    def last(self) -> _StateEntry:
        return _last(self.entries[-1])


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
        entries = [self._read_entry(element) for element in node.elements]
        self._check_first(_first(entries[0]))
        self._check_order(entries)
        self._check_last(entries[-1])
        if (steps := sum(map(_count_steps, entries))) > limits.LIFECYCLE_STEPS:
            message = f"the lifecycle has {steps:,} steps, more than {limits.LIFECYCLE_STEPS:,}. Write repeat: forever."
            self._diagnostics.add(node.location, message)
        return tuple(self._step(entry, last=entry is entries[-1]) for entry in entries)

    # -- reading

    def _read_entry(self, node: YamlNode) -> _StateEntry | _LoopEntry:
        if isinstance(node.value, str):
            return self._read_state(node.location, node.value, None)
        times, steps = node.get("repeat"), node.get("steps")
        if times is not None and steps is not None:
            count = None if times.value == "forever" else as_int(times, 1)
            return _LoopEntry(times.location, count, [self._read_entry(element) for element in steps.elements])
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
            self._exceptions.exception_spec(exception, self._job, self._vertices) if exception is not None else None,
        )

    # -- checks

    def _check_first(self, first: _StateEntry) -> None:
        if implicit_prefix(first.state, self._scheduler) is None:
            possible = ", ".join(state for state in JOB_STATES if implicit_prefix(state, self._scheduler) is not None)
            message = f"a Flink job never starts in {first.state}. It starts in {possible}."
            self._diagnostics.add(first.location, message)

    def _check_order(self, entries: list[_StateEntry | _LoopEntry]) -> None:
        for entry, following in pairwise(entries):
            self._check_transition(_last(entry), _first(following))
            if isinstance(entry, _LoopEntry) and entry.times is None:
                self._diagnostics.add(entry.location, "this repeats forever: the steps after it are never reached.")
        for loop in entries:
            if isinstance(loop, _LoopEntry):
                self._check_order(loop.entries)
                if loop.times != 1:
                    self._check_transition(loop.last, loop.first)
                if loop.times is None:
                    self._check_loop_duration(loop)

    def _check_transition(self, entry: _StateEntry, following: _StateEntry) -> None:
        state, next_state = entry.state, following.state
        possible = self._transitions[state]
        if next_state not in possible:
            scheduler = "the adaptive scheduler" if self._scheduler == "adaptive" else "Flink"
            hint = f"From {state} it goes to {', '.join(sorted(possible))}." if possible else f"{state} is final."
            between = [state for state in sorted(possible) if next_state in self._transitions[state]]
            for nearest in get_close_matches(next_state, between, n=1):
                hint += f" Write {nearest} before {next_state}."
            self._diagnostics.add(following.location, f"{scheduler} never goes from {state} to {next_state}. {hint}")
        elif entry.duration is None:
            message = f"{state} needs a duration, because {next_state} follows. Write {state}: 3s."
            self._diagnostics.add(entry.location, message)
        elif _is_unbounded(entry.duration):
            self._diagnostics.add(entry.location, f"{state} lasts forever: {next_state} is never reached.")

    def _check_loop_duration(self, loop: _LoopEntry) -> None:
        shortest = sum(map(_shortest_ms, loop.entries))
        if any(map(_waits, loop.entries)):
            return
        if shortest == 0:
            self._diagnostics.add(loop.location, "this repeats forever in no time. Give a state a duration.")
        elif self._age // shortest > MAX_PAST_REPEATS:
            message = f"this would repeat more than {MAX_PAST_REPEATS:,} times before the scenario starts."
            self._diagnostics.add(loop.location, message)

    def _check_last(self, entry: _StateEntry | _LoopEntry) -> None:
        last = _last(entry)
        if last.state in TERMINAL_JOB_STATES:
            if last.duration is not None and not _is_unbounded(last.duration) and last.duration != ZERO:
                self._diagnostics.add(last.location, f"{last.state} is final and can't have a duration.")
        elif not _repeats_forever(entry) and last.duration is not None and not _is_unbounded(last.duration):
            message = f"no state follows {last.state}. Write {last.state}: forever, or add the next state."
            self._diagnostics.add(last.location, message)

    # -- result

    def _step(self, entry: _StateEntry | _LoopEntry, *, last: bool) -> Step | Repeat:
        if isinstance(entry, _LoopEntry):
            steps = (self._step(child, last=last and child is entry.entries[-1]) for child in entry.entries)
            return Repeat(tuple(steps), entry.times)
        ended = entry.state in TERMINAL_JOB_STATES
        duration = UNBOUNDED if last and entry.duration is None and not ended else entry.duration
        return Step(JobState(entry.state), ZERO if ended or duration is None else duration, entry.exception)


def _first(entry: _StateEntry | _LoopEntry) -> _StateEntry:
    return entry.first if isinstance(entry, _LoopEntry) else entry


def _last(entry: _StateEntry | _LoopEntry) -> _StateEntry:
    return entry.last if isinstance(entry, _LoopEntry) else entry


def _repeats_forever(entry: _StateEntry | _LoopEntry) -> bool:
    """Return whether an entry never ends, because it or its last step repeats forever."""
    return isinstance(entry, _LoopEntry) and (entry.times is None or _repeats_forever(entry.entries[-1]))


def _count_steps(entry: _StateEntry | _LoopEntry) -> int:
    return sum(map(_count_steps, entry.entries)) * (entry.times or 1) if isinstance(entry, _LoopEntry) else 1


def _shortest_ms(entry: _StateEntry | _LoopEntry) -> int:
    if isinstance(entry, _LoopEntry):
        return sum(map(_shortest_ms, entry.entries)) * (entry.times or 1)
    return entry.duration.low if isinstance(entry.duration, UniformRange) and not entry.duration.unbounded else 0


def _is_unbounded(duration: DurationSpec) -> bool:
    return isinstance(duration, UniformRange) and duration.unbounded


def _waits(entry: _StateEntry | _LoopEntry) -> bool:
    """Return whether an entry lasts until a client polls the job, or until a signal."""
    if isinstance(entry, _LoopEntry):
        return any(map(_waits, entry.entries))
    return entry.duration is not None and not isinstance(entry.duration, UniformRange)
