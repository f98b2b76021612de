"""Which answer a problem of the cluster becomes: by problem, operation and release (FACTS.md section 2).

One function for each problem; what an operation or a release does differently stands in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flinkmock.cluster import problems as p
from flinkmock.cluster.problems import Problem, Throwable
from flinkmock.contract import Operation
from flinkmock.server import messages as m
from flinkmock.server.answer import Answer
from flinkmock.server.behaviour import Behaviour
from flinkmock.server.errors import (
    COMPLETION_EXCEPTION,
    NOT_FOUND_EXCEPTION,
    REST_EXCEPTION,
    REST_HANDLER,
    internal,
    plain,
    rest,
)

_MESSAGES = "org.apache.flink.runtime.messages"
_FLINK_EXCEPTION = "org.apache.flink.util.FlinkException"

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
    "disposal": f"{REST_HANDLER}.async.OperationKey",
    "dataset": f"{REST_HANDLER}.async.OperationKey",
    "savepoint": f"{REST_HANDLER}.job.AsynchronousJobOperationKey",
    "checkpoint": f"{REST_HANDLER}.job.AsynchronousJobOperationKey",
    "rescaling": f"{REST_HANDLER}.job.AsynchronousJobOperationKey",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the problem came up."""

    operation: Operation
    behaviour: Behaviour

    def is_one_of(self, operation_ids: set[str]) -> bool:
        return self.operation.id in operation_ids


_Teller = Callable[[Any, _Place], Answer]
_TELLERS: dict[type[Problem], _Teller] = {}


def told(problem: Problem, operation: Operation, behaviour: Behaviour) -> Answer:
    """Raises KeyError for a class of problem that nobody has written a text for."""
    return _TELLERS[type(problem)](problem, _Place(operation, behaviour))


def _tells(kind: type[Problem]) -> Callable[[_Teller], _Teller]:
    def register(teller: _Teller) -> _Teller:
        _TELLERS[kind] = teller
        return teller

    return register


def _job_not_found(job_id: str) -> Throwable:
    return Throwable(f"{_MESSAGES}.FlinkJobNotFoundException", m.could_not_find_job(job_id))


_FOLDERS = frozenset({"", ".", ".."})
"""File names that name a folder."""
_INVOCATION_EXCEPTION = "org.apache.flink.client.program.ProgramInvocationException"


def _completion(cause: Throwable) -> Throwable:
    return Throwable(COMPLETION_EXCEPTION, str(cause), cause)


@_tells(p.UnknownJob)
def _unknown_job(problem: p.UnknownJob, place: _Place) -> Answer:
    cause = _job_not_found(problem.job_id)
    if place.is_one_of(_ASKS_THE_DISPATCHER):
        return internal(cause)
    if place.operation.id == "getJobExecutionResult":
        return rest(404, str(cause), _completion(cause))
    if place.is_one_of(_CANCELLING):
        return rest(404, m.JOB_COULD_NOT_BE_FOUND, cause)
    return rest(404, m.job_not_found(problem.job_id), cause, NOT_FOUND_EXCEPTION)


@_tells(p.JobInitializing)
def _initializing(problem: p.JobInitializing, place: _Place) -> Answer:
    java_class = "org.apache.flink.runtime.dispatcher.UnavailableDispatcherOperationException"
    return internal(Throwable(java_class, m.initializing()))


@_tells(p.UnknownVertex)
def _unknown_vertex(problem: p.UnknownVertex, place: _Place) -> Answer:
    if place.is_one_of(_VERTEX_BY_ITS_OWN_HANDLER):
        return rest(404, m.vertex_not_found(problem.vertex_id), java_class=NOT_FOUND_EXCEPTION)
    if place.operation.id == "getJobVertexBackPressure":  # 1.12
        return internal(Throwable(_FLINK_EXCEPTION, m.vertex_id_not_found(problem.vertex_id)))
    return rest(404, m.no_vertex(problem.vertex_id))


@_tells(p.UnknownSubtask)
def _unknown_subtask(problem: p.UnknownSubtask, place: _Place) -> Answer:
    return rest(404, m.invalid_subtask(problem.vertex_id))


@_tells(p.UnknownAttempt)
def _unknown_attempt(problem: p.UnknownAttempt, place: _Place) -> Answer:
    return rest(404, m.invalid_attempt(problem.attempt))


