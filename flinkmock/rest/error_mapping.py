"""Maps errors of the cluster to responses.

There is one function for each error. It contains the differences between operations and between releases.
See docs/flink-behaviour.md#unknown-ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flinkmock.cluster import errors as p
from flinkmock.cluster.errors import ClusterError
from flinkmock.contract import Operation
from flinkmock.contract.operation_traits import OperationTraits, traits_of
from flinkmock.flink import checkpoint_messages, java_classes
from flinkmock.flink import messages as m
from flinkmock.flink.exceptions import completion_exception, job_not_found
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_format import id_hash, objects_hash
from flinkmock.rest.error_responses import internal, plain, rest
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.response import Response

_KEYS = {
    "disposal": f"{java_classes.REST_HANDLER}.async.OperationKey",
    "dataset": f"{java_classes.REST_HANDLER}.async.OperationKey",
    "savepoint": f"{java_classes.REST_HANDLER}.job.AsynchronousJobOperationKey",
    "checkpoint": f"{java_classes.REST_HANDLER}.job.AsynchronousJobOperationKey",
    "rescaling": f"{java_classes.REST_HANDLER}.job.AsynchronousJobOperationKey",
}


@dataclass(frozen=True, slots=True)
class _Context:
    """The operation and the release in which the error occurred."""

    operation: Operation
    traits: OperationTraits
    quirks: ReleaseQuirks


_Mapper = Callable[[Any, _Context], Response]
_MAPPERS: dict[type[ClusterError], _Mapper] = {}


def error_response_for(error: ClusterError, operation: Operation, quirks: ReleaseQuirks) -> Response:
    """Return the response of an operation to an error of the cluster."""
    return _MAPPERS[type(error)](error, _Context(operation, traits_of(operation.id), quirks))


def _maps(kind: type[ClusterError]) -> Callable[[_Mapper], _Mapper]:
    def register(mapper: _Mapper) -> _Mapper:
        _MAPPERS[kind] = mapper
        return mapper

    return register


_FOLDERS = frozenset({"", ".", ".."})
"""File names that denote a directory."""


@_maps(p.JobNotFound)
def _job_not_found(error: p.JobNotFound, context: _Context) -> Response:
    cause = job_not_found(error.job_id)
    if context.traits.asks_dispatcher:
        return internal(cause)
    if context.operation.id == "getJobExecutionResult":
        return rest(404, str(cause), completion_exception(cause))
    if context.traits.cancels_job:
        return rest(404, m.JOB_COULD_NOT_BE_FOUND, cause)
    return rest(404, m.job_not_found(error.job_id), cause, java_classes.NOT_FOUND_EXCEPTION)


@_maps(p.JobInitializing)
def _job_initializing(error: p.JobInitializing, context: _Context) -> Response:
    java_class = java_classes.UNAVAILABLE_DISPATCHER_OPERATION_EXCEPTION
    return internal(JavaException(java_class, m.initializing()))


@_maps(p.VertexNotFound)
def _vertex_not_found(error: p.VertexNotFound, context: _Context) -> Response:
    if context.traits.looks_up_vertex:
        return rest(404, m.vertex_not_found(error.vertex_id), java_class=java_classes.NOT_FOUND_EXCEPTION)
    if context.traits.asks_dispatcher:
        return internal(JavaException(java_classes.FLINK_EXCEPTION, m.vertex_id_not_found(error.vertex_id)))
    return rest(404, m.no_vertex(error.vertex_id))


@_maps(p.SubtaskNotFound)
def _subtask_not_found(error: p.SubtaskNotFound, context: _Context) -> Response:
    return rest(404, m.invalid_subtask(error.vertex_id))


@_maps(p.AttemptNotFound)
def _attempt_not_found(error: p.AttemptNotFound, context: _Context) -> Response:
    return rest(404, m.invalid_attempt(error.attempt))


@_maps(p.CheckpointingDisabled)
def _checkpointing_disabled(error: p.CheckpointingDisabled, context: _Context) -> Response:
    if context.operation.id == "getCheckpointingStatistics":
        return rest(404, checkpoint_messages.CHECKPOINTING_NOT_ENABLED)
    if context.operation.id == "getCheckpointConfig":
        return rest(404, checkpoint_messages.checkpointing_is_not_enabled(error.job_id))
    return rest(404, checkpoint_messages.checkpointing_was_not_enabled(error.job_id))


@_maps(p.CheckpointNotFound)
def _checkpoint_not_found(error: p.CheckpointNotFound, context: _Context) -> Response:
    return rest(404, checkpoint_messages.no_checkpoint(error.checkpoint_id))


@_maps(p.CheckpointVertexNotFound)
def _checkpoint_vertex_not_found(error: p.CheckpointVertexNotFound, context: _Context) -> Response:
    return rest(
        404, checkpoint_messages.no_checkpoint_of_vertex(error.vertex_id), java_class=java_classes.NOT_FOUND_EXCEPTION
    )


@_maps(p.TriggerNotFound)
def _trigger_not_found(error: p.TriggerNotFound, context: _Context) -> Response:
    in_text = error.kind == "checkpoint" or (error.kind == "savepoint" and context.quirks.trigger_named_in_text)
    if in_text:
        return rest(404, m.no_operation(error.kind, error.trigger_id, error.job_id))
    hash_code = objects_hash(id_hash(error.trigger_id))
    if error.job_id is not None:
        hash_code = objects_hash(hash_code, id_hash(error.job_id))
    key = f"{_KEYS[error.kind]}@{hash_code:x}"
    cause = JavaException(java_classes.UNKNOWN_OPERATION_KEY_EXCEPTION, m.no_ongoing_operation(key))
    if context.quirks.unknown_operation_has_no_cause:
        return rest(404, m.no_operation_under_key(key), java_class=java_classes.NOT_FOUND_EXCEPTION)
    return rest(404, m.no_operation_under_key(key), cause, java_classes.NOT_FOUND_EXCEPTION)


@_maps(p.ApplicationNotFound)
def _application_not_found(error: p.ApplicationNotFound, context: _Context) -> Response:
    text = m.could_not_find_application(error.application_id)
    cause = JavaException(java_classes.FLINK_APPLICATION_NOT_FOUND_EXCEPTION, text)
    if context.operation.id == "cancelApplication":
        return rest(404, m.APPLICATION_COULD_NOT_BE_FOUND, cause)
    return internal(cause)


@_maps(p.TaskManagerNotFound)
def _taskmanager_not_found(error: p.TaskManagerNotFound, context: _Context) -> Response:
    taskmanager_id = error.taskmanager_id
    java_class = java_classes.UNKNOWN_TASK_EXECUTOR_EXCEPTION
    cause = JavaException(java_class, m.no_taskmanager(taskmanager_id))
    if context.operation.id == "getTaskManagerLogs":
        return rest(404, m.could_not_find_taskmanager(taskmanager_id), cause)
    if context.traits.reads_taskmanager_file and context.quirks.unknown_taskmanager_file_is_404:
        return rest(404, m.no_transfer_from_unknown(taskmanager_id), cause, java_classes.NOT_FOUND_EXCEPTION)
    return internal(cause)


@_maps(p.LogNotFound)
def _log_not_found(error: p.LogNotFound, context: _Context) -> Response:
    if error.taskmanager_id is None and error.name in _FOLDERS:  # a directory, which Flink tries to send
        missing = JavaException(java_classes.FILE_NOT_FOUND_EXCEPTION, m.is_a_directory(error.name))
        unread = JavaException(java_classes.FLINK_EXCEPTION, m.can_not_find(error.name), missing)
        return internal(completion_exception(JavaException(java_classes.FLINK_EXCEPTION, m.NO_TRANSFER, unread)))
    if error.taskmanager_id is None:
        return plain(404, m.NO_SUCH_JOB_MANAGER_LOG, cors=False)
    cause = _unread_on_taskmanager(error.name, context.quirks)
    if not context.quirks.missing_taskmanager_file_is_wrapped:
        return internal(cause)
    return internal(JavaException(java_classes.FLINK_EXCEPTION, m.no_transfer_from(error.taskmanager_id), cause))


def _unread_on_taskmanager(name: str, quirks: ReleaseQuirks) -> JavaException:
    """Return the exception of TaskExecutor.requestFileUploadByFilePath for a folder or a missing file."""
    if name in _FOLDERS:
        unread = JavaException(java_classes.FILE_NOT_FOUND_EXCEPTION, m.is_a_directory(name))
        return JavaException(java_classes.FLINK_EXCEPTION, m.file_not_uploaded(name), unread)
    wrapped = quirks.missing_taskmanager_file_is_wrapped
    java_class = java_classes.FILE_NOT_FOUND_EXCEPTION if wrapped else java_classes.FLINK_EXCEPTION
    return JavaException(java_class, m.no_file_on_taskmanager(name))


@_maps(p.JarNotFound)
def _jar_not_found(error: p.JarNotFound, context: _Context) -> Response:
    is_plan = context.traits.runs_jar and context.operation.segments[-1] == "plan"
    if error.jar_id in _FOLDERS:  # directories, which exist but are not jars
        path = f"{error.upload_dir}/{error.jar_id}".rstrip("/")
        if context.operation.id == "deleteJar":
            return rest(500, m.failed_to_delete_jar(path))
        cause = JavaException(java_classes.PROGRAM_INVOCATION_EXCEPTION, m.jar_not_opened(path))
        in_future = is_plan and not context.quirks.plan_reads_jar_at_once  # whose exception is unwrapped
        return internal(cause if in_future else completion_exception(cause))
    if context.operation.id == "deleteJar":
        return rest(400, m.no_jar_to_delete(error.upload_dir, error.jar_id))
    text = m.no_jar(error.upload_dir, error.jar_id)
    if is_plan and not context.quirks.plan_reads_jar_at_once:
        return rest(400, text)
    return internal(completion_exception(JavaException(java_classes.REST_HANDLER_EXCEPTION, text)))


@_maps(p.JobAlreadyTerminated)
def _job_already_terminated(error: p.JobAlreadyTerminated, context: _Context) -> Response:
    if not context.quirks.ended_job_is_conflict:
        return rest(404, m.JOB_COULD_NOT_BE_FOUND, job_not_found(error.job_id))
    return rest(409, m.already_ended(error.state))


@_maps(p.CancellationFailed)
def _cancellation_failed(error: p.CancellationFailed, context: _Context) -> Response:
    if error.exception.java_class == java_classes.TIMEOUT_EXCEPTION:
        return rest(408, m.CANCELLATION_TIMED_OUT, error.exception)
    return rest(500, m.cancellation_failed(error.exception.message), error.exception)


@_maps(p.StopModeRemoved)
def _stop_mode_removed(error: p.StopModeRemoved, context: _Context) -> Response:
    return rest(308, m.STOP_MODE_REMOVED)


@_maps(p.RescalingDisabled)
def _rescaling_disabled(error: p.RescalingDisabled, context: _Context) -> Response:
    return rest(503, m.RESCALING_DISABLED)


@_maps(p.AdaptiveSchedulerRequired)
def _adaptive_scheduler_required(error: p.AdaptiveSchedulerRequired, context: _Context) -> Response:
    if error.feature == "requirements":
        return internal(JavaException(java_classes.UNSUPPORTED_OPERATION_EXCEPTION, m.not_rescalable(error.scheduler)))
    if error.feature == "rescale-config":
        return rest(404, m.not_adaptive(error.job_id))
    if error.feature == "rescale-details":
        return rest(404, m.no_rescale_details(error.job_id))
    java_class = java_classes.RESCALES_UNAVAILABLE_EXCEPTION
    return rest(404, m.no_rescales(error.job_id), java_class=java_class)


@_maps(p.RescaleNotFound)
def _rescale_not_found(error: p.RescaleNotFound, context: _Context) -> Response:
    return rest(404, m.no_rescale(error.rescale_id))


@_maps(p.InvalidResourceRequirements)
def _rejected_with_message(error: p.InvalidResourceRequirements, context: _Context) -> Response:
    return rest(400, error.message)


@_maps(p.InvalidUpload)
def _invalid_upload(error: p.InvalidUpload, context: _Context) -> Response:
    return rest(500 if error.not_stored else 400, error.message)


@_maps(p.InvalidJobSubmission)
def _invalid_job_submission(error: p.InvalidJobSubmission, context: _Context) -> Response:
    missing = java_classes.MISSING_FILE_EXCEPTION
    return rest(400, error.message, error.cause, missing if error.missing_file else java_classes.REST_HANDLER_EXCEPTION)


@_maps(p.BadRequest)
def _bad_request(error: p.BadRequest, context: _Context) -> Response:
    return rest(400, error.message, error.cause)


@_maps(p.ProgramError)
def _program_error(error: p.ProgramError, context: _Context) -> Response:
    if not error.refused:
        return internal(error.exception)
    if error.message != m.COULD_NOT_EXECUTE:  # "No jobs included in application." comes without a cause
        return rest(400, error.message)
    runtime = JavaException(java_classes.FLINK_RUNTIME_EXCEPTION, m.COULD_NOT_EXECUTE, error.exception)
    return rest(400, m.COULD_NOT_EXECUTE, completion_exception(runtime))


@_maps(p.CoordinatorNotFound)
def _coordinator_not_found(error: p.CoordinatorNotFound, context: _Context) -> Response:
    text = m.no_coordinator(error.operator)
    if context.quirks.coordinator_not_found:
        return rest(404, text, java_class=java_classes.COORDINATOR_NOT_EXIST_EXCEPTION)
    return internal(JavaException(java_classes.FLINK_EXCEPTION, text))


@_maps(p.UncaughtJavaException)
def _uncaught_java_exception(error: p.UncaughtJavaException, context: _Context) -> Response:
    return internal(error.exception)


@_maps(p.NoLeader)
def _no_leader(error: p.NoLeader, context: _Context) -> Response:
    return plain(503, m.NO_LEADER)
