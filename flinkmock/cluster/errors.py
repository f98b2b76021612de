"""The errors of the cluster model, without HTTP.

    ClusterError
    ├── JobNotFound                  no job has the id
    ├── JobInitializing              the job has no JobMaster yet
    ├── VertexNotFound               the job has no such vertex
    ├── SubtaskNotFound              the subtask index is too high
    ├── AttemptNotFound              the subtask has no such attempt
    ├── CheckpointingDisabled        no checkpoint statistics: a batch job since 1.17, an INITIALIZING one until 1.14
    ├── CheckpointNotFound           the checkpoint is not in the history
    ├── CheckpointVertexNotFound     the checkpoint has no statistics of the vertex
    ├── TriggerNotFound              no async operation has the trigger id
    ├── RescaleNotFound              the job has no rescale with the id
    ├── ApplicationNotFound          no application has the id
    ├── TaskManagerNotFound          no TaskManager has the id
    ├── FileNotFound                 base of errors about a missing file
    │   ├── LogNotFound
    │   └── JarNotFound
    ├── CoordinatorNotFound          the job has no operator coordinator with the id
    ├── JobAlreadyTerminated         the job has reached a terminal state
    ├── CancellationFailed           the scenario makes the cancellation fail
    ├── StopModeRemoved              `mode=stop`, which Flink removed in 1.9
    ├── RescalingDisabled            `/rescaling`, which Flink disabled in 1.9 (FLINK-12312)
    ├── AdaptiveSchedulerRequired    the request needs the adaptive scheduler
    ├── InvalidResourceRequirements  the parallelism bounds do not fit the job
    ├── InvalidUpload                not exactly one file, not a jar, or it can't be stored
    ├── InvalidJobSubmission         a `POST /jobs` without a job graph, or without the files that it names
    ├── BadRequest                   the request is well formed, but the handler rejects it (400)
    ├── ProgramError                 the program fails: no entry class, main throws, no job executed
    ├── UncaughtJavaException        an exception that no handler of Flink catches (500)
    └── NoLeader                     no JobManager is the leader

`flinkmock/rest/error_mapping.py` maps each error to the status and the message of an operation in a release.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flinkmock.errors import FlinkMockError
from flinkmock.flink.java_exception import JavaException


class ClusterError(FlinkMockError):
    """Base of the errors of the cluster.

    Functions that override a handler (`FlinkMock.on`) raise them to respond with Flink's error.
    """


@dataclass(eq=False)
class JobNotFound(ClusterError):
    """No job of the cluster has this id."""

    job_id: str

    def __str__(self) -> str:
        return f"There is no job with the id {self.job_id}. GET /jobs/overview lists all jobs."


@dataclass(eq=False)
class JobInitializing(ClusterError):
    """The job has no JobMaster yet."""

    job_id: str

    def __str__(self) -> str:
        return f"Job {self.job_id} is INITIALIZING. Wait until it leaves this state."


@dataclass(eq=False)
class VertexNotFound(ClusterError):
    """The job has no vertex with this id."""

    job_id: str
    vertex_id: str

    def __str__(self) -> str:
        return f"Job {self.job_id} has no vertex {self.vertex_id}. GET /jobs/:jobid lists its vertices."


@dataclass(eq=False)
class SubtaskNotFound(ClusterError):
    """The requested index `subtask` is too high for the vertex."""

    vertex_id: str
    subtask: int

    def __str__(self) -> str:
        return f"Vertex {self.vertex_id} has no subtask {self.subtask}. Indexes are 0 to parallelism - 1."


@dataclass(eq=False)
class AttemptNotFound(ClusterError):
    """The subtask has no attempt with this number."""

    attempt: int

    def __str__(self) -> str:
        return f"The subtask has no attempt {self.attempt}. Attempts are numbered from 0; each restart adds one."


@dataclass(eq=False)
class CheckpointingDisabled(ClusterError):
    """The job has no checkpoint statistics: a batch job since Flink 1.17, or an INITIALIZING job until 1.14."""

    job_id: str

    def __str__(self) -> str:
        return f"Job {self.job_id} has no checkpoints. Only streaming jobs that are initialized have checkpoints."


@dataclass(eq=False)
class CheckpointNotFound(ClusterError):
    """The checkpoint is not in the job's history, which contains only the newest checkpoints."""

    checkpoint_id: int

    def __str__(self) -> str:
        return (
            f"Checkpoint {self.checkpoint_id} is not in the job's history. "
            "GET /jobs/:jobid/checkpoints lists the checkpoints that are kept."
        )


@dataclass(eq=False)
class CheckpointVertexNotFound(ClusterError):
    """The checkpoint has no statistics of this vertex."""

    checkpoint_id: int
    vertex_id: str

    def __str__(self) -> str:
        return f"Checkpoint {self.checkpoint_id} has no statistics of vertex {self.vertex_id}."


@dataclass(eq=False)
class TriggerNotFound(ClusterError):
    """No async operation of this kind has the trigger id, or its result has expired.

    Attributes:
        kind: savepoint, checkpoint, disposal or dataset.
        trigger_id: The trigger id.
        job_id: The id of the job; None for operations of the cluster.
    """

    kind: str
    trigger_id: str
    job_id: str | None = None

    def __str__(self) -> str:
        job = f" of job {self.job_id}" if self.job_id else ""
        return f"There is no {self.kind}{job} with the trigger id {self.trigger_id}, or its result has expired."


@dataclass(eq=False)
class RescaleNotFound(ClusterError):
    """The job has no rescale with this id."""

    rescale_id: str

    def __str__(self) -> str:
        return f"The job has no rescale with the id {self.rescale_id}."


