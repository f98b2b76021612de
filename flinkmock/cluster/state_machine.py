"""How jobs move: along their script, and off it when a client or a failure cuts in.

Each move enters a state at a moment and puts the next one on the agenda. What a state means for the tasks is said here
once: RUNNING starts a run, RESTARTING and FAILING end it by a failure, CANCELLING and FINISHED end it as they say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flinkmock.cluster import adaptive_scheduler
from flinkmock.cluster.checkpoints import Restored
from flinkmock.cluster.errors import JobAlreadyTerminated
from flinkmock.cluster.failures import Failure, suppressed
from flinkmock.cluster.flat_lifecycle import FlatLifecycle
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job_attempt import AttemptOutcome, JobAttempt
from flinkmock.cluster.spec import ExceptionSpec, Step
from flinkmock.cluster.states import TERMINAL_JOB_STATES
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import UniformRange

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

DEFAULT_CAUSE = ExceptionSpec(JavaException("java.lang.RuntimeException", "Intentional failure of the scenario"))
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
        "org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException",
        "Could not acquire the minimum required resources.",
    ),
    everywhere=True,
)


def nobody_watches(job: Job, step: Step, at: int) -> None:
    """What becomes of the news of a step, unless a rehearsal asks for it."""


class JobStateMachines:
    """Moves the jobs of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.watch: Callable[[Job, Step, int], None] = nobody_watches
        """Told of each step that a job comes to, before it shows."""

    # -- along the script

    def begin(self, job: Job, at: int) -> None:
        self._enter(job, at)

    def step(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: the length of the present step is over."""
        job = self._cluster.jobs[job_id]
        following = job.script.after(job.place)
        if job.epoch != epoch or following is None:
            return
        runs = job.script.steps[following].state == "RUNNING"
        if (
            runs
            and self._cluster.uses_adaptive_scheduler(job.spec)
            and not adaptive_scheduler.ready(self._cluster, job, at)
        ):
            adaptive_scheduler.wait(self._cluster, job, at)
            return
        job.place = following
        self._enter(job, at)

    def _enter(self, job: Job, at: int) -> None:
        step = job.script.steps[job.place]
        job.states.append((at, step.state))
        self.watch(job, step, at)
        length = self._length(job, step)
        cause = step.exception or DEFAULT_CAUSE
        if step.state == "RUNNING":
            self._run(job, at, length)
            return
        if step.state == "CREATED":
            self._new_run(job, at)
        elif step.state == "RESTARTING":
            job.restarts += 1
            self._fail_run(job, at, cause, length)
        elif step.state == "FAILING":
            self._fail_run(job, at, cause, length)
        elif step.state == "FAILED":
            self._give_up(job, at, cause)
        elif step.state == "CANCELLING":
            self._end_run(job, AttemptOutcome("CANCELED", at, None if length is None else at + length))
        elif step.state == "CANCELED":
            job.stillborn = not job.runs
            self._end_run(job, AttemptOutcome("CANCELED", at, at))
        elif step.state == "FINISHED":
            self._end_run(job, AttemptOutcome("FINISHED", at, at))
        if step.state in TERMINAL_JOB_STATES:
            self._leave(job, at)
        else:
            self._put_next(job, at, length)

    def _length(self, job: Job, step: Step) -> int | None:
        """Milliseconds; None for ever, or until something is done. Drawn anew each time a step is come to."""
        return self._cluster.random.draw(step.duration, "step", job.id, job.place, len(job.states))

    def _put_next(self, job: Job, at: int, length: int | None) -> None:
        if job.script.after(job.place) is None:
            return
        if length is not None:
            self._cluster.event_queue.put(at + length, "step", job.id, job.epoch)
        else:
            self._cluster.wait_for(job.script.steps[job.place].duration, job.id, at, "step", job.id, job.epoch)

    # -- runs

    def _new_run(self, job: Job, at: int) -> None:
        if job.runs and job.runs[-1].ending is None:
            return
        if job.runs:
            job.runs[-1].mark_settled(at)
        run = JobAttempt(len(job.runs), at, job.id, job.graph, self._cluster.random, submitted_at=job.submitted_at)
        run.initializes = self._cluster.release.since("1.13")
        job.runs.append(run)

    def _run(self, job: Job, at: int, length: int | None) -> None:
        """RUNNING: tasks are scheduled, and deployed as soon as there are slots for all of them."""
        self._new_run(job, at)
        job.runs[-1].schedule(at)
        self.seek_slots(job, at, length)
        if job.runs[-1].deployed_at is None:
            self._cluster.jobs_awaiting_slots.append(job.id)
            self._cluster.event_queue.put(at + NO_SLOTS_MS, "slots_missing", job.id, job.epoch)

    def seek_slots(self, job: Job, at: int, length: int | None) -> None:
        """Takes what slots there are; with all that are needed the run is deployed and its time begins."""
        cluster, run = self._cluster, job.runs[-1]
        held = cluster.slots.held(at, job_id=job.id)
        held += cluster.slots.take(job.id, job.graph.slots_needed - len(held), cluster.taskmanagers, at)
        if len(held) < job.graph.slots_needed:
            return
        deployed = at + cluster.random.integer(*SCHEDULING_MS, "scheduling", job.id, run.number)
        if length is not None:
            deployed = min(deployed, at + length)
        following = job.script.step_after(job.place)
        ends = at + length if length is not None and following is not None and following.state == "FINISHED" else None
        self._restore(job, at)
        run.deploy(deployed, held[: job.graph.slots_needed], ends)
        running = run.running_from()
        if running is not None:
            job.checkpoints.start(at, running, eager=cluster.release.since("2.3"))
        self._put_next(job, at, length)
        if job.id in cluster.jobs_awaiting_slots:
            cluster.jobs_awaiting_slots.remove(job.id)

    def retry_slots(self, at: int) -> None:
        """Slots have become free: jobs that wait for some try again, those that came first first."""
        for job_id in list(self._cluster.jobs_awaiting_slots):
            job = self._cluster.jobs[job_id]
            if job.state == "RUNNING" and job.runs[-1].deployed_at is None:
                self.seek_slots(job, at, self._length(job, job.script.steps[job.place]))
            elif not self._cluster.uses_adaptive_scheduler(job.spec):
                self._cluster.jobs_awaiting_slots.remove(job_id)
        if self._cluster.has_adaptive_scheduler:
            adaptive_scheduler.slots_came(self._cluster, at)

    def settle_for_less(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: what slots there are for a waiting job of the adaptive scheduler have been the same for a while."""
        job = self._cluster.jobs[job_id]
        waits = job.epoch == epoch and job_id in self._cluster.jobs_awaiting_slots
        if waits and adaptive_scheduler.settle_for_less(self._cluster, job, at):
            self.slots_are_there(job, at)

    def slots_are_there(self, job: Job, at: int) -> None:
        """A job of the adaptive scheduler has waited for slots, and runs with what it got."""
        self._cluster.jobs_awaiting_slots.remove(job.id)
        following = job.script.after(job.place)
        assert following is not None
        job.place = following
        self._enter(job, at)

    def slots_never_came(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: a job of the adaptive scheduler has no patience left."""
        job = self._cluster.jobs[job_id]
        if job.epoch == epoch and job_id in self._cluster.jobs_awaiting_slots:
            self.cut(job, at, (Step("FAILED", exception=NO_SLOTS),))

    def slots_missing(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: the job has waited for slots as long as Flink lets it."""
        job = self._cluster.jobs[job_id]
        if job.epoch == epoch and job.state == "RUNNING" and job.runs[-1].deployed_at is None:
            self.fail(job, at, NO_SLOTS)

    def _restore(self, job: Job, at: int) -> None:
        """A restarted run goes on from the latest completed checkpoint or savepoint; that takes its tasks time."""
        run = job.runs[-1]
        completed = job.checkpoints.completed_at(at) if run.number else []
        if completed:
            last = max(completed, key=lambda checkpoint: checkpoint.id)
            job.checkpoints.restore(Restored(last.id, at, last.is_savepoint, last.path))
        if job.checkpoints.restored:
            run.restores_ms = self._cluster.random.draw(job.spec.restore_duration, "restore", job.id, run.number) or 0

    def _end_run(self, job: Job, ending: AttemptOutcome) -> None:
        job.checkpoints.stop(ending.at)
        self._cluster.savepoints.job_stopped(job, ending.at)
        if job.runs and job.runs[-1].ending is None:
            job.runs[-1].end(ending)

    def _fail_run(self, job: Job, at: int, cause: ExceptionSpec, length: int | None) -> None:
        if not job.runs or job.runs[-1].ending is not None:
            return
        run = job.runs[-1]
        culprit = self._culprit(job, run, cause)
        settling = self._cluster.random.integer(*SETTLING_MS, "settling", job.id, run.number)
        settled: int | None = at + (settling if length is None else min(settling, length))
        if job.script.steps[job.place].state == "FAILING":
            settled = None if length is None else at + length
        job.failures.append(self._failure(run, at, cause, culprit))
        self._end_run(job, AttemptOutcome("FAILED", at, settled, culprit))

    def _culprit(self, job: Job, run: JobAttempt, cause: ExceptionSpec) -> tuple[int, int] | None:
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

    def note_failure(self, job_id: str, place: int, at: int) -> None:
        """Agenda: one of the failures that the scenario tells of the job's past."""
        job = self._cluster.jobs[job_id]
        if job.runs:
            cause = job.spec.past_failures[place].exception
            job.failures.append(self._failure(job.runs[-1], at, cause, self._culprit(job, job.runs[-1], cause)))
            job.past_failures += 1

    def _give_up(self, job: Job, at: int, cause: ExceptionSpec) -> None:
        """FAILED: the last failure becomes one of those that happened beside the end of all recovery."""
        job.stillborn = not job.runs
        last = job.failures.pop() if len(job.failures) - job.past_failures > job.restarts else None
        thrown = last.exception if last else cause.java_exception
        if job.stillborn:
            job.failures.append(Failure(at, thrown))
            return
        end = suppressed(job.spec.restart, thrown, self._cluster.release)
        job.failures.append(Failure(at, end, concurrent=(last,) if last else ()))
        self._end_run(job, AttemptOutcome("FAILED", at, at))

    def _leave(self, job: Job, at: int) -> None:
        cluster = self._cluster
        cluster.wait_conditions.leave(job.id)
        if job.runs:
            job.runs[-1].mark_settled(at)
        cluster.slots.release(at, job_id=job.id)
        if job.id in cluster.jobs_awaiting_slots:
            cluster.jobs_awaiting_slots.remove(job.id)
        self.retry_slots(at)

    # -- off the script

    def cut(self, job: Job, at: int, steps: Sequence[Step], resume: FlatLifecycle | None = None) -> None:
        """Leaves the script at once and goes on with `steps`, then with `resume`."""
        job.epoch += 1
        self._cluster.wait_conditions.leave(job.id)
        rest = resume.steps if resume else ()
        loop = None if resume is None or resume.loop is None else resume.loop + len(steps)
        job.script = FlatLifecycle((*steps, *rest), loop)
        job.place = 0
        self._enter(job, at)

    def cancel(self, job: Job, at: int) -> None:
        """Raises JobEnded if the job has come to another end; a job that is on its way there stays on it."""
        if job.state == "CANCELED" or job.state == "CANCELLING":
            return
        if job.ended:
            raise JobAlreadyTerminated(job.id, job.state)
        takes = self._cluster.operation_spec(job, "cancel").duration
        self.cut(job, at, (Step("CANCELLING", takes), Step("CANCELED")))

    def fail(self, job: Job, at: int, cause: ExceptionSpec = DEFAULT_CAUSE) -> None:
        """A failure that no script foresaw: the restart strategy decides. Raises JobEnded."""
        if job.ended:
            raise JobAlreadyTerminated(job.id, job.state)
        if job.state in ("RESTARTING", "FAILING", "CANCELLING"):
            return
        if not job.runs:
            self.fail_initialization(job, at, cause.java_exception)
            return
        strategy = job.spec.restart
        left = strategy.kind != "none" and (strategy.attempts is None or job.restarts < strategy.attempts)
        if left and job.state == "RUNNING":
            self.restart(job, at, cause)
        else:
            low, high = FAILING_MS
            self.cut(job, at, (Step("FAILING", UniformRange(low, high), cause), Step("FAILED", exception=cause)))

    def restart(self, job: Job, at: int, cause: ExceptionSpec = DEFAULT_CAUSE) -> None:
        """A running job fails and comes back, as often as that may be."""
        restarting = Step("RESTARTING", UniformRange.exactly(job.spec.restart.delay), cause)
        # the adaptive scheduler goes through CREATED again, while it waits for slots
        again = (restarting, Step("CREATED")) if self._cluster.uses_adaptive_scheduler(job.spec) else (restarting,)
        self.cut(job, at, again, job.script.rest(job.place))

    def rescale(self, job: Job, graph: JobGraph, takes: int, at: int) -> None:
        """A running job restarts with another parallelism `takes` ms later; that is no failure."""
        left = job.script.rest(job.place)
        loop = None if left.loop is None else left.loop + 2
        job.epoch += 1
        job.script, job.place = FlatLifecycle((Step("RESTARTING"), Step("CREATED"), *left.steps), loop), 0
        job.states.append((at, "RESTARTING"))
        self._end_run(job, AttemptOutcome("CANCELED", at, at + takes))
        job.rescaled(graph)
        # slots are given back when the last task has ended; the job takes first what it needs, others what is left
        self._cluster.event_queue.put(at + takes, "give_back_slots", job.id, job.epoch)
        self._put_next(job, at, takes)
        self._cluster.event_queue.put(at + takes + 1, "retry_slots")

    def give_back_slots(self, job_id: str, epoch: int, at: int) -> None:
        """Agenda: the tasks of a job that is being rescaled have ended."""
        if self._cluster.jobs[job_id].epoch == epoch:
            self._cluster.slots.release(at, job_id=job_id)

    def finish(self, job: Job, at: int) -> None:
        """All tasks come to their end at `at`. Raises JobEnded."""
        if job.ended:
            raise JobAlreadyTerminated(job.id, job.state)
        self.cut(job, at, (Step("FINISHED"),))

    def fail_initialization(self, job: Job, at: int, cause: JavaException) -> None:
        """The JobMaster can't be made: FAILED without ever having had a graph."""
        self.cut(job, at, (Step("FAILED", exception=ExceptionSpec(cause, everywhere=True)),))
