"""Runs a scenario on a clock that jumps from event to event, until nothing new happens."""

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

MAX_ITERATIONS = 3
"""How often a loop is repeated, or a job leaves its lifecycle (without slots), before the dry run ends."""
POLL_MS = 1_000
"""The interval at which the simulator polls for `3 polls`, in ms."""
SIGNAL_MS = 5_000
"""How long a job waits for a signal until the simulator sends it, in ms."""
LINGER_MS = 10_000
"""How long the dry run continues after the last event, in ms, to show the final states."""
MAX_STATE_CHANGES = 100_000
"""The number of state changes after which the dry run ends in any case."""


@dataclass(slots=True)
class JobRun:
    """A job and its past. A job that another JobManager recovered is a new run with the same id."""

    job: Job
    entered: set[int] = field(default_factory=set)
    """The identities of the steps that it entered."""
    iterations: int = 0
    """The number of iterations of its endless loop that began."""
    baseline_version: int = 0
    """The lifecycle version when the cluster last changed."""

    def is_settled(self) -> bool:
        """Return whether the job does nothing new without a client."""
        job = self.job
        if (
            job.ended
            or self.iterations > MAX_ITERATIONS
            or job.lifecycle_version - self.baseline_version >= MAX_ITERATIONS
        ):
            return True
        lacks_slots = job.state == "RUNNING" and job.attempts[-1].deployed_at is None
        return job.lifecycle.next_index(job.step_index) is None and not lacks_slots


@dataclass(frozen=True, slots=True)
class Event:
    """Like TimelineEvent, but in ms since the epoch."""

    at: int
    kind: Kind
    job: Job | None
    text: str
    outcome: str = ""
    end: int | None = None
    is_failure: bool = False


