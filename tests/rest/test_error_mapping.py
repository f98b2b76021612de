"""The error, operation and release determine the status of a response and the first line of its stack trace.

See docs/flink-behaviour.md#unknown-ids.
"""

from __future__ import annotations

import json

import pytest

from flinkmock.cluster.errors import (
    AdaptiveSchedulerRequired,
    ApplicationNotFound,
    AttemptNotFound,
    CancellationFailed,
    CheckpointNotFound,
    CheckpointVertexNotFound,
    ClusterError,
    CoordinatorNotFound,
    InvalidJobSubmission,
    InvalidUpload,
    JarNotFound,
    JobAlreadyTerminated,
    JobNotFound,
    LogNotFound,
    ProgramError,
    RescalingDisabled,
    StopModeRemoved,
    SubtaskNotFound,
    TaskManagerNotFound,
    TriggerNotFound,
    UncaughtJavaException,
    VertexNotFound,
)
from flinkmock.contract import Contract, known_releases
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.error_mapping import error_response_for
from flinkmock.rest.release_quirks import ReleaseQuirks

ID = "0123456789abcdef0123456789abcdef"
UNKNOWN_COORDINATOR = (
    "Coordinator of operator count does not exist or the job vertex this operator belongs to is not initialized."
)
INVOCATION_EXCEPTION = "org.apache.flink.client.program.ProgramInvocationException"
REST_EXCEPTION = "org.apache.flink.runtime.rest.handler.RestHandlerException: "
NOT_FOUND_EXCEPTION = "org.apache.flink.runtime.rest.NotFoundException: "
UNKNOWN_JOB = f"org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job ({ID})"
UNKNOWN_TASKMANAGER = "org.apache.flink.runtime.resourcemanager.exceptions.UnknownTaskExecutorException: No TaskExecutor registered under tm."  # noqa: E501
MISSING_JAR = "Jar file /dir/x.jar does not exist"
UNKNOWN_OPERATION_KEY = "Operation not found under key: org.apache.flink.runtime.rest.handler."


def error_response(error: ClusterError, operation_id: str, release: str) -> tuple[int, list[str], bool]:
    """Return the status and the messages of the response, and whether it has a CORS header."""
    contract = Contract.load(release)
    response = error_response_for(error, contract.operation(operation_id), ReleaseQuirks.of(contract.release))
    return response.status, json.loads(response.body)["errors"], response.has_cors_header


