"""Runs a scenario without a server and creates its timeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from math import inf

from flinkmock.cluster.job import Job
from flinkmock.cluster.leadership import LeadershipTerm
from flinkmock.dryrun.durations import format_duration_spec, format_moment
from flinkmock.dryrun.scripted_client import ScriptedClient
from flinkmock.dryrun.simulator import JobRun, Simulator
from flinkmock.dryrun.timeline import (
    CheckpointEvent,
    FaultWindow,
    JobLane,
    Kind,
    StateInterval,
    Timeline,
    TimelineEvent,
)
from flinkmock.scenario.scenario import Scenario

MIN_IDLE_MS = 500
"""How long tasks take to start, in ms, before the timeline mentions the delay."""


class DryRun:
    """One dry run of a scenario.

    Args:
        scenario: The loaded scenario.
        rules: The number of submission rules in the scenario file. The client runs a jar for each.
        flink: The release; None for that of the scenario, else the newest.
        until: The duration in ms; None for until nothing new happens.
        watch: Is called after each change, with the simulator and the jobs whose state has changed.

    Raises:
        UnknownRelease: There is no contract for the release.
        InvalidArgument: The value of a configuration option is invalid.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        rules: int = 0,
        flink: str | None = None,
        until: int | None = None,
        watch: Callable[[Simulator, Collection[Job]], None] = lambda simulator, changed: None,
    ) -> None:
        self.simulator = Simulator(scenario, flink, until)
        self._client = ScriptedClient(self.simulator, rules)
        try:
            for changed in self.simulator.run(self._client.steps()):
                watch(self.simulator, changed)
            self.timeline = self._timeline()
        finally:
            self.simulator.close()

    def _timeline(self) -> Timeline:
        simulator = self.simulator
        lanes: dict[str, int] = {}
        job_lanes: list[JobLane] = []
        for job_run in simulator.job_runs:
            job = job_run.job
            if job.id not in lanes:
                lanes[job.id] = len(job_lanes)
                job_lanes.append(JobLane(job.name, max(vertex.parallelism for vertex in job.spec.vertices)))
            self._add(job_lanes[lanes[job.id]], job_run)
        begin = min((interval.begin for lane in job_lanes for interval in lane.intervals), default=0)
        timeline = Timeline(min(begin, 0), simulator.now - simulator.began, job_lanes)
        for event in simulator.events:
            lane = lanes.get(event.job.id) if event.job is not None else None
            end = None if event.end is None else event.end - simulator.began
            at = event.at - simulator.began
            timeline.events.append(
                TimelineEvent(at, event.kind, event.text, event.outcome, lane, end, event.is_failure)
            )
        timeline.events += self._membership_events()
        timeline.events.sort(key=lambda event: event.at)
        timeline.windows = list(self._windows())
        if self._client.began_at is not None:
            timeline.client_from = self._client.began_at - simulator.began
        return timeline

    def _add(self, lane: JobLane, job_run: JobRun) -> None:
        """Add one run of a job to its lane."""
        began, job = self.simulator.began, job_run.job
        if lane.intervals and lane.intervals[-1].end is None:  # another JobManager recovered the job
            lane.intervals[-1] = replace(lane.intervals[-1], end=job.states[0][0] - began)
        moments = [at for at, _ in job.states]
        for index, (at, state) in enumerate(job.states):
            end = moments[index + 1] - began if index + 1 < len(moments) else None
            reason = self.simulator.reasons.get((id(job), index), "")
            missing, idle_until = self._idle(job, at, end) if state == "RUNNING" else ("", None)
            lane.intervals.append(StateInterval(state, at - began, end, reason or missing, idle_until))
        job.checkpoints.materialize_until(self.simulator.now)
        for record in job.checkpoints.tracked:
            end = record.ends_at - began if record.ends_at <= self.simulator.now else None
            failure = record.failure if end is not None else None
            lane.checkpoints.append(
                CheckpointEvent(record.id, record.triggered_at - began, end, failure, record.is_savepoint)
            )
        lane.rejected += len(job.checkpoints.rejected_at)
        lane.outlook, lane.repeats = self._outlook(job_run)

    def _idle(self, job: Job, at: int, end: int | None) -> tuple[str, float | None]:
        """Return why the tasks of a RUNNING job do not run yet, and until when, in ms since the start.

        `at` is the start of the state in ms since the epoch, `end` its end in ms since the start.
        """
        run = next((run for run in job.attempts if run.scheduled_at == at), None)
        if run is None:
            return "", None
        running_at = run.first_stage_running_at()
        if running_at is None or run.deployed_at is None:
            return f"no slots: it needs {run.graph.slots_needed}", inf
        if running_at - at < MIN_IDLE_MS:
            return "", None
        running_from = running_at - self.simulator.began
        if end is not None and running_from >= end:
            return "its tasks never run", inf
        if run.deployed_at - at >= MIN_IDLE_MS:
            return f"waits for slots; its tasks run from {format_moment(running_from)}", running_from
        return f"its tasks restore their state until {format_moment(running_from)}", running_from

    def _outlook(self, job_run: JobRun) -> tuple[str, bool]:
        """Describe what a job does after the end, and return whether it repeats earlier steps."""
        job = job_run.job
        if job.ended:
            return "", False
        if job.attempts and job.attempts[-1].scheduled_at is not None and job.attempts[-1].deployed_at is None:
            return "repeats until slots are available", True
        loop = job.lifecycle.loop_index
        if loop is not None:
            steps = job.lifecycle.steps[loop:]
            repeated = ", ".join(f"{step.state} {format_duration_spec(step.duration)}" for step in steps)
            return f"repeats {repeated}", True
        is_last = job.lifecycle.next_index(job.step_index) is None
        return ("forever" if is_last else "continues"), False

    def _membership_events(self) -> Iterator[TimelineEvent]:
        """Yield the joins and losses of TaskManagers, except the initial joins, and the crashes of leaders."""
        began = self.simulator.began
        cluster = self.simulator.cluster
        leaves = {event.at for event in self.simulator.scenario.taskmanager_events if event.kind == "leaves"}
        for taskmanager in cluster.taskmanagers.all:
            if taskmanager.number >= self.simulator.scenario.taskmanagers:
                yield TimelineEvent(
                    taskmanager.joined_at - began, Kind.TASKMANAGER, f"TaskManager {taskmanager.number} joins"
                )
            if taskmanager.lost_at is not None:
                at = taskmanager.lost_at - began
                how = "leaves" if at in leaves else "is lost"
                yield TimelineEvent(at, Kind.TASKMANAGER, f"TaskManager {taskmanager.number} {how}", is_failure=True)
        for term in cluster.leadership.past_terms:
            end = next((later for later in self._terms_begin() if later >= (term.until or 0)), None)
            since = (term.until or began) - began
            back = None if end is None else end - began
            yield TimelineEvent(
                since,
                Kind.LEADER,
                f"JobManager {term.leader} crashes",
                self._next_leader(term),
                end=back,
                is_failure=True,
            )

    def _next_leader(self, term: LeadershipTerm) -> str:
        managers = self.simulator.cluster.leadership
        later = [past.leader for past in managers.past_terms if past.since >= (term.until or 0)]
        later += [managers.leader.number] if managers.leader is not None else []
        return f"JobManager {later[0]} is the leader" if later else "no leader"

    def _terms_begin(self) -> Iterator[int]:
        managers = self.simulator.cluster.leadership
        yield from (term.since for term in managers.past_terms)
        if managers.leader is not None:
            yield managers.leader_since

    def _windows(self) -> Iterator[FaultWindow]:
        end = self.simulator.now - self.simulator.began
        for fault in self.simulator.scenario.faults:
            begin, until = fault.trigger.during or (0, None)
            if begin < end:
                yield FaultWindow(fault.name, begin, None if until is None else min(until, end))
