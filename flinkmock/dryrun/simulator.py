"""Plays a scenario on a clock that jumps from one event to the next, until there is nothing new to see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from flinkmock.cluster.flat_lifecycle import flatten
from flinkmock.cluster.job import Job
from flinkmock.cluster.spec import Step
from flinkmock.cluster.states import FAILURE_STATES
from flinkmock.dryrun.timeline import Kind
from flinkmock.engine import Engine
from flinkmock.scenario.scenario import Scenario

TURNS = 3
"""How often a loop is gone around, and how often a job may be thrown back by what no script foresees (no slots)."""
POLL_MS = 1_000
"""What waits to be read is read so often."""
SIGNAL_MS = 5_000
"""What waits for a signal gets it after so long."""
LINGER_MS = 10_000
"""How long the last state of all is looked at, so that there is something to see of it."""
MOST_CHANGES = 100_000
"""A rehearsal ends after so many changes of state, whatever is left."""


@dataclass(slots=True)
class JobRun:
    """A job, and what the player has seen of it. Another JobManager's is another life, of the same id."""

    job: Job
    entered: set[int] = field(default_factory=set)
    """Steps that it came to, by their identity."""
    turns: int = 0
    """How often it began its endless loop."""
    cuts: int = 0
    """How often it was off its script when the cluster last changed."""

    def settled(self) -> bool:
        """Whether it has shown all that it does by itself."""
        job = self.job
        if job.ended or self.turns > TURNS or job.lifecycle_version - self.cuts >= TURNS:
            return True
        starved = job.state == "RUNNING" and job.attempts[-1].deployed_at is None
        return job.lifecycle.next_index(job.step_index) is None and not starved

    def missed(self) -> list[Step]:
        """Steps of its lifecycle that it did not come to."""
        return [step for step in flatten(self.job.spec.lifecycle).steps if id(step) not in self.entered]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is no state of a job; as a Mark, but in epoch ms."""

    at: int
    kind: Kind
    job: Job | None
    text: str
    outcome: str = ""
    end: int | None = None
    bad: bool = False


class Simulator:
    """Plays one scenario.

    Args:
        scenario: as it was read.
        flink: the release; None: the scenario's, else the newest.
        until: ms after the beginning; None: until every job has ended, rests for ever or has gone around its loop
            `TURNS` times, and task managers, leaders and faults with a window have had theirs.

    Raises UnknownRelease and ValueError as Engine does.
    """

    def __init__(self, scenario: Scenario, flink: str | None = None, until: int | None = None) -> None:
        self.scenario = scenario
        self.engine = Engine(scenario, flink=flink, clock="virtual")
        self.cluster = self.engine.cluster
        self.began = self.engine.clock.now()
        self.lives: list[JobRun] = []
        self.events: list[Event] = []
        self.causes: dict[tuple[int, int], str] = {}
        """(identity of a job, place in its states) -> why it came there."""
        self.changes = 0
        self._until = None if until is None else self.began + until
        self._by_job: dict[int, JobRun] = {}
        self._moved: list[Job] = []
        self._unsettled: list[JobRun] = []
        self._waits: dict[str, int] = {}
        self._last_planned = self.began + max(self._planned(), default=0)
        self._reset_at = {self.began + event.at for event in scenario.taskmanager_events}
        self._reset_at |= {self.began + change.at for change in scenario.leader_changes}
        for job in self.cluster.jobs.values():
            self._begin_in_the_middle(job)
        self.cluster.state_machines.on_step = self._entered

    # -- what is seen

    def _entered(self, job: Job, step: Step, at: int) -> None:
        life = self._by_job.get(id(job)) or self._met(job)
        life.entered.add(id(step))
        life.turns += job.step_index == job.lifecycle.loop_index
        if step.exception is not None:
            self.causes[id(job), len(job.states) - 1] = str(step.exception.java_exception)
        self.changes += 1
        self._moved.append(job)

    def _met(self, job: Job) -> JobRun:
        life = self._by_job[id(job)] = JobRun(job, cuts=job.lifecycle_version)
        self.lives.append(life)
        self._unsettled.append(life)
        return life

    def _begin_in_the_middle(self, job: Job) -> None:
        """A job that is there when the rehearsal begins: it came to all steps but those that are still before it."""
        life = self._met(job)
        script = job.lifecycle
        has_been_around = script.loop_index is not None and len(job.states) > len(script.steps)
        ahead = set() if has_been_around else {id(step) for step in script.steps[job.step_index + 1 :]}
        life.turns = int(script.loop_index is not None and job.step_index >= script.loop_index)
        life.entered = {id(step) for step in flatten(job.spec.lifecycle).steps} - ahead
        for place, (at, state) in enumerate(job.states):
            thrown = next((failure.exception for failure in job.failures if failure.at == at), None)
            if thrown is not None and state in FAILURE_STATES:
                # what a job ends with is wrapped in why it is not restarted
                told = thrown.cause if state == "FAILED" and thrown.cause is not None else thrown
                self.causes[id(job), place] = str(told)
        self._moved.append(job)

    # -- time

    @property
    def now(self) -> int:
        """Epoch ms."""
        return self.engine.clock.now()

    def play(self, client: Iterable[int] = ()) -> Iterator[Collection[Job]]:
        """Goes from one event to the next; gives the jobs whose state has changed, each time some have.

        `client` acts when nothing new happens by itself any more: it gives how many ms it waits until it acts again,
        and the rehearsal goes on until it has finished.
        """
        acts = iter(client)
        turn: int | None = None
        while True:
            if self._moved:
                moved, self._moved = {id(job): job for job in self._moved}, []
                yield list(moved.values())
                continue
            if turn is None and self._all_shown():
                turn = self.now
            if turn is not None and turn <= self.now:
                wait = next(acts, None)
                if wait is None and self._all_shown():
                    break
                turn = None if wait is None else self.now + wait
                continue
            following = self._next(turn)
            if following is None or self.changes > MOST_CHANGES:
                break
            if self._until is not None and following > self._until:
                break
            self._to(following)
        last = self._until or max(self.now, self._last_planned) + LINGER_MS
        if self.changes <= MOST_CHANGES:
            yield from self._rest(last)

    def _rest(self, last: int) -> Iterator[Collection[Job]]:
        while (following := self._next(None)) is not None and following <= last:
            self._to(following)
            if self._moved:
                moved, self._moved = {id(job): job for job in self._moved}, []
                yield list(moved.values())
        self._to(last)

    def _to(self, at: int) -> None:
        self.engine.advance(max(at - self.now, 0))
        if self.now in self._reset_at:
            for life in self.lives:
                life.cuts = life.job.lifecycle_version
            self._unsettled = list(self.lives)
        self._prompt()

    def _next(self, turn: int | None) -> int | None:
        moments = [self.cluster.event_queue.next_at(), turn]
        for wait in self.cluster.wait_conditions.pending():
            since = self._waits.setdefault(wait.subject_id, self.now)
            moments.append(since + (SIGNAL_MS if wait.signal is not None else POLL_MS))
        return min((moment for moment in moments if moment is not None), default=None)

    def _prompt(self) -> None:
        """Reads what waits to be read, and gives the signals that are waited for, when their time has come."""
        waiting = self.cluster.wait_conditions.pending()
        self._waits = {wait.subject_id: self._waits.get(wait.subject_id, self.now) for wait in waiting}
        for wait in waiting:
            past = self.now - self._waits[wait.subject_id]
            job = self.cluster.jobs.get(wait.subject_id.partition("/")[0])
            if wait.signal is not None and past >= SIGNAL_MS:
                if any(other.signal == wait.signal for other in self.cluster.wait_conditions.pending()):
                    self.event(Kind.PROMPT, job, f"signal {wait.signal}")
                    self.cluster.signal(wait.signal, self.now)
            elif wait.signal is None and past >= POLL_MS:
                self._waits[wait.subject_id] = self.now
                self.event(Kind.PROMPT, job, "read")
                self.cluster.record_polls([wait.subject_id], self.now)

    def event(
        self, kind: Kind, job: Job | None, text: str, outcome: str = "", *, since: int | None = None, bad: bool = False
    ) -> None:
        """Notes something that happens now, or that began at `since` (epoch ms) and ends now."""
        at = self.now if since is None else since
        self.events.append(Event(at, kind, job, text, outcome, None if since is None else self.now, bad))

    # -- the end

    def _all_shown(self) -> bool:
        if self._until is None and self.now < self._last_planned:
            return False
        while self._unsettled and self._unsettled[-1].settled():
            self._unsettled.pop()
        return not self._unsettled and not self.cluster.wait_conditions.pending()

    def _planned(self) -> Iterator[int]:
        """When things happen that the scenario gives a time for (ms after the beginning)."""
        yield from (event.at for event in self.scenario.taskmanager_events)
        yield from (change.at + (change.duration.high or 0) for change in self.scenario.leader_changes)
        for job in self.scenario.jobs:
            for pressure in (each for vertex in job.vertices for each in vertex.backpressure):
                yield pressure.since if pressure.until is None else pressure.until
            yield (job.watermarks.stops_after or 0) - job.age if job.watermarks is not None else 0
        for fault in self.scenario.faults:
            if fault.trigger.during is not None:
                begin, end = fault.trigger.during
                yield begin if end is None else end

    def close(self) -> None:
        self.engine.close()