@pytest.mark.parametrize(
    ("error", "operation_id", "release", "status", "first_line"),
    [
        (JobNotFound(ID), "getJobDetails", "2.3", 404, NOT_FOUND_EXCEPTION + f"Job {ID} not found"),
        (JobNotFound(ID), "getJobExecutionResult", "2.3", 404, REST_EXCEPTION + UNKNOWN_JOB),
        (JobNotFound(ID), "cancelJob", "2.3", 404, REST_EXCEPTION + "Job could not be found."),
        (JobNotFound(ID), "getYarnCancelJobTermination", "1.12", 404, REST_EXCEPTION + "Job could not be found."),
        (JobNotFound(ID), "getJobStatusInfo", "2.3", 500, UNKNOWN_JOB),
        (JobNotFound(ID), "getJobResourceRequirements", "2.3", 500, UNKNOWN_JOB),
        (JobNotFound(ID), "postClientCoordination", "1.20", 500, UNKNOWN_JOB),
        (JobNotFound(ID), "getJobVertexBackPressure", "1.12", 500, UNKNOWN_JOB),
        (VertexNotFound(ID, ID), "getJobVertexDetails", "2.3", 404, NOT_FOUND_EXCEPTION + f"JobVertex {ID} not found"),
        (VertexNotFound(ID, ID), "getJobVertexTaskManagers", "1.12", 404, NOT_FOUND_EXCEPTION + f"JobVertex {ID} not found"),  # noqa: E501
        (VertexNotFound(ID, ID), "getSubtasksTimes", "2.3", 404, REST_EXCEPTION + f"No vertex with ID '{ID}' exists."),
        (VertexNotFound(ID, ID), "getJobVertexBackPressure", "1.12", 500, f"org.apache.flink.util.FlinkException: JobVertexID not found {ID}"),  # noqa: E501
        (SubtaskNotFound(ID, 99), "getSubtaskCurrentAttemptDetails", "2.3", 404, REST_EXCEPTION + f"Invalid subtask index for vertex {ID}"),  # noqa: E501
        (AttemptNotFound(-1), "getSubtaskExecutionAttemptDetails", "2.3", 404, REST_EXCEPTION + "Invalid attempt num -1"),  # noqa: E501
        (CheckpointNotFound(9), "getCheckpointStatisticDetails", "2.3", 404, REST_EXCEPTION + "Could not find checkpointing statistics for checkpoint 9."),  # noqa: E501
        (CheckpointVertexNotFound(9, ID), "getTaskCheckpointStatistics", "2.3", 404, NOT_FOUND_EXCEPTION + f"There is no checkpoint statistics for task {ID}."),  # noqa: E501
        (TriggerNotFound("savepoint", ID, ID), "getSavepointStatus", "2.3", 404, REST_EXCEPTION + f"There is no savepoint operation with triggerId={ID} for job {ID}."),  # noqa: E501
        (TriggerNotFound("savepoint", ID, ID), "getSavepointStatus", "1.15", 404, REST_EXCEPTION + f"There is no savepoint operation with triggerId={ID} for job {ID}."),  # noqa: E501
        (TriggerNotFound("checkpoint", ID, ID), "getCheckpointStatus", "1.17", 404, REST_EXCEPTION + f"There is no checkpoint operation with triggerId={ID} for job {ID}."),  # noqa: E501
        (ApplicationNotFound(ID), "cancelApplication", "2.3", 404, REST_EXCEPTION + "Application could not be found."),
        (ApplicationNotFound(ID), "getApplicationDetails", "2.3", 500, f"org.apache.flink.runtime.messages.FlinkApplicationNotFoundException: Could not find Flink application ({ID})"),  # noqa: E501
        (TaskManagerNotFound("tm"), "getTaskManagerDetails", "2.3", 500, UNKNOWN_TASKMANAGER),
        (CoordinatorNotFound("count"), "postClientCoordination", "2.3", 404, "org.apache.flink.runtime.scheduler.CoordinatorNotExistException: " + UNKNOWN_COORDINATOR),  # noqa: E501
        (CoordinatorNotFound("count"), "postClientCoordination", "2.0", 500, "org.apache.flink.util.FlinkException: " + UNKNOWN_COORDINATOR),  # noqa: E501
        (TaskManagerNotFound("tm"), "getTaskManagerThreadDump", "1.12", 500, UNKNOWN_TASKMANAGER),
        (TaskManagerNotFound("tm"), "getTaskManagerLogs", "1.12", 404, REST_EXCEPTION + "Could not find TaskExecutor tm"),  # noqa: E501
        (TaskManagerNotFound("tm"), "getTaskManagerLogFile", "2.3", 404, NOT_FOUND_EXCEPTION + "Failed to transfer file from TaskExecutor tm because it was unknown."),  # noqa: E501
        (TaskManagerNotFound("tm"), "getTaskManagerCustomLog", "1.17", 500, UNKNOWN_TASKMANAGER),
        (LogNotFound("x", "tm"), "getTaskManagerCustomLog", "1.18", 500, "org.apache.flink.util.FlinkException: Failed to transfer file from TaskExecutor tm."),  # noqa: E501
        (LogNotFound("..", "tm"), "getTaskManagerCustomLog", "2.3", 500, "org.apache.flink.util.FlinkException: Failed to transfer file from TaskExecutor tm."),  # noqa: E501
        (LogNotFound("..", "tm"), "getTaskManagerCustomLog", "1.12", 500, "org.apache.flink.util.FlinkException: Could not upload file ..."),  # noqa: E501
        (LogNotFound("x", "tm"), "getTaskManagerCustomLog", "1.17", 500, "org.apache.flink.util.FlinkException: The file x does not exist on the TaskExecutor."),  # noqa: E501
        (JarNotFound("x.jar", "/dir"), "submitJobFromJar", "1.12", 500, f"java.util.concurrent.CompletionException: {REST_EXCEPTION}{MISSING_JAR}"),  # noqa: E501
        (JarNotFound("x.jar", "/dir"), "generatePlanFromJarGet", "2.3", 500, f"java.util.concurrent.CompletionException: {REST_EXCEPTION}{MISSING_JAR}"),  # noqa: E501
        (JarNotFound("x.jar", "/dir"), "generatePlanFromJarGet", "1.16", 400, REST_EXCEPTION + MISSING_JAR),
        (JarNotFound("x.jar", "/dir"), "deleteJar", "2.3", 400, REST_EXCEPTION + "File x.jar does not exist in /dir."),
        (JarNotFound("..", "/dir"), "generatePlanFromJar", "1.12", 500, f"{INVOCATION_EXCEPTION}: Error while opening jar file '/dir/..'"),  # noqa: E501
        (JarNotFound("..", "/dir"), "submitJobFromJar", "1.12", 500, f"java.util.concurrent.CompletionException: {INVOCATION_EXCEPTION}: Error while opening jar file '/dir/..'"),  # noqa: E501
        (JarNotFound("", "/dir"), "submitJobFromJar", "2.3", 500, f"java.util.concurrent.CompletionException: {INVOCATION_EXCEPTION}: Error while opening jar file '/dir'"),  # noqa: E501
        (JobAlreadyTerminated(ID, "FAILED"), "cancelJob", "1.15", 409, REST_EXCEPTION + "Job cancellation failed because the job has already reached another terminal state (FAILED)."),  # noqa: E501
        (JobAlreadyTerminated(ID, "FAILED"), "cancelJob", "1.14", 404, REST_EXCEPTION + "Job could not be found."),
        (CancellationFailed(JavaException("java.util.concurrent.TimeoutException")), "cancelJob", "2.3", 408, REST_EXCEPTION + "Job cancellation timed out."),  # noqa: E501
        (RescalingDisabled(), "rescaleJob", "2.3", 503, REST_EXCEPTION + "Rescaling is temporarily disabled. See FLINK-12312."),  # noqa: E501
        (AdaptiveSchedulerRequired(ID, "rescale-config"), "getJobRescaleConfig", "2.3", 404, REST_EXCEPTION + f"AdaptiveScheduler is not enabled for this job ({ID})."),  # noqa: E501
        (AdaptiveSchedulerRequired(ID, "rescale-details"), "getJobRescaleDetails", "2.3", 404, REST_EXCEPTION + f"AdaptiveScheduler rescales was not enabled for job {ID}."),  # noqa: E501
        (InvalidUpload("Only Jar files are allowed."), "uploadJar", "2.3", 400, REST_EXCEPTION + "Only Jar files are allowed."),  # noqa: E501
        (InvalidJobSubmission("JobGraph file x could not be found on the server.", missing_file=True), "submitJob", "1.20", 400, "org.apache.flink.runtime.rest.handler.job.JobSubmitHandler$MissingFileException: JobGraph file x could not be found on the server."),  # noqa: E501
        (UncaughtJavaException(JavaException("java.lang.IllegalArgumentException", "-1")), "getJobExceptions", "2.3", 500, "java.lang.IllegalArgumentException: -1"),  # noqa: E501
    ],
)  # fmt: skip
def test_each_error_has_the_status_and_first_line_of_the_stack_trace(
    error: ClusterError, operation_id: str, release: str, status: int, first_line: str
) -> None:
    actual_status, errors, has_cors_header = error_response(error, operation_id, release)
    assert actual_status == status
    if status == 500:
        assert errors[0] == "Internal server error."
        assert errors[1].startswith(f"<Exception on server side:\n{first_line}\n\tat ")
        assert errors[1].endswith("\n\nEnd of exception on server side>")
    else:
        assert errors[0].startswith(f"{first_line}\n\tat ")
        assert errors[0].endswith("\n")
    assert len(errors) == (2 if status == 500 else 1)
    assert has_cors_header


