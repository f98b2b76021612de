"""The traits of operations that schemas can't express.

Operations that are not in the table have no special trait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flinkmock.contract.operation import Operation


@dataclass(frozen=True, slots=True)
class OperationTraits:
    """The traits of one operation.

    Attributes:
        cancels_job: Whether Flink's JobCancellationHandler handles it. For YARN, this handler also takes GET requests.
        lists_jobs: Whether it shows all jobs, and so counts as a poll of each job.
        is_log_url: Whether Flink's GeneratedLogUrlHandler handles it. This handler converts no path parameters, reads
            no body and sends no CORS header (docs/flink-behaviour.md#cors).
        runs_jar: Whether it runs the program of a jar. Such operations reject parameters with several values.
        asks_dispatcher: Whether Flink's handler asks the dispatcher without looking up the job first, so that an
            unknown job or vertex is an internal error (docs/flink-behaviour.md#unknown-ids).
        looks_up_vertex: Whether Flink's handler looks up the vertex itself, and has another message for an unknown one.
        reads_taskmanager_file: Whether it fetches a file from a TaskManager.
        expected_error_statuses: Error statuses with which a healthy cluster may respond to a read
            (docs/flink-behaviour.md#unknown-ids).
        echoes: The keys of the response that repeat path parameters, by the names of the parameters.
        scenario_key: The key of the operation in the section `operations` of a scenario.
    """

    cancels_job: bool = False
    lists_jobs: bool = False
    is_log_url: bool = False
    runs_jar: bool = False
    asks_dispatcher: bool = False
    looks_up_vertex: bool = False
    reads_taskmanager_file: bool = False
    expected_error_statuses: tuple[int, ...] = ()
    echoes: Mapping[str, str] = field(default_factory=dict)
    scenario_key: str | None = None


NO_TRAITS = OperationTraits()
_ECHOES_VERTEX = {"vertexid": "id"}
TRAITS: Mapping[str, OperationTraits] = {
    # jobs
    "getJobIdsWithStatusesOverview": OperationTraits(lists_jobs=True),
    "getJobsOverview": OperationTraits(lists_jobs=True),
    "getJobDetails": OperationTraits(echoes={"jobid": "jid"}),
    "getJobConfig": OperationTraits(echoes={"jobid": "jid"}),
    "getJobStatusInfo": OperationTraits(asks_dispatcher=True),
    "getApplicationDetails": OperationTraits(echoes={"applicationid": "id"}),
    "cancelJob": OperationTraits(cancels_job=True, scenario_key="cancel"),
    "getYarnCancelJobTermination": OperationTraits(cancels_job=True),
    "getYarnStopJobTermination": OperationTraits(cancels_job=True),
    "submitJob": OperationTraits(scenario_key="submit"),
    "postClientCoordination": OperationTraits(asks_dispatcher=True),
    # vertices and subtasks
    "getJobVertexDetails": OperationTraits(looks_up_vertex=True, echoes=_ECHOES_VERTEX),
    "getJobVertexTaskManagers": OperationTraits(looks_up_vertex=True, echoes=_ECHOES_VERTEX),
    "getSubtasksTimes": OperationTraits(echoes=_ECHOES_VERTEX),
    "getJobVertexAccumulators": OperationTraits(echoes=_ECHOES_VERTEX),
    "getSubtasksAllAccumulators": OperationTraits(echoes=_ECHOES_VERTEX),
    # 1.12 asks the dispatcher and fails for ended jobs. Later releases compute back pressure from metrics.
    "getJobVertexBackPressure": OperationTraits(asks_dispatcher=True, expected_error_statuses=(500,)),
    "getSubtaskCurrentAttemptDetails": OperationTraits(echoes={"subtaskindex": "subtask"}),
    # The JobManager forgets old attempts, so that an attempt may be gone after it was listed.
    "getSubtaskExecutionAttemptDetails": OperationTraits(
        expected_error_statuses=(404,), echoes={"subtaskindex": "subtask", "attempt": "attempt"}
    ),
    "getSubtaskExecutionAttemptAccumulators": OperationTraits(expected_error_statuses=(404,)),
    # checkpoints and savepoints: a checkpoint may leave the history after it was listed, and batch jobs have no history
    "getCheckpointingStatistics": OperationTraits(expected_error_statuses=(404,)),
    "getCheckpointConfig": OperationTraits(expected_error_statuses=(404,)),
    "getCheckpointStatisticDetails": OperationTraits(expected_error_statuses=(404,), echoes={"checkpointid": "id"}),
    "getTaskCheckpointStatistics": OperationTraits(expected_error_statuses=(404,), echoes={"checkpointid": "id"}),
    "triggerCheckpoint": OperationTraits(scenario_key="checkpoint"),
    "triggerSavepoint": OperationTraits(scenario_key="savepoint"),
    "triggerStopWithSavepoint": OperationTraits(scenario_key="stop-with-savepoint"),
    "triggerSavepointDisposal": OperationTraits(scenario_key="dispose-savepoint"),
    "deleteClusterDataSet": OperationTraits(scenario_key="delete-dataset"),
    # rescaling: the reads fail without the adaptive scheduler
    "getJobResourceRequirements": OperationTraits(asks_dispatcher=True, expected_error_statuses=(500,)),
    "updateJobResourceRequirements": OperationTraits(asks_dispatcher=True, scenario_key="rescale"),
    "rescaleJob": OperationTraits(scenario_key="rescale"),
    "getJobRescaleConfig": OperationTraits(expected_error_statuses=(404,)),
    "getJobRescaleDetails": OperationTraits(expected_error_statuses=(404,)),
    "getJobRescalesHistory": OperationTraits(expected_error_statuses=(404,)),
    "getJobRescalesOverview": OperationTraits(expected_error_statuses=(404,)),
    "getJobRescalesSummary": OperationTraits(expected_error_statuses=(404,)),
    # jars: a plan fails if the jar has no main class, or if the main method throws an exception
    "uploadJar": OperationTraits(scenario_key="upload"),
    "submitJobFromJar": OperationTraits(runs_jar=True),
    "submitApplicationFromJar": OperationTraits(runs_jar=True),
    "generatePlanFromJar": OperationTraits(runs_jar=True),
    "generatePlanFromJarGet": OperationTraits(runs_jar=True, expected_error_statuses=(400, 500)),
    # logs
    "getJobManagerLogUrl": OperationTraits(is_log_url=True),
    "getTaskManagerLogUrl": OperationTraits(is_log_url=True),
    "getTaskManagerDetails": OperationTraits(echoes={"taskmanagerid": "id"}),
    "getTaskManagerLogFile": OperationTraits(reads_taskmanager_file=True),
    "getTaskManagerStdoutFile": OperationTraits(reads_taskmanager_file=True),
    "getTaskManagerCustomLog": OperationTraits(reads_taskmanager_file=True),
}
"""The traits by operation id."""


def traits_of(operation_id: str) -> OperationTraits:
    """Return the traits of an operation."""
    return TRAITS.get(operation_id, NO_TRAITS)


def only_reads(operation: Operation) -> bool:
    """Return whether the operation changes nothing in the cluster."""
    return operation.method == "GET" and not traits_of(operation.id).cancels_job


def operations_of_scenario_key(key: str) -> tuple[str, ...]:
    """Return the ids of the operations to which a key of the section `operations` applies."""
    return tuple(operation_id for operation_id, traits in TRAITS.items() if traits.scenario_key == key)
