"""Creates the jobs of a cluster: submitted ones, those of the scenario, and those that a new leader recovers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from flinkmock import limits
from flinkmock.cluster.applications import Application, single_job_application
from flinkmock.cluster.checkpoint_tracker import CheckpointTracker
from flinkmock.cluster.flat_lifecycle import FlatLifecycle, flatten
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job import Job
from flinkmock.cluster.leadership import recovered_lifecycle
from flinkmock.cluster.restore import RestoreSettings, find_state, restore_error
from flinkmock.cluster.spec import JobSpec, Lifecycle, Step, VertexSpec
from flinkmock.cluster.states import JobState, implicit_prefix, scheduler_of
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.options import CHECKPOINT_DIR, CHECKPOINTS_AFTER_TASKS_FINISH
from flinkmock.flink.paths import qualified_path

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster


_MAX_SHARED = 256
"""The maximum number of graphs, and of lifecycles, that are kept to be shared."""


class JobFactory:
    """Creates jobs and starts them. Jobs of one template share their graph and lifecycle."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._graphs: dict[int, tuple[tuple[VertexSpec, ...], JobGraph]] = {}
        """`id()` of the vertices in a spec -> the vertices, and their graph."""
        self._lifecycles: dict[tuple[int, str], tuple[Lifecycle, FlatLifecycle]] = {}
        """(`id()` of the lifecycle in a spec, scheduler) -> the lifecycle, and the lifecycle that jobs get."""

    def create(
        self, spec: JobSpec, at: int, *, is_initialized: bool = False, application: Application | None = None
    ) -> Job:
        """Create a job, and add it to the cluster and to its application.

        Args:
            spec: The spec of the job, with an id.
            at: When it is submitted, in epoch ms.
            is_initialized: Whether its initialization takes no time.
            application: The application of the job; None: a new one.
        """
        lifecycle = self._lifecycle(spec)
        if is_initialized:
            lifecycle = _without_initialization(lifecycle)
        return self._add(spec, lifecycle, at, application or single_job_application(spec.id, spec.name, at))

    def recover(self, former_job: Job, at: int) -> Job:
        """Create a job of a former leader again at `at` (epoch ms), from its latest checkpoint.

        The job keeps its id, graph and parallelism bounds, and continues the ids of checkpoints. Everything else is as
        in a job that is submitted at `at` (recorded: tests/server/leader-change.json.gz).
        """
        spec = dataclasses.replace(former_job.spec, id=former_job.id)
        lifecycle = recovered_lifecycle(former_job, self._lifecycle(spec))
        job = self._add(spec, lifecycle, at, single_job_application(former_job.application_id, spec.name, at))
        job.change_graph(former_job.graph)
        job.checkpoints.take_over_from(former_job.checkpoints, at)
        job.parallelism_bounds = former_job.parallelism_bounds
        return job

    def start(self, job: Job, restore_settings: RestoreSettings | None, at: int) -> None:
        """Start a new job at `at` (epoch ms). It fails if it can't be restored, or if its parallelism is too high."""
        error = _parallelism_error(job.graph)
        if error is None and restore_settings is not None:
            error = self._restore(job, restore_settings, at)
        if error is not None:
            job.states.enter(JobState.INITIALIZING, at)
            self._cluster.state_machines.fail_initialization(job, at, error)
            return
        self._cluster.state_machines.start(job, at)

    def _restore(self, job: Job, restore_settings: RestoreSettings, at: int) -> JavaException | None:
        """Restore the state of a job; return the exception if that is not possible."""
        cluster = self._cluster
        past_jobs = (job for term in cluster.leadership.past_terms for job in term.jobs.values())
        path, jobs = restore_settings.path, (*past_jobs, *cluster.jobs.values())
        state = find_state(cluster.savepoints.store, jobs, restore_settings, cluster.configuration, at)
        if state is None:
            return cluster.savepoints.store.missing_error(path)
        error = None if restore_settings.allow_non_restored_state else restore_error(state, job.spec, job.graph)
        if error is None:
            job.checkpoints.restore(state.restored)
            if restore_settings.claims_state:
                cluster.savepoints.store.claim(state.restored.path, job)
        return error

    def _add(self, spec: JobSpec, lifecycle: FlatLifecycle, at: int, application: Application) -> Job:
        cluster = self._cluster
        graph = self._graph(spec)
        directory = cluster.configuration.text(CHECKPOINT_DIR)
        tracker = CheckpointTracker(
            None if spec.is_batch else spec.checkpoints,
            spec.id,
            graph,
            cluster.random,
            qualified_path(directory) if directory else None,
            taken_after_tasks_finish=self._takes_checkpoints_after_tasks_finish(),
        )
        application = cluster.applications.setdefault(application.id, application)
        job = cluster.jobs[spec.id] = Job(
            spec.id,
            spec,
            graph,
            lifecycle,
            tracker,
            at,
            application.id,
            is_adaptive=cluster.uses_adaptive_scheduler(spec),
            is_reactive=cluster.configuration.is_reactive,
            graph_grows=spec.is_batch and cluster.release.since("2.0") and not spec.graph_is_complete,
        )
        application.jobs.append(job)
        return job

    def _takes_checkpoints_after_tasks_finish(self) -> bool:
        """Return whether checkpoints are taken when some tasks have finished: an option, which is false in 1.14."""
        cluster, option = self._cluster, CHECKPOINTS_AFTER_TASKS_FINISH
        if not cluster.release.since("1.14"):
            return False
        if not cluster.release.since("1.15"):
            option = dataclasses.replace(option, default="false")
        return cluster.configuration.boolean(option)

    def _lifecycle(self, spec: JobSpec) -> FlatLifecycle:
        """Return the lifecycle of a job, preceded by the states that it leaves out, which take no time."""
        scheduler = scheduler_of(self._cluster.configuration.scheduler, spec.type)
        key = (id(spec.lifecycle), scheduler)
        spec_lifecycle, lifecycle = self._lifecycles.get(key, (None, None))
        if lifecycle is not None and spec_lifecycle is spec.lifecycle:
            return lifecycle
        lifecycle = flatten(spec.lifecycle)
        prefix = implicit_prefix(lifecycle.steps[0].state, scheduler) or ()
        lifecycle = lifecycle.after([Step(state) for state in prefix])
        if len(self._lifecycles) < _MAX_SHARED:
            self._lifecycles[key] = spec.lifecycle, lifecycle
        return lifecycle

    def _graph(self, spec: JobSpec) -> JobGraph:
        spec_vertices, graph = self._graphs.get(id(spec.vertices), (None, None))
        if graph is not None and spec_vertices is spec.vertices:
            return graph
        graph = JobGraph(spec)
        if len(self._graphs) < _MAX_SHARED:
            self._graphs[id(spec.vertices)] = spec.vertices, graph
        return graph


def _parallelism_error(graph: JobGraph) -> JavaException | None:
    """Return the exception if a vertex has a higher parallelism than Flink allows (ExecutionJobVertex); else None."""
    for vertex in graph.vertices:
        if vertex.parallelism > limits.PARALLELISM:
            text = messages.parallelism_too_high(vertex.name, vertex.parallelism, limits.PARALLELISM)
            return JavaException(java_classes.JOB_EXCEPTION, text)
    return None


def _without_initialization(lifecycle: FlatLifecycle) -> FlatLifecycle:
    """Return the lifecycle with INITIALIZING steps that take no time."""
    steps = (
        Step(step.state, exception=step.exception) if step.state == JobState.INITIALIZING else step
        for step in lifecycle.steps
    )
    return FlatLifecycle(tuple(steps), lifecycle.loop_index)
