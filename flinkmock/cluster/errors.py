"""What can go wrong inside the cluster, in the domain's words and without a word of HTTP.

    Problem
    ├── UnknownJob              the id names no job
    ├── JobInitializing         the job has no JobMaster yet
    ├── UnknownVertex           the job has no such vertex
    ├── UnknownSubtask          the subtask index is too high
    ├── UnknownAttempt          that attempt of a subtask was never made
    ├── UnknownCheckpoint       the checkpoint is not, or no longer, in the history
    ├── UnknownCheckpointVertex the checkpoint has no statistics of that vertex
    ├── UnknownTrigger          no asynchronous operation has that trigger id
    ├── UnknownRescale          no rescale of the job has that id
    ├── UnknownApplication      the id names no application
    ├── UnknownTaskManager      no task manager has that id
    ├── UnknownFile             no such log file, or no such jar
    │   ├── UnknownLog
    │   └── UnknownJar
    ├── JobEnded                the job has already come to a (different) end
    ├── CancellationFailed      the job can't be cancelled now, as the scenario wants it
    ├── StopModeRemoved         `mode=stop`, which Flink took away in 1.9
    ├── RescalingDisabled       `/rescaling`, which Flink switched off in 1.9 (FLINK-12312)
    ├── NotAdaptive             only the adaptive scheduler could do that
    ├── BadRequirements         resource requirements that make no sense
    ├── BadUpload               not exactly one file, or not a jar
    ├── BadSubmission           a `POST /jobs` that names no plan, or files it did not send
    ├── BadRequest              the request is well formed, and the handler refuses it (400)
    ├── ProgramProblem          the jar's program can't be run: no entry class, main throws, nothing executed
    ├── Unserviceable           an exception nobody caught: Flink's 500
    ├── ClusterGone             the cluster was shut down
    └── NoLeader                no JobManager leads at present

How a problem is told to a client (status, Java class, text) depends on the operation and the release; that table
is `flinkmock/server/problems.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.flink.java_exception import JavaException


class ClusterError(Exception):
    """Base of everything the cluster refuses."""


@dataclass
class JobNotFound(ClusterError):
    job_id: str


@dataclass
class JobInitializing(ClusterError):
    job_id: str


@dataclass
class VertexNotFound(ClusterError):
    job_id: str
    vertex_id: str


@dataclass
class SubtaskNotFound(ClusterError):
    vertex_id: str
    subtask: int


@dataclass
class AttemptNotFound(ClusterError):
    attempt: int


@dataclass
class CheckpointNotFound(ClusterError):
    checkpoint_id: int


@dataclass
class CheckpointVertexNotFound(ClusterError):
    checkpoint_id: int
    vertex_id: str


@dataclass
class TriggerNotFound(ClusterError):
    """`kind`: savepoint, checkpoint, disposal, dataset or rescaling; `job_id` is None for the cluster's own."""

    kind: str
    trigger_id: str
    job_id: str | None = None


@dataclass
class RescaleNotFound(ClusterError):
    rescale_id: str


@dataclass
class ApplicationNotFound(ClusterError):
    application_id: str


@dataclass
class TaskManagerNotFound(ClusterError):
    taskmanager_id: str


class FileNotFound(ClusterError):
    """Base: a file that is not there."""


@dataclass
class LogNotFound(FileNotFound):
    """`taskmanager_id` is None for the JobManager's log directory."""

    name: str
    taskmanager_id: str | None = None


@dataclass
class JarNotFound(FileNotFound):
    """`upload_dir` is where the jar would be, as shown in messages."""

    jar_id: str
    upload_dir: str


@dataclass
class JobAlreadyTerminated(ClusterError):
    job_id: str
    state: str

    def __str__(self) -> str:
        return f"job {self.job_id} has come to its end: it is {self.state}"


@dataclass
class CancellationFailed(ClusterError):
    exception: JavaException


@dataclass
class StopModeRemoved(ClusterError):
    pass


@dataclass
class RescalingDisabled(ClusterError):
    pass


@dataclass
class AdaptiveSchedulerRequired(ClusterError):
    """`feature` is "requirements", "rescale-config", "rescales" or "rescale-details"."""

    job_id: str
    feature: str


@dataclass
class InvalidResourceRequirements(ClusterError):
    message: str


@dataclass
class InvalidUpload(ClusterError):
    message: str


@dataclass
class InvalidJobSubmission(ClusterError):
    """`missing_file` when a named file was not sent, else `cause` tells why the plan can't be read."""

    message: str
    missing_file: bool = False
    cause: JavaException | None = None


@dataclass
class BadRequest(ClusterError):
    message: str
    cause: JavaException | None = None


@dataclass
class ProgramError(ClusterError):
    """`refused` is True where Flink answers 400 `Could not execute application.`, False where it is a 500."""

    exception: JavaException
    refused: bool
    message: str = "Could not execute application."


@dataclass
class CoordinatorNotFound(ClusterError):
    operator: str
    """An operator id, or from 2.1 on whatever the client takes for an operator's uid."""


@dataclass
class UncaughtJavaException(ClusterError):
    """The request can't be carried out, for this cause: a 500 with its words."""

    exception: JavaException


class ClusterGone(ClusterError):
    pass


class NoLeader(ClusterError):
    """LeaderRetrievalHandler: whatever is asked, 503."""
