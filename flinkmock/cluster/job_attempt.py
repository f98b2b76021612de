"""One run of a whole job graph: attempt n of every subtask, from its creation to its end.

A run is told by a handful of moments; every subtask's states follow from these and the seed, so that nothing has to
happen subtask by subtask. Spacings are those of `lifecycle` and `job-running` in the recordings of 2.3.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from flinkmock.cluster.execution import STARTING, Execution
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.slots import Slot
from flinkmock.named_random import NamedRandom

DEPLOYING_MS = (20, 45)
INITIALIZING_MS = (8, 20)
FINISH_SPREAD_MS = 12
"""A vertex finishes this long after the one before it."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """How a run ends. `at` is when the end begins, `settled_at` when the last subtask has come to rest (epoch ms)."""

    state: str
    """FINISHED, CANCELED or FAILED."""
    at: int
    settled_at: int | None
    """None: nobody knows yet (`Run.settle` will tell)."""
    failed_task: tuple[int, int] | None = None
    """Of FAILED: (vertex index, subtask) of the task that threw; None if no task did."""


@dataclass(slots=True)
class JobAttempt:
    """Moments are epoch ms; `scheduled_at` and `deployed_at` are None until they come, `outcome` until it is known."""

    number: int
    created_at: int
    job_id: str
    graph: JobGraph
    random: NamedRandom
    scheduled_at: int | None = None
    deployed_at: int | None = None
    submitted_at: int = 0
    """When the job began."""
    has_initializing_state: bool = True
    """Whether tasks are INITIALIZING before they are RUNNING; Flink knows no such state before 1.13."""
    restore_ms: int = 0
    """Added to INITIALIZING when there is state to restore."""
    slots: list[Slot] = field(default_factory=list)
    planned_end: int | None = None
    """When all will be finished if nothing comes between."""
    outcome: AttemptOutcome | None = None
    settled_at: int | None = None
    """By when all subtasks came to rest, of an ending that did not say it or that was overtaken."""
    _cached_executions: list[list[Execution]] | None = None
    """The executions, kept until something changes."""
    _first_stage_running_at: int | None = None

    def change_graph(self, graph: JobGraph) -> None:
        """It is to run with another parallelism; nothing of it runs yet."""
        self.graph = graph
        self._cached_executions = None

    def schedule(self, at: int) -> None:
        self.scheduled_at = at
        self._cached_executions = None

    def deploy(self, at: int, slots: list[Slot], planned_end: int | None) -> None:
        self.deployed_at, self.slots, self.planned_end = at, slots, planned_end
        self._cached_executions = self._first_stage_running_at = None

    def end(self, ending: AttemptOutcome) -> None:
        if self.outcome is None:
            self.outcome = ending
            self._cached_executions = None

    def mark_settled(self, at: int) -> None:
        """The last subtasks have come to rest by `at`: nobody knew when they would, or the job's end came before."""
        if self.outcome is None or self.settled_at is not None:
            return
        if self.outcome.settled_at is None or self.outcome.settled_at > at:
            self.settled_at = at
            self._cached_executions = None

    def on_slots_lost(self) -> None:
        """A task manager has gone: what was being cancelled on it is CANCELED then."""
        self._cached_executions = None

    def executions(self) -> list[list[Execution]]:
        """The attempts of all subtasks, vertex by vertex."""
        if self._cached_executions is None:
            self._cached_executions = [
                [self._execution(vertex, subtask) for subtask in range(vertex.parallelism)]
                for vertex in self.graph.vertices
            ]
        return self._cached_executions

    def execution(self, vertex: Vertex, subtask: int) -> Execution:
        return self.executions()[vertex.index][subtask]

    def slot(self, vertex: Vertex, subtask: int) -> Slot | None:
        """Where a subtask runs; None while the run waits for slots."""
        index = self.graph.slot_of(vertex, subtask)
        return self.slots[index] if self.deployed_at is not None and index < len(self.slots) else None

    def _execution(self, vertex: Vertex, subtask: int) -> Execution:
        slot = self.slot(vertex, subtask)
        names = (self.job_id, self.number, vertex.index, subtask)
        return Execution(
            vertex,
            subtask,
            self.number,
            f"{self.random.hex(32, 'graph', self.job_id)}_{vertex.id}_{subtask}_{self.number}",
            slot,
            self._phases(vertex, names, slot),
        )

    def first_stage_running_at(self) -> int | None:
        """When the last subtask of the first stage is to be RUNNING; None while the run waits for slots.

        Asked for each run, so it is worked out without the executions, which most runs are never asked for.
        """
        if self.deployed_at is None:
            return None
        if self._first_stage_running_at is None:
            first = (vertex for vertex in self.graph.vertices if vertex.stage == 0)
            moments = (
                self._subtask_running_at(vertex, subtask) for vertex in first for subtask in range(vertex.parallelism)
            )
            self._first_stage_running_at = max(moments, default=self.deployed_at)
        return self._first_stage_running_at

    def _subtask_running_at(self, vertex: Vertex, subtask: int) -> int:
        running = self._startup_times(vertex, (self.job_id, self.number, vertex.index, subtask))[2]
        finish = self._planned_finish(vertex)
        return running if finish is None else min(running, max(finish, self.scheduled_at or finish))

    def _stage_start(self, stage: int) -> int | None:
        """When a stage begins: the planned time is shared out evenly; without a plan only the first stage runs."""
        assert self.deployed_at is not None
        if stage == 0:
            return self.deployed_at
        if self.planned_end is None:
            return None
        return self.deployed_at + (self.planned_end - self.deployed_at) * stage // self.graph.stages

    def _startup_times(self, vertex: Vertex, names: tuple[str | int, ...]) -> tuple[int, int, int]:
        """The moments of DEPLOYING, INITIALIZING and RUNNING of a subtask."""
        start = self._stage_start(vertex.stage)
        assert start is not None
        deploying = start + self.random.integer(0, 3, "deploying", *names)
        initializing = deploying + self.random.integer(*DEPLOYING_MS, "initializing", *names)
        running = initializing + self.random.integer(*INITIALIZING_MS, "running", *names) + self.restore_ms
        return deploying, initializing, running

    def _planned_finish(self, vertex: Vertex) -> int | None:
        """When a subtask finishes by plan: the last vertex at the planned end, those before it a little earlier."""
        if self.planned_end is None:
            return None
        stage_end = self.planned_end
        if vertex.stage + 1 < self.graph.stages:
            stage_end = self._stage_start(vertex.stage + 1) or self.planned_end
        last_level = max(v.level for v in self.graph.vertices if v.stage == vertex.stage)
        return stage_end - FINISH_SPREAD_MS * (last_level - vertex.level)

    def _phases(self, vertex: Vertex, names: tuple[str | int, ...], slot: Slot | None) -> tuple[tuple[str, int], ...]:
        phases = [("CREATED", self.created_at)]
        if self.scheduled_at is not None:
            start = self._stage_start(vertex.stage) if self.deployed_at is not None else None
            if start is not None and vertex.stage > 0:
                phases.append(("SCHEDULED", start))
            elif vertex.stage == 0:
                phases.append(("SCHEDULED", self.scheduled_at))
            if start is not None:
                rise = zip(("DEPLOYING", "INITIALIZING", "RUNNING"), self._startup_times(vertex, names), strict=True)
                phases.extend(
                    (state, at) for state, at in rise if self.has_initializing_state or state != "INITIALIZING"
                )
                finish = self._planned_finish(vertex)
                if finish is not None:
                    phases = [(state, min(at, max(finish, self.scheduled_at))) for state, at in phases]
                    phases.append(("FINISHED", max(finish, phases[-1][1])))
        return tuple(self._truncate_phases(phases, vertex, names, slot))

    def _truncate_phases(
        self, phases: list[tuple[str, int]], vertex: Vertex, names: tuple[str | int, ...], slot: Slot | None
    ) -> list[tuple[str, int]]:
        """What is left of the plan when the run ends before it."""
        ending = self.outcome
        if ending is None or (ending.state == "FINISHED" and self.planned_end == ending.at):
            return phases
        kept = [(state, at) for state, at in phases if at <= ending.at]
        if kept[-1][0] == "FINISHED":
            return kept
        if ending.state == "FINISHED":
            # the script knows no reason why tasks that had not begun need any time
            missing = [state for state in STARTING if state not in dict(kept)] if self.deployed_at is not None else []
            rise = [(state, ending.at) for state in missing if self.has_initializing_state or state != "INITIALIZING"]
            return [*kept, *rise, ("FINISHED", ending.at)]
        deployed = len(kept) > 2
        lost = slot.taskmanager.lost_at if slot and deployed else None
        if ending.failed_task == (vertex.index, names[-1]) or (ending.state == "FAILED" and lost == ending.at):
            return [*kept, ("FAILED", ending.at)]
        if not deployed:  # CANCELING is for deployed tasks; others are CANCELED at once (Execution.cancel)
            return [*kept, ("CANCELED", ending.at)]
        calm = self.settled_at
        if ending.settled_at is not None:
            share = _share(self.random, names, vertex.index == len(self.graph.vertices) - 1)
            planned = ending.at + round((ending.settled_at - ending.at) * share)
            calm = planned if calm is None else min(planned, calm)
        if lost is not None and lost >= ending.at:
            calm = lost if calm is None else min(calm, lost)
        if calm is None:
            return [*kept, ("CANCELING", ending.at)]
        return [*kept, ("CANCELING", ending.at), ("CANCELED", max(calm, ending.at))]


@lru_cache(maxsize=4096)
def _share(random: NamedRandom, names: tuple[str | int, ...], last: bool) -> float:
    """Which part of the time to settle a subtask needs; the last vertex's first subtask needs all of it."""
    return 1.0 if last and names[-1] == 0 else 0.2 + 0.8 * random.number("settle", *names)