def test_a_missing_log_file_is_not_found() -> None:
    response = error_response(LogNotFound("x"), "getJobManagerCustomLog", "2.3")
    assert response == (404, ["This file does not exist in JobManager log dir."], False)


def test_a_directory_instead_of_a_log_file_is_an_internal_error() -> None:
    status, errors, _ = error_response(LogNotFound(".."), "getJobManagerCustomLog", "1.12")
    cause = "org.apache.flink.util.FlinkException: Could not transfer file to client."
    assert status == 500
    assert errors[1].split("\n")[1] == f"java.util.concurrent.CompletionException: {cause}"


def test_the_removed_mode_stop_is_a_308() -> None:
    status, errors, _ = error_response(StopModeRemoved(), "cancelJob", "1.12")
    assert status == 308
    assert errors[0].startswith(
        REST_EXCEPTION + 'The termination mode "stop" has been removed. For an ungraceful shutdown, '
    )


@pytest.mark.parametrize("kind", ["disposal", "dataset", "savepoint"])
def test_unknown_trigger_ids_are_reported_with_their_operation_key(kind: str) -> None:
    _, errors, _ = error_response(TriggerNotFound(kind, ID), "getSavepointStatus", "1.14")
    assert errors[0].startswith(NOT_FOUND_EXCEPTION + UNKNOWN_OPERATION_KEY)
    assert "UnknownOperationKeyException: No ongoing operation for org.apache.flink" in errors[0]


