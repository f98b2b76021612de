"""Lets tests read and control one job of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.control.cluster_part import ClusterPart
from flinkmock.errors import NotFound, NotRunning, did_you_mean

if TYPE_CHECKING:
    from flinkmock.cluster.checkpoint import Checkpoint
    from flinkmock.cluster.job import Job
    from flinkmock.flink.java_exception import JavaException


@dataclass(frozen=True, slots=True)
class JobControl(ClusterPart):
    """One job of the cluster.

    All methods can be called while clients send requests. If the cluster does not have the job anymore, for example
    because it was reset, its leader crashed or the JobManager has forgotten the job, all methods and properties except
    `id` raise JobNotFound.
    """

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
        """The job state, such as "RUNNING"."""
        with self.engine.lock:
            return self.job.state_at(self._run_due_events())

    @property
    def vertices(self) -> dict[str, str]:
        """Name of a vertex -> its id, for all vertices, in the order of the job graph."""
        return {vertex.name: vertex.id for vertex in self.job.graph.vertices}

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """The completed checkpoints without savepoints, oldest first."""
        return [checkpoint for checkpoint in self._completed() if not checkpoint.is_savepoint]

    @property
    def savepoints(self) -> list[Checkpoint]:
        """The completed savepoints, oldest first. `path` is the location of a savepoint."""
        return [checkpoint for checkpoint in self._completed() if checkpoint.is_savepoint]

    @property
    def restored_from(self) -> str | None:
        """The path of the checkpoint or savepoint from which the job was last restored; None if it was not restored."""
        with self.engine.lock:
            checkpoint = self.job.checkpoints.latest_restored_at(self._run_due_events())
            return checkpoint.path if checkpoint else None

    def fail(
        self,
        message: str = "Failure injected by the test",
        java_class: str = "java.lang.RuntimeException",
        *,
        vertex: str | None = None,
        exception: JavaException | Mapping[str, object] | None = None,
    ) -> None:
        """Make a task throw an exception. The restart strategy decides whether a RUNNING job restarts.

        A job that is not RUNNING yet fails; while no task is deployed, the failure is global. Does nothing while the
        job is RESTARTING, FAILING or CANCELLING.

        Args:
            message: The message of the exception.
            java_class: The class of the exception.
            vertex: The name of the vertex whose task fails; None: a random one. If it does not run, another vertex is
                chosen.
            exception: The exception, instead of `message` and `java_class`: a `JavaException`, or a mapping with
                the keys of a scenario's exception such as `{"class": "java.io.IOException", "message": "disk full"}`.

        Raises:
            JobAlreadyTerminated: The job is in a terminal state.
            NotFound: The job has no such vertex.
            ScenarioError: The mapping is invalid.
        """
        from flinkmock.cluster.spec import ExceptionSpec
        from flinkmock.flink.java_exception import JavaException
        from flinkmock.scenario.load import load_exception

        if exception is None:
            thrown = JavaException(java_class, message)
        elif isinstance(exception, JavaException):
            thrown = exception
        else:
            thrown = load_exception(exception)
        with self.engine.lock:
            now = self._run_due_events()
            if vertex is not None and vertex not in self.vertices:
                raise NotFound(f'{self.name} has no vertex "{vertex}".{did_you_mean(vertex, self.vertices)}')
            self.engine.cluster.state_machines.fail(self.job, now, ExceptionSpec(thrown, vertex=vertex))

    def restart(self) -> None:
        """Fail and restart the job, regardless of its restart strategy. Raises NotRunning if the job is not RUNNING."""
        with self.engine.lock:
            if self.state != "RUNNING":
                raise NotRunning(f"{self.name} is {self.state}. Only a RUNNING job can be restarted.")
            self.engine.cluster.state_machines.restart(self.job, self._run_due_events())

    def finish(self) -> None:
        """Finish the job and all its tasks. Raises JobAlreadyTerminated if the job is in a terminal state."""
        with self.engine.lock:
            self.engine.cluster.state_machines.finish(self.job, self._run_due_events())

    def cancel(self) -> None:
        """Cancel the job as `PATCH /jobs/:jobid` does, but the scenario can't make it fail.

        Does nothing if the job is CANCELLING or CANCELED. Raises JobAlreadyTerminated in the other terminal states.
        """
        with self.engine.lock:
            self.engine.cluster.state_machines.cancel(self.job, self._run_due_events())

    def _completed(self) -> list[Checkpoint]:
        with self.engine.lock:
            return self.job.checkpoints.completed_checkpoints_at(self._run_due_events())
