"""The jobs of a cluster, as tests control them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from flinkmock.control.cluster_part import ClusterPart
from flinkmock.control.job import JobControl
from flinkmock.control.waiting import wait_in_thread
from flinkmock.errors import InvalidArgument, JobExists, NotFound, StateNeverReached, did_you_mean


@dataclass(frozen=True, slots=True)
class ClusterJobs(ClusterPart):
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
            NotFound: There is no such job. The message lists the jobs. (Methods of a `JobControl` whose job does not
                exist anymore raise JobNotFound instead.)
        """
        with self.engine.lock:
            self._run_due_events()
            jobs = self.engine.cluster.jobs
            if name_or_id.lower() in jobs:
                return JobControl(self.control, name_or_id.lower())
            ids = [job.id for job in jobs.values() if job.name == name_or_id]
            if not ids:
                names = list(dict.fromkeys(job.name for job in jobs.values()))
                hint = did_you_mean(name_or_id, names, list_known=False)
                existing = ", ".join(f"{job.name} ({job.id})" for job in jobs.values()) or "none"
                raise NotFound(f'There is no job with the name or id "{name_or_id}".{hint} Jobs: {existing}.')
            return JobControl(self.control, ids[-1])

    def submit(
        self, name: str, template: str | None = None, definition: Mapping[str, object] | None = None
    ) -> JobControl:
        """Submit a job, as a client does with a jar.

        Args:
            name: The name of the job, unless the definition has one.
            template: The template that the job extends, from the scenario or built in, unless the definition has
                `extends`. None: `extends` of the definition; without it, the built-in template "batch" if the type is
                batch, otherwise the built-in "streaming".
            definition: Further keys of a scenario's job, such as `{"parallelism": 4}`.

        Raises:
            ScenarioError: There is no such template, or the definition is invalid.
            JobExists: The cluster has a job with the `id` of the definition.
            InvalidArgument: The definition has an `age`.
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
                raise JobExists(f"A job with the id {spec.id} already exists.")
            failure = cluster.submission_failure(spec)
            if failure is not None:
                raise UncaughtJavaException(failure)
            restore_settings = RestoreSettings(spec.restore_path) if spec.restore_path is not None else None
            return JobControl(self.control, cluster.submit(spec, now, restore_settings=restore_settings).id)

    def wait_for(self, name_or_id: str, state: str, *, timeout: float = 5.0) -> JobControl:
        """Wait until the job exists and is in the given state, without advancing the clock.

        Args:
            name_or_id: As for `get`.
            state: A job state such as "RUNNING".
            timeout: The timeout in wall-clock seconds.

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
        """Return the error for a wait that has timed out after `timeout` seconds."""
        from flinkmock.control.clock import describe_job_states

        return StateNeverReached(
            f"{name_or_id} was not {state} within {timeout:g} s: {describe_job_states(self.engine)}."
        )


def check_state(state: str) -> None:
    """Raise InvalidArgument if Flink has no such job state."""
    from flinkmock.cluster.states import JOB_STATES

    if state not in JOB_STATES:
        raise InvalidArgument(f'"{state}" is not a job state of Flink.{did_you_mean(state, JOB_STATES)}')
