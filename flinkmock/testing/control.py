"""What a test can do to its cluster besides asking it over HTTP: own its time, and decide what happens.

All of it goes through the engine's lock, so it may be called while clients are asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from flinkmock.cluster.checkpoints import Checkpoint
    from flinkmock.cluster.job import Job
    from flinkmock.engine import Engine
    from flinkmock.faults import Fault

STEPS = 5_000
"""After so many things that happened `run_until` gives up: a job that fails and comes back does so for ever."""


class StateNeverReached(FlinkMockError, AssertionError):
    """What was waited for will never come, and why."""


@dataclass(frozen=True, slots=True)
class ClusterClock:
    """The time of one cluster, in epoch ms."""

    engine: Engine

    @property
    def text(self) -> str:
        """Which clock it is: "virtual", "1s per request", "real", "10x"."""
        return self.engine.clock.text

    def now(self) -> int:
        return self.engine.clock.now()

    def advance(self, length: int | str) -> int:
        """Moves on by ms, or by a text such as "2m30s"; what falls due happens. Returns the new time."""
        return self.engine.advance(length)

    def next(self) -> int:
        """Moves on to the next thing that happens by itself. Raises Unreachable if nothing ever will."""
        with self.engine.lock:
            due = self.engine.cluster.event_queue.next_at()
            if due is None:
                raise StateNeverReached(f"nothing will happen by itself any more: {_states(self.engine)}")
            return self.engine.advance(max(due - self.now(), 0))

    def run_until(self, reached: Callable[[], bool], wanted: str) -> int:
        """Moves from one thing that happens to the next until `reached()`; returns the time.

        Raises Unreachable, telling `wanted` and what the jobs are, when nothing happens any more or only the same over
        and over.
        """
        with self.engine.lock:
            for _ in range(STEPS):
                if reached():
                    return self.now()
                due = self.engine.cluster.event_queue.next_at()
                if due is None:
                    raise StateNeverReached(
                        f"{wanted} will never be: {_states(self.engine)}, and nothing more will happen"
                    )
                self.engine.advance(max(due - self.now(), 0))
            raise StateNeverReached(f"{wanted} was not to be in {STEPS} steps of the cluster: {_states(self.engine)}")


def _states(engine: Engine) -> str:
    jobs = [f"{job.name} is {job.state}" for job in engine.cluster.jobs.values()]
    return ", ".join(jobs) if jobs else "there are no jobs"


@dataclass(frozen=True, slots=True)
class JobControl:
    """One job of the cluster, as it is now. All of it raises UnknownJob when a snapshot from before it was restored."""

    engine: Engine
    id: str

    @property
    def job(self) -> Job:
        """The model's; hold `engine.lock` while you look at it, and don't keep it over a `restore`."""
        return self.engine.cluster.job(self.id)

    @property
    def name(self) -> str:
        return self.job.name

    @property
    def state(self) -> str:
        """A `JobStatus` of Flink: "RUNNING"."""
        with self.engine.lock:
            return self.job.state_at(self._settled())

    @property
    def vertices(self) -> dict[str, str]:
        """Vertex name -> vertex id, in the order of the answers."""
        return {vertex.name: vertex.id for vertex in self.job.graph.vertices}

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """Those completed so far, savepoints not among them, oldest first."""
        return [one for one in self._completed() if not one.is_savepoint]

    @property
    def savepoints(self) -> list[Checkpoint]:
        """Those completed so far, oldest first; `.path` tells where one lies."""
        return [one for one in self._completed() if one.is_savepoint]

    @property
    def restored_from(self) -> str | None:
        """The path of the checkpoint or savepoint that it was last restored from."""
        with self.engine.lock:
            restored = self.job.checkpoints.restored_at(self._settled())
            return restored.path if restored else None

    def fail(self, message: str = "Intentional failure of the test", java_class: str = "java.lang.RuntimeException",
             *, vertex: str | None = None) -> None:  # fmt: skip
        """A task throws; the job's restart strategy decides what follows. Raises JobEnded."""
        from flinkmock.cluster.spec import ExceptionSpec
        from flinkmock.flink.java_exception import JavaException

        with self.engine.lock:
            now = self._settled()
            self.engine.cluster.state_machines.fail(
                self.job, now, ExceptionSpec(JavaException(java_class, message), vertex=vertex)
            )

    def restart(self) -> None:
        """Its tasks fail and are restarted, whatever its restart strategy says. Raises ValueError unless it runs."""
        with self.engine.lock:
            if self.state != "RUNNING":
                raise ValueError(f"{self.name} is {self.state}: only a RUNNING job can be restarted")
            self.engine.cluster.state_machines.restart(self.job, self._settled())

    def finish(self) -> None:
        """All its tasks come to their end. Raises JobEnded."""
        with self.engine.lock:
            self.engine.cluster.state_machines.finish(self.job, self._settled())

    def cancel(self) -> None:
        """As by a client's `PATCH /jobs/:jobid`. Raises JobEnded."""
        with self.engine.lock:
            self.engine.cluster.state_machines.cancel(self.job, self._settled())

    def _completed(self) -> list[Checkpoint]:
        with self.engine.lock:
            return self.job.checkpoints.completed_at(self._settled())

    def _settled(self) -> int:
        now = self.engine.clock.now()
        self.engine.cluster.run_due_events(now)
        return now