@pytest.mark.parametrize("kind", ["disposal", "dataset"])
def test_an_operation_key_has_the_hash_of_its_trigger_id(kind: str) -> None:
    """Recorded on 2.3.0 and 1.20.5. Since 1.15, the error has no cause."""
    _, errors, _ = error_response(TriggerNotFound(kind, f"{0xDEF:032x}"), "getSavepointStatus", "2.3")
    assert errors[0].splitlines()[0] == NOT_FOUND_EXCEPTION + UNKNOWN_OPERATION_KEY + "async.OperationKey@e0e"
    assert "Caused by" not in errors[0]


def test_causes_follow_the_error() -> None:
    thrown = JavaException("java.lang.IllegalStateException", "Intentional failure in main")
    invocation = JavaException("org.apache.flink.client.program.ProgramInvocationException", "The main method", thrown)
    _, errors, _ = error_response(ProgramError(invocation, is_bad_request=True), "submitJobFromJar", "2.3")
    lines = [line for line in errors[0].split("\n") if not line.startswith("\t")]
    runtime = "org.apache.flink.util.FlinkRuntimeException: Could not execute application."
    assert lines == [
        REST_EXCEPTION + "Could not execute application.",
        f"Caused by: java.util.concurrent.CompletionException: {runtime}",
        f"Caused by: {runtime}",
        "Caused by: org.apache.flink.client.program.ProgramInvocationException: The main method",
        "Caused by: java.lang.IllegalStateException: Intentional failure in main",
        "",
    ]


def test_a_program_without_jobs_has_no_cause() -> None:
    text = "No jobs included in application."
    _, errors, _ = error_response(
        ProgramError(JavaException("X"), is_bad_request=True, message=text), "submitJobFromJar", "2.3"
    )
    assert errors[0].startswith(REST_EXCEPTION + text)
    assert "Caused by" not in errors[0]


def leaf_classes(error_class: type[ClusterError]) -> list[type[ClusterError]]:
    """Return the classes below `error_class` that have no subclasses."""
    return [leaf for child in error_class.__subclasses__() for leaf in leaf_classes(child)] or [error_class]


@pytest.mark.parametrize("error_class", leaf_classes(ClusterError))
def test_every_error_has_a_mapper(error_class: type[ClusterError]) -> None:
    from flinkmock.rest.error_mapping import _MAPPERS

    assert error_class in _MAPPERS


@pytest.mark.parametrize("release", known_releases())
def test_an_unknown_job_is_not_found_in_every_release(release: str) -> None:
    status, errors, _ = error_response(JobNotFound(ID), "getJobDetails", release)
    assert (status, errors[0].split("\n")[0]) == (404, NOT_FOUND_EXCEPTION + f"Job {ID} not found")


def test_a_failed_cancellation_is_a_500_without_the_text_of_internal_server_errors() -> None:
    """A RestHandlerException has a status, which may be 500, and one stack trace (AbstractHandler.handleException)."""
    status, errors, _ = error_response(CancellationFailed(JavaException("a.B", "not now")), "cancelJob", "2.3")
    assert status == 500
    assert errors[0].startswith(REST_EXCEPTION + "Job cancellation failed: not now\n")
    assert len(errors) == 1