class Simulator:
    """Runs one scenario.

    Args:
        scenario: The loaded scenario.
        flink: The release; None for that of the scenario, else the newest.
        until: The duration in ms. None for until every job has ended, stays in its last state or has repeated its loop
            `MAX_ITERATIONS` times, and all scheduled events and fault windows are over.

    Raises:
        UnknownRelease: There is no contract for the release.
        InvalidArgument: The value of a configuration option is invalid.
    """

    def __init__(self, scenario: Scenario, flink: str | None = None, until: int | None = None) -> None:
        self.scenario = scenario
        self.engine = Engine(scenario, flink=flink, clock="virtual")
        self.engine.varied_responses = None  # checks the responses without variations
        self.cluster = self.engine.cluster
        self.began = self.engine.clock.now()
        self.job_runs: list[JobRun] = []
        self.events: list[Event] = []
        self.reasons: dict[tuple[int, int], str] = {}
        """(identity of a job, index of its state) -> the reason for which it entered the state."""
        self.state_changes = 0
        self._until = None if until is None else self.began + until
        self._by_job: dict[int, JobRun] = {}
        self._changed_jobs: list[Job] = []
        self._unsettled: list[JobRun] = []
        self._waiting_since: dict[str, int] = {}
        self._last_scheduled = self.began + max(self._scheduled_times(), default=0)
        self._baseline_times = {self.began + event.at for event in scenario.taskmanager_events}
        self._baseline_times |= {self.began + change.at for change in scenario.leader_changes}
        for job in self.cluster.jobs.values():
            self._adopt_running_job(job)
        self.cluster.state_machines.on_step = self._on_step

    # -- jobs

    def _on_step(self, job: Job, step: Step, at: int) -> None:
        job_run = self._by_job.get(id(job)) or self._track(job)
        job_run.entered.add(id(step))
        job_run.iterations += job.step_index == job.lifecycle.loop_index
        if step.exception is not None:
            self.reasons[id(job), len(job.states) - 1] = str(step.exception.java_exception)
        self.state_changes += 1
        self._changed_jobs.append(job)

    def _track(self, job: Job) -> JobRun:
        job_run = self._by_job[id(job)] = JobRun(job, baseline_version=job.lifecycle_version)
        self.job_runs.append(job_run)
        self._unsettled.append(job_run)
        return job_run

    def _adopt_running_job(self, job: Job) -> None:
        """Track a job that exists at the start. It has entered all steps except those that still follow."""
        job_run = self._track(job)
        script = job.lifecycle
        has_been_around = script.loop_index is not None and len(job.states) > len(script.steps)
        ahead = set() if has_been_around else {id(step) for step in script.steps[job.step_index + 1 :]}
        job_run.iterations = int(script.loop_index is not None and job.step_index >= script.loop_index)
        job_run.entered = {id(step) for step in flatten(job.spec.lifecycle).steps} - ahead
        for index, (at, state) in enumerate(job.states):
            thrown = next((failure.exception for failure in job.failures if failure.at == at), None)
            if thrown is not None and state in FAILURE_STATES:
                # the final exception wraps the original one
                reason = thrown.cause if state == "FAILED" and thrown.cause is not None else thrown
                self.reasons[id(job), index] = str(reason)
        self._changed_jobs.append(job)

    # -- time

    @property
    def now(self) -> int:
        """Return the cluster time in ms since the epoch."""
        return self.engine.clock.now()

    def run(self, client: Iterable[int] = ()) -> Iterator[Collection[Job]]:
        """Run the scenario; yield the jobs whose state has changed, after each change.

        `client` begins when nothing new happens. It yields the ms before its next step. The dry run continues until it
        is finished.
        """
        client_steps = iter(client)
        turn: int | None = None
        while True:
            if self._changed_jobs:
                changed, self._changed_jobs = {id(job): job for job in self._changed_jobs}, []
                yield list(changed.values())
                continue
            if turn is None and self._is_finished():
                turn = self.now
            if turn is not None and turn <= self.now:
                wait = next(client_steps, None)
                if wait is None and self._is_finished():
                    break
                turn = None if wait is None else self.now + wait
                continue
            following = self._next(turn)
            if following is None or self.state_changes > MAX_STATE_CHANGES:
                break
            if self._until is not None and following > self._until:
                break
            self._advance_to(following)
        last = self._until or max(self.now, self._last_scheduled) + LINGER_MS
        if self.state_changes <= MAX_STATE_CHANGES:
            yield from self._finish(last)

    def _finish(self, last: int) -> Iterator[Collection[Job]]:
        while (following := self._next(None)) is not None and following <= last:
            self._advance_to(following)
            if self._changed_jobs:
                changed, self._changed_jobs = {id(job): job for job in self._changed_jobs}, []
                yield list(changed.values())
        self._advance_to(last)

    def _advance_to(self, at: int) -> None:
        self.engine.advance(max(at - self.now, 0))
        if self.now in self._baseline_times:
            for job_run in self.job_runs:
                job_run.baseline_version = job_run.job.lifecycle_version
            self._unsettled = list(self.job_runs)
        self._release_waits()

    def _next(self, turn: int | None) -> int | None:
        moments = [self.cluster.event_queue.next_at(), turn]
        for wait in self.cluster.wait_conditions.pending():
            since = self._waiting_since.setdefault(wait.subject_id, self.now)
            moments.append(since + (SIGNAL_MS if wait.signal is not None else POLL_MS))
        return min((moment for moment in moments if moment is not None), default=None)

    def _release_waits(self) -> None:
        """Poll or send signals for the wait conditions that are due."""
        waiting = self.cluster.wait_conditions.pending()
        self._waiting_since = {wait.subject_id: self._waiting_since.get(wait.subject_id, self.now) for wait in waiting}
        for wait in waiting:
            waited = self.now - self._waiting_since[wait.subject_id]
            job = self.cluster.jobs.get(wait.subject_id.partition("/")[0])
            if wait.signal is not None and waited >= SIGNAL_MS:
                if any(other.signal == wait.signal for other in self.cluster.wait_conditions.pending()):
                    self.event(Kind.RELEASE, job, f"signal {wait.signal}")
                    self.cluster.signal(wait.signal, self.now)
            elif wait.signal is None and waited >= POLL_MS:
                self._waiting_since[wait.subject_id] = self.now
                self.event(Kind.RELEASE, job, "poll")
                self.cluster.record_polls([wait.subject_id], self.now)

    def event(
        self,
        kind: Kind,
        job: Job | None,
        text: str,
        outcome: str = "",
        *,
        since: int | None = None,
        is_failure: bool = False,
    ) -> None:
        """Add an event that happens now, or that began at `since` (ms since the epoch) and ends now."""
        at = self.now if since is None else since
        self.events.append(Event(at, kind, job, text, outcome, None if since is None else self.now, is_failure))

    # -- the end

    def _is_finished(self) -> bool:
        if self._until is None and self.now < self._last_scheduled:
            return False
        while self._unsettled and self._unsettled[-1].is_settled():
            self._unsettled.pop()
        return not self._unsettled and not self.cluster.wait_conditions.pending()

    def _scheduled_times(self) -> Iterator[int]:
        """Yield the times of all scheduled events, in ms since the start."""
        yield from (event.at for event in self.scenario.taskmanager_events)
        yield from (change.at + (change.duration.high or 0) for change in self.scenario.leader_changes)
        for job in self.scenario.jobs:
            for pressure in (pressure for vertex in job.vertices for pressure in vertex.backpressure):
                yield pressure.since if pressure.until is None else pressure.until
            yield (job.watermarks.stops_after or 0) - job.age if job.watermarks is not None else 0
        for fault in self.scenario.faults:
            if fault.trigger.during is not None:
                begin, end = fault.trigger.during
                yield begin if end is None else end

    def close(self) -> None:
        self.engine.close()