@dataclass(frozen=True, slots=True)
class TaskManagersControl:
    """The task managers that are registered now, by id."""

    engine: Engine

    def __iter__(self) -> Iterator[str]:
        with self.engine.lock:
            now = self.engine.clock.now()
            return iter([one.id for one in self.engine.cluster.taskmanagers_at(now)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def add(self) -> str:
        """One more joins; returns its id."""
        with self.engine.lock:
            now = self.engine.clock.now()
            self.engine.cluster.run_due_events(now)
            return self.engine.cluster.add_taskmanager(now).id

    def lose(self, taskmanager_id: str | None = None) -> str:
        """One is gone at once, the first unless told; returns its id. Raises UnknownTaskManager, LookupError."""
        with self.engine.lock:
            now = self.engine.clock.now()
            self.engine.cluster.run_due_events(now)
            present = list(self)
            if not present:
                raise LookupError("there is no task manager to lose")
            lost = taskmanager_id or present[0]
            self.engine.cluster.lose_taskmanager(lost, now)
            return lost


@dataclass(frozen=True, slots=True)
class JobManagersControl:
    """The JobManagers, by the numbers of their addresses in `FlinkMock.urls`."""

    engine: Engine

    def __len__(self) -> int:
        return len(self.engine.cluster.leadership.jobmanagers)

    @property
    def leader(self) -> int | None:
        """Which one leads; None: none at present."""
        with self.engine.lock:
            self.engine.cluster.run_due_events(self.engine.clock.now())
            leader = self.engine.cluster.leadership.leader
            return leader.number if leader else None

    def fail(self, takes: int | str = "5s") -> None:
        """The leader falls; `takes` (ms, or a text) later the next one leads, and the fallen one is back. What it kept
        in memory is gone: trigger ids, jobs that had ended, and without high availability all jobs. Nothing happens
        while there is none."""
        from flinkmock.units import parse_duration

        with self.engine.lock:
            now = self.engine.clock.now()
            self.engine.cluster.run_due_events(now)
            self.engine.cluster.leadership.fail_leader(parse_duration(takes), now)


@dataclass(frozen=True, slots=True)
class FaultsControl:
    """What goes wrong on the way to the cluster; the first fault that fits a request befalls it."""

    engine: Engine

    def add(self, *faults: Fault | Mapping[str, object], first: bool = False) -> None:
        """One or several: mappings in the words of a scenario, such as
        `{"match": "POST /jobs/:jobid/savepoints", "times": 1, "drop": "after-processing"}`, or `Fault`s.

        `first`: before those there are, so that they win. Raises ScenarioError, which points at the words it refuses.
        """
        from flinkmock.faults import Fault
        from flinkmock.scenario.load import load_faults

        read = iter(load_faults({"faults": [each for each in faults if not isinstance(each, Fault)]},
                                self.engine.contract.release.minor).faults)  # fmt: skip
        values = [each if isinstance(each, Fault) else next(read) for each in faults]
        self.engine.faults.add(*values, first=first)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.engine.faults.clear()

    def __len__(self) -> int:
        return len(self.engine.faults)

    def struck(self, name: str) -> int:
        """How often the fault of that name has struck; one without a name is called after what it does. Raises
        LookupError, naming those there are."""
        return self.engine.faults.struck(name)