@dataclass(eq=False)
class ApplicationNotFound(ClusterError):
    """No application of the cluster has this id."""

    application_id: str

    def __str__(self) -> str:
        return f"There is no application with the id {self.application_id}."


@dataclass(eq=False)
class TaskManagerNotFound(ClusterError):
    """No registered TaskManager has this id."""

    taskmanager_id: str

    def __str__(self) -> str:
        return f"There is no TaskManager with the id {self.taskmanager_id}. GET /taskmanagers lists all of them."


class FileNotFound(ClusterError):
    """Base of errors about a missing file."""


@dataclass(eq=False)
class LogNotFound(FileNotFound):
    """There is no log file with this name; `taskmanager_id` is None for the logs of the JobManager."""

    name: str
    taskmanager_id: str | None = None

    def __str__(self) -> str:
        process = f"TaskManager {self.taskmanager_id}" if self.taskmanager_id else "The JobManager"
        return f"{process} has no log file {self.name}."


@dataclass(eq=False)
class JarNotFound(FileNotFound):
    """No uploaded jar has this id. `upload_dir` is the folder in Flink's message."""

    jar_id: str
    upload_dir: str

    def __str__(self) -> str:
        return f"There is no uploaded jar with the id {self.jar_id}. GET /jars lists all of them."


@dataclass(eq=False)
class JobAlreadyTerminated(ClusterError):
    """The job has reached the terminal state `state`."""

    job_id: str
    state: str

    def __str__(self) -> str:
        return f"Job {self.job_id} is already {self.state}."


@dataclass(eq=False)
class CancellationFailed(ClusterError):
    """The scenario makes the cancellation fail with this exception."""

    exception: JavaException

    def __str__(self) -> str:
        return f"The cancellation failed: {self.exception}"


@dataclass(eq=False)
class StopModeRemoved(ClusterError):
    """A cancellation with `mode=stop`, which Flink removed in 1.9."""

    def __str__(self) -> str:
        return "Flink 1.9 removed the mode `stop`. Use POST /jobs/:jobid/stop."


@dataclass(eq=False)
class RescalingDisabled(ClusterError):
    """A call of `/rescaling`, which Flink disabled in 1.9 (FLINK-12312)."""

    def __str__(self) -> str:
        return "Flink 1.9 disabled /rescaling. Stop the job with a savepoint and start it with another parallelism."


class AdaptiveSchedulerFeature(StrEnum):
    """Features that only jobs of the adaptive scheduler have."""

    REQUIREMENTS = "requirements"
    RESCALE_CONFIG = "rescale-config"
    RESCALES = "rescales"
    RESCALE_DETAILS = "rescale-details"


@dataclass(eq=False)
class AdaptiveSchedulerRequired(ClusterError):
    """The request needs a feature of the adaptive scheduler, which the job does not use.

    Attributes:
        job_id: The id of the job.
        feature: The feature.
        scheduler: The class of the scheduler that the job uses.
    """

    job_id: str
    feature: AdaptiveSchedulerFeature
    scheduler: str = "DefaultScheduler"

    def __str__(self) -> str:
        return f"Job {self.job_id} does not use the adaptive scheduler. Set jobmanager.scheduler: adaptive."


@dataclass(eq=False)
class InvalidResourceRequirements(ClusterError):
    """The parallelism bounds do not fit the job; `message` is Flink's message."""

    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False)
class InvalidUpload(ClusterError):
    """The upload is not exactly one file, or not a jar, or the file can't be stored.

    Attributes:
        message: Flink's message.
        not_stored: Whether the file can't be stored.
    """

    message: str
    not_stored: bool = False

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False)
class InvalidJobSubmission(ClusterError):
    """A job can't be submitted.

    Attributes:
        message: Flink's message.
        missing_file: Whether the request lacks a file that it names.
        cause: The exception if the submitted plan can't be read.
    """

    message: str
    missing_file: bool = False
    cause: JavaException | None = None

    def __str__(self) -> str:
        return f"{self.message}: {self.cause}" if self.cause else self.message


@dataclass(eq=False)
class BadRequest(ClusterError):
    """The handler rejects a well-formed request with status 400.

    Attributes:
        message: Flink's message.
        cause: The cause of Flink's exception, if it has one.
    """

    message: str
    cause: JavaException | None = None

    def __str__(self) -> str:
        return f"{self.message}: {self.cause}" if self.cause else self.message


@dataclass(eq=False)
class ProgramError(ClusterError):
    """The program can't be run or planned.

    Attributes:
        exception: Flink's exception.
        is_bad_request: Whether the response is a 400 with `message`; False: it is a 500.
        message: The message of a 400.
        ends_output: Whether the output of all later main methods is lost (since 1.17).
    """

    exception: JavaException
    is_bad_request: bool
    message: str = "Could not execute application."
    ends_output: bool = False

    def __str__(self) -> str:
        return f"{self.message} {self.exception}"


@dataclass(eq=False)
class CoordinatorNotFound(ClusterError):
    """The job has no operator coordinator for this operator, given by its id or, since 2.1, by its uid."""

    operator: str

    def __str__(self) -> str:
        return f"The job has no operator coordinator for {self.operator}."


@dataclass(eq=False)
class UncaughtJavaException(ClusterError):
    """The request fails with an exception that no handler of Flink catches; the response is a 500 with its message."""

    exception: JavaException

    def __str__(self) -> str:
        return str(self.exception)


class NoLeader(ClusterError):
    """No JobManager is the leader; the response to each request is a 503 (LeaderRetrievalHandler)."""

    def __str__(self) -> str:
        return "No JobManager is the leader. Advance the clock until one is elected."
