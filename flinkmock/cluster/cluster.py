"""The cluster: everything it is made of, and its one way through time.

Commands (submit, cancel, savepoint, …) happen at a time and never before one that has already happened; `settle`
carries out what falls due until now, in the order of time. After that every question is answered by reading: the
lists in jobs, slots and checkpoints only grow, so the past stays as it was told.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from flinkmock.cluster import rescaling, restore
from flinkmock.cluster.applications import Application
from flinkmock.cluster.async_operations import AsyncOperation, AsyncOperations, leader_cached_kinds
from flinkmock.cluster.caches import Caches
from flinkmock.cluster.checkpoints import CheckpointTracker
from flinkmock.cluster.clock import Clock
from flinkmock.cluster.errors import JobNotFound, TaskManagerNotFound
from flinkmock.cluster.event_queue import EventQueue
from flinkmock.cluster.flat_lifecycle import FlatLifecycle, flatten
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job import Job
from flinkmock.cluster.leadership import Leadership, recovered_lifecycle
from flinkmock.cluster.profiling import Profiler
from flinkmock.cluster.savepoints import SavepointCoordinator
from flinkmock.cluster.slots import SlotTable
from flinkmock.cluster.spec import (
    OPERATIONS,
    ClusterSpec,
    DurationSpec,
    ExceptionSpec,
    JobSpec,
    OperationSpec,
    Polls,
    Signal,
    Step,
)
from flinkmock.cluster.state_machine import JobStateMachines
from flinkmock.cluster.states import beginning, scheduler_of
from flinkmock.cluster.submission.jars import JarStore
from flinkmock.cluster.taskmanager import TaskManager, make_taskmanager
from flinkmock.cluster.wait_conditions import WaitCondition, WaitConditions, signals_of
from flinkmock.errors import NotFound, did_you_mean
from flinkmock.flink import java_classes, messages, submission_messages
from flinkmock.flink.configuration import (
    CHECKPOINT_DIR,
    METRICS_INTERVAL,
    PROFILING_HISTORY,
    PROFILING_LONGEST,
    REFRESH_INTERVAL,
    SCHEDULER,
    STORE_DURATION,
    cluster_configuration,
)
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.paths import shown_path
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

NOT_TAKEN = JavaException(java_classes.JOB_SUBMISSION_EXCEPTION, submission_messages.JOB_NOT_SUBMITTED)
"""Why a submission fails that no scenario gives a reason for."""


class Cluster:
    """One cluster, as it is at the time of its clock.

    Args:
        spec: what the scenario says.
        release: the Flink release that is served.
        clock: tells the time; read when the cluster is made, afterwards callers pass the time in.
        upload_dir: a folder of ours for uploaded jars, made when there is one; the caller removes it.
    """

    def __init__(self, spec: ClusterSpec, *, release: Release, clock: Clock, upload_dir: Path) -> None:
        self.spec = spec
        self.release = release
        self.random = NamedRandom(spec.seed)
        self.scenario_started_at = self.started_at = self.now = clock.now()
        """When the scenario begins; `started_at` is earlier if jobs are older than it. Epoch ms."""
        self.configuration = cluster_configuration(
            spec.configuration,
            release,
            slots=spec.slots,
            upload_dir="/tmp/flink-web-upload-parent",
            web_tmpdir=f"/tmp/flink-web-{self.random.uuid('web.tmpdir')}",
            blob_port=self.random.integer(30_000, 34_999, "blob-port"),
            jobmanagers=spec.jobmanagers,
        )
        self.event_queue = EventQueue()
        self.wait_conditions = WaitConditions(signals_of(spec))
        self.jobs: dict[str, Job] = {}
        self.applications: dict[str, Application] = {}
        self.taskmanagers: list[TaskManager] = []
        self.slots = SlotTable()
        self.jobs_awaiting_slots: list[str] = []
        """Ids of the jobs that wait for slots, in the order in which they came."""
        self.async_operations = AsyncOperations(
            self.configuration.milliseconds(STORE_DURATION), leader_cached_kinds(release)
        )
        self.savepoints = SavepointCoordinator(self)
        self.state_machines = JobStateMachines(self)
        self.jars = JarStore(upload_dir, f"{self.configuration.values['web.upload.dir']}/flink-web-upload", self.random)
        self.cache_enabled = clock.follows_wall if spec.caches is None else spec.caches
        self.leadership = Leadership(
            self,
            spec.jobmanagers,
            partial(
                Caches,
                self.cache_enabled,
                self.configuration.milliseconds(REFRESH_INTERVAL),
                self.configuration.milliseconds(METRICS_INTERVAL),
            ),
        )
        self.profiler = Profiler(
            self.configuration.milliseconds(PROFILING_LONGEST) // 1000, self.configuration.integer(PROFILING_HISTORY)
        )
        self.shut_down = False
        self._submitted = 0
        self._calls: dict[tuple[str, str], int] = {}
        self._actions: dict[str, Callable[..., None]] = {
            "step": self.state_machines.advance,
            "slots_missing": self.state_machines.on_slot_request_timeout,
            "settle_for_less": self.state_machines.accept_fewer_slots,
            "slots_never_came": self.state_machines.on_slot_wait_timeout,
            "machine_event": self._machine_event,
            "leader_change": self._leader_change,
            "elect": self.leadership.elect,
            "note_failure": self.state_machines.record_past_failure,
            "disposed": self.savepoints.on_disposed,
            "snapshot_done": self.savepoints.on_completed,
            "snapshot_expired": self.savepoints.on_expired,
            "start_job": self._start_job,
            "rescale": partial(rescaling.carry_out, self),
            "give_back_slots": self.state_machines.release_slots,
            "retry_slots": self.state_machines.retry_slots,
        }
        for _ in range(spec.taskmanagers):
            self.add_taskmanager(self.started_at)
        for path in (*spec.savepoints, *(job.restore_path for job in spec.jobs if job.restore_path)):
            self.savepoints.register_existing(path, self.started_at)
        for place, event in enumerate(spec.taskmanager_events):
            self.event_queue.schedule(self.scenario_started_at + event.at, "machine_event", place)
        for place, change in enumerate(spec.leader_changes):
            self.event_queue.schedule(self.scenario_started_at + change.at, "leader_change", place)
        self._start_jobs(spec.jobs)

    @property
    def has_adaptive_scheduler(self) -> bool:
        """Whether there is the adaptive scheduler, if only for streaming jobs."""
        return self._scheduler_of("STREAMING") == "adaptive"

    def uses_adaptive_scheduler(self, spec: JobSpec) -> bool:
        """Whether the adaptive scheduler has such a job."""
        return self._scheduler_of(spec.type) == "adaptive"

    def _scheduler_of(self, kind: str) -> str:
        return scheduler_of(self.configuration.text(SCHEDULER), kind)

    # -- time

    def run_due_events(self, now: int) -> None:
        """Carries out what falls due until `now` (epoch ms)."""
        while (entry := self.event_queue.pop_due(now)) is not None:
            self.now = max(self.now, entry.at)
            self._actions[entry.action](*entry.args, entry.at)
        self.now = max(self.now, now)

    def wait_for(self, length: DurationSpec, thing: str, at: int, action: str, *args: Any) -> None:
        """Calls `action` when `thing` has been read often enough, or at the signal; never if `length` is for ever."""
        if isinstance(length, Polls | Signal):
            over = self.wait_conditions.add(length, thing, action, *args)
            self._go_on([over] if over else [], at)

    def record_polls(self, things: Iterable[str], at: int) -> None:
        """Somebody asks how these jobs (by id) or asynchronous operations (by trigger id) are; `3 polls` count that.
        Must be said before the answer is worked out."""
        self._go_on([over for thing in things if (over := self.wait_conditions.count_poll(thing))], at)
        self.run_due_events(at)

    def signal(self, name: str, at: int) -> None:
        """Lets go on what waits for `signal NAME`, or what comes to wait for it first. Raises LookupError."""
        self._go_on(self.wait_conditions.send_signal(name), at)
        self.run_due_events(at)

    def _go_on(self, waits: Iterable[WaitCondition], at: int) -> None:
        for wait in waits:
            self.event_queue.schedule(at, wait.action, *wait.args)

    # -- looking things up

    def job(self, job_id: str) -> Job:
        """Raises UnknownJob."""
        job = self.jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def job_named(self, name: str) -> Job:
        """The newest job of that name. Raises NotFound, naming those there are."""
        found = [job for job in self.jobs.values() if job.name == name]
        if not found:
            known = sorted({job.name for job in self.jobs.values()})
            raise NotFound(f'There is no job "{name}".{did_you_mean(name, known)}')
        return found[-1]

    def taskmanagers_at(self, time: int) -> list[TaskManager]:
        return [taskmanager for taskmanager in self.taskmanagers if taskmanager.registered_at(time)]

    def taskmanager(self, taskmanager_id: str, time: int) -> TaskManager:
        """Raises UnknownTaskManager."""
        for taskmanager in self.taskmanagers_at(time):
            if taskmanager.id == taskmanager_id:
                return taskmanager
        raise TaskManagerNotFound(taskmanager_id)

    def operation_spec(self, job: Job | None, name: str) -> OperationSpec:
        """How an operation goes: as the job says, else as the scenario says, else as usual."""
        for known in (job.spec.operations if job else {}, self.spec.operations, OPERATIONS):
            if name in known:
                return known[name]
        raise LookupError(f"no operation is called {name}")

    def next_call_fails(self, job_id: str, name: str, spec: OperationSpec) -> bool:
        """Whether this call of an operation fails, and counts it: for each job by itself, "" for the cluster's own."""
        call = self._calls[job_id, name] = self._calls.get((job_id, name), 0) + 1
        return call in spec.fails or self.random.happens(spec.chance, name, job_id, call, "fails")

    def submission_failure(self, spec: JobSpec) -> JavaException | None:
        """Why the dispatcher does not take this job now; None: it does."""
        planned = spec.operations.get("submit") or self.operation_spec(None, "submit")
        return (planned.exception or NOT_TAKEN) if self.next_call_fails(spec.name, "submit", planned) else None

    # -- jobs

    def new_job_id(self) -> str:
        """The id of the next job that names none."""
        self._submitted += 1
        return self.random.hex(32, "job", self._submitted)

    def submit(
        self,
        spec: JobSpec,
        at: int,
        *,
        job_id: str | None = None,
        savepoint: str | None = None,
        skips: bool = False,
        claims: bool = False,
        initialized: bool = False,
        application_id: str | None = None,
        application_name: str | None = None,
        settle: bool = True,
    ) -> Job:
        """Starts a job at `at`.

        Args:
            job_id: 32 hex digits; made up if None.
            savepoint: path of a savepoint or retained checkpoint to restore from. If nothing lies there the job fails
                while it is initialized, and stays in the list, as in Flink.
            skips: state that the job has no use for is left out (allowNonRestoredState); else it fails like that.
            claims: the savepoint is the job's from now on (claimMode CLAIM), and gone when it has one of its own.
            initialized: the client is answered only when the job is initialized, as by `/jars/:jarid/run`; so it has
                taken its time already and takes none after `at`.
            application_id: of an application started on its own (2.3); None: the job's own one.
            settle: whether to let happen at once what the job begins with; False for one that is started by the agenda,
                where it happens in its turn.
        """
        job_id = job_id or spec.id or self.new_job_id()
        graph = JobGraph(spec)
        tracker = self._tracker(spec, job_id, graph)
        script = self._script(spec)
        if initialized:
            steps = (Step(s.state, exception=s.exception) if s.state == "INITIALIZING" else s for s in script.steps)
            script = FlatLifecycle(tuple(steps), script.loop_index)
        job = Job(job_id, spec, graph, script, tracker, at, application_id or job_id)
        self.jobs[job_id] = job
        name = application_name or f"SingleJobApplication({spec.name})"
        self.applications.setdefault(job.application_id, Application(job.application_id, name, at)).jobs.append(job)
        if savepoint is not None:
            state = restore.state_at(self, savepoint, at)
            misfit = restore.misfit(state, spec, graph) if state is not None and not skips else None
            if state is None or misfit is not None:
                job.states.append((at, "INITIALIZING"))
                self.state_machines.fail_initialization(job, at, misfit or restore.missing_savepoint_error(savepoint))
                return job
            job.checkpoints.restore(state.restored)
            if claims:
                self.savepoints.claim(state.restored.path, job)
        self.state_machines.start(job, at)
        if settle:
            self.run_due_events(at)
        return job

    def recover(self, before: Job, at: int) -> None:
        """A new leader takes a job up again: under the same id, but for all else as if it had been submitted now, from
        its latest checkpoint. The numbers of checkpoints go on; nothing else is known of its past (recorded)."""
        tracker = self._tracker(before.spec, before.id, before.graph)
        tracker.take_over_from(before.checkpoints, at)
        script = recovered_lifecycle(before, self._script(before.spec))
        job = Job(before.id, before.spec, before.graph, script, tracker, at, before.application_id)
        job.parallelism_bounds = before.parallelism_bounds
        self.jobs[job.id] = job
        name = f"SingleJobApplication({job.name})"
        self.applications.setdefault(job.application_id, Application(job.application_id, name, at)).jobs.append(job)
        self.state_machines.start(job, at)

    def _tracker(self, spec: JobSpec, job_id: str, graph: JobGraph) -> CheckpointTracker:
        directory = self.configuration.text(CHECKPOINT_DIR)
        return CheckpointTracker(
            spec.checkpoints, job_id, graph, self.random, shown_path(directory) if directory else None
        )

    def _script(self, spec: JobSpec) -> FlatLifecycle:
        """The job's script, with the states that come before its first one, passed through in no time."""
        script = flatten(spec.lifecycle)
        before = beginning(script.steps[0].state, self._scheduler_of(spec.type)) or ()
        steps = (*(Step(state) for state in before), *script.steps)
        return FlatLifecycle(steps, None if script.loop_index is None else script.loop_index + len(before))

    def _start_jobs(self, specs: tuple[JobSpec, ...]) -> None:
        """The scenario's own jobs; those that are older than the file start in the past, one after the other."""
        oldest = max((spec.age for spec in specs), default=0)
        for taskmanager in self.taskmanagers:
            taskmanager.joined_at -= oldest
        self.started_at -= oldest
        self.now = self.started_at
        named: Counter[str] = Counter()
        for place, spec in enumerate(specs):
            at = self.started_at + oldest - spec.age
            self.event_queue.schedule(at, "start_job", place, named[spec.name])
            named[spec.name] += 1
        self.run_due_events(self.started_at + oldest)

    def _start_job(self, place: int, same: int, at: int) -> None:
        """Agenda: one of the scenario's own jobs begins. Its id follows from the seed, its name, and how many of the
        same name stand before it."""
        spec = self.spec.jobs[place]
        job_id = spec.id or self.random.hex(32, "scenario-job", spec.name, same)
        job = self.submit(dataclasses.replace(spec, id=job_id), at, savepoint=spec.restore_path, settle=False)
        for nth, past in enumerate(spec.past_failures):
            self.event_queue.schedule(at + spec.age - past.age, "note_failure", job.id, nth)

    # -- task managers

    def add_taskmanager(self, at: int) -> TaskManager:
        host = self.configuration.values.get("taskmanager.host", "localhost")
        taskmanager = make_taskmanager(self.random, len(self.taskmanagers), self.spec.slots, at, host)
        self.taskmanagers.append(taskmanager)
        self.state_machines.retry_slots(at)
        return taskmanager

    def _machine_event(self, place: int, at: int) -> None:
        """Agenda: a task manager comes or goes, as the scenario says."""
        event = self.spec.taskmanager_events[place]
        if event.kind == "joins":
            self.add_taskmanager(at)
            return
        self.remove_one_taskmanager(at, event.number, leaves=event.kind == "leaves")

    def remove_one_taskmanager(self, at: int, number: int | None = None, *, leaves: bool = False) -> None:
        """The task manager of that number goes, or the first that is there; nobody, if it has gone already."""
        there = [each for each in self.taskmanagers_at(at) if number in (None, each.number)]
        if there:
            self.lose_taskmanager(there[0].id, at, leaves=leaves)

    def lose_taskmanager(self, taskmanager_id: str, at: int, *, leaves: bool = False) -> None:
        """It is gone at once, and its jobs fail; `leaves`: with a goodbye. Raises UnknownTaskManager."""
        taskmanager = self.taskmanager(taskmanager_id, at)
        hit = {slot.job_id for slot in self.slots.held(at, taskmanager=taskmanager)}
        taskmanager.lost_at = at
        self.slots.release(at, taskmanager=taskmanager)
        cause = JavaException(java_classes.JOB_MASTER_EXCEPTION, messages.taskmanager_unreachable(taskmanager.id))
        if leaves:
            # TaskExecutor.onStop; the class was a plain FlinkException up to 1.13
            expected = self.release.since("1.14")
            java_class = java_classes.FLINK_EXPECTED_EXCEPTION if expected else java_classes.FLINK_EXCEPTION
            cause = JavaException(java_class, messages.TASK_EXECUTOR_SHUTS_DOWN)
        for job in [job for job in self.jobs.values() if job.id in hit and not job.ended]:
            job.attempts[-1].on_slots_lost()
            self.state_machines.fail(job, at, ExceptionSpec(cause, everywhere=True))

    # -- JobManagers

    def _leader_change(self, place: int, at: int) -> None:
        """Agenda: the leader falls, as the scenario says."""
        self.leadership.fail_leader(
            self.random.draw(self.spec.leader_changes[place].duration, "leader-change", place), at
        )

    # -- data sets

    def delete_data_set(self, trigger_id: str, at: int, jobmanager: int = 0) -> AsyncOperation:
        """No data set is ever cached here, and deleting one that is not there succeeds; in 1.12 it never ends."""
        takes = self.random.draw(self.operation_spec(None, "delete-dataset").duration, "dataset", trigger_id) or 0
        done = at + takes if self.release.since("1.13") else None
        operation = AsyncOperation("dataset", trigger_id, None, at, done, {}, jobmanager=jobmanager)
        return self.async_operations.add(operation)
