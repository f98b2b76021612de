"""One attempt of a whole job graph: attempt n of every subtask, from its creation to its end.

An attempt consists of a few timestamps. The states of all subtasks follow from these and from the seed, so that no
event is needed for a single subtask. Durations are those of `lifecycle` and `job-running` in the recordings of 2.3.0.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache

from flinkmock.cluster.execution import STARTING, Execution
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.slots import Slot
from flinkmock.cluster.states import TaskState
from flinkmock.moment import FOREVER
from flinkmock.named_random import NamedRandom

DEPLOYING_MS = (20, 45)
INITIALIZING_MS = (8, 20)
"""How long a subtask is in these states on an idle TaskManager that has the jar of the job (recorded with 2.3.0).

If there is state to restore, `restore-duration` of the scenario is added. All releases use the same values.
"""
FINISH_SPREAD_MS = 12
"""How much later a vertex finishes than its input."""

_Phases = list[tuple[TaskState, int]]


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """How an attempt ends. Times are epoch ms.

    Attributes:
        state: FINISHED, CANCELED or FAILED.
        at: When the end begins.
        settled_at: When the last subtask is in a terminal state; None while that is unknown
            (`JobAttempt.mark_settled`).
        failed_task: (vertex index, subtask) of the task that threw the exception; None if no task did.
    """

    state: TaskState
    at: int
    settled_at: int | None
    failed_task: tuple[int, int] | None = None


_RECENT: deque[JobAttempt] = deque(maxlen=4096)
"""The attempts that keep their executions. Lists of jobs read the executions of many attempts once."""


@dataclass(eq=False, slots=True)
class JobAttempt:
    """One attempt of a job. Times are epoch ms; they are None before they are known."""

    number: int
    created_at: int
    job_id: str
    graph: JobGraph
    random: NamedRandom
    scheduled_at: int | None = None
    deployed_at: int | None = None
    submitted_at: int = 0
    """When the job was submitted."""
    has_initializing_state: bool = True
    """Whether tasks are INITIALIZING before they are RUNNING, as since Flink 1.13."""
    restore_ms: int = 0
    """How much longer tasks are INITIALIZING because there is state to restore."""
    slots: list[Slot] = field(default_factory=list)
    first_deployed_at: int | None = None
    """When the first attempt of the job was deployed. Bounded sources finish a fixed time after that."""
    planned_end: int | None = None
    """When all tasks are FINISHED unless the attempt ends earlier."""
    outcome: AttemptOutcome | None = None
    settled_at: int | None = None
    """When all subtasks were in a terminal state, if the outcome lacks that time or the job ended earlier."""
    version: int = 0
    """Increases whenever the executions change."""
    _cached_executions: list[list[Execution]] | None = None
    _first_stage_running_at: int | None = None
    _steady_since: int | None = None

    def change_graph(self, graph: JobGraph) -> None:
        """Use a graph with another parallelism; no task is deployed yet."""
        self.graph = graph
        self._forget_executions()

    def schedule(self, at: int) -> None:
        self.scheduled_at = at
        self._forget_executions()

    def deploy(self, at: int, slots: list[Slot], planned_end: int | None, first_deployed_at: int | None = None) -> None:
        self.deployed_at, self.slots, self.planned_end = at, slots, planned_end
        self.first_deployed_at = at if first_deployed_at is None else first_deployed_at
        self._forget_executions()
        self._first_stage_running_at = None

    def plan_end(self, at: int) -> None:
        """Finish the tasks by `at`, one vertex after the other."""
        self.planned_end = at
        self._forget_executions()

    def end(self, outcome: AttemptOutcome) -> None:
        """Set the outcome, unless there is one."""
        if self.outcome is None:
            self.outcome = outcome
            self._forget_executions()

    def mark_settled(self, at: int) -> None:
        """Let the last subtasks reach a terminal state by `at`, unless the outcome says an earlier time."""
        if self.outcome is None or self.settled_at is not None:
            return
        if self.outcome.settled_at is None or self.outcome.settled_at > at:
            self.settled_at = at
            self._forget_executions()

    def on_slots_lost(self) -> None:
        """Update the executions after the loss of a TaskManager; tasks that are CANCELING on it are then CANCELED."""
        self._forget_executions()

    def _forget_executions(self) -> None:
        self.version += 1
        self._cached_executions = self._steady_since = None

    def executions(self) -> list[list[Execution]]:
        """Return the executions of all subtasks, vertex by vertex."""
        if self._cached_executions is None:
            executions = [
                [self._execution(vertex, subtask) for subtask in range(vertex.parallelism)]
                for vertex in self.graph.vertices
            ]
            self._cached_executions = executions
            if len(_RECENT) == _RECENT.maxlen:
                _RECENT[0]._cached_executions = None
            _RECENT.append(self)
            return executions
        return self._cached_executions

    def is_steady_at(self, time: int) -> bool:
        """Whether all subtasks are RUNNING at `time`, and the end of none is known."""
        if self._steady_since is None:
            last = [execution.phases[-1] for row in self.executions() for execution in row]
            runs = all(state is TaskState.RUNNING for state, _ in last)
            self._steady_since = max((since for _, since in last), default=FOREVER) if runs else FOREVER
        return self._steady_since <= time

    def execution(self, vertex: Vertex, subtask: int) -> Execution:
        return self.executions()[vertex.index][subtask]

    def slot(self, vertex: Vertex, subtask: int) -> Slot | None:
        """Return the slot of a subtask; None while the attempt waits for slots."""
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
        """Return when the last subtask of the first stage is RUNNING; None while the attempt waits for slots.

        Every attempt needs this, but most attempts never need their executions, so it is computed without them.
        """
        if self.deployed_at is None:
            return None
        if self._first_stage_running_at is None:
            moments = (
                self._subtask_running_at(vertex, subtask)
                for vertex in self.graph.vertices
                if vertex.stage == 0
                for subtask in range(vertex.parallelism)
            )
            self._first_stage_running_at = max(moments, default=self.deployed_at)
        return self._first_stage_running_at

    def _subtask_running_at(self, vertex: Vertex, subtask: int) -> int:
        running = self._startup_times(vertex, (self.job_id, self.number, vertex.index, subtask))[2]
        finish = self._planned_finish(vertex)
        return running if finish is None else min(running, max(finish, self.scheduled_at or finish))

    def stage_at(self, time: int) -> int:
        """Return the last stage that has started by `time`."""
        outcome, last = self.outcome, self.graph.stages - 1
        if self.deployed_at is None or last == 0:
            return 0
        if outcome is not None and outcome.at <= time:
            if outcome.state == TaskState.FINISHED:
                return last
            time = outcome.at
        starts = [self._stage_start(stage) for stage in range(last + 1)]
        return max(stage for stage, start in enumerate(starts) if stage == 0 or (start is not None and start <= time))

    def finishes(self) -> dict[int, int]:
        """Return when vertices finish before the job does, in epoch ms, by vertex index."""
        finish_times = {vertex.index: self._bounded_finish(vertex) for vertex in self.graph.vertices}
        return {index: at for index, at in finish_times.items() if at is not None}

    def _bounded_finish(self, vertex: Vertex) -> int | None:
        """Return when a bounded source finishes, or a vertex whose inputs all finish; None for any other vertex."""
        if vertex.is_source:
            length = vertex.spec.finishes_after
            if length is None or self.first_deployed_at is None:
                return None
            # a restored source that had finished runs for a short time
            return max(self.first_deployed_at + length, self._running_at(vertex) + FINISH_SPREAD_MS)
        ends = [self._bounded_finish(self.graph.vertices[edge.source]) for edge in vertex.inputs]
        if any(end is None for end in ends):
            return None
        return max([end for end in ends if end is not None] + [self._running_at(vertex)]) + FINISH_SPREAD_MS

    def _running_at(self, vertex: Vertex) -> int:
        """Return when the last subtask of a vertex is RUNNING."""
        names = ((self.job_id, self.number, vertex.index, subtask) for subtask in range(vertex.parallelism))
        return max(self._startup_times(vertex, name)[2] for name in names)

    def _stage_start(self, stage: int) -> int | None:
        """Return when a stage starts. Stages share the planned time evenly; without a plan, only the first runs."""
        assert self.deployed_at is not None
        if stage == 0:
            return self.deployed_at
        if self.planned_end is None:
            return None
        return self.deployed_at + (self.planned_end - self.deployed_at) * stage // self.graph.stages

    def _startup_times(self, vertex: Vertex, names: tuple[str | int, ...]) -> tuple[int, int, int]:
        """Return when a subtask is DEPLOYING, INITIALIZING and RUNNING."""
        start = self._stage_start(vertex.stage)
        assert start is not None
        deploying = start + self.random.integer(0, 3, "deploying", *names)
        initializing = deploying + self.random.integer(*DEPLOYING_MS, "initializing", *names)
        running = initializing + self.random.integer(*INITIALIZING_MS, "running", *names) + self.restore_ms
        return deploying, initializing, running

    def _planned_finish(self, vertex: Vertex) -> int | None:
        """Return when a vertex finishes as planned: the last one at the planned end, its inputs slightly earlier."""
        bounded_end = self._bounded_finish(vertex) if self.graph.is_bounded else None
        if self.planned_end is None:
            return bounded_end
        stage_end = self.planned_end
        if vertex.stage + 1 < self.graph.stages:
            stage_end = self._stage_start(vertex.stage + 1) or self.planned_end
        last_level = max(v.level for v in self.graph.vertices if v.stage == vertex.stage)
        planned = stage_end - FINISH_SPREAD_MS * (last_level - vertex.level)
        return planned if bounded_end is None else min(planned, bounded_end)

    def _phases(
        self, vertex: Vertex, names: tuple[str | int, ...], slot: Slot | None
    ) -> tuple[tuple[TaskState, int], ...]:
        phases: _Phases = [(TaskState.CREATED, self.created_at)]
        if self.scheduled_at is not None:
            start = self._stage_start(vertex.stage) if self.deployed_at is not None else None
            if start is not None and vertex.stage > 0:
                phases.append((TaskState.SCHEDULED, start))
            elif vertex.stage == 0:
                phases.append((TaskState.SCHEDULED, self.scheduled_at))
            if start is not None:
                startup = zip(_STARTUP, self._startup_times(vertex, names), strict=True)
                phases.extend((state, at) for state, at in startup if self._has_state(state))
                finish = self._planned_finish(vertex)
                if finish is not None:
                    phases = [(state, min(at, max(finish, self.scheduled_at))) for state, at in phases]
                    phases.append((TaskState.FINISHED, max(finish, phases[-1][1])))
        return tuple(self._truncate_phases(phases, vertex, names, slot))

    def _has_state(self, state: TaskState) -> bool:
        return self.has_initializing_state or state != TaskState.INITIALIZING

    def _truncate_phases(
        self, phases: _Phases, vertex: Vertex, names: tuple[str | int, ...], slot: Slot | None
    ) -> _Phases:
        """Replace the phases after the end of the attempt."""
        outcome = self.outcome
        if outcome is None or (outcome.state == TaskState.FINISHED and self.planned_end == outcome.at):
            return phases
        before_end = [(state, at) for state, at in phases if at <= outcome.at]
        if before_end[-1][0] == TaskState.FINISHED:
            return before_end
        if outcome.state == TaskState.FINISHED:
            # tasks that had not started enter all states at the same time, because the lifecycle leaves no time
            missing = (
                [state for state in STARTING if state not in dict(before_end)] if self.deployed_at is not None else []
            )
            startup = [(state, outcome.at) for state in missing if self._has_state(state)]
            return [*before_end, *startup, (TaskState.FINISHED, outcome.at)]
        deployed = len(before_end) > 2
        lost_at = slot.taskmanager.lost_at if slot and deployed else None
        is_failed_task = outcome.failed_task == (vertex.index, names[-1])
        if is_failed_task or (outcome.state == TaskState.FAILED and lost_at == outcome.at):
            return [*before_end, (TaskState.FAILED, outcome.at)]
        if not deployed:  # only deployed tasks are CANCELING; others are CANCELED at once (Execution.cancel)
            return [*before_end, (TaskState.CANCELED, outcome.at)]
        settled_at = self._settled_at(outcome, vertex, names, lost_at)
        if settled_at is None:
            return [*before_end, (TaskState.CANCELING, outcome.at)]
        return [*before_end, (TaskState.CANCELING, outcome.at), (TaskState.CANCELED, max(settled_at, outcome.at))]

    def _settled_at(
        self, outcome: AttemptOutcome, vertex: Vertex, names: tuple[str | int, ...], lost_at: int | None
    ) -> int | None:
        """Return when a subtask that is CANCELING is CANCELED; None if that is not known."""
        moments = [] if self.settled_at is None else [self.settled_at]
        if outcome.settled_at is not None:
            share = _settling_share(self.random, names, vertex.index == len(self.graph.vertices) - 1)
            moments.append(outcome.at + round((outcome.settled_at - outcome.at) * share))
        if lost_at is not None and lost_at >= outcome.at:
            moments.append(lost_at)
        return min(moments, default=None)


_STARTUP = (TaskState.DEPLOYING, TaskState.INITIALIZING, TaskState.RUNNING)


@lru_cache(maxsize=4096)
def _settling_share(random: NamedRandom, names: tuple[str | int, ...], last: bool) -> float:
    """Return the share of the settling time that a subtask takes; the first one of the last vertex takes all of it."""
    return 1.0 if last and names[-1] == 0 else 0.2 + 0.8 * random.number("settle", *names)