@_tells(p.UnknownCheckpoint)
def _unknown_checkpoint(problem: p.UnknownCheckpoint, place: _Place) -> Answer:
    return rest(404, m.no_checkpoint(problem.checkpoint_id))


@_tells(p.UnknownCheckpointVertex)
def _unknown_checkpoint_vertex(problem: p.UnknownCheckpointVertex, place: _Place) -> Answer:
    return rest(404, m.no_checkpoint_of_vertex(problem.vertex_id), java_class=NOT_FOUND_EXCEPTION)


@_tells(p.UnknownTrigger)
def _unknown_trigger(problem: p.UnknownTrigger, place: _Place) -> Answer:
    named = problem.kind == "checkpoint" or (problem.kind == "savepoint" and place.behaviour.trigger_named_in_text)
    if named:
        return rest(404, m.no_operation(problem.kind, problem.trigger_id, problem.job_id))
    # Java's hash code of the key, of no use to anybody; made from the ids so that it stays the same
    hash_code = int(problem.trigger_id[:16], 16) ^ int((problem.job_id or "0")[:16], 16)
    key = f"{_KEYS[problem.kind]}@{hash_code & 0xFFFFFFFF:x}"
    cause = Throwable(f"{REST_HANDLER}.async.UnknownOperationKeyException", m.no_ongoing_operation(key))
    return rest(404, m.no_operation_under_key(key), cause, NOT_FOUND_EXCEPTION)


@_tells(p.UnknownApplication)
def _unknown_application(problem: p.UnknownApplication, place: _Place) -> Answer:
    text = m.could_not_find_application(problem.application_id)
    cause = Throwable(f"{_MESSAGES}.FlinkApplicationNotFoundException", text)
    if place.operation.id == "cancelApplication":
        return rest(404, m.APPLICATION_COULD_NOT_BE_FOUND, cause)
    return internal(cause)


@_tells(p.UnknownTaskManager)
def _unknown_task_manager(problem: p.UnknownTaskManager, place: _Place) -> Answer:
    tm = problem.task_manager_id
    java_class = "org.apache.flink.runtime.resourcemanager.exceptions.UnknownTaskExecutorException"
    cause = Throwable(java_class, m.no_task_manager(tm))
    if place.operation.id == "getTaskManagerLogs":
        return rest(404, m.could_not_find_task_manager(tm), cause)
    if place.is_one_of(_TASK_MANAGER_FILES) and place.behaviour.unknown_task_manager_file_is_404:
        return rest(404, m.no_transfer_from_unknown(tm), cause, NOT_FOUND_EXCEPTION)
    return internal(cause)


@_tells(p.UnknownLog)
def _unknown_log(problem: p.UnknownLog, place: _Place) -> Answer:
    if problem.task_manager_id is None and problem.name in _FOLDERS:  # a folder, which Flink tries to send
        missing = Throwable("java.io.FileNotFoundException", m.is_a_directory(problem.name))
        unread = Throwable(_FLINK_EXCEPTION, m.can_not_find(problem.name), missing)
        return internal(_completion(Throwable(_FLINK_EXCEPTION, m.NO_TRANSFER, unread)))
    if problem.task_manager_id is None:
        return plain(404, m.NO_SUCH_JOB_MANAGER_LOG, cors=False)
    text = m.no_file_on_task_manager(problem.name)
    if not place.behaviour.missing_task_manager_file_is_wrapped:
        return internal(Throwable(_FLINK_EXCEPTION, text))
    cause = Throwable("java.io.FileNotFoundException", text)
    return internal(Throwable(_FLINK_EXCEPTION, m.no_transfer_from(problem.task_manager_id), cause))


@_tells(p.UnknownJar)
def _unknown_jar(problem: p.UnknownJar, place: _Place) -> Answer:
    if problem.jar_id in _FOLDERS:  # which are there, but no jars
        path = f"{problem.upload_dir}/{problem.jar_id}".rstrip("/")
        if place.operation.id == "deleteJar":
            return rest(500, m.failed_to_delete_jar(path))
        return internal(_completion(Throwable(_INVOCATION_EXCEPTION, m.jar_not_opened(path))))
    if place.operation.id == "deleteJar":
        return rest(400, m.no_jar_to_delete(problem.upload_dir, problem.jar_id))
    text = m.no_jar(problem.upload_dir, problem.jar_id)
    is_plan = place.is_one_of({"generatePlanFromJar", "generatePlanFromJarGet"})
    if is_plan and not place.behaviour.plan_reads_jar_at_once:
        return rest(400, text)
    return internal(_completion(Throwable(REST_EXCEPTION, text)))


