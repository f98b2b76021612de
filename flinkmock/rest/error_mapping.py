"""Which answer a problem of the cluster becomes: by problem, operation and release.

See docs/flink-behaviour.md#unknown-ids.

One function for each problem; what an operation or a release does differently stands in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flinkmock.cluster import errors as p
from flinkmock.cluster.errors import ClusterError
from flinkmock.contract import Operation
from flinkmock.flink import java_classes
from flinkmock.flink import messages as m
from flinkmock.flink.exceptions import completion_exception, job_not_found
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.error_responses import (
    internal,
    plain,
    rest,
)
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.response import Response

_VERTEX_BY_ITS_OWN_HANDLER = {"getJobVertexDetails", "getJobVertexTaskManagers"}
_CANCELLING = {"cancelJob", "getYarnCancelJobTermination", "getYarnStopJobTermination"}
_ASKS_THE_DISPATCHER = {
    "getJobStatusInfo",
    "getJobResourceRequirements",
    "updateJobResourceRequirements",
    "postClientCoordination",
    "getJobVertexBackPressure",  # 1.12; later releases ask their metrics and know no unknown job
}
_TASK_MANAGER_FILES = {"getTaskManagerLogFile", "getTaskManagerStdoutFile", "getTaskManagerCustomLog"}
_KEYS = {
    "disposal": f"{java_classes.REST_HANDLER}.async.OperationKey",
    "dataset": f"{java_classes.REST_HANDLER}.async.OperationKey",
    "savepoint": f"{java_classes.REST_HANDLER}.job.AsynchronousJobOperationKey",
    "checkpoint": f"{java_classes.REST_HANDLER}.job.AsynchronousJobOperationKey",
    "rescaling": f"{java_classes.REST_HANDLER}.job.AsynchronousJobOperationKey",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the problem came up."""

    operation: Operation
    behaviour: ReleaseQuirks

    def is_one_of(self, operation_ids: set[str]) -> bool:
        return self.operation.id in operation_ids


_Teller = Callable[[Any, _Place], Response]
_TELLERS: dict[type[ClusterError], _Teller] = {}


def told(problem: ClusterError, operation: Operation, behaviour: ReleaseQuirks) -> Response:
    """Raises KeyError for a class of problem that nobody has written a text for."""
    return _TELLERS[type(problem)](problem, _Place(operation, behaviour))


def _tells(kind: type[ClusterError]) -> Callable[[_Teller], _Teller]:
    def register(teller: _Teller) -> _Teller:
        _TELLERS[kind] = teller
        return teller

    return register


_FOLDERS = frozenset({"", ".", ".."})
"""File names that name a folder."""


@_tells(p.JobNotFound)
def _unknown_job(problem: p.JobNotFound, place: _Place) -> Response:
    cause = job_not_found(problem.job_id)
    if place.is_one_of(_ASKS_THE_DISPATCHER):
        return internal(cause)
    if place.operation.id == "getJobExecutionResult":
        return rest(404, str(cause), completion_exception(cause))
    if place.is_one_of(_CANCELLING):
        return rest(404, m.JOB_COULD_NOT_BE_FOUND, cause)
    return rest(404, m.job_not_found(problem.job_id), cause, java_classes.NOT_FOUND_EXCEPTION)


@_tells(p.JobInitializing)
def _initializing(problem: p.JobInitializing, place: _Place) -> Response:
    java_class = java_classes.UNAVAILABLE_DISPATCHER_OPERATION_EXCEPTION
    return internal(JavaException(java_class, m.initializing()))


@_tells(p.VertexNotFound)
def _unknown_vertex(problem: p.VertexNotFound, place: _Place) -> Response:
    if place.is_one_of(_VERTEX_BY_ITS_OWN_HANDLER):
        return rest(404, m.vertex_not_found(problem.vertex_id), java_class=java_classes.NOT_FOUND_EXCEPTION)
    if place.operation.id == "getJobVertexBackPressure":  # 1.12
        return internal(JavaException(java_classes.FLINK_EXCEPTION, m.vertex_id_not_found(problem.vertex_id)))
    return rest(404, m.no_vertex(problem.vertex_id))


@_tells(p.SubtaskNotFound)
def _unknown_subtask(problem: p.SubtaskNotFound, place: _Place) -> Response:
    return rest(404, m.invalid_subtask(problem.vertex_id))


@_tells(p.AttemptNotFound)
def _unknown_attempt(problem: p.AttemptNotFound, place: _Place) -> Response:
    return rest(404, m.invalid_attempt(problem.attempt))


