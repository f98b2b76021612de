"""Lets tests read and control the jobs of a cluster.

All methods can be called while clients send requests. Those that change a job, or read its state or checkpoints, hold
the engine's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.control.part import ControlPart
from flinkmock.control.waiting import wait_in_thread
from flinkmock.errors import InvalidArgument, NotFound, NotRunning, StateNeverReached, did_you_mean

if TYPE_CHECKING:
    from flinkmock.cluster.checkpoint import Checkpoint
    from flinkmock.cluster.job import Job
    from flinkmock.flink.java_exception import JavaException


@dataclass(frozen=True, slots=True)
class JobControl(ControlPart):
    """One job of the cluster.

    If the cluster no longer has the job, because it was reset or a snapshot without the job was restored, all methods
    and properties except `id` raise JobNotFound.
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
        """Name of a vertex -> its id, in the order of the REST API."""
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
            restored = self.job.checkpoints.restored_at(self._run_due_events())
            return restored.path if restored else None

    def fail(
        self,
        message: str = "Failure injected by the test",
        java_class: str = "java.lang.RuntimeException",
        *,
        vertex: str | None = None,
        exception: JavaException | Mapping[str, object] | None = None,
    ) -> None:
        """Make a task throw an exception. The restart strategy decides whether the job restarts.

        Args:
            message: The message of the exception.
            java_class: The class of the exception.
            vertex: The name of the vertex whose task fails; None: a random one.
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
        """Restart all tasks, regardless of the restart strategy. Raises NotRunning if the job is not RUNNING."""
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


@dataclass(frozen=True, slots=True)
class JobsControl(ControlPart):
    """The jobs of the cluster. Iteration yields a `JobControl` for each, in the order of submission."""

    def __iter__(self) -> Iterator[JobControl]:
        with self.engine.lock:
            self._run_due_events()
            return iter([JobControl(self.control, job_id) for job_id in self.engine.cluster.jobs])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, name_or_id: str) -> JobControl:
        """Return the job with this id, or the newest job with this name.

        Raises:
            NotFound: There is no such job. The message lists the jobs. (The methods of a `JobControl` raise JobNotFound
                instead, if the cluster no longer has the job.)
        """
        with self.engine.lock:
            self._run_due_events()
            jobs = self.engine.cluster.jobs
            if name_or_id.lower() in jobs:
                return JobControl(self.control, name_or_id.lower())
            named = [job.id for job in jobs.values() if job.name == name_or_id]
            if not named:
                names = list(dict.fromkeys(job.name for job in jobs.values()))
                hint = did_you_mean(name_or_id, names, list_known=False)
                known = ", ".join(f"{job.name} ({job.id})" for job in jobs.values()) or "none"
                raise NotFound(f'There is no job with the name or id "{name_or_id}".{hint} Jobs: {known}.')
            return JobControl(self.control, named[-1])

    def submit(
        self, name: str, template: str | None = None, definition: Mapping[str, object] | None = None
    ) -> JobControl:
        """Submit a job, as a client does with a jar.

        Args:
            name: The name of the job.
            template: The template that the job extends, of the scenario or built in; None: "streaming".
            definition: Further keys of a scenario's job, such as `{"parallelism": 4}`.

        Raises:
            ScenarioError: There is no such template, or the definition is invalid.
            InvalidArgument: The id of the definition already exists, or the definition has an age.
            UncaughtJavaException: The scenario makes this submission fail.
        """
        from flinkmock.cluster.errors import UncaughtJavaException
        from flinkmock.cluster.restore import RestoreSettings
        from flinkmock.scenario.load import load_job

        extends = {} if template is None else {"extends": template}
        with self.engine.lock:
            now, cluster = self._run_due_events(), self.engine.cluster
            spec = load_job(cluster.spec, name, {**extends, **(definition or {})})
            if spec.age:
                raise InvalidArgument("A job that is submitted now has no age. Leave out `age`.")
            if spec.id in cluster.jobs:
                raise InvalidArgument(f"There is a job with the id {spec.id} already.")
            failure = cluster.submission_failure(spec)
            if failure is not None:
                raise UncaughtJavaException(failure)
            restore = RestoreSettings(spec.restore_path) if spec.restore_path is not None else None
            return JobControl(self.control, cluster.submit(spec, now, restore=restore).id)

    def wait_for(self, name_or_id: str, state: str, *, timeout: float = 5.0) -> JobControl:
        """Wait until the job exists and is in the given state, without advancing the clock.

        Args:
            name_or_id: As for `get`.
            state: A job state such as "RUNNING".
            timeout: The timeout in seconds of the wall clock.

        Raises:
            StateNeverReached: The timeout has expired. The message lists the jobs with their states.
            InvalidArgument: Flink has no such job state.
        """
        condition = self.state_condition(name_or_id, state)
        job = wait_in_thread(condition, timeout)
        if job is None:
            raise self.timeout_error(name_or_id, state, timeout)
        return job

    def state_condition(self, name_or_id: str, state: str) -> Callable[[], JobControl | None]:
        """Return a function that returns the job if it is in a state, otherwise None. Raises InvalidArgument."""
        check_state(state)

        def condition() -> JobControl | None:
            try:
                job = self.get(name_or_id)
            except NotFound:
                return None
            return job if job.state == state else None

        return condition

    def timeout_error(self, name_or_id: str, state: str, timeout: float) -> StateNeverReached:
        """Return the error for a wait whose timeout has expired."""
        from flinkmock.control.clock import job_states

        return StateNeverReached(f"{name_or_id} was not {state} within {timeout:g} s: {job_states(self.engine)}.")


def check_state(state: str) -> None:
    """Raise InvalidArgument if Flink has no such job state."""
    from flinkmock.cluster.states import JOB_STATES

    if state not in JOB_STATES:
        raise InvalidArgument(f'"{state}" is not a job state of Flink.{did_you_mean(state, JOB_STATES)}')
