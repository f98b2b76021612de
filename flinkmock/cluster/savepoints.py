"""Savepoints, checkpoints on demand, stop-with-savepoint, disposal: operations triggered now and asked for later.

Triggering does not look at the job: with an unknown or ended one the operation fails a moment later. The result of an
operation is planned when it is triggered, and revised if its job stops running before.

See docs/flink-behaviour.md#async-operations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.cluster.async_operations import AsyncOperation, thing
from flinkmock.cluster.checkpoints import (
    CHECKPOINT,
    SAVEPOINT,
    SYNC_SAVEPOINT,
    UNBOUNDED_MS,
    Checkpoint,
)
from flinkmock.cluster.restore import missing_savepoint_error
from flinkmock.cluster.spec import CHECKPOINT_SIZE, CheckpointSpec, OperationSpec, Polls, Signal, Step
from flinkmock.flink import java_classes, messages
from flinkmock.flink.exceptions import completion_exception, job_not_found
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.paths import scheme_problem, shown_path

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

FAILS_AFTER_MS = 4
"""From the trigger to the failure of what can't even begin: at most 5 ms in the recordings."""
SAVED_PART = 0.6
"""The savepoint of a stop is complete after this part of the time; the rest is for the tasks to finish."""


@dataclass(slots=True)
class _Pending:
    """An operation under way, the snapshot it waits for, and what follows it: "", "cancel" or "finish"."""

    operation: AsyncOperation
    checkpoint: Checkpoint
    then: str
    planned: JavaException | None = None
    """How it fails in the end; None: it does not."""


