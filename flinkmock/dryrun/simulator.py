"""Runs a scenario on a clock that jumps from event to event, until nothing new happens."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from flinkmock.cluster.flat_lifecycle import flatten
from flinkmock.cluster.job import Job
from flinkmock.cluster.spec import Step
from flinkmock.cluster.states import FAILURE_STATES
from flinkmock.dryrun.timeline import EventKind
from flinkmock.engine import Engine
from flinkmock.scenario.scenario import Scenario

MAX_ITERATIONS = 3
"""How often a job repeats its steps, or leaves its lifecycle because it gets no slots, before it counts as settled."""
POLL_INTERVAL_MS = 1_000
"""The interval at which the simulator polls for `3 polls`, in ms."""
SIGNAL_DELAY_MS = 5_000
"""How long a job or async operation waits for a signal until the simulator sends it, in ms."""
LINGER_MS = 10_000
"""How long the dry run continues after the last event, in ms, to show the final states."""
MAX_STATE_CHANGES = 100_000
"""The number of state changes after which the dry run ends in any case."""


@dataclass(slots=True)
class JobRun:
    """A job and what it has done. A job that another JobManager recovered is a new run with the same id."""

    job: Job
    entered_steps: set[int] = field(default_factory=set)
    """The identities of the steps that it entered."""
    iteration_count: int = 0
    """How often it began the steps that repeat forever. All repetitions before the scenario began count as one."""
    version_at_cluster_change: int = 0
    """`Job.lifecycle_version` when a TaskManager last joined or left, or the leader last crashed."""

    def is_settled(self) -> bool:
        """Return whether the job does nothing new without a client."""
        job = self.job
        if job.has_ended:
            return True
        lifecycle = job.lifecycle
        if lifecycle.loop_index is not None and self.iteration_count > MAX_ITERATIONS:
            return True
        # a job that does not run again, such as a CANCELLING one, ends
        runs_again = lifecycle.next_running_index(job.step_index) is not None
        if runs_again and job.lifecycle_version - self.version_at_cluster_change >= MAX_ITERATIONS:
            return True
        lacks_slots = job.state == "RUNNING" and job.attempts[-1].deployed_at is None
        return lifecycle.next_index(job.step_index) is None and not lacks_slots


@dataclass(frozen=True, slots=True)
class Event:
    """Like TimelineEvent, but with the job instead of its lane, and with times in ms since the epoch."""

    at: int
    kind: EventKind
    job: Job | None
    text: str
    outcome: str = ""
    end: int | None = None
    is_failure: bool = False


class Simulator:
    """Runs one scenario.

    Args:
        scenario: The loaded scenario.
        release: The release; None for that of the scenario, else the newest.
        duration_ms: How long to run. None to run until every job has ended, stays in its last state or has repeated its
            steps `MAX_ITERATIONS` times, and all scheduled events and periods are over: changes of TaskManagers and
            of the leader, back pressure, watermarks, fault windows.

    Raises:
        UnknownRelease: There is no contract for the release.
        InvalidArgument: The value of a configuration option is invalid.
    """

    def __init__(self, scenario: Scenario, release: str | None = None, duration_ms: int | None = None) -> None:
        self.scenario = scenario
        self.engine = Engine(scenario, flink=release, clock="virtual")
        self.engine.varied_responses = None  # so that responses are checked without variations
        self.cluster = self.engine.cluster
        self.started_at = self.engine.clock.now()
        """The start of the scenario, in ms since the epoch."""
        self.job_runs: list[JobRun] = []
        self.events: list[Event] = []
        self.failure_reasons: dict[tuple[int, int], str] = {}
        """(identity of a job, index of its state) -> the exception with which it entered the state."""
        self.state_change_count = 0
        self._requested_end = None if duration_ms is None else self.started_at + duration_ms
        """In ms since the epoch."""
        self._runs_by_job: dict[int, JobRun] = {}
        """The newest run of each job, by the identity of the job."""
        self._changed_jobs: dict[int, Job] = {}
        """The jobs whose state has changed since `run` last yielded, by identity."""
        self._unsettled: dict[int, JobRun] = {}
        """The runs that were not settled when last seen, by the identity of the job."""
        self._waiting_since: dict[str, int] = {}
        """`waiter_id` of a pending condition -> when it began to wait or was last polled, in ms since the epoch."""
        self._last_scheduled_at = self.started_at + max(self._scheduled_times(), default=0)
        """The last of the scheduled times, in ms since the epoch."""
        self._cluster_change_times = {self.started_at + event.at for event in scenario.taskmanager_events}
        self._cluster_change_times |= {self.started_at + change.at for change in scenario.leader_changes}
        for job in self.cluster.jobs.values():
            self._track_existing_job(job)
        self.cluster.state_machines.on_step = self._on_step

    # -- jobs

    def _on_step(self, job: Job, step: Step, at: int) -> None:
        """Record that a job has entered a step."""
        job_run = self._runs_by_job.get(id(job)) or self._track(job)
        self._unsettled[id(job)] = job_run
        job_run.entered_steps.add(id(step))
        job_run.iteration_count += job.step_index == job.lifecycle.loop_index
        if step.exception is not None:
            self.failure_reasons[id(job), len(job.states) - 1] = str(step.exception.java_exception)
        self.state_change_count += 1
        self._changed_jobs[id(job)] = job

    def _track(self, job: Job) -> JobRun:
        job_run = self._runs_by_job[id(job)] = JobRun(job, version_at_cluster_change=job.lifecycle_version)
        self.job_runs.append(job_run)
        self._unsettled[id(job)] = job_run
        return job_run

    def _track_existing_job(self, job: Job) -> None:
        """Track a job that exists at the start. It has entered all steps except those after its current step."""
        job_run = self._track(job)
        lifecycle = job.lifecycle
        has_repeated = lifecycle.loop_index is not None and len(job.states) > len(lifecycle.steps)
        later_steps = set() if has_repeated else {id(step) for step in lifecycle.steps[job.step_index + 1 :]}
        job_run.iteration_count = int(lifecycle.loop_index is not None and job.step_index >= lifecycle.loop_index)
        job_run.entered_steps = {id(step) for step in flatten(job.spec.lifecycle).steps} - later_steps
        for index, (at, state) in enumerate(job.states):
            exception = next((failure.exception for failure in job.failures if failure.at == at), None)
            if exception is not None and state in FAILURE_STATES:
                # the final exception wraps the original one
                is_wrapped = state == "FAILED" and exception.cause is not None
                self.failure_reasons[id(job), index] = str(exception.cause if is_wrapped else exception)
        self._changed_jobs[id(job)] = job

    # -- time

    @property
    def now(self) -> int:
        """The cluster time in ms since the epoch."""
        return self.engine.clock.now()

    def run(self, client: Iterable[int] = ()) -> Iterator[Collection[Job]]:
        """Run the scenario; yield the jobs whose state has changed, after each change.

        Args:
            client: A client, which starts when nothing new happens. It runs one step in each iteration, and yields the
                pause (ms) before its next step. The dry run continues until the client has run all its steps.
        """
        client_steps = iter(client)
        client_due_at: int | None = None
        while True:
            if self._changed_jobs:
                yield self._take_changed_jobs()
                continue
            if client_due_at is None and self._is_finished():
                client_due_at = self.now
            if client_due_at is not None and client_due_at <= self.now:
                pause = next(client_steps, None)
                if pause is None and self._is_finished():
                    break
                client_due_at = None if pause is None else self.now + pause
                continue
            next_at = self._next_event_at(client_due_at)
            if next_at is None or self.state_change_count > MAX_STATE_CHANGES:
                break
            if self._requested_end is not None and next_at > self._requested_end:
                break
            self._advance_to(next_at)
        end = self._requested_end or max(self.now, self._last_scheduled_at) + LINGER_MS
        if self.state_change_count <= MAX_STATE_CHANGES:
            yield from self._finish(end)

    def _finish(self, end: int) -> Iterator[Collection[Job]]:
        """Run the scenario without the client until `end` (epoch ms) or too many changes; yield as `run` does."""
        while (next_at := self._next_event_at(None)) is not None and next_at <= end:
            self._advance_to(next_at)
            if self._changed_jobs:
                yield self._take_changed_jobs()
            if self.state_change_count > MAX_STATE_CHANGES:
                return
        self._advance_to(end)

    def _take_changed_jobs(self) -> Collection[Job]:
        changed_jobs, self._changed_jobs = self._changed_jobs, {}
        return changed_jobs.values()

    def _advance_to(self, at: int) -> None:
        """Advance the clock to a time (epoch ms), run the due events, and satisfy the wait conditions that are due."""
        self.engine.advance(max(at - self.now, 0))
        if self.now in self._cluster_change_times:
            for job_run in self.job_runs:
                job_run.version_at_cluster_change = job_run.job.lifecycle_version
            self._unsettled = {id(job_run.job): job_run for job_run in self.job_runs}
        self._satisfy_wait_conditions()

    def _next_event_at(self, client_due_at: int | None) -> int | None:
        """Return the time of the next event, poll, signal or step of the client; None if there is none.

        The last of the scheduled times, to which no event may belong, counts as an event.
        """
        times = [self.cluster.event_queue.next_at(), client_due_at]
        if self._waits_for_scheduled_times():
            times.append(self._last_scheduled_at)
        for condition in self.cluster.wait_conditions.pending():
            since = self._waiting_since.setdefault(condition.waiter_id, self.now)
            times.append(since + (SIGNAL_DELAY_MS if condition.signal is not None else POLL_INTERVAL_MS))
        return min((time for time in times if time is not None), default=None)

    def _satisfy_wait_conditions(self) -> None:
        """Poll or send signals for the wait conditions that are due."""
        conditions = self.cluster.wait_conditions.pending()
        waiter_ids = [condition.waiter_id for condition in conditions]
        self._waiting_since = {waiter_id: self._waiting_since.get(waiter_id, self.now) for waiter_id in waiter_ids}
        for condition in conditions:
            waiter_id, signal = condition.waiter_id, condition.signal
            waited_ms = self.now - self._waiting_since[waiter_id]
            job = self.cluster.jobs.get(waiter_id.partition("/")[0])
            if signal is not None and waited_ms >= SIGNAL_DELAY_MS:
                # an earlier signal of this loop may have satisfied the condition
                if any(other.signal == signal for other in self.cluster.wait_conditions.pending()):
                    self.add_event(EventKind.WAIT_CONDITION, job, f"signal {signal}")
                    self.cluster.signal(signal, self.now)
            elif signal is None and waited_ms >= POLL_INTERVAL_MS:
                self._waiting_since[waiter_id] = self.now
                self.add_event(EventKind.WAIT_CONDITION, job, "poll")
                self.cluster.record_polls([waiter_id], self.now)

    def add_event(
        self,
        kind: EventKind,
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
        """Return whether nothing new happens without the client."""
        if self._waits_for_scheduled_times() or self.cluster.wait_conditions.pending():
            return False
        while self._unsettled:
            identity, job_run = self._unsettled.popitem()
            if not job_run.is_settled():
                self._unsettled[identity] = job_run
                return False
        return True

    def _waits_for_scheduled_times(self) -> bool:
        """Return whether a scheduled time lies ahead and no other end of the dry run is requested."""
        return self._requested_end is None and self.now < self._last_scheduled_at

    def _scheduled_times(self) -> Iterator[int]:
        """Yield the times at which the scenario schedules a change or the end of a period, in ms since the start."""
        yield from (event.at for event in self.scenario.taskmanager_events)
        yield from (change.at + (change.duration.high or 0) for change in self.scenario.leader_changes)
        for job in self.scenario.jobs:
            for backpressure in (phase for vertex in job.vertices for phase in vertex.backpressure):
                yield (backpressure.since if backpressure.until is None else backpressure.until) - job.age
            if job.watermarks is not None:
                yield (job.watermarks.stops_after or 0) - job.age
        for fault in self.scenario.faults:
            if fault.trigger.during is not None:
                begin, end = fault.trigger.during
                yield begin if end is None else end

    def close(self) -> None:
        self.engine.close()
