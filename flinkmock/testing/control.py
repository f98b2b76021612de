"""What a test does to its cluster without HTTP: it moves the time and changes jobs, processes and faults.

All of it takes the engine's lock, so it is safe while clients send requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.errors import NotFound, NotRunning, StateNeverReached, did_you_mean

if TYPE_CHECKING:
    from flinkmock.cluster.checkpoints import Checkpoint
    from flinkmock.cluster.job import Job
    from flinkmock.engine import Engine
    from flinkmock.faults import Fault

MAX_EVENTS = 5_000
"""`run_until` gives up after so many events: a job in a restart loop never runs out of them."""


@dataclass(frozen=True, slots=True)
class ClusterClock:
    """The clock of one cluster, in ms since the epoch."""

    engine: Engine

    @property
    def text(self) -> str:
        """The clock mode: "virtual", "1s per request", "real" or "10x"."""
        return self.engine.clock.text

    def now(self) -> int:
        """Return the cluster time in ms since the epoch."""
        return self.engine.clock.now()

    def advance(self, duration: int | str) -> int:
        """Advance the cluster time and run the events that become due.

        Args:
            duration: In ms, or text such as "2m30s".

        Returns:
            The new time in ms since the epoch.

        Raises:
            InvalidArgument: The duration is negative or invalid.
        """
        return self.engine.advance(duration)

    def next(self) -> int:
        """Advance the cluster time to the next event and return it. Raises StateNeverReached if there is none."""
        with self.engine.lock:
            due = self.engine.cluster.event_queue.next_at()
            if due is None:
                raise StateNeverReached(f"No more events are scheduled: {_job_states(self.engine)}.")
            return self.engine.advance(max(due - self.now(), 0))

    def run_until(self, reached: Callable[[], bool], goal: str) -> int:
        """Advance the cluster time from event to event until `reached()` is true.

        Args:
            reached: Called after each event.
            goal: What the test waits for, for the message of the error.

        Returns:
            The time in ms since the epoch.

        Raises:
            StateNeverReached: No more events are scheduled, or `MAX_EVENTS` were not enough.
        """
        with self.engine.lock:
            for _ in range(MAX_EVENTS):
                if reached():
                    return self.now()
                due = self.engine.cluster.event_queue.next_at()
                if due is None:
                    raise StateNeverReached(
                        f"{goal} can never be reached: {_job_states(self.engine)}, and no more events are scheduled."
                    )
                self.engine.advance(max(due - self.now(), 0))
            raise StateNeverReached(f"{goal} was not reached after {MAX_EVENTS} events: {_job_states(self.engine)}.")


def _job_states(engine: Engine) -> str:
    jobs = [f"{job.name} is {job.state}" for job in engine.cluster.jobs.values()]
    return ", ".join(jobs) if jobs else "there are no jobs"


@dataclass(frozen=True, slots=True)
class JobControl:
    """One job of the cluster.

    After `FlinkMock.restore` of a snapshot that does not contain the job, all of its methods raise JobNotFound.
    """

    engine: Engine
    id: str

    @property
    def job(self) -> Job:
        """The job in the cluster model. Hold `engine.lock` while you use it, and don't keep it across a `restore`."""
        return self.engine.cluster.job(self.id)

    @property
    def name(self) -> str:
        """The name of the job."""
        return self.job.name

    @property
    def state(self) -> str:
        """The job state as Flink names it, such as "RUNNING"."""
        with self.engine.lock:
            return self.job.state_at(self._run_due_events())

    @property
    def vertices(self) -> dict[str, str]:
        """The vertex ids by vertex name, in the order of the REST API."""
        return {vertex.name: vertex.id for vertex in self.job.graph.vertices}

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """The completed checkpoints without savepoints, oldest first."""
        return [checkpoint for checkpoint in self._completed() if not checkpoint.is_savepoint]

    @property
    def savepoints(self) -> list[Checkpoint]:
        """The completed savepoints, oldest first; `path` is where a savepoint is stored."""
        return [checkpoint for checkpoint in self._completed() if checkpoint.is_savepoint]

    @property
    def restored_from(self) -> str | None:
        """The path of the checkpoint or savepoint that the job was last restored from."""
        with self.engine.lock:
            restored = self.job.checkpoints.restored_at(self._run_due_events())
            return restored.path if restored else None

    def fail(self, message: str = "Intentional failure of the test", java_class: str = "java.lang.RuntimeException",
             *, vertex: str | None = None) -> None:  # fmt: skip
        """Let a task throw an exception. The job's restart strategy decides what follows.

        Args:
            message: The message of the exception.
            java_class: The class of the exception.
            vertex: The name of the vertex whose task fails; None lets the seed choose one.

        Raises:
            JobAlreadyTerminated: The job is in a terminal state.
            NotFound: The job has no such vertex.
        """
        from flinkmock.cluster.spec import ExceptionSpec
        from flinkmock.flink.java_exception import JavaException

        with self.engine.lock:
            now = self._run_due_events()
            if vertex is not None and vertex not in self.vertices:
                raise NotFound(f'{self.name} has no vertex "{vertex}".{did_you_mean(vertex, self.vertices)}')
            self.engine.cluster.state_machines.fail(
                self.job, now, ExceptionSpec(JavaException(java_class, message), vertex=vertex)
            )

    def restart(self) -> None:
        """Restart all tasks, whatever the restart strategy says. Raises NotRunning unless the job is RUNNING."""
        with self.engine.lock:
            if self.state != "RUNNING":
                raise NotRunning(f"{self.name} is {self.state}. Only a RUNNING job can be restarted.")
            self.engine.cluster.state_machines.restart(self.job, self._run_due_events())

    def finish(self) -> None:
        """Finish all tasks. Raises JobAlreadyTerminated."""
        with self.engine.lock:
            self.engine.cluster.state_machines.finish(self.job, self._run_due_events())

    def cancel(self) -> None:
        """Cancel the job as `PATCH /jobs/:jobid` does. Raises JobAlreadyTerminated."""
        with self.engine.lock:
            self.engine.cluster.state_machines.cancel(self.job, self._run_due_events())

    def _completed(self) -> list[Checkpoint]:
        with self.engine.lock:
            return self.job.checkpoints.completed_at(self._run_due_events())

    def _run_due_events(self) -> int:
        now = self.engine.clock.now()
        self.engine.cluster.run_due_events(now)
        return now