@dataclass
class SavepointCoordinator:
    cluster: Cluster
    savepoints: dict[str, Checkpoint] = field(default_factory=dict)
    """Path -> the savepoint that lies there."""
    _owners: dict[str, Job] = field(default_factory=dict)
    """Path -> the job that has claimed what lies there."""
    _pending: dict[tuple[str, str], _Pending] = field(default_factory=dict)

    def register_existing(self, path: str, at: int) -> None:
        """A savepoint that somebody took before the cluster began."""
        shown = shown_path(path)
        self.savepoints[shown] = Checkpoint(1, SAVEPOINT, "CANONICAL", at, 0, at, None, shown, CHECKPOINT_SIZE.low)

    def claim(self, path: str, job: Job) -> None:
        """The job may do with it as it likes, and does away with it when it has a checkpoint of its own."""
        self._owners[path] = job

    def savepoint_at(self, path: str, at: int) -> Checkpoint | None:
        """The savepoint at a path, as it is shown; None: there is none, or none any more."""
        owner = self._owners.get(path)
        if owner is not None and owner.checkpoints.completed_at(at):
            del self._owners[path]
            self.savepoints.pop(path, None)
        return self.savepoints.get(path)

    # -- triggers

    def trigger_savepoint(self, job_id: str, trigger_id: str, directory: str, format: str, cancel: bool, at: int,
                  jobmanager: int = 0) -> None:  # fmt: skip
        then = "cancel" if cancel else ""
        self._trigger("savepoint", SAVEPOINT, job_id, trigger_id, at, directory, format, then, jobmanager)

    def stop_with_savepoint(
        self, job_id: str, trigger_id: str, directory: str, format: str, at: int, jobmanager: int = 0
    ) -> None:
        name = "stop-with-savepoint"
        self._trigger(name, SYNC_SAVEPOINT, job_id, trigger_id, at, directory, format, "finish", jobmanager)

    def trigger_checkpoint(self, job_id: str, trigger_id: str, at: int) -> None:
        self._trigger("checkpoint", CHECKPOINT, job_id, trigger_id, at, None, None, "", 0)

    def _trigger(self, name: str, kind: str, job_id: str, trigger_id: str, at: int, directory: str | None,
                  format: str | None, then: str, jobmanager: int) -> None:  # fmt: skip
        """`jobmanager` is the number of the one that was asked."""
        status_kind = "checkpoint" if kind == CHECKPOINT else "savepoint"
        if self.cluster.async_operations.find(status_kind, trigger_id, job_id, at, jobmanager) is not None:
            return  # the same trigger id again is the same operation
        operation = AsyncOperation(status_kind, trigger_id, job_id, at, None, {}, jobmanager=jobmanager)
        self.cluster.async_operations.add(operation)
        job = self.cluster.jobs.get(job_id)
        if job is None or job.ended:
            operation.fail(at + FAILS_AFTER_MS, completion_exception(job_not_found(job_id)))
            return
        spec = self.cluster.operation_spec(job, name)
        problem = self._trigger_error(job, directory, at)
        if problem is not None:
            operation.fail(at + FAILS_AFTER_MS, completion_exception(problem))
            return
        takes = self._draw_duration(job, name, spec, trigger_id)
        planned = self._planned_failure(job.id, name, spec)
        timeout = (job.spec.checkpoints or CheckpointSpec()).timeout
        if takes is not None and takes >= timeout:
            takes, planned = timeout, _checkpoint_exception(messages.EXPIRED)
        saved = round(takes * SAVED_PART) if takes and then == "finish" and planned is None else takes
        path = "" if directory is None else self._path(job, trigger_id, directory)
        failure = None if planned is None else planned.message
        record = job.checkpoints.trigger(
            at, kind, UNBOUNDED_MS if saved is None else saved, format=format, path=path, failure=failure
        )
        operation.result = {"checkpointId": record.id} if kind == CHECKPOINT else {"location": record.path}
        self._pending[job.id, trigger_id] = _Pending(operation, record, then, planned)
        if takes is None or saved is None:
            self.cluster.event_queue.schedule(at + timeout, "snapshot_expired", job.id, trigger_id)
            self.cluster.wait_for(spec.duration, thing(job.id, trigger_id), at, "snapshot_done", job.id, trigger_id)
            return
        # StopWithSavepointTerminationManager waits for the tasks to finish since 1.13; before, the savepoint was enough
        operation.done_at = at + (takes if self.cluster.release.since("1.13") else saved)
        if planned is not None:
            del self._pending[job.id, trigger_id]
            operation.fail(at + takes, completion_exception(planned))
            return
        self.cluster.event_queue.schedule(at + takes, "snapshot_done", job.id, trigger_id)

    def _draw_duration(self, job: Job, name: str, spec: OperationSpec, trigger_id: str) -> int | None:
        """Milliseconds: what the scenario says, else as usual, but no less than this job's checkpoints take. None until
        it has been asked for often enough, or until a signal. For ever is until the checkpoint timeout."""
        if isinstance(spec.duration, Polls | Signal):
            return None
        takes = (
            UNBOUNDED_MS if spec.duration.unbounded else self.cluster.random.draw(spec.duration, name, trigger_id) or 0
        )
        if name in job.spec.operations or name in self.cluster.spec.operations or job.spec.checkpoints is None:
            return takes
        return max(takes, self.cluster.random.draw(job.spec.checkpoints.duration, name, trigger_id) or 0)

    def _trigger_error(self, job: Job, directory: str | None, at: int) -> JavaException | None:
        """Why the snapshot can't even be triggered."""
        if not all(e.state_at(at) in ("RUNNING", "FINISHED") for row in job.executions_at(at) for e in row) or (
            job.state != "RUNNING"
        ):
            return _checkpoint_exception(messages.NOT_ALL_RUNNING)
        cause = scheme_problem(directory) if directory is not None else None
        if cause is None:
            return None
        if not self.cluster.release.since("1.13"):
            return completion_exception(_checkpoint_exception(messages.TRIGGER_FAILURE, cause))
        job.checkpoints.trigger(
            at, SAVEPOINT, FAILS_AFTER_MS, format="CANONICAL", failure=messages.IO_PROBLEM, begun=False
        )
        return _checkpoint_exception(messages.IO_PROBLEM, cause)

    def _planned_failure(self, job_id: str, name: str, spec: OperationSpec) -> JavaException | None:
        """The failure the scenario asks for in this call, counted per job and operation."""
        if not self.cluster.next_call_fails(job_id, name, spec):
            return None
        return spec.exception or _checkpoint_exception(messages.EXPIRED)

    def _path(self, job: Job, trigger_id: str, directory: str) -> str:
        return f"{shown_path(directory)}/savepoint-{job.id[:6]}-{self.cluster.random.hex(12, 'savepoint', trigger_id)}"

    # -- what follows

    def on_completed(self, job_id: str, trigger_id: str, at: int) -> None:
        """Agenda: the time of a snapshot operation is over."""
        pending = self._pending.pop((job_id, trigger_id), None)
        if pending is None:
            return
        job = self.cluster.jobs[job_id]
        if pending.operation.done_at is None:
            self._finish(job, pending, at, pending.planned)
            if pending.planned is not None:
                return
        if pending.checkpoint.is_savepoint:
            self.savepoints[pending.checkpoint.path] = pending.checkpoint
        if pending.then == "cancel" and not job.ended:
            self.cluster.state_machines.cancel(job, at)
        elif pending.then == "finish" and not job.ended:
            self.cluster.state_machines.divert(job, at, (Step("FINISHED"),))

    def on_expired(self, job_id: str, trigger_id: str, at: int) -> None:
        """Agenda: a snapshot that nobody has ended in all this time."""
        pending = self._pending.pop((job_id, trigger_id), None)
        if pending is not None:
            self.cluster.wait_conditions.remove(thing(job_id, trigger_id))
            self._finish(
                self.cluster.jobs[job_id],
                pending,
                at,
                _checkpoint_exception(messages.EXPIRED),
            )

    @staticmethod
    def _finish(job: Job, pending: _Pending, at: int, failure: JavaException | None) -> None:
        """Ends a snapshot whose end was not known before."""
        job.checkpoints.end(pending.checkpoint, at, None if failure is None else failure.message)
        pending.operation.done_at = at
        if failure is not None:
            pending.operation.fail(at, completion_exception(failure))

    def on_job_stopped(self, job: Job, at: int) -> None:
        """The job's tasks stop running: what is under way fails, as its checkpoint does."""
        for key, pending in list(self._pending.items()):
            if key[0] == job.id:
                del self._pending[key]
                self.cluster.wait_conditions.remove(thing(*key))
                if not pending.operation.done_by(at):
                    pending.operation.fail(at, completion_exception(_checkpoint_exception(messages.SUSPENDING)))

    def drop_pending(self) -> None:
        """The leader is gone, and with it what was under way; nobody will tell how that ended."""
        for key in self._pending:
            self.cluster.wait_conditions.remove(thing(*key))
        self._pending.clear()

    # -- disposal

    def dispose(self, path: str, trigger_id: str, at: int, jobmanager: int = 0) -> None:
        if self.cluster.async_operations.find("disposal", trigger_id, None, at, jobmanager) is not None:
            return
        spec = self.cluster.operation_spec(None, "dispose-savepoint")
        takes = self.cluster.random.draw(spec.duration, "dispose", trigger_id)
        operation = AsyncOperation("disposal", trigger_id, None, at, None, {}, jobmanager=jobmanager)
        self.cluster.async_operations.add(operation)
        planned = self._planned_failure("", "dispose-savepoint", spec)
        if planned is None and self.savepoint_at(shown_path(path), at) is None:
            takes, planned = FAILS_AFTER_MS, missing_savepoint_error(path)
        elif planned is None:
            del self.savepoints[shown_path(path)]
        if planned is not None:
            failure = JavaException(java_classes.FLINK_EXCEPTION, messages.could_not_dispose(path), planned)
            if not path:  # not expected, and so not wrapped
                failure = JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, messages.EMPTY_CHECKPOINT_POINTER)
            operation.failure = failure if self.cluster.release.since("1.13") else completion_exception(failure)
        if takes is None:
            self.cluster.wait_for(spec.duration, thing(None, trigger_id), at, "disposed", trigger_id, jobmanager)
        else:
            operation.done_at = at + takes

    def on_disposed(self, trigger_id: str, jobmanager: int, at: int) -> None:
        """Agenda: a disposal has been waited for long enough."""
        operation = self.cluster.async_operations.find("disposal", trigger_id, None, at, jobmanager)
        if operation is not None:
            operation.done_at = at


def _checkpoint_exception(text: str, cause: JavaException | None = None) -> JavaException:
    return JavaException(java_classes.CHECKPOINT_EXCEPTION, text, cause)
