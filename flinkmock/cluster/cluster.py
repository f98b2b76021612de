"""The cluster: it owns all other parts of the model, and runs events as its time advances.

Commands (submit, cancel, savepoint, …) have a time, which is never before that of an earlier command. `run_due_events`
runs the events that are due, in chronological order. Responses are then computed without changing what has happened:
they only update caches, make the checkpoints that are due and drop expired results. Jobs, slots and checkpoints keep
their history, so that a response can be computed for an earlier time.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flinkmock import limits
from flinkmock.cluster.adaptive_scheduler import AdaptiveScheduler
from flinkmock.cluster.applications import Application
from flinkmock.cluster.async_operations import (
    AsyncOperation,
    AsyncOperationKind,
    AsyncOperations,
    leader_cached_kinds,
)
from flinkmock.cluster.attempt_failures import AttemptFailures
from flinkmock.cluster.caches import Caches
from flinkmock.cluster.clock import Clock
from flinkmock.cluster.cluster_spec import ClusterSpec
from flinkmock.cluster.errors import JobNotFound
from flinkmock.cluster.event_queue import EventQueue, event_handler
from flinkmock.cluster.job import Job
from flinkmock.cluster.job_factory import JobFactory
from flinkmock.cluster.job_store import JobStore
from flinkmock.cluster.jobs_awaiting_slots import JobsAwaitingSlots
from flinkmock.cluster.leadership import Leadership
from flinkmock.cluster.profiling import Profiler
from flinkmock.cluster.restore import RestoreSettings
from flinkmock.cluster.savepoint_coordinator import SavepointCoordinator
from flinkmock.cluster.savepoint_store import SavepointStore
from flinkmock.cluster.slots import SlotTable
from flinkmock.cluster.spec import (
    DEFAULT_CLUSTER_OPERATIONS,
    ClusterOperation,
    ClusterOperationSpec,
    DurationSpec,
    JobSpec,
    Polls,
    Signal,
)
from flinkmock.cluster.state_machine import JobStateMachines
from flinkmock.cluster.states import scheduler_of
from flinkmock.cluster.submission.jars import JarStore
from flinkmock.cluster.taskmanagers import TaskManagers
from flinkmock.cluster.wait_conditions import WaitCondition, WaitConditions, signals_of, signals_of_job
from flinkmock.errors import NotFound, did_you_mean
from flinkmock.flink import java_classes, submission_messages
from flinkmock.flink.configuration import Configuration, cluster_configuration
from flinkmock.flink.file_systems import FileSystems
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.options import (
    ASYNC_STORE_DURATION,
    CHECKPOINT_CACHE_TIMEOUT,
    EXECUTION_GRAPH_CACHE_TIMEOUT,
    JOB_STORE_CAPACITY,
    JOB_STORE_EXPIRATION,
    METRICS_UPDATE_INTERVAL,
    PROFILING_HISTORY,
    PROFILING_MAX_DURATION,
    REFRESH_INTERVAL,
)
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

SUBMISSION_FAILED = JavaException(java_classes.JOB_SUBMISSION_EXCEPTION, submission_messages.JOB_NOT_SUBMITTED)
"""The exception of a failed submission for which the scenario gives none."""


class Cluster:
    """One cluster. It keeps no clock: callers pass the time (epoch ms) to its methods.

    Args:
        spec: The scenario.
        release: The Flink release that is served.
        clock: The scenario begins at the current time of this clock. If the clock follows the wall clock, caches are
            modelled by default.
        upload_dir: A directory for uploaded jars, created with the first one. The caller removes it.
    """

    def __init__(self, spec: ClusterSpec, *, release: Release, clock: Clock, upload_dir: Path) -> None:
        self.spec = spec
        self.release = dataclasses.replace(release, version=spec.version or release.version)
        self.random = NamedRandom(spec.seed)
        self.scenario_started_at = clock.now()
        """When the scenario begins (epoch ms)."""
        self.started_at = self.scenario_started_at
        """When the cluster was started (epoch ms): before the scenario begins if the cluster or a job has an `age`."""
        self.now = self.scenario_started_at
        """The time until which events have run (epoch ms)."""
        self.configuration = self._make_configuration()
        self.jobs: dict[str, Job] = {}
        """The jobs of the leader, by id."""
        self.applications: dict[str, Application] = {}
        self.taskmanagers = TaskManagers(self)
        self.slots = SlotTable()
        self.jobs_awaiting_slots = JobsAwaitingSlots(self)
        self.caches_enabled = clock.follows_wall_clock if spec.with_caches is None else spec.with_caches
        self.is_shut_down = False
        self.program_output: list[tuple[int, str]] = []
        """What main methods have printed: (epoch ms, text)."""
        self.output_has_ended = False
        """Whether the output of later main methods is lost. See `ProgramError.ends_output`."""
        self._generated_job_id_count = 0
        """The number of job ids that were generated."""
        self._call_counts: dict[tuple[str, str], int] = {}
        """(`counted_for` of `next_call_fails`, cluster operation) -> number of calls."""
        self._make_components(upload_dir)
        self._register_event_handlers()
        self._start_scenario()

    def _make_configuration(self) -> Configuration:
        return cluster_configuration(
            self.spec.configuration,
            self.release,
            slots_per_taskmanager=self.spec.slots_per_taskmanager,
            upload_dir="/tmp/flink-web-upload-parent",
            web_tmpdir=f"/tmp/flink-web-{self.random.uuid('web.tmpdir')}",
            blob_port=self.random.integer(30_000, 34_999, "blob-port"),
            jobmanager_count=self.spec.jobmanager_count,
        )

    def _make_components(self, upload_dir: Path) -> None:
        configuration = self.configuration
        self.event_queue = EventQueue()
        self.wait_conditions = WaitConditions(signals_of(self.spec))
        self.async_operations = AsyncOperations(
            configuration.milliseconds(ASYNC_STORE_DURATION), leader_cached_kinds(self.release)
        )
        job_expiration_s = configuration.integer(JOB_STORE_EXPIRATION)
        self.job_store = JobStore(job_expiration_s * 1000, configuration.integer(JOB_STORE_CAPACITY))
        schemes = self.spec.file_systems
        file_systems = FileSystems(self.release) if schemes is None else FileSystems(self.release, schemes)
        self.savepoints = SavepointCoordinator(self, SavepointStore(file_systems))
        self.state_machines = JobStateMachines(self)
        self.attempt_failures = AttemptFailures(self)
        self.job_factory = JobFactory(self)
        self.adaptive_scheduler = AdaptiveScheduler(self)
        self.jars = JarStore(upload_dir, f"{configuration.values['web.upload.dir']}/flink-web-upload", self.random)
        self.leadership = Leadership(self, self.spec.jobmanager_count, self._make_caches)
        max_profiling_s = configuration.milliseconds(PROFILING_MAX_DURATION) // 1000
        self.profiler = Profiler(max_profiling_s, configuration.integer(PROFILING_HISTORY))

    def _make_caches(self, jobmanager: int) -> Caches:
        """Create the caches of the JobManager with this number."""
        configuration = self.jobmanager_configuration(jobmanager)
        refresh_ms = configuration.milliseconds(REFRESH_INTERVAL)
        graph_ms = checkpoints_ms = None
        if self.release.since("2.3"):
            graph_ms = configuration.optional_milliseconds(EXECUTION_GRAPH_CACHE_TIMEOUT)
        if self.release.since("1.18"):
            checkpoints_ms = configuration.optional_milliseconds(CHECKPOINT_CACHE_TIMEOUT)
            checkpoints_ms = refresh_ms if checkpoints_ms is None else checkpoints_ms
        return Caches(
            enabled=self.caches_enabled,
            graph_ms=refresh_ms if graph_ms is None else graph_ms,
            checkpoints_ms=checkpoints_ms,
            metrics_ms=configuration.milliseconds(METRICS_UPDATE_INTERVAL),
            scenario_started_at=self.scenario_started_at,
        )

    def _register_event_handlers(self) -> None:
        owners = (self, self.taskmanagers, self.state_machines, self.attempt_failures, self.jobs_awaiting_slots)
        for owner in (*owners, self.adaptive_scheduler, self.savepoints, self.leadership):
            self.event_queue.register(owner)

    def _start_scenario(self) -> None:
        """Add TaskManagers, savepoints, scheduled events and jobs, as the scenario says."""
        spec = self.spec
        for _ in range(spec.taskmanager_count):
            self.taskmanagers.add(self.started_at)
        for path in (*spec.savepoints, *(job.restore_path for job in spec.jobs if job.restore_path)):
            self.savepoints.store.add_existing(path, self.scenario_started_at)
        for index, event in enumerate(spec.taskmanager_events):
            self.event_queue.schedule(self.scenario_started_at + event.at, "on_taskmanager_event", index)
        for index, change in enumerate(spec.leader_changes):
            self.event_queue.schedule(self.scenario_started_at + change.at, "on_leader_change", index)
        self._start_jobs(spec.jobs)

    @property
    def has_adaptive_scheduler(self) -> bool:
        """Whether streaming jobs use the adaptive scheduler."""
        return self._scheduler_of("STREAMING") == "adaptive"

    def uses_adaptive_scheduler(self, spec: JobSpec) -> bool:
        """Return whether a job uses the adaptive scheduler."""
        return self._scheduler_of(spec.type) == "adaptive"

    def _scheduler_of(self, job_type: str) -> str:
        return scheduler_of(self.configuration.scheduler, job_type)

    # -- time

    def run_due_events(self, now: int, limit: int | None = None) -> None:
        """Run the events that are due by `now`, then remove the oldest jobs that the JobManager has forgotten.

        Args:
            now: Epoch ms.
            limit: How many events run at their own time; None: `limits.CATCH_UP`. If more are due, because the clock
                has jumped by years, all remaining events are delayed so that the next one is due at `now`.
        """
        events_until_limit = limits.CATCH_UP if limit is None else limit
        while (event := self.event_queue.pop_due(now)) is not None:
            self.now = max(self.now, event.at)
            self.event_queue.run(event)
            events_until_limit -= 1
            if events_until_limit == 0:
                self.event_queue.postpone_due(now)
        self.now = max(self.now, now)
        if surplus := self.job_store.pop_surplus(self.now):
            self._remove_jobs(surplus)

    def _remove_jobs(self, jobs: Iterable[Job]) -> None:
        """Remove jobs that the JobManager has forgotten, their events, and the applications that have no other jobs."""
        removed_ids = {job.id for job in jobs if self.jobs.get(job.id) is job}
        for job_id in removed_ids:
            application_id = self.jobs.pop(job_id).application_id
            application = self.applications.get(application_id)
            if application is not None and not any(job.id in self.jobs for job in application.jobs):
                del self.applications[application_id]
        self.event_queue.discard_events_of(removed_ids)

    def schedule_on_condition(self, duration: DurationSpec, waiter_id: str, at: int, handler: str, *args: Any) -> None:
        """Add a wait condition that schedules an event when it is met.

        Do nothing if `duration` is a range of times. `waiter_id` is the id of the job, or the `wait_key` of the async
        operation, that waits. `args` are the arguments of the event handler named `handler`, without the time.
        """
        if isinstance(duration, Polls | Signal):
            condition_met = self.wait_conditions.add(duration, waiter_id, handler, *args)
            if condition_met is not None:
                self._schedule_event_of(condition_met, at)

    def record_polls(self, polled_ids: Iterable[str], at: int) -> None:
        """Count a poll of each job (by id) and async operation (by `wait_key`), and run the events that are due then.

        This is called before the response is created, so that the last poll sees the change.
        """
        for waiter_id in polled_ids:
            condition_met = self.wait_conditions.count_poll(waiter_id)
            if condition_met is not None:
                self._schedule_event_of(condition_met, at)
        self.run_due_events(at)

    def signal(self, name: str, at: int) -> None:
        """Satisfy the conditions that wait for a signal or, if there are none, the first one that will wait for it.

        Raises:
            NotFound: Neither the scenario nor a submitted job uses this signal.
        """
        for condition_met in self.wait_conditions.send_signal(name):
            self._schedule_event_of(condition_met, at)
        self.run_due_events(at)

    def _schedule_event_of(self, condition: WaitCondition, at: int) -> None:
        self.event_queue.schedule(at, condition.handler, *condition.args)

    # -- lookups

    def job(self, job_id: str, time: int | None = None) -> Job:
        """Return the job with this id.

        Args:
            job_id: The id of the job.
            time: Epoch ms; if it is None, a job that the JobManager has forgotten is returned until it is removed.

        Raises:
            JobNotFound: There is no such job, or it was forgotten by `time`.
        """
        job = self.jobs.get(job_id)
        if job is None or (time is not None and not job.is_known_at(time)):
            raise JobNotFound(job_id)
        return job

    def job_named(self, name: str) -> Job:
        """Return the newest job with a name.

        Raises:
            NotFound: There is no such job. The message lists the names of jobs.
        """
        jobs = [job for job in self.jobs.values() if job.name == name]
        if not jobs:
            names = sorted({job.name for job in self.jobs.values()})
            raise NotFound(f'There is no job "{name}".{did_you_mean(name, names)}')
        return jobs[-1]

    def cluster_operation_spec(self, job: Job | None, cluster_operation: ClusterOperation) -> ClusterOperationSpec:
        """Return the spec of a cluster operation: the job's, the scenario's, or the default."""
        for operation_specs in (job.spec.cluster_operations if job else {}, self.spec.cluster_operations):
            if cluster_operation in operation_specs:
                return operation_specs[cluster_operation]
        return DEFAULT_CLUSTER_OPERATIONS[cluster_operation]

    def next_call_fails(
        self, counted_for: str, cluster_operation: ClusterOperation, operation_spec: ClusterOperationSpec
    ) -> bool:
        """Count a call of a cluster operation; return whether it fails.

        Args:
            counted_for: The calls with the same value are counted together: the id of the job, for a submission the
                name of the job, or "" for an operation that belongs to no job.
            cluster_operation: The cluster operation.
            operation_spec: The spec of the cluster operation.
        """
        key = counted_for, cluster_operation
        number = self._call_counts[key] = self._call_counts.get(key, 0) + 1
        return number in operation_spec.fails or self.random.happens(
            operation_spec.chance, cluster_operation, counted_for, number, "fails"
        )

    def submission_failure(self, spec: JobSpec) -> JavaException | None:
        """Count a submission; return the exception with which the Dispatcher rejects it, or None if it accepts it."""
        submit = ClusterOperation.SUBMIT
        operation_spec = spec.cluster_operations.get(submit) or self.cluster_operation_spec(None, submit)
        if not self.next_call_fails(spec.name, submit, operation_spec):
            return None
        return operation_spec.exception or SUBMISSION_FAILED

    # -- jobs

    def new_job_id(self) -> str:
        """Return an id for the next job whose submission contains none."""
        self._generated_job_id_count += 1
        return self.random.hex(32, "job", self._generated_job_id_count)

    def submit(
        self,
        spec: JobSpec,
        at: int,
        *,
        job_id: str | None = None,
        restore_settings: RestoreSettings | None = None,
        is_initialized: bool = False,
        application: Application | None = None,
    ) -> Job:
        """Start a job at `at` (epoch ms), and run the events that are due then.

        Args:
            spec: The spec of the job.
            at: Epoch ms.
            job_id: 32 hex digits; None: the id in the spec or, if the spec has none, a generated id.
            restore_settings: The state that the job starts from; None: it starts without state.
            is_initialized: Whether the job is initialized at `at` already. `/jars/:jarid/run` responds only after that.
            application: The application that has started the job (2.3); None: the job gets a new application.
        """
        spec = dataclasses.replace(spec, id=job_id or spec.id or self.new_job_id())
        self.wait_conditions.signals |= signals_of_job(spec)
        job = self.job_factory.create(spec, at, is_initialized=is_initialized, application=application)
        self.job_factory.start(job, restore_settings, at)
        self.run_due_events(at)
        return job

    def _start_jobs(self, specs: tuple[JobSpec, ...]) -> None:
        """Start the jobs of the scenario, in chronological order. Jobs with an age start in the past.

        Make the cluster and its TaskManagers as old as the oldest job, or as the scenario says if that is older.
        """
        greatest_age = max((self.spec.age, *(spec.age for spec in specs)))
        for taskmanager in self.taskmanagers.all:
            taskmanager.joined_at -= greatest_age
        self.started_at -= greatest_age
        self.now = self.started_at
        count_by_name: Counter[str] = Counter()
        for index, spec in enumerate(specs):
            at = self.scenario_started_at - spec.age
            self.event_queue.schedule(at, "on_scenario_job_due", index, count_by_name[spec.name])
            count_by_name[spec.name] += 1
        self.run_due_events(self.scenario_started_at)

    @event_handler(leader_scoped=False)
    def on_scenario_job_due(self, index: int, namesake_count: int, at: int) -> None:
        """Start a job of the scenario, and schedule its past savepoints and failures.

        A job without an id in the scenario gets one that depends on its name and on `namesake_count`, the number of
        earlier jobs with that name.
        """
        spec = self.spec.jobs[index]
        job_id = spec.id or self.random.hex(32, "scenario-job", spec.name, namesake_count)
        spec = dataclasses.replace(spec, id=job_id)
        job = self.job_factory.create(spec, at)
        restore_settings = RestoreSettings(spec.restore_path) if spec.restore_path is not None else None
        self.job_factory.start(job, restore_settings, at)
        for savepoint_index, savepoint in enumerate(spec.past_savepoints):
            self.event_queue.schedule(at + spec.age - savepoint.age, "record_past_savepoint", job.id, savepoint_index)
        for failure_index, failure in enumerate(spec.past_failures):
            self.event_queue.schedule(at + spec.age - failure.age, "record_past_failure", job.id, failure_index)

    # -- JobManagers

    def jobmanager_configuration(self, jobmanager: int) -> Configuration:
        """Return the configuration of the JobManager with this number, which may have its own options."""
        configurations = self.spec.jobmanager_configurations
        if jobmanager >= len(configurations):
            return self.configuration
        return self.configuration.with_values(configurations[jobmanager])

    @event_handler(leader_scoped=False)
    def on_leader_change(self, index: int, at: int) -> None:
        """Crash the leader, as the scenario describes."""
        duration = self.random.draw(self.spec.leader_changes[index].duration, "leader-change", index)
        self.leadership.crash_leader(duration, at)

    # -- data sets

    def delete_data_set(self, trigger_id: str, at: int, jobmanager: int = 0) -> AsyncOperation:
        """Trigger the deletion of a cached data set at `at` (epoch ms).

        The cluster has no data sets. The deletion of a missing one succeeds, but in 1.12 the deletion never ends.
        `jobmanager` is the number of the JobManager that received the request.
        """
        spec = self.cluster_operation_spec(None, ClusterOperation.DELETE_DATASET)
        duration = self.random.draw(spec.duration, "dataset", trigger_id) or 0
        done_at = at + duration if self.release.since("1.13") else None
        kind = AsyncOperationKind.DATASET
        return self.async_operations.add(AsyncOperation(kind, trigger_id, None, at, done_at, {}, jobmanager=jobmanager))
