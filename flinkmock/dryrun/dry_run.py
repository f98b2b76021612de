"""From a scenario to the timeline of its rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from math import inf

from flinkmock.cluster.job import Job
from flinkmock.cluster.leadership import LeadershipTerm
from flinkmock.dryrun.durations import format_duration_spec, format_moment
from flinkmock.dryrun.scripted_client import Client
from flinkmock.dryrun.simulator import JobRun, Simulator
from flinkmock.dryrun.timeline import FaultWindow, JobLane, Kind, Snapshot, StateInterval, Timeline, TimelineEvent
from flinkmock.scenario.scenario import Scenario

FELT_MS = 500
"""Tasks always take a moment to be deployed; only longer than this is worth a word."""


class DryRun:
    """One scenario, played to its end.

    Args:
        scenario: as it was read.
        rules: how many rules of `submitted` are its own; for these a jar is run.
        flink: the release; None: the scenario's, else the newest.
        until: ms; None: the player finds an end.
        watch: called with the player and the jobs whose state has changed, each time some have.

    Raises UnknownRelease and ValueError as Engine does.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        rules: int = 0,
        flink: str | None = None,
        until: int | None = None,
        watch: Callable[[Simulator, Collection[Job]], None] = lambda player, moved: None,
    ) -> None:
        self.player = Simulator(scenario, flink, until)
        self._client = Client(self.player, rules)
        try:
            for moved in self.player.play(self._client.acts()):
                watch(self.player, moved)
            self.timeline = self._timeline()
        finally:
            self.player.close()

    def _timeline(self) -> Timeline:
        player = self.player
        lanes: dict[str, int] = {}
        told: list[JobLane] = []
        for life in player.lives:
            job = life.job
            if job.id not in lanes:
                lanes[job.id] = len(told)
                told.append(JobLane(job.name, max(vertex.parallelism for vertex in job.spec.vertices)))
            self._add(told[lanes[job.id]], life)
        begin = min((stay.begin for lane in told for stay in lane.stays), default=0)
        timeline = Timeline(min(begin, 0), player.now - player.began, told)
        for event in player.events:
            lane = lanes.get(event.job.id) if event.job is not None else None
            end = None if event.end is None else event.end - player.began
            at = event.at - player.began
            timeline.marks.append(TimelineEvent(at, event.kind, event.text, event.outcome, lane, end, event.bad))
        timeline.marks += self._comings_and_goings()
        timeline.marks.sort(key=lambda mark: mark.at)
        timeline.windows = list(self._windows())
        if self._client.began_at is not None:
            timeline.client_from = self._client.began_at - player.began
        return timeline

    def _add(self, lane: JobLane, life: JobRun) -> None:
        """What one life of a job adds to its lane."""
        began, job = self.player.began, life.job
        if lane.stays and lane.stays[-1].end is None:  # another JobManager took it up again
            lane.stays[-1] = replace(lane.stays[-1], end=job.states[0][0] - began)
        moments = [at for at, _ in job.states]
        for place, (at, state) in enumerate(job.states):
            end = moments[place + 1] - began if place + 1 < len(moments) else None
            why = self.player.causes.get((id(job), place), "")
            lacks, idle_until = self._idle(job, at, end) if state == "RUNNING" else ("", None)
            lane.stays.append(StateInterval(state, at - began, end, why or lacks, idle_until))
        job.checkpoints.materialize_until(self.player.now)
        for record in job.checkpoints.records:
            end = record.ends_at - began if record.ends_at <= self.player.now else None
            failure = record.failure if end is not None else None
            lane.snapshots.append(Snapshot(record.id, record.triggered_at - began, end, failure, record.is_savepoint))
        lane.refused += len(job.checkpoints.rejected_at)
        lane.goes_on = self._goes_on(life)

    def _idle(self, job: Job, at: int, end: int | None) -> tuple[str, float | None]:
        """What a job that is RUNNING from `at` (epoch ms) until `end` waits for before its tasks work, and until when
        (ms)."""
        run = next((run for run in job.attempts if run.scheduled_at == at), None)
        if run is None:
            return "", None
        works = run.first_stage_running_at()
        if works is None or run.deployed_at is None:
            return f"no slots: it needs {run.graph.slots_needed}", inf
        if works - at < FELT_MS:
            return "", None
        late = works - self.player.began
        if end is not None and late >= end:
            return "its tasks come to no work", inf
        if run.deployed_at - at >= FELT_MS:
            return f"waits for slots, its tasks work from {format_moment(late)} on", late
        return f"its tasks restore their state and work from {format_moment(late)} on", late

    def _goes_on(self, life: JobRun) -> str:
        job = life.job
        if job.ended:
            return ""
        if job.attempts and job.attempts[-1].scheduled_at is not None and job.attempts[-1].deployed_at is None:
            return "and so on, until there are slots"
        loop = job.lifecycle.loop_index
        if loop is not None:
            steps = job.lifecycle.steps[loop:]
            return "and so on: " + ", ".join(f"{step.state} {format_duration_spec(step.duration)}" for step in steps)
        return "for ever" if job.lifecycle.next_index(job.step_index) is None else "and on"

    def _comings_and_goings(self) -> Iterator[TimelineEvent]:
        """Of task managers, but for those that are there from the beginning, and of leaders."""
        began = self.player.began
        cluster = self.player.cluster
        leaves = {event.at for event in self.player.scenario.taskmanager_events if event.kind == "leaves"}
        for each in cluster.taskmanagers:
            if each.number >= self.player.scenario.taskmanagers:
                yield TimelineEvent(each.joined_at - began, Kind.TASK_MANAGER, f"task manager {each.number} joins")
            if each.lost_at is not None:
                at = each.lost_at - began
                how = "leaves" if at in leaves else "is lost"
                yield TimelineEvent(at, Kind.TASK_MANAGER, f"task manager {each.number} {how}", bad=True)
        for term in cluster.leadership.past_terms:
            end = next((later for later in self._terms_begin() if later >= (term.until or 0)), None)
            since = (term.until or began) - began
            back = None if end is None else end - began
            yield TimelineEvent(
                since, Kind.LEADER, f"JobManager {term.leader} falls", self._next_leader(term), end=back, bad=True
            )

    def _next_leader(self, fallen: LeadershipTerm) -> str:
        managers = self.player.cluster.leadership
        later = [term.leader for term in managers.past_terms if term.since >= (fallen.until or 0)]
        later += [managers.leader.number] if managers.leader is not None else []
        return f"JobManager {later[0]} leads" if later else "nobody leads"

    def _terms_begin(self) -> Iterator[int]:
        managers = self.player.cluster.leadership
        yield from (term.since for term in managers.past_terms)
        if managers.leader is not None:
            yield managers.leader_since

    def _windows(self) -> Iterator[FaultWindow]:
        end = self.player.now - self.player.began
        for fault in self.player.scenario.faults:
            begin, until = fault.trigger.during or (0, None)
            if begin < end:
                yield FaultWindow(fault.name, begin, None if until is None else min(until, end))
