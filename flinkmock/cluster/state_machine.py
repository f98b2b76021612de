"""How jobs move: along their script, and off it when a client or a failure cuts in.

Each move enters a state at a moment and puts the next one on the agenda. What a state means for the tasks is said here
once: RUNNING starts a run, RESTARTING and FAILING end it by a failure, CANCELLING and FINISHED end it as they say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flinkmock.cluster import adaptive_scheduler
from flinkmock.cluster.checkpoints import RestoredCheckpoint
from flinkmock.cluster.errors import JobAlreadyTerminated
from flinkmock.cluster.failures import Failure, recovery_suppressed_error
from flinkmock.cluster.flat_lifecycle import FlatLifecycle
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job_attempt import AttemptOutcome, JobAttempt
from flinkmock.cluster.spec import ExceptionSpec, Step
from flinkmock.cluster.states import TERMINAL_JOB_STATES
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import UniformRange

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

DEFAULT_CAUSE = ExceptionSpec(JavaException(java_classes.RUNTIME_EXCEPTION, "Intentional failure of the scenario"))
SCHEDULING_MS = (2, 8)
"""From SCHEDULED to DEPLOYING when slots are free; 2..100 ms in the recordings."""
SETTLING_MS = (20, 60)
"""How long tasks take to be CANCELED after one of them has failed."""
FAILING_MS = (12, 24)
NO_SLOTS_MS = 3_000
"""How long a job waits for missing slots, as with a standalone resource manager.

