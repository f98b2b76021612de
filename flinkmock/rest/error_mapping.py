"""Maps errors of the cluster to responses.

Each type of error has one function, which contains the differences between operations and between releases.
See docs/flink-behaviour.md#unknown-ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flinkmock.cluster import errors
from flinkmock.cluster.errors import ClusterError
from flinkmock.contract import Operation
from flinkmock.contract.operation_traits import OperationTraits, traits_of
from flinkmock.flink import checkpoint_messages, java_classes, messages
from flinkmock.flink.exceptions import completion_exception, job_not_found
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_format import id_hash, objects_hash
from flinkmock.rest.error_responses import internal_error, plain_error, rest_error
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.response import Response

_DIRECTORY_NAMES = frozenset({"", ".", ".."})
"""File names that denote a directory."""
_OPERATION_KEY_CLASSES = {
    "disposal": f"{java_classes.REST_HANDLER_PACKAGE}.async.OperationKey",
    "dataset": f"{java_classes.REST_HANDLER_PACKAGE}.async.OperationKey",
    "savepoint": f"{java_classes.REST_HANDLER_PACKAGE}.job.AsynchronousJobOperationKey",
    "checkpoint": f"{java_classes.REST_HANDLER_PACKAGE}.job.AsynchronousJobOperationKey",
}
"""Kind of async operation -> the Java class of its key. Error messages contain the key as text."""


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


def _maps(error_type: type[ClusterError]) -> Callable[[_Mapper], _Mapper]:
    """Register the decorated function as the mapper of one type of error."""

    def register(mapper: _Mapper) -> _Mapper:
        _MAPPERS[error_type] = mapper
        return mapper

    return register


@_maps(errors.JobNotFound)
def _job_not_found(error: errors.JobNotFound, context: _Context) -> Response:
    cause = job_not_found(error.job_id)
    if context.traits.asks_dispatcher:
        return internal_error(cause)
    if context.operation.id == "getJobExecutionResult":
        return rest_error(404, str(cause), completion_exception(cause))
    if context.traits.cancels_job:
        return rest_error(404, messages.JOB_COULD_NOT_BE_FOUND, cause)
    return rest_error(404, messages.job_not_found(error.job_id), cause, java_classes.NOT_FOUND_EXCEPTION)


@_maps(errors.JobInitializing)
def _job_initializing(error: errors.JobInitializing, context: _Context) -> Response:
    java_class = java_classes.UNAVAILABLE_DISPATCHER_OPERATION_EXCEPTION
    return internal_error(JavaException(java_class, messages.JOB_IS_INITIALIZING))


@_maps(errors.VertexNotFound)
def _vertex_not_found(error: errors.VertexNotFound, context: _Context) -> Response:
    if context.traits.looks_up_vertex:
        return rest_error(404, messages.vertex_not_found(error.vertex_id), java_class=java_classes.NOT_FOUND_EXCEPTION)
    if context.traits.asks_dispatcher:
        return internal_error(
            JavaException(java_classes.FLINK_EXCEPTION, messages.vertex_id_not_found(error.vertex_id))
        )
    return rest_error(404, messages.no_vertex(error.vertex_id))


@_maps(errors.SubtaskNotFound)
def _subtask_not_found(error: errors.SubtaskNotFound, context: _Context) -> Response:
    return rest_error(404, messages.invalid_subtask(error.vertex_id))


@_maps(errors.AttemptNotFound)
def _attempt_not_found(error: errors.AttemptNotFound, context: _Context) -> Response:
    return rest_error(404, messages.invalid_attempt(error.attempt))


@_maps(errors.CheckpointingDisabled)
def _checkpointing_disabled(error: errors.CheckpointingDisabled, context: _Context) -> Response:
    if context.operation.id == "getCheckpointingStatistics":
        return rest_error(404, checkpoint_messages.CHECKPOINTING_NOT_ENABLED)
    if context.operation.id == "getCheckpointConfig":
        return rest_error(404, checkpoint_messages.checkpointing_is_not_enabled(error.job_id))
    return rest_error(404, checkpoint_messages.checkpointing_was_not_enabled(error.job_id))


@_maps(errors.CheckpointNotFound)
def _checkpoint_not_found(error: errors.CheckpointNotFound, context: _Context) -> Response:
    return rest_error(404, checkpoint_messages.no_checkpoint(error.checkpoint_id))


@_maps(errors.CheckpointVertexNotFound)
def _checkpoint_vertex_not_found(error: errors.CheckpointVertexNotFound, context: _Context) -> Response:
    return rest_error(
        404, checkpoint_messages.no_checkpoint_of_vertex(error.vertex_id), java_class=java_classes.NOT_FOUND_EXCEPTION
    )


@_maps(errors.TriggerNotFound)
def _trigger_not_found(error: errors.TriggerNotFound, context: _Context) -> Response:
    if error.kind == "checkpoint" or (error.kind == "savepoint" and context.quirks.trigger_named_in_text):
        return rest_error(404, messages.no_operation(error.kind, error.trigger_id, error.job_id))
    hash_code = objects_hash(id_hash(error.trigger_id))
    if error.job_id is not None:
        hash_code = objects_hash(hash_code, id_hash(error.job_id))
    key = f"{_OPERATION_KEY_CLASSES[error.kind]}@{hash_code:x}"  # Java's Object.toString
    cause = JavaException(java_classes.UNKNOWN_OPERATION_KEY_EXCEPTION, messages.no_ongoing_operation(key))
    if context.quirks.unknown_operation_has_no_cause:
        return rest_error(404, messages.no_operation_under_key(key), java_class=java_classes.NOT_FOUND_EXCEPTION)
    return rest_error(404, messages.no_operation_under_key(key), cause, java_classes.NOT_FOUND_EXCEPTION)


@_maps(errors.ApplicationNotFound)
def _application_not_found(error: errors.ApplicationNotFound, context: _Context) -> Response:
    text = messages.could_not_find_application(error.application_id)
    cause = JavaException(java_classes.FLINK_APPLICATION_NOT_FOUND_EXCEPTION, text)
    if context.operation.id == "cancelApplication":
        return rest_error(404, messages.APPLICATION_COULD_NOT_BE_FOUND, cause)
    return internal_error(cause)


@_maps(errors.TaskManagerNotFound)
def _taskmanager_not_found(error: errors.TaskManagerNotFound, context: _Context) -> Response:
    taskmanager_id = error.taskmanager_id
    java_class = java_classes.UNKNOWN_TASK_EXECUTOR_EXCEPTION
    cause = JavaException(java_class, messages.no_taskmanager(taskmanager_id))
    if context.operation.id == "getTaskManagerLogs":
        return rest_error(404, messages.could_not_find_taskmanager(taskmanager_id), cause)
    if context.traits.reads_taskmanager_file and context.quirks.file_of_unknown_taskmanager_is_404:
        return rest_error(
            404, messages.no_transfer_from_unknown(taskmanager_id), cause, java_classes.NOT_FOUND_EXCEPTION
        )
    return internal_error(cause)


@_maps(errors.LogNotFound)
def _log_not_found(error: errors.LogNotFound, context: _Context) -> Response:
    if error.taskmanager_id is None and error.name in _DIRECTORY_NAMES:  # a directory (recorded: `/jobmanager/logs/..`)
        is_a_directory = JavaException(java_classes.FILE_NOT_FOUND_EXCEPTION, messages.is_a_directory(error.name))
        not_found = JavaException(java_classes.FLINK_EXCEPTION, messages.can_not_find(error.name), is_a_directory)
        no_transfer = JavaException(java_classes.FLINK_EXCEPTION, messages.NO_TRANSFER, not_found)
        return internal_error(completion_exception(no_transfer))
    if error.taskmanager_id is None:
        return plain_error(404, messages.NO_SUCH_JOB_MANAGER_LOG, has_cors_header=False)
    cause = _unreadable_taskmanager_file(error.name, context.quirks)
    if not context.quirks.missing_taskmanager_file_is_wrapped:
        return internal_error(cause)
    return internal_error(
        JavaException(java_classes.FLINK_EXCEPTION, messages.no_transfer_from(error.taskmanager_id), cause)
    )


def _unreadable_taskmanager_file(name: str, quirks: ReleaseQuirks) -> JavaException:
    """Return the exception of TaskExecutor.requestFileUploadByFilePath for a folder or a missing file."""
    if name in _DIRECTORY_NAMES:
        is_a_directory = JavaException(java_classes.FILE_NOT_FOUND_EXCEPTION, messages.is_a_directory(name))
        return JavaException(java_classes.FLINK_EXCEPTION, messages.file_not_uploaded(name), is_a_directory)
    is_wrapped = quirks.missing_taskmanager_file_is_wrapped
    java_class = java_classes.FILE_NOT_FOUND_EXCEPTION if is_wrapped else java_classes.FLINK_EXCEPTION
    return JavaException(java_class, messages.no_file_on_taskmanager(name))


@_maps(errors.JarNotFound)
def _jar_not_found(error: errors.JarNotFound, context: _Context) -> Response:
    is_plan = context.traits.runs_jar and context.operation.segments[-1] == "plan"
    if error.jar_id in _DIRECTORY_NAMES:  # directories, which exist but are not jars
        path = f"{error.upload_dir}/{error.jar_id}".rstrip("/")
        if context.operation.id == "deleteJar":
            return rest_error(500, messages.failed_to_delete_jar(path))
        cause = JavaException(java_classes.PROGRAM_INVOCATION_EXCEPTION, messages.jar_not_opened(path))
        # up to 1.16, the future in which JarPlanHandler opens the jar does not wrap exceptions
        is_wrapped = not is_plan or context.quirks.plan_reads_jar_at_once
        return internal_error(completion_exception(cause) if is_wrapped else cause)
    if context.operation.id == "deleteJar":
        return rest_error(400, messages.no_jar_to_delete(error.upload_dir, error.jar_id))
    text = messages.no_jar(error.upload_dir, error.jar_id)
    if is_plan and not context.quirks.plan_reads_jar_at_once:
        return rest_error(400, text)
    return internal_error(completion_exception(JavaException(java_classes.REST_HANDLER_EXCEPTION, text)))


@_maps(errors.JobAlreadyTerminated)
def _job_already_terminated(error: errors.JobAlreadyTerminated, context: _Context) -> Response:
    if not context.quirks.ended_job_is_conflict:
        return rest_error(404, messages.JOB_COULD_NOT_BE_FOUND, job_not_found(error.job_id))
    return rest_error(409, messages.cannot_cancel_ended_job(error.state))


@_maps(errors.CancellationFailed)
def _cancellation_failed(error: errors.CancellationFailed, context: _Context) -> Response:
    if error.exception.java_class == java_classes.TIMEOUT_EXCEPTION:
        return rest_error(408, messages.CANCELLATION_TIMED_OUT, error.exception)
    return rest_error(500, messages.cancellation_failed(error.exception.message), error.exception)


@_maps(errors.StopModeRemoved)
def _stop_mode_removed(error: errors.StopModeRemoved, context: _Context) -> Response:
    return rest_error(308, messages.STOP_MODE_REMOVED)


@_maps(errors.RescalingDisabled)
def _rescaling_disabled(error: errors.RescalingDisabled, context: _Context) -> Response:
    return rest_error(503, messages.RESCALING_DISABLED)


@_maps(errors.AdaptiveSchedulerRequired)
def _adaptive_scheduler_required(error: errors.AdaptiveSchedulerRequired, context: _Context) -> Response:
    if error.feature == errors.AdaptiveSchedulerFeature.REQUIREMENTS:
        return internal_error(
            JavaException(java_classes.UNSUPPORTED_OPERATION_EXCEPTION, messages.not_rescalable(error.scheduler))
        )
    if error.feature == errors.AdaptiveSchedulerFeature.RESCALE_CONFIG:
        return rest_error(404, messages.not_adaptive(error.job_id))
    if error.feature == errors.AdaptiveSchedulerFeature.RESCALE_DETAILS:
        return rest_error(404, messages.no_rescale_details(error.job_id))
    java_class = java_classes.RESCALES_UNAVAILABLE_EXCEPTION
    return rest_error(404, messages.no_rescales(error.job_id), java_class=java_class)


@_maps(errors.RescaleNotFound)
def _rescale_not_found(error: errors.RescaleNotFound, context: _Context) -> Response:
    return rest_error(404, messages.no_rescale(error.rescale_id))


@_maps(errors.InvalidResourceRequirements)
def _invalid_resource_requirements(error: errors.InvalidResourceRequirements, context: _Context) -> Response:
    return rest_error(400, error.message)


@_maps(errors.InvalidUpload)
def _invalid_upload(error: errors.InvalidUpload, context: _Context) -> Response:
    return rest_error(500 if error.not_stored else 400, error.message)


@_maps(errors.InvalidJobSubmission)
def _invalid_job_submission(error: errors.InvalidJobSubmission, context: _Context) -> Response:
    java_class = java_classes.MISSING_FILE_EXCEPTION if error.missing_file else java_classes.REST_HANDLER_EXCEPTION
    return rest_error(400, error.message, error.cause, java_class)


@_maps(errors.BadRequest)
def _bad_request(error: errors.BadRequest, context: _Context) -> Response:
    return rest_error(400, error.message, error.cause)


@_maps(errors.ProgramError)
def _program_error(error: errors.ProgramError, context: _Context) -> Response:
    if not error.is_bad_request:
        return internal_error(error.exception)
    if error.message != messages.COULD_NOT_EXECUTE:  # "No jobs included in application." comes without a cause
        return rest_error(400, error.message)
    cause = JavaException(java_classes.FLINK_RUNTIME_EXCEPTION, messages.COULD_NOT_EXECUTE, error.exception)
    return rest_error(400, messages.COULD_NOT_EXECUTE, completion_exception(cause))


@_maps(errors.CoordinatorNotFound)
def _coordinator_not_found(error: errors.CoordinatorNotFound, context: _Context) -> Response:
    text = messages.no_coordinator(error.operator)
    if context.quirks.unknown_coordinator_is_404:
        return rest_error(404, text, java_class=java_classes.COORDINATOR_NOT_EXIST_EXCEPTION)
    return internal_error(JavaException(java_classes.FLINK_EXCEPTION, text))


@_maps(errors.UncaughtJavaException)
def _uncaught_java_exception(error: errors.UncaughtJavaException, context: _Context) -> Response:
    return internal_error(error.exception)


@_maps(errors.NoLeader)
def _no_leader(error: errors.NoLeader, context: _Context) -> Response:
    return plain_error(503, messages.NO_LEADER)