@_tells(p.CheckpointNotFound)
def _unknown_checkpoint(problem: p.CheckpointNotFound, place: _Place) -> Response:
    return rest(404, m.no_checkpoint(problem.checkpoint_id))


@_tells(p.CheckpointVertexNotFound)
def _unknown_checkpoint_vertex(problem: p.CheckpointVertexNotFound, place: _Place) -> Response:
    return rest(404, m.no_checkpoint_of_vertex(problem.vertex_id), java_class=java_classes.NOT_FOUND_EXCEPTION)


@_tells(p.TriggerNotFound)
def _unknown_trigger(problem: p.TriggerNotFound, place: _Place) -> Response:
    named = problem.kind == "checkpoint" or (problem.kind == "savepoint" and place.behaviour.trigger_named_in_text)
    if named:
        return rest(404, m.no_operation(problem.kind, problem.trigger_id, problem.job_id))
    # Java's hash code of the key, of no use to anybody; made from the ids so that it stays the same
    hash_code = int(problem.trigger_id[:16], 16) ^ int((problem.job_id or "0")[:16], 16)
    key = f"{_KEYS[problem.kind]}@{hash_code & 0xFFFFFFFF:x}"
    cause = JavaException(java_classes.UNKNOWN_OPERATION_KEY_EXCEPTION, m.no_ongoing_operation(key))
    return rest(404, m.no_operation_under_key(key), cause, java_classes.NOT_FOUND_EXCEPTION)


@_tells(p.ApplicationNotFound)
def _unknown_application(problem: p.ApplicationNotFound, place: _Place) -> Response:
    text = m.could_not_find_application(problem.application_id)
    cause = JavaException(java_classes.FLINK_APPLICATION_NOT_FOUND_EXCEPTION, text)
    if place.operation.id == "cancelApplication":
        return rest(404, m.APPLICATION_COULD_NOT_BE_FOUND, cause)
    return internal(cause)


@_tells(p.TaskManagerNotFound)
def _unknown_taskmanager(problem: p.TaskManagerNotFound, place: _Place) -> Response:
    tm = problem.taskmanager_id
    java_class = java_classes.UNKNOWN_TASK_EXECUTOR_EXCEPTION
    cause = JavaException(java_class, m.no_taskmanager(tm))
    if place.operation.id == "getTaskManagerLogs":
        return rest(404, m.could_not_find_taskmanager(tm), cause)
    if place.is_one_of(_TASK_MANAGER_FILES) and place.behaviour.unknown_taskmanager_file_is_404:
        return rest(404, m.no_transfer_from_unknown(tm), cause, java_classes.NOT_FOUND_EXCEPTION)
    return internal(cause)


@_tells(p.LogNotFound)
def _unknown_log(problem: p.LogNotFound, place: _Place) -> Response:
    if problem.taskmanager_id is None and problem.name in _FOLDERS:  # a folder, which Flink tries to send
        missing = JavaException(java_classes.FILE_NOT_FOUND_EXCEPTION, m.is_a_directory(problem.name))
        unread = JavaException(java_classes.FLINK_EXCEPTION, m.can_not_find(problem.name), missing)
        return internal(completion_exception(JavaException(java_classes.FLINK_EXCEPTION, m.NO_TRANSFER, unread)))
    if problem.taskmanager_id is None:
        return plain(404, m.NO_SUCH_JOB_MANAGER_LOG, cors=False)
    text = m.no_file_on_taskmanager(problem.name)
    if not place.behaviour.missing_taskmanager_file_is_wrapped:
        return internal(JavaException(java_classes.FLINK_EXCEPTION, text))
    cause = JavaException(java_classes.FILE_NOT_FOUND_EXCEPTION, text)
    return internal(JavaException(java_classes.FLINK_EXCEPTION, m.no_transfer_from(problem.taskmanager_id), cause))


@_tells(p.JarNotFound)
def _unknown_jar(problem: p.JarNotFound, place: _Place) -> Response:
    if problem.jar_id in _FOLDERS:  # which are there, but no jars
        path = f"{problem.upload_dir}/{problem.jar_id}".rstrip("/")
        if place.operation.id == "deleteJar":
            return rest(500, m.failed_to_delete_jar(path))
        return internal(
            completion_exception(JavaException(java_classes.PROGRAM_INVOCATION_EXCEPTION, m.jar_not_opened(path)))
        )
    if place.operation.id == "deleteJar":
        return rest(400, m.no_jar_to_delete(problem.upload_dir, problem.jar_id))
    text = m.no_jar(problem.upload_dir, problem.jar_id)
    is_plan = place.is_one_of({"generatePlanFromJar", "generatePlanFromJarGet"})
    if is_plan and not place.behaviour.plan_reads_jar_at_once:
        return rest(400, text)
    return internal(completion_exception(JavaException(java_classes.REST_HANDLER_EXCEPTION, text)))