@dataclass(frozen=True, slots=True)
class TaskManagersControl:
    """The registered TaskManagers; iterating yields their ids."""

    engine: Engine

    def __iter__(self) -> Iterator[str]:
        with self.engine.lock:
            now = self.engine.clock.now()
            return iter([taskmanager.id for taskmanager in self.engine.cluster.taskmanagers_at(now)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def add(self) -> str:
        """Register one more TaskManager and return its id."""
        with self.engine.lock:
            now = self.engine.clock.now()
            self.engine.cluster.run_due_events(now)
            return self.engine.cluster.add_taskmanager(now).id

    def lose(self, taskmanager_id: str | None = None) -> str:
        """Remove a TaskManager at once, as if its process had crashed.

        Args:
            taskmanager_id: None removes the first one.

        Returns:
            The id of the lost TaskManager.

        Raises:
            TaskManagerNotFound: No TaskManager has this id.
            NotFound: There is no TaskManager at all.
        """
        with self.engine.lock:
            now = self.engine.clock.now()
            self.engine.cluster.run_due_events(now)
            registered = list(self)
            if not registered:
                raise NotFound("There is no TaskManager left to lose. Add one first.")
            lost = taskmanager_id or registered[0]
            self.engine.cluster.lose_taskmanager(lost, now)
            return lost


@dataclass(frozen=True, slots=True)
class JobManagersControl:
    """The JobManagers, numbered in the order of their addresses in `FlinkMock.urls`."""

    engine: Engine

    def __len__(self) -> int:
        return len(self.engine.cluster.leadership.jobmanagers)

    @property
    def leader(self) -> int | None:
        """The number of the leader; None while there is none."""
        with self.engine.lock:
            self.engine.cluster.run_due_events(self.engine.clock.now())
            leader = self.engine.cluster.leadership.leader
            return leader.number if leader else None

    def fail(self, duration: int | str = "5s") -> None:
        """Crash the leader. Does nothing while there is none.

        What the leader held in memory is lost: trigger ids, terminated jobs, and without high availability all jobs.

        Args:
            duration: In ms, or text such as "5s". After it, the next JobManager becomes the leader and the crashed one
                is back.

        Raises:
            InvalidArgument: The duration is invalid.
        """
        from flinkmock.units import parse_duration

        with self.engine.lock:
            now = self.engine.clock.now()
            self.engine.cluster.run_due_events(now)
            self.engine.cluster.leadership.fail_leader(parse_duration(duration), now)


@dataclass(frozen=True, slots=True)
class FaultsControl:
    """The faults between clients and the cluster. The first one that matches a request applies."""

    engine: Engine

    def add(self, *faults: Fault | Mapping[str, object], first: bool = False) -> None:
        """Add faults.

        Args:
            faults: Mappings with the keys of a scenario's `faults`, such as
                `{"match": "POST /jobs/:jobid/savepoints", "times": 1, "delay": "5s"}`, or `Fault` objects.
            first: Whether they come before the present faults, and so take precedence.

        Raises:
            ScenarioError: A mapping is invalid; the message names the key.
        """
        from flinkmock.faults import Fault
        from flinkmock.scenario.load import load_faults

        mappings = [fault for fault in faults if not isinstance(fault, Fault)]
        loaded = iter(load_faults({"faults": mappings}, self.engine.contract.release.minor).faults)
        self.engine.faults.add(*(fault if isinstance(fault, Fault) else next(loaded) for fault in faults), first=first)

    def clear(self) -> None:
        """Remove all faults."""
        self.engine.faults.clear()

    def __len__(self) -> int:
        return len(self.engine.faults)

    def hits(self, name: str) -> int:
        """Return how many requests the fault with this name applied to. Raises NotFound.

        A fault without a name is named after its kind, such as "delay".
        """
        return self.engine.faults.hits(name)
