"""One attempt of a whole job graph: attempt n of every subtask, from its creation to its end.

An attempt consists of a few timestamps. The states of all subtasks follow from these and from the seed, so that no
event is needed for a single subtask. Durations are those in the recordings of the suites `lifecycle` and `job-running`
with 2.3.0.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from flinkmock.cluster.execution import STARTING, Execution, Phase, TaskIndex
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.slots import Slot
from flinkmock.cluster.states import TaskState
from flinkmock.moment import FOREVER
from flinkmock.named_random import NamedRandom

DEPLOYMENT_SPREAD_RANGE_MS = (0, 3)
"""How long after the start of its stage a subtask is DEPLOYING."""
DEPLOYING_RANGE_MS = (20, 45)
INITIALIZING_RANGE_MS = (8, 20)
"""How long a subtask is in these states on an idle TaskManager that has the jar of the job (recorded with 2.3.0).

If there is state to restore, `restore-duration` of the scenario is added. All releases use the same values.
"""
FINISH_SPREAD_MS = 12
"""How much later a vertex finishes than its input."""

_Names = tuple[str | int, ...]
"""The names of the random draws for a subtask: job id, number of the attempt, vertex index, subtask."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """How an attempt ends. Times are epoch ms.

    Attributes:
        state: FINISHED, CANCELED or FAILED.
        at: When the tasks finish or fail, or start to be cancelled.
        settled_at: When the last subtask is in a terminal state; None while that is unknown
            (`JobAttempt.mark_settled`).
        failed_task: The task that threw the exception; None if no task did.
    """

    state: TaskState
    at: int
    settled_at: int | None
    failed_task: TaskIndex | None = None


_WITH_CACHED_EXECUTIONS: deque[JobAttempt] = deque(maxlen=4096)
"""The attempts whose executions are cached: so many because a list of jobs reads the executions of all jobs."""


@dataclass(eq=False, slots=True)
class JobAttempt:
    """One attempt of a job. Times are epoch ms; they are None before they are known."""

    number: int
    """The number of the attempt, from 0."""
    created_at: int
    """When its tasks are CREATED."""
    job_id: str
    graph: JobGraph
    random: NamedRandom
    scheduled_at: int | None = None
    """When the tasks of the first stage are SCHEDULED."""
    deployed_at: int | None = None
    """When the first stage starts, because there are slots for all its tasks."""
    submitted_at: int = 0
    """When the job was submitted."""
    has_initializing_state: bool = True
    """Whether tasks are INITIALIZING before they are RUNNING, as since Flink 1.13."""
    restore_ms: int = 0
    """How much longer tasks are INITIALIZING because there is state to restore."""
    slots: list[Slot] = field(default_factory=list)
    """The slots, at the indexes that `JobGraph.slot_of` returns."""
    first_deployed_at: int | None = None
    """When the first attempt of the job was deployed. Bounded sources finish a fixed time after that."""
    planned_end: int | None = None
    """When all tasks are FINISHED unless the attempt ends earlier."""
    outcome: AttemptOutcome | None = None
    settled_at: int | None = None
    """When all subtasks were in a terminal state, if that is earlier than in the outcome, or unknown there."""
    version: int = 0
    """Increases whenever the executions change."""
    _cached_executions: list[list[Execution]] | None = None
    _first_stage_running_at: int | None = None
    _steady_since: int | None = None
    """Since when all subtasks are RUNNING; FOREVER if not all run or an end is known; None before it is computed."""

    def change_graph(self, graph: JobGraph) -> None:
        """Use a graph with another parallelism; no task is deployed yet."""
        self.graph = graph
        self._forget_executions()

    def schedule(self, at: int) -> None:
        """Make the tasks of the first stage SCHEDULED at `at` (epoch ms)."""
        self.scheduled_at = at
        self._forget_executions()

    def deploy(self, at: int, slots: list[Slot], planned_end: int | None, first_deployed_at: int | None = None) -> None:
        """Start the first stage at `at` in these slots. The other arguments are the attributes with the same names."""
        self.deployed_at, self.slots, self.planned_end = at, slots, planned_end
        self.first_deployed_at = at if first_deployed_at is None else first_deployed_at
        self._forget_executions()
        self._first_stage_running_at = None

    def plan_end(self, at: int) -> None:
        """Plan that the last task finishes at `at` (epoch ms), and the vertices before it slightly earlier."""
        self.planned_end = at
        self._forget_executions()

    def end(self, outcome: AttemptOutcome) -> None:
        """Set the outcome, unless there is one."""
        if self.outcome is None:
            self.outcome = outcome
            self._forget_executions()

    def mark_settled(self, at: int) -> None:
        """Put all subtasks in a terminal state by `at` (epoch ms); an earlier time in the outcome remains.

        This is called when a job leaves CANCELLING, FAILING or RESTARTING.
        """
        if self.outcome is None or self.settled_at is not None:
            return
        if self.outcome.settled_at is None or self.outcome.settled_at > at:
            self.settled_at = at
            self._forget_executions()

    def on_slots_lost(self) -> None:
        """Update the executions after the loss of a TaskManager. Its tasks that are CANCELING are CANCELED then."""
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
            if len(_WITH_CACHED_EXECUTIONS) == _WITH_CACHED_EXECUTIONS.maxlen:
                _WITH_CACHED_EXECUTIONS[0]._cached_executions = None
            _WITH_CACHED_EXECUTIONS.append(self)
            return executions
        return self._cached_executions

    def is_steady_at(self, time: int) -> bool:
        """Return whether all subtasks are RUNNING at `time`, and none of their ends is known."""
        if self._steady_since is None:
            last_phases = [execution.phases[-1] for row in self.executions() for execution in row]
            all_run = all(state is TaskState.RUNNING for _, state in last_phases)
            self._steady_since = max((since for since, _ in last_phases), default=FOREVER) if all_run else FOREVER
        return self._steady_since <= time

    def execution(self, vertex: Vertex, subtask: int) -> Execution:
        """Return the execution of a subtask."""
        return self.executions()[vertex.index][subtask]

    def slot(self, vertex: Vertex, subtask: int) -> Slot | None:
        """Return the slot of a subtask; None while the attempt waits for slots."""
        index = self.graph.slot_of(vertex, subtask)
        return self.slots[index] if self.deployed_at is not None and index < len(self.slots) else None

    def _execution(self, vertex: Vertex, subtask: int) -> Execution:
        slot = self.slot(vertex, subtask)
        graph_id = self.random.hex(32, "graph", self.job_id)
        return Execution(
            vertex,
            subtask,
            self.number,
            f"{graph_id}_{vertex.id}_{subtask}_{self.number}",
            slot,
            self._phases(vertex, subtask, slot),
        )

    def _names(self, vertex: Vertex, subtask: int) -> _Names:
        """Return the names of the random draws for a subtask."""
        return self.job_id, self.number, vertex.index, subtask

    def first_stage_running_at(self) -> int | None:
        """Return when the last subtask of the first stage is RUNNING; None while the attempt waits for slots.

        Every attempt needs this, but most attempts never need their executions, so it is computed without them.
        """
        if self.deployed_at is None:
            return None
        if self._first_stage_running_at is None:
            running_times = (
                self._subtask_running_at(vertex, subtask)
                for vertex in self.graph.vertices
                if vertex.stage == 0
                for subtask in range(vertex.parallelism)
            )
            self._first_stage_running_at = max(running_times, default=self.deployed_at)
        return self._first_stage_running_at

    def _subtask_running_at(self, vertex: Vertex, subtask: int) -> int:
        """Return when a subtask is RUNNING, or when it finishes if that is earlier."""
        running_at = self._startup_times(vertex, subtask).running
        finish = self._planned_finish(vertex)
        return running_at if finish is None else min(running_at, max(finish, self.scheduled_at or finish))

    def stage_at(self, time: int) -> int:
        """Return the number of the last stage that has started by `time`."""
        outcome, last_stage = self.outcome, self.graph.stage_count - 1
        if self.deployed_at is None or last_stage == 0:
            return 0
        if outcome is not None and outcome.at <= time:
            if outcome.state == TaskState.FINISHED:
                return last_stage
            time = outcome.at
        for stage in range(last_stage, 0, -1):
            start = self._stage_start(stage)
            if start is not None and start <= time:
                return stage
        return 0

    def vertex_finish_times(self) -> dict[int, int]:
        """Return when the vertices finish whose sources are all bounded: vertex index -> epoch ms."""
        finish_times = {vertex.index: self._bounded_finish(vertex) for vertex in self.graph.vertices}
        return {index: at for index, at in finish_times.items() if at is not None}

    def _bounded_finish(self, vertex: Vertex) -> int | None:
        """Return when a bounded source finishes, or a vertex whose inputs all finish; None for any other vertex."""
        if vertex.is_source:
            finishes_after = vertex.spec.finishes_after
            if finishes_after is None or self.first_deployed_at is None:
                return None
            # a source that is restored after its end runs for a short time
            return max(self.first_deployed_at + finishes_after, self._running_at(vertex) + FINISH_SPREAD_MS)
        latest = self._running_at(vertex)
        for edge in vertex.inputs:
            input_finish = self._bounded_finish(self.graph.vertices[edge.source])
            if input_finish is None:
                return None
            latest = max(latest, input_finish)
        return latest + FINISH_SPREAD_MS

    def _running_at(self, vertex: Vertex) -> int:
        """Return when the last subtask of a vertex is RUNNING."""
        return max(self._startup_times(vertex, subtask).running for subtask in range(vertex.parallelism))

    def _stage_start(self, stage: int) -> int | None:
        """Return when a stage starts. Stages share the planned time evenly; without a plan, only the first runs."""
        assert self.deployed_at is not None
        if stage == 0:
            return self.deployed_at
        if self.planned_end is None:
            return None
        return self.deployed_at + (self.planned_end - self.deployed_at) * stage // self.graph.stage_count

    def _startup_times(self, vertex: Vertex, subtask: int) -> _StartupTimes:
        start = self._stage_start(vertex.stage)
        assert start is not None
        names = self._names(vertex, subtask)
        deploying = start + self.random.integer(*DEPLOYMENT_SPREAD_RANGE_MS, "deploying", *names)
        initializing = deploying + self.random.integer(*DEPLOYING_RANGE_MS, "initializing", *names)
        running = initializing + self.random.integer(*INITIALIZING_RANGE_MS, "running", *names) + self.restore_ms
        return _StartupTimes(deploying, initializing, running)

    def _planned_finish(self, vertex: Vertex) -> int | None:
        """Return when a vertex finishes as planned; None if that is not planned.

        The last vertices of a stage finish at the end of the stage, their inputs slightly earlier.
        """
        bounded_finish = self._bounded_finish(vertex) if self.graph.has_bounded_source else None
        if self.planned_end is None:
            return bounded_finish
        stage_end = self.planned_end
        if vertex.stage + 1 < self.graph.stage_count:
            stage_end = self._stage_start(vertex.stage + 1) or self.planned_end
        last_level = max(other.level for other in self.graph.vertices if other.stage == vertex.stage)
        planned_finish = stage_end - FINISH_SPREAD_MS * (last_level - vertex.level)
        return planned_finish if bounded_finish is None else min(planned_finish, bounded_finish)

    def _phases(self, vertex: Vertex, subtask: int, slot: Slot | None) -> tuple[Phase, ...]:
        """Return the phases of a subtask: as planned until the attempt ends, then those that lead to its outcome."""
        phases: list[Phase] = [(self.created_at, TaskState.CREATED)]
        if self.scheduled_at is not None:
            start = self._stage_start(vertex.stage) if self.deployed_at is not None else None
            if start is not None and vertex.stage > 0:
                phases.append((start, TaskState.SCHEDULED))
            elif vertex.stage == 0:
                phases.append((self.scheduled_at, TaskState.SCHEDULED))
            if start is not None:
                startup_times = zip(_STARTUP, self._startup_times(vertex, subtask), strict=True)
                phases.extend((at, state) for state, at in startup_times if self._has_state(state))
                finish = self._planned_finish(vertex)
                if finish is not None:
                    finish_at = max(finish, self.scheduled_at)
                    phases = [(min(at, finish_at), state) for at, state in phases]
                    last_entered_at, _ = phases[-1]
                    phases.append((max(finish, last_entered_at), TaskState.FINISHED))
        return tuple(self._with_outcome(phases, vertex, subtask, slot))

    def _has_state(self, state: TaskState) -> bool:
        """Return whether the release has a state."""
        return self.has_initializing_state or state != TaskState.INITIALIZING

    def _with_outcome(self, phases: list[Phase], vertex: Vertex, subtask: int, slot: Slot | None) -> list[Phase]:
        """Replace planned phases after the end of the attempt with those that lead to its outcome."""
        outcome = self.outcome
        if outcome is None or (outcome.state == TaskState.FINISHED and self.planned_end == outcome.at):
            return phases
        phases = [(at, state) for at, state in phases if at <= outcome.at]
        entered_states = {state for _, state in phases}
        if TaskState.FINISHED in entered_states:
            return phases
        if outcome.state == TaskState.FINISHED:
            if self.deployed_at is not None:
                # tasks that had not started enter all states at the same time, because the lifecycle leaves no time
                missing_states = [state for state in STARTING if state not in entered_states and self._has_state(state)]
                phases += [(outcome.at, state) for state in missing_states]
            return [*phases, (outcome.at, TaskState.FINISHED)]
        is_deployed = TaskState.DEPLOYING in entered_states
        lost_at = slot.taskmanager.lost_at if slot and is_deployed else None
        is_failed_task = outcome.failed_task == TaskIndex(vertex.index, subtask)
        if is_failed_task or (outcome.state == TaskState.FAILED and lost_at == outcome.at):
            return [*phases, (outcome.at, TaskState.FAILED)]
        if not is_deployed:  # only deployed tasks are CANCELING; others are CANCELED at once (Execution.cancel)
            return [*phases, (outcome.at, TaskState.CANCELED)]
        phases.append((outcome.at, TaskState.CANCELING))
        settled_at = self._subtask_settled_at(outcome, vertex, subtask, lost_at)
        if settled_at is not None:
            phases.append((max(settled_at, outcome.at), TaskState.CANCELED))
        return phases

    def _subtask_settled_at(
        self, outcome: AttemptOutcome, vertex: Vertex, subtask: int, lost_at: int | None
    ) -> int | None:
        """Return when a subtask that is CANCELING is CANCELED; None if that is not known."""
        possible_times = [] if self.settled_at is None else [self.settled_at]
        if outcome.settled_at is not None:
            # the first subtask of the last vertex settles last
            settles_last = subtask == 0 and vertex.index == len(self.graph.vertices) - 1
            share = 1.0 if settles_last else _settling_share(self.random, self._names(vertex, subtask))
            possible_times.append(outcome.at + round((outcome.settled_at - outcome.at) * share))
        if lost_at is not None and lost_at >= outcome.at:
            possible_times.append(lost_at)
        return min(possible_times, default=None)


class _StartupTimes(NamedTuple):
    """When a subtask is in the states up to RUNNING, in epoch ms."""

    deploying: int
    initializing: int
    running: int


_STARTUP = (TaskState.DEPLOYING, TaskState.INITIALIZING, TaskState.RUNNING)
"""The states of `_StartupTimes`."""


@lru_cache(maxsize=4096)
def _settling_share(random: NamedRandom, names: _Names) -> float:
    """Return the share of the settling time that a subtask takes."""
    return 0.2 + 0.8 * random.number("settle", *names)