@_tells(p.JobAlreadyTerminated)
def _job_ended(problem: p.JobAlreadyTerminated, place: _Place) -> Response:
    if not place.behaviour.ended_job_is_conflict:
        return rest(404, m.JOB_COULD_NOT_BE_FOUND, job_not_found(problem.job_id))
    return rest(409, m.already_ended(problem.state))


@_tells(p.CancellationFailed)
def _cancellation_failed(problem: p.CancellationFailed, place: _Place) -> Response:
    if problem.exception.java_class == java_classes.TIMEOUT_EXCEPTION:
        return rest(408, m.CANCELLATION_TIMED_OUT, problem.exception)
    return rest(500, m.cancellation_failed(problem.exception.message), problem.exception)


@_tells(p.StopModeRemoved)
def _stop_mode_removed(problem: p.StopModeRemoved, place: _Place) -> Response:
    return rest(308, m.STOP_MODE_REMOVED)


@_tells(p.RescalingDisabled)
def _rescaling_disabled(problem: p.RescalingDisabled, place: _Place) -> Response:
    return rest(503, m.RESCALING_DISABLED)


@_tells(p.AdaptiveSchedulerRequired)
def _not_adaptive(problem: p.AdaptiveSchedulerRequired, place: _Place) -> Response:
    if problem.feature == "requirements":
        return internal(JavaException(java_classes.UNSUPPORTED_OPERATION_EXCEPTION, m.NOT_RESCALABLE))
    if problem.feature == "rescale-config":
        return rest(404, m.not_adaptive(problem.job_id))
    if problem.feature == "rescale-details":
        return rest(404, m.no_rescale_details(problem.job_id))
    java_class = java_classes.RESCALES_UNAVAILABLE_EXCEPTION
    return rest(404, m.no_rescales(problem.job_id), java_class=java_class)


@_tells(p.RescaleNotFound)
def _unknown_rescale(problem: p.RescaleNotFound, place: _Place) -> Response:
    return rest(404, m.no_rescale(problem.rescale_id))


@_tells(p.InvalidResourceRequirements)
@_tells(p.InvalidUpload)
def _refused_with_text(problem: p.InvalidResourceRequirements | p.InvalidUpload, place: _Place) -> Response:
    return rest(400, problem.message)


@_tells(p.InvalidJobSubmission)
def _bad_submission(problem: p.InvalidJobSubmission, place: _Place) -> Response:
    missing = java_classes.MISSING_FILE_EXCEPTION
    return rest(
        400, problem.message, problem.cause, missing if problem.missing_file else java_classes.REST_HANDLER_EXCEPTION
    )


@_tells(p.BadRequest)
def _bad_request(problem: p.BadRequest, place: _Place) -> Response:
    return rest(400, problem.message, problem.cause)


@_tells(p.ProgramError)
def _program_problem(problem: p.ProgramError, place: _Place) -> Response:
    if not problem.refused:
        return internal(problem.exception)
    if problem.message != m.COULD_NOT_EXECUTE:  # "No jobs included in application." comes without a cause
        return rest(400, problem.message)
    runtime = JavaException(java_classes.FLINK_RUNTIME_EXCEPTION, m.COULD_NOT_EXECUTE, problem.exception)
    return rest(400, m.COULD_NOT_EXECUTE, completion_exception(runtime))


@_tells(p.CoordinatorNotFound)
def _unknown_coordinator(problem: p.CoordinatorNotFound, place: _Place) -> Response:
    text = m.no_coordinator(problem.operator)
    if place.behaviour.coordinator_not_found:
        return rest(404, text, java_class=java_classes.COORDINATOR_NOT_EXIST_EXCEPTION)
    return internal(JavaException(java_classes.FLINK_EXCEPTION, text))


@_tells(p.UncaughtJavaException)
def _unserviceable(problem: p.UncaughtJavaException, place: _Place) -> Response:
    return internal(problem.exception)


@_tells(p.NoLeader)
def _no_leader(problem: p.NoLeader, place: _Place) -> Response:
    return plain(503, m.NO_LEADER)
