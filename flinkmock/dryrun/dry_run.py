"""Runs a scenario without a server and creates its timeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from math import inf
from typing import NamedTuple

from flinkmock.cluster.job import Job
from flinkmock.cluster.leadership import LeadershipTerm
from flinkmock.dryrun.durations import format_duration_spec, format_time
from flinkmock.dryrun.scripted_client import ScriptedClient
from flinkmock.dryrun.simulator import JobRun, Simulator
from flinkmock.dryrun.timeline import (
    CheckpointEvent,
    EventKind,
    FaultWindow,
    JobLane,
    StateInterval,
    Timeline,
    TimelineEvent,
)
from flinkmock.scenario.scenario import Scenario

MIN_IDLE_MS = 500
"""The shortest time, in ms, from the state RUNNING of a job to the start of its tasks that the timeline mentions."""


class _Idle(NamedTuple):
    """Why the tasks of a RUNNING job do not run yet, and until when.

    Attributes:
        reason: The reason; "" if the tasks run.
        until: The end in ms since the start, infinity if it is not reached; None if the tasks run.
    """

    reason: str = ""
    until: float | None = None


class DryRun:
    """One dry run of a scenario. The constructor runs it to its end.

    Args:
        scenario: The loaded scenario.
        rule_count: The number of submission rules in the scenario file. The client runs a jar for each.
        release: The release; None for that of the scenario, else the newest.
        duration_ms: How long to run; None to run until nothing new happens.
        watch: Is called after each change, with the simulator and the jobs whose state has changed.

    Attributes:
        simulator: The simulator, at the end of the dry run.
        timeline: What happened.

    Raises:
        UnknownRelease: There is no contract for the release.
        InvalidArgument: The value of a configuration option is invalid.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        rule_count: int = 0,
        release: str | None = None,
        duration_ms: int | None = None,
        watch: Callable[[Simulator, Collection[Job]], None] = lambda simulator, changed_jobs: None,
    ) -> None:
        self.simulator = Simulator(scenario, release, duration_ms)
        self._client = ScriptedClient(self.simulator, rule_count)
        try:
            for changed_jobs in self.simulator.run(self._client.steps()):
                watch(self.simulator, changed_jobs)
            self.timeline = self._timeline()
        finally:
            self.simulator.close()

    def _timeline(self) -> Timeline:
        simulator = self.simulator
        lane_indexes: dict[str, int] = {}  # by job id
        lanes: list[JobLane] = []
        for job_run in simulator.job_runs:
            job = job_run.job
            if job.id not in lane_indexes:
                lane_indexes[job.id] = len(lanes)
                lanes.append(JobLane(job.name, max(vertex.parallelism for vertex in job.spec.vertices)))
            self._add_run(lanes[lane_indexes[job.id]], job_run)
        begin = min((interval.begin for lane in lanes for interval in lane.intervals), default=0)
        timeline = Timeline(min(begin, 0), simulator.now - simulator.started_at, lanes)
        for event in simulator.events:
            lane_index = lane_indexes.get(event.job.id) if event.job is not None else None
            end = None if event.end is None else event.end - simulator.started_at
            at = event.at - simulator.started_at
            timeline.events.append(
                TimelineEvent(
                    at,
                    event.kind,
                    event.text,
                    event.outcome,
                    lane_index=lane_index,
                    end=end,
                    is_failure=event.is_failure,
                )
            )
        timeline.events += self._taskmanager_and_leader_events()
        timeline.events.sort(key=lambda event: event.at)
        timeline.fault_windows = list(self._fault_windows())
        if self._client.started_at is not None:
            timeline.client_begin = self._client.started_at - simulator.started_at
        return timeline

    def _add_run(self, lane: JobLane, job_run: JobRun) -> None:
        """Add one run of a job to its lane."""
        started_at, job = self.simulator.started_at, job_run.job
        if lane.intervals and lane.intervals[-1].end is None:  # another JobManager recovered the job
            lane.intervals[-1] = replace(lane.intervals[-1], end=job.states[0][0] - started_at)
        entry_times = [at for at, _ in job.states]
        for index, (at, state) in enumerate(job.states):
            end = entry_times[index + 1] - started_at if index + 1 < len(entry_times) else None
            failure_reason = self.simulator.failure_reasons.get((id(job), index), "")
            idle = self._idle(job, at, end) if state == "RUNNING" else _Idle()
            note = failure_reason or idle.reason
            lane.intervals.append(StateInterval(state, at - started_at, end, note, idle.until))
        job.checkpoints.materialize_until(self.simulator.now)
        for checkpoint in job.checkpoints.tracked:
            end = checkpoint.ends_at - started_at if checkpoint.ends_at <= self.simulator.now else None
            failure = checkpoint.failure if end is not None else None
            begin = checkpoint.triggered_at - started_at
            lane.checkpoints.append(CheckpointEvent(checkpoint.id, begin, end, failure, checkpoint.is_savepoint))
        lane.rejected_count += job.checkpoints.rejected_count_at(self.simulator.now)
        lane.outlook, lane.repeats = self._outlook(job_run)

    def _idle(self, job: Job, at: int, end: int | None) -> _Idle:
        """Return why the tasks of a RUNNING job do not run yet, and until when.

        Args:
            job: The job.
            at: The start of the state, in ms since the epoch.
            end: The end of the state, in ms since the start; None if it has not ended.
        """
        attempt = next((attempt for attempt in job.attempts if attempt.scheduled_at == at), None)
        if attempt is None:
            return _Idle()
        running_at = attempt.first_stage_running_at()
        if running_at is None or attempt.deployed_at is None:
            return _Idle(f"no slots: it needs {attempt.graph.needed_slot_count}", inf)
        if running_at - at < MIN_IDLE_MS:
            return _Idle()
        running_from = running_at - self.simulator.started_at
        if end is not None and running_from >= end:
            return _Idle("its tasks never run", inf)
        if attempt.deployed_at - at >= MIN_IDLE_MS:
            return _Idle(f"waits for slots; its tasks run from {format_time(running_from)}", running_from)
        return _Idle(f"its tasks restore their state until {format_time(running_from)}", running_from)

    def _outlook(self, job_run: JobRun) -> tuple[str, bool]:
        """Return what a job does after the end of the dry run, as text, and whether it repeats earlier steps."""
        job = job_run.job
        if job.has_ended:
            return "", False
        if job.attempts and job.attempts[-1].scheduled_at is not None and job.attempts[-1].deployed_at is None:
            return "repeats until slots are available", True
        loop_index = job.lifecycle.loop_index
        if loop_index is not None:
            repeated_steps = job.lifecycle.steps[loop_index:]
            texts = (f"{step.state} {format_duration_spec(step.duration)}" for step in repeated_steps)
            return f"repeats {', '.join(texts)}", True
        is_last = job.lifecycle.next_index(job.step_index) is None
        return ("forever" if is_last else "continues"), False

    def _taskmanager_and_leader_events(self) -> Iterator[TimelineEvent]:
        """Yield the joins and losses of TaskManagers, except the initial joins, and the crashes of leaders."""
        started_at = self.simulator.started_at
        cluster = self.simulator.cluster
        leave_times = {event.at for event in self.simulator.scenario.taskmanager_events if event.kind == "leaves"}
        for taskmanager in cluster.taskmanagers.all:
            name = f"TaskManager {taskmanager.number}"
            if taskmanager.number >= self.simulator.scenario.taskmanager_count:
                yield TimelineEvent(taskmanager.joined_at - started_at, EventKind.TASKMANAGER, f"{name} joins")
            if taskmanager.lost_at is not None:
                at = taskmanager.lost_at - started_at
                text = f"{name} leaves" if at in leave_times else f"{name} is lost"
                yield TimelineEvent(at, EventKind.TASKMANAGER, text, is_failure=True)
        for term in cluster.leadership.past_terms:
            crash_at = (term.until or started_at) - started_at
            text = f"JobManager {term.leader} crashes"
            elected_at, outcome = self._next_leader(term)
            yield TimelineEvent(crash_at, EventKind.LEADER, text, outcome, end=elected_at, is_failure=True)

    def _next_leader(self, term: LeadershipTerm) -> tuple[int | None, str]:
        """Return when the leader after a term was elected (ms since the start, or None), and which one it is."""
        leadership = self.simulator.cluster.leadership
        terms = [(past.since, past.leader) for past in leadership.past_terms if past.since >= (term.until or 0)]
        if leadership.leader is not None:
            terms.append((leadership.leader_since, leadership.leader.number))
        if not terms:
            return None, "no leader"
        since, leader = terms[0]
        return since - self.simulator.started_at, f"JobManager {leader} is the leader"

    def _fault_windows(self) -> Iterator[FaultWindow]:
        end = self.simulator.now - self.simulator.started_at
        for fault in self.simulator.scenario.faults:
            begin, until = fault.trigger.during or (0, None)
            if begin < end:
                yield FaultWindow(fault.name, begin, None if until is None else min(until, end))