See docs/flink-behaviour.md#waiting-for-slots.
"""
NO_SLOTS = ExceptionSpec(
    JavaException(
        java_classes.NO_RESOURCE_AVAILABLE_EXCEPTION,
        messages.NO_RESOURCES,
    ),
    everywhere=True,
)


def _ignore(job: Job, step: Step, at: int) -> None:
    """What becomes of the news of a step, unless a rehearsal asks for it."""


class JobStateMachines:
    """Moves the jobs of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.on_step: Callable[[Job, Step, int], None] = _ignore
        """Told of each step that a job comes to, before it shows."""

    # -- along the script

    def start(self, job: Job, at: int) -> None:
        self._enter(job, at)

    def advance(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: the length of the present step is over."""
        job = self._cluster.jobs[job_id]
        following = job.lifecycle.next_index(job.step_index)
        if job.lifecycle_version != epoch or following is None:
            return
        runs = job.lifecycle.steps[following].state == "RUNNING"
        if (
            runs
            and self._cluster.uses_adaptive_scheduler(job.spec)
            and not adaptive_scheduler.ready(self._cluster, job, at)
        ):
            adaptive_scheduler.wait(self._cluster, job, at)
            return
        job.step_index = following
        self._enter(job, at)

    def _enter(self, job: Job, at: int) -> None:
        step = job.lifecycle.steps[job.step_index]
        job.states.append((at, step.state))
        self.on_step(job, step, at)
        length = self._draw_duration(job, step)
        cause = step.exception or DEFAULT_CAUSE
        if step.state == "RUNNING":
            self._start_attempt(job, at, length)
            return
        if step.state == "CREATED":
            self._new_attempt(job, at)
        elif step.state == "RESTARTING":
            job.restarts += 1
            self._fail_attempt(job, at, cause, length)
        elif step.state == "FAILING":
            self._fail_attempt(job, at, cause, length)
        elif step.state == "FAILED":
            self._fail_terminally(job, at, cause)
        elif step.state == "CANCELLING":
            self._end_attempt(job, AttemptOutcome("CANCELED", at, None if length is None else at + length))
        elif step.state == "CANCELED":
            job.failed_before_start = not job.attempts
            self._end_attempt(job, AttemptOutcome("CANCELED", at, at))
        elif step.state == "FINISHED":
            self._end_attempt(job, AttemptOutcome("FINISHED", at, at))
        if step.state in TERMINAL_JOB_STATES:
            self._release_resources(job, at)
        else:
            self._schedule_next_step(job, at, length)

    def _draw_duration(self, job: Job, step: Step) -> int | None:
        """Milliseconds; None for ever, or until something is done. Drawn anew each time a step is come to."""
        return self._cluster.random.draw(step.duration, "step", job.id, job.step_index, len(job.states))

    def _schedule_next_step(self, job: Job, at: int, length: int | None) -> None:
        if job.lifecycle.next_index(job.step_index) is None:
            return
        if length is not None:
            self._cluster.event_queue.schedule(at + length, "step", job.id, job.lifecycle_version)
        else:
            self._cluster.wait_for(
                job.lifecycle.steps[job.step_index].duration, job.id, at, "step", job.id, job.lifecycle_version
            )

    # -- runs

    def _new_attempt(self, job: Job, at: int) -> None:
        if job.attempts and job.attempts[-1].outcome is None:
            return
        if job.attempts:
            job.attempts[-1].mark_settled(at)
        run = JobAttempt(len(job.attempts), at, job.id, job.graph, self._cluster.random, submitted_at=job.submitted_at)
        run.has_initializing_state = self._cluster.release.since("1.13")
        job.attempts.append(run)

    def _start_attempt(self, job: Job, at: int, length: int | None) -> None:
        """RUNNING: tasks are scheduled, and deployed as soon as there are slots for all of them."""
        self._new_attempt(job, at)
        job.attempts[-1].schedule(at)
        self.request_slots(job, at, length)
        if job.attempts[-1].deployed_at is None:
            self._cluster.jobs_awaiting_slots.append(job.id)
            self._cluster.event_queue.schedule(at + NO_SLOTS_MS, "slots_missing", job.id, job.lifecycle_version)

    def request_slots(self, job: Job, at: int, length: int | None) -> None:
        """Takes what slots there are; with all that are needed the run is deployed and its time begins."""
        cluster, run = self._cluster, job.attempts[-1]
        held = cluster.slots.held(at, job_id=job.id)
        held += cluster.slots.allocate(job.id, job.graph.slots_needed - len(held), cluster.taskmanagers, at)
        if len(held) < job.graph.slots_needed:
            return
        deployed = at + cluster.random.integer(*SCHEDULING_MS, "scheduling", job.id, run.number)
        if length is not None:
            deployed = min(deployed, at + length)
        following = job.lifecycle.next_step(job.step_index)
        ends = at + length if length is not None and following is not None and following.state == "FINISHED" else None
        self._restore(job, at)
        run.deploy(deployed, held[: job.graph.slots_needed], ends)
        running = run.first_stage_running_at()
        if running is not None:
            job.checkpoints.start(at, running, eager=cluster.release.since("2.3"))
        self._schedule_next_step(job, at, length)
        if job.id in cluster.jobs_awaiting_slots:
            cluster.jobs_awaiting_slots.remove(job.id)

    def retry_slots(self, at: int) -> None:
        """Slots have become free: jobs that wait for some try again, those that came first first."""
        for job_id in list(self._cluster.jobs_awaiting_slots):
            job = self._cluster.jobs[job_id]
            if job.state == "RUNNING" and job.attempts[-1].deployed_at is None:
                self.request_slots(job, at, self._draw_duration(job, job.lifecycle.steps[job.step_index]))
            elif not self._cluster.uses_adaptive_scheduler(job.spec):
                self._cluster.jobs_awaiting_slots.remove(job_id)
        if self._cluster.has_adaptive_scheduler:
            adaptive_scheduler.slots_came(self._cluster, at)

    def accept_fewer_slots(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: what slots there are for a waiting job of the adaptive scheduler have been the same for a while."""
        job = self._cluster.jobs[job_id]
        waits = job.lifecycle_version == epoch and job_id in self._cluster.jobs_awaiting_slots
        if waits and adaptive_scheduler.settle_for_less(self._cluster, job, at):
            self.on_slots_available(job, at)

    def on_slots_available(self, job: Job, at: int) -> None:
        """A job of the adaptive scheduler has waited for slots, and runs with what it got."""
        self._cluster.jobs_awaiting_slots.remove(job.id)
        following = job.lifecycle.next_index(job.step_index)
        assert following is not None
        job.step_index = following
        self._enter(job, at)

    def on_slot_wait_timeout(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: a job of the adaptive scheduler has no patience left."""
        job = self._cluster.jobs[job_id]
        if job.lifecycle_version == epoch and job_id in self._cluster.jobs_awaiting_slots:
            self.divert(job, at, (Step("FAILED", exception=NO_SLOTS),))

    def on_slot_request_timeout(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: the job has waited for slots as long as Flink lets it."""
        job = self._cluster.jobs[job_id]
        if job.lifecycle_version == epoch and job.state == "RUNNING" and job.attempts[-1].deployed_at is None:
            self.fail(job, at, NO_SLOTS)

    def _restore(self, job: Job, at: int) -> None:
        """A restarted run goes on from the latest completed checkpoint or savepoint; that takes its tasks time."""
        run = job.attempts[-1]
        completed = job.checkpoints.completed_at(at) if run.number else []
        if completed:
            last = max(completed, key=lambda checkpoint: checkpoint.id)
            job.checkpoints.restore(RestoredCheckpoint(last.id, at, last.is_savepoint, last.path))
        if job.checkpoints.restored:
            run.restore_ms = self._cluster.random.draw(job.spec.restore_duration, "restore", job.id, run.number) or 0

    def _end_attempt(self, job: Job, ending: AttemptOutcome) -> None:
        job.checkpoints.stop(ending.at)
        self._cluster.savepoints.on_job_stopped(job, ending.at)
        if job.attempts and job.attempts[-1].outcome is None:
            job.attempts[-1].end(ending)

    def _fail_attempt(self, job: Job, at: int, cause: ExceptionSpec, length: int | None) -> None:
        if not job.attempts or job.attempts[-1].outcome is not None:
            return
        run = job.attempts[-1]
        culprit = self._choose_failed_task(job, run, cause)
        settling = self._cluster.random.integer(*SETTLING_MS, "settling", job.id, run.number)
        settled: int | None = at + (settling if length is None else min(settling, length))
        if job.lifecycle.steps[job.step_index].state == "FAILING":
            settled = None if length is None else at + length
        job.failures.append(self._failure(run, at, cause, culprit))
        self._end_attempt(job, AttemptOutcome("FAILED", at, settled, culprit))

    def _choose_failed_task(self, job: Job, run: JobAttempt, cause: ExceptionSpec) -> tuple[int, int] | None:
        """Which task throws: the one named, else one the seed picks, never a source if there is another vertex."""
        if cause.everywhere or run.deployed_at is None:
            return None
        vertices = job.graph.vertices
        named = [v for v in vertices if cause.vertex is not None and cause.vertex in (v.name, v.id, *v.spec.operators)]
        candidates = named or [v for v in vertices if not v.is_source and v.has_consumers] or list(vertices)
        random = self._cluster.random
        vertex = candidates[random.integer(0, len(candidates) - 1, "culprit", job.id, run.number)]
        subtask = cause.subtask
        if subtask is None or subtask >= vertex.parallelism:
            subtask = random.integer(0, vertex.parallelism - 1, "culprit-subtask", job.id, run.number)
        return vertex.index, subtask

    @staticmethod
    def _failure(run: JobAttempt, at: int, cause: ExceptionSpec, culprit: tuple[int, int] | None) -> Failure:
        if culprit is None:
            return Failure(at, cause.java_exception)
        vertex = run.graph.vertices[culprit[0]]
        slot = run.slot(vertex, culprit[1])
        return Failure(
            at,
            cause.java_exception,
            f"{vertex.name} ({culprit[1] + 1}/{vertex.parallelism}) - execution #{run.number}",
            slot.taskmanager.id if slot else None,
            slot.taskmanager.endpoint if slot else None,
        )

    def record_past_failure(self, job_id: str, place: int, at: int) -> None:
        """Agenda: one of the failures that the scenario tells of the job's past."""
        job = self._cluster.jobs[job_id]
        if job.attempts:
            cause = job.spec.past_failures[place].exception
            job.failures.append(
                self._failure(job.attempts[-1], at, cause, self._choose_failed_task(job, job.attempts[-1], cause))
            )
            job.past_failures += 1

    def _fail_terminally(self, job: Job, at: int, cause: ExceptionSpec) -> None:
        """FAILED: the last failure becomes one of those that happened beside the end of all recovery."""
        job.failed_before_start = not job.attempts
        last = job.failures.pop() if len(job.failures) - job.past_failures > job.restarts else None
        thrown = last.exception if last else cause.java_exception
        if job.failed_before_start:
            job.failures.append(Failure(at, thrown))
            return
        end = recovery_suppressed_error(job.spec.restart, thrown, self._cluster.release)
        job.failures.append(Failure(at, end, concurrent=(last,) if last else ()))
        self._end_attempt(job, AttemptOutcome("FAILED", at, at))

    def _release_resources(self, job: Job, at: int) -> None:
        cluster = self._cluster
        cluster.wait_conditions.remove(job.id)
        if job.attempts:
            job.attempts[-1].mark_settled(at)
        cluster.slots.release(at, job_id=job.id)
        if job.id in cluster.jobs_awaiting_slots:
            cluster.jobs_awaiting_slots.remove(job.id)
        self.retry_slots(at)

    # -- off the script

    def divert(self, job: Job, at: int, steps: Sequence[Step], resume: FlatLifecycle | None = None) -> None:
        """Leaves the script at once and goes on with `steps`, then with `resume`."""
        job.lifecycle_version += 1
        self._cluster.wait_conditions.remove(job.id)
        rest = resume.steps if resume else ()
        loop = None if resume is None or resume.loop_index is None else resume.loop_index + len(steps)
        job.lifecycle = FlatLifecycle((*steps, *rest), loop)
        job.step_index = 0
        self._enter(job, at)

    def cancel(self, job: Job, at: int) -> None:
        """Raises JobEnded if the job has come to another end; a job that is on its way there stays on it."""
        if job.state == "CANCELED" or job.state == "CANCELLING":
            return
        if job.ended:
            raise JobAlreadyTerminated(job.id, job.state)
        takes = self._cluster.operation_spec(job, "cancel").duration
        self.divert(job, at, (Step("CANCELLING", takes), Step("CANCELED")))

    def fail(self, job: Job, at: int, cause: ExceptionSpec = DEFAULT_CAUSE) -> None:
        """A failure that no script foresaw: the restart strategy decides. Raises JobEnded."""
        if job.ended:
            raise JobAlreadyTerminated(job.id, job.state)
        if job.state in ("RESTARTING", "FAILING", "CANCELLING"):
            return
        if not job.attempts:
            self.fail_initialization(job, at, cause.java_exception)
            return
        strategy = job.spec.restart
        left = strategy.kind != "none" and (strategy.attempts is None or job.restarts < strategy.attempts)
        if left and job.state == "RUNNING":
            self.restart(job, at, cause)
        else:
            low, high = FAILING_MS
            self.divert(job, at, (Step("FAILING", UniformRange(low, high), cause), Step("FAILED", exception=cause)))

    def restart(self, job: Job, at: int, cause: ExceptionSpec = DEFAULT_CAUSE) -> None:
        """A running job fails and comes back, as often as that may be."""
        restarting = Step("RESTARTING", UniformRange.exactly(job.spec.restart.delay), cause)
        # the adaptive scheduler goes through CREATED again, while it waits for slots
        again = (restarting, Step("CREATED")) if self._cluster.uses_adaptive_scheduler(job.spec) else (restarting,)
        self.divert(job, at, again, job.lifecycle.remaining(job.step_index))

    def rescale(self, job: Job, graph: JobGraph, takes: int, at: int) -> None:
        """A running job restarts with another parallelism `takes` ms later; that is no failure."""
        left = job.lifecycle.remaining(job.step_index)
        loop = None if left.loop_index is None else left.loop_index + 2
        job.lifecycle_version += 1
        job.lifecycle, job.step_index = FlatLifecycle((Step("RESTARTING"), Step("CREATED"), *left.steps), loop), 0
        job.states.append((at, "RESTARTING"))
        self._end_attempt(job, AttemptOutcome("CANCELED", at, at + takes))
        job.change_graph(graph)
        # slots are given back when the last task has ended; the job takes first what it needs, others what is left
        self._cluster.event_queue.schedule(at + takes, "give_back_slots", job.id, job.lifecycle_version)
        self._schedule_next_step(job, at, takes)
        self._cluster.event_queue.schedule(at + takes + 1, "retry_slots")

    def release_slots(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: the tasks of a job that is being rescaled have ended."""
        if self._cluster.jobs[job_id].lifecycle_version == epoch:
            self._cluster.slots.release(at, job_id=job_id)

    def finish(self, job: Job, at: int) -> None:
        """All tasks come to their end at `at`. Raises JobEnded."""
        if job.ended:
            raise JobAlreadyTerminated(job.id, job.state)
        self.divert(job, at, (Step("FINISHED"),))

    def fail_initialization(self, job: Job, at: int, cause: JavaException) -> None:
        """The JobMaster can't be made: FAILED without ever having had a graph."""
        self.divert(job, at, (Step("FAILED", exception=ExceptionSpec(cause, everywhere=True)),))
