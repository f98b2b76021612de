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

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Throwable:
    """A Java exception as Flink would print it: class, message and what caused it."""

    java_class: str
    message: str | None = None
    cause: Throwable | None = None
    frames: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.java_class if self.message is None else f"{self.java_class}: {self.message}"

    def chain(self) -> tuple[Throwable, ...]:
        """This throwable and its causes, outermost first."""
        return (self, *(self.cause.chain() if self.cause else ()))


def stack_trace(
    throwable: Throwable, frames: Sequence[str] = (), *, of_causes: Sequence[str] | None = None, more: int = 0
) -> str:
    """As `Throwable.printStackTrace` writes it: the first line, the calls, each cause; ends with a line end.

    Args:
        frames: the calls of a throwable that has none of its own.
        of_causes: those of a cause; None: the same.
        more: how many calls a cause has in common with what it caused, `... 5 more`.
    """
    lines = [str(throwable), *(f"\tat {frame}" for frame in throwable.frames or frames)]
    for cause in throwable.chain()[1:]:
        lines += [f"Caused by: {cause}"]
        lines += [f"\tat {frame}" for frame in cause.frames or (frames if of_causes is None else of_causes)]
        lines += [f"\t... {more} more"] if more and not cause.frames else []
    return "\n".join(lines) + "\n"


class Problem(Exception):
    """Base of everything the cluster refuses."""


@dataclass
class UnknownJob(Problem):
    job_id: str


@dataclass
class JobInitializing(Problem):
    job_id: str


@dataclass
class UnknownVertex(Problem):
    job_id: str
    vertex_id: str


@dataclass
class UnknownSubtask(Problem):
    vertex_id: str
    subtask: int


@dataclass
class UnknownAttempt(Problem):
    attempt: int


@dataclass
class UnknownCheckpoint(Problem):
    checkpoint_id: int


@dataclass
class UnknownCheckpointVertex(Problem):
    checkpoint_id: int
    vertex_id: str


@dataclass
class UnknownTrigger(Problem):
    """`kind`: savepoint, checkpoint, disposal, dataset or rescaling; `job_id` is None for the cluster's own."""

    kind: str
    trigger_id: str
    job_id: str | None = None


@dataclass
class UnknownRescale(Problem):
    rescale_id: str


@dataclass
class UnknownApplication(Problem):
    application_id: str


@dataclass
class UnknownTaskManager(Problem):
    task_manager_id: str


class UnknownFile(Problem):
    """Base: a file that is not there."""


@dataclass
class UnknownLog(UnknownFile):
    """`task_manager_id` is None for the JobManager's log directory."""

    name: str
    task_manager_id: str | None = None


@dataclass
class UnknownJar(UnknownFile):
    """`upload_dir` is where the jar would be, as shown in messages."""

    jar_id: str
    upload_dir: str


@dataclass
class JobEnded(Problem):
    job_id: str
    state: str

    def __str__(self) -> str:
        return f"job {self.job_id} has come to its end: it is {self.state}"


@dataclass
class CancellationFailed(Problem):
    throwable: Throwable


@dataclass
class StopModeRemoved(Problem):
    pass


@dataclass
class RescalingDisabled(Problem):
    pass


@dataclass
class NotAdaptive(Problem):
    """`about` is "requirements", "rescale-config", "rescales" or "rescale-details"."""

    job_id: str
    about: str


@dataclass
class BadRequirements(Problem):
    text: str


@dataclass
class BadUpload(Problem):
    text: str


@dataclass
class BadSubmission(Problem):
    """`missing_file` when a named file was not sent, else `cause` tells why the plan can't be read."""

    text: str
    missing_file: bool = False
    cause: Throwable | None = None


@dataclass
class BadRequest(Problem):
    text: str
    cause: Throwable | None = None


@dataclass
class ProgramProblem(Problem):
    """`refused` is True where Flink answers 400 `Could not execute application.`, False where it is a 500."""

    throwable: Throwable
    refused: bool
    text: str = "Could not execute application."


@dataclass
class UnknownCoordinator(Problem):
    operator: str
    """An operator id, or from 2.1 on whatever the client takes for an operator's uid."""


@dataclass
class Unserviceable(Problem):
    """The request can't be carried out, for this cause: a 500 with its words."""

    throwable: Throwable


class ClusterGone(Problem):
    pass


class NoLeader(Problem):
    """LeaderRetrievalHandler: whatever is asked, 503."""