@_tells(p.JobEnded)
def _job_ended(problem: p.JobEnded, place: _Place) -> Answer:
    if not place.behaviour.ended_job_is_conflict:
        return rest(404, m.JOB_COULD_NOT_BE_FOUND, _job_not_found(problem.job_id))
    return rest(409, m.already_ended(problem.state))


@_tells(p.CancellationFailed)
def _cancellation_failed(problem: p.CancellationFailed, place: _Place) -> Answer:
    if problem.throwable.java_class == "java.util.concurrent.TimeoutException":
        return rest(408, m.CANCELLATION_TIMED_OUT, problem.throwable)
    return rest(500, m.cancellation_failed(problem.throwable.message), problem.throwable)


@_tells(p.StopModeRemoved)
def _stop_mode_removed(problem: p.StopModeRemoved, place: _Place) -> Answer:
    return rest(308, m.STOP_MODE_REMOVED)


@_tells(p.RescalingDisabled)
def _rescaling_disabled(problem: p.RescalingDisabled, place: _Place) -> Answer:
    return rest(503, m.RESCALING_DISABLED)


@_tells(p.NotAdaptive)
def _not_adaptive(problem: p.NotAdaptive, place: _Place) -> Answer:
    if problem.about == "requirements":
        return internal(Throwable("java.lang.UnsupportedOperationException", m.NOT_RESCALABLE))
    if problem.about == "rescale-config":
        return rest(404, m.not_adaptive(problem.job_id))
    if problem.about == "rescale-details":
        return rest(404, m.no_rescale_details(problem.job_id))
    java_class = f"{REST_HANDLER}.job.rescales.RescalesUnavailableException"
    return rest(404, m.no_rescales(problem.job_id), java_class=java_class)


@_tells(p.UnknownRescale)
def _unknown_rescale(problem: p.UnknownRescale, place: _Place) -> Answer:
    return rest(404, m.no_rescale(problem.rescale_id))


@_tells(p.BadRequirements)
@_tells(p.BadUpload)
def _refused_with_text(problem: p.BadRequirements | p.BadUpload, place: _Place) -> Answer:
    return rest(400, problem.text)


@_tells(p.BadSubmission)
def _bad_submission(problem: p.BadSubmission, place: _Place) -> Answer:
    missing = f"{REST_HANDLER}.job.JobSubmitHandler$MissingFileException"
    return rest(400, problem.text, problem.cause, missing if problem.missing_file else REST_EXCEPTION)


@_tells(p.BadRequest)
def _bad_request(problem: p.BadRequest, place: _Place) -> Answer:
    return rest(400, problem.text, problem.cause)


@_tells(p.ProgramProblem)
def _program_problem(problem: p.ProgramProblem, place: _Place) -> Answer:
    if not problem.refused:
        return internal(problem.throwable)
    if problem.text != m.COULD_NOT_EXECUTE:  # "No jobs included in application." comes without a cause
        return rest(400, problem.text)
    runtime = Throwable("org.apache.flink.util.FlinkRuntimeException", m.COULD_NOT_EXECUTE, problem.throwable)
    return rest(400, m.COULD_NOT_EXECUTE, _completion(runtime))


@_tells(p.UnknownCoordinator)
def _unknown_coordinator(problem: p.UnknownCoordinator, place: _Place) -> Answer:
    text = m.no_coordinator(problem.operator)
    if place.behaviour.coordinator_not_found:
        return rest(404, text, java_class="org.apache.flink.runtime.scheduler.CoordinatorNotExistException")
    return internal(Throwable(_FLINK_EXCEPTION, text))


@_tells(p.Unserviceable)
def _unserviceable(problem: p.Unserviceable, place: _Place) -> Answer:
    return internal(problem.throwable)


@_tells(p.NoLeader)
def _no_leader(problem: p.NoLeader, place: _Place) -> Answer:
    return plain(503, m.NO_LEADER)


@_tells(p.ClusterGone)
def _cluster_gone(problem: p.ClusterGone, place: _Place) -> Answer:
    return plain(503, m.NO_LEADER, close=True)
