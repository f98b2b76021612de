"""The states of jobs and tasks, and the transitions between job states that Flink's code makes.

The states are Flink's `JobStatus` and `ExecutionState`. Transitions of the default scheduler come from
`DefaultExecutionGraph` (transitionToRunning, cancel, suspend, failJob, jobFinished), `DefaultScheduler` (RUNNING and
RESTARTING), `DefaultBatchJobRecoveryHandler` (RECONCILING) and `JobMasterServiceLeadershipRunner` (states before there
is a JobMaster). Transitions of the adaptive scheduler come from the classes of `runtime.scheduler.adaptive`, each of
which reports one JobStatus.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class JobState(StrEnum):
    """Flink's `JobStatus`, in its order."""

    INITIALIZING = "INITIALIZING"
    CREATED = "CREATED"
    RUNNING = "RUNNING"
    FAILING = "FAILING"
    FAILED = "FAILED"
    CANCELLING = "CANCELLING"
    CANCELED = "CANCELED"
    FINISHED = "FINISHED"
    RESTARTING = "RESTARTING"
    SUSPENDED = "SUSPENDED"
    RECONCILING = "RECONCILING"


class TaskState(StrEnum):
    """Flink's `ExecutionState`, in its order. CANCELING has one L; the job state has two."""

    CREATED = "CREATED"
    SCHEDULED = "SCHEDULED"
    DEPLOYING = "DEPLOYING"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    RECONCILING = "RECONCILING"
    INITIALIZING = "INITIALIZING"


JOB_STATES = tuple(JobState)
TASK_STATES = tuple(TaskState)

GLOBALLY_TERMINAL = frozenset({JobState.FAILED, JobState.CANCELED, JobState.FINISHED})
TERMINAL_JOB_STATES = GLOBALLY_TERMINAL | {JobState.SUSPENDED}
"""SUSPENDED ends a job for one JobManager only; another leader may recover the job."""

FAILURE_STATES = frozenset({JobState.RESTARTING, JobState.FAILING, JobState.FAILED, JobState.SUSPENDED})
"""The states that a job enters because of an exception."""

TERMINAL_TASK_STATES = frozenset({TaskState.FINISHED, TaskState.CANCELED, TaskState.FAILED})

Transitions = Mapping[str, frozenset[JobState]]
"""Job state -> the states that can follow it directly."""


def _states(names: str) -> frozenset[JobState]:
    return frozenset(map(JobState, names.split()))


_TERMINAL_TRANSITIONS: Transitions = {state: frozenset() for state in TERMINAL_JOB_STATES}

_DEFAULT_TRANSITIONS: Transitions = {
    # directly to FAILED: the JobMaster could not be created, e.g. because the savepoint to restore does not exist
    JobState.INITIALIZING: _states("CREATED CANCELLING FAILED SUSPENDED"),
    JobState.CREATED: _states("RUNNING RECONCILING CANCELLING FAILING SUSPENDED"),
    JobState.RECONCILING: _states("RUNNING FAILING SUSPENDED"),
    JobState.RUNNING: _states("FINISHED RESTARTING FAILING CANCELLING SUSPENDED"),
    JobState.RESTARTING: _states("RUNNING FAILING CANCELLING SUSPENDED"),
    JobState.FAILING: _states("FAILED CANCELLING SUSPENDED"),
    # FAILED: not every task could be cancelled; FAILING: failJob is possible in all other states that are not terminal
    JobState.CANCELLING: _states("CANCELED FAILING FAILED SUSPENDED"),
    **_TERMINAL_TRANSITIONS,
}

_ADAPTIVE_TRANSITIONS: Transitions = {
    JobState.INITIALIZING: _states("CREATED CANCELLING CANCELED FAILED SUSPENDED"),
    # WaitingForResources and CreatingExecutionGraph have no graph yet: a job goes directly to CANCELED or FAILED
    JobState.CREATED: _states("RUNNING CANCELED FAILED SUSPENDED"),
    JobState.RUNNING: _states("FINISHED RESTARTING FAILING CANCELLING SUSPENDED"),
    # Restarting goes to WaitingForResources, or with forcedRestart to CreatingExecutionGraph; both report CREATED
    JobState.RESTARTING: _states("CREATED CANCELLING SUSPENDED"),
    JobState.FAILING: _states("FAILED CANCELLING SUSPENDED"),
    JobState.CANCELLING: _states("CANCELED FAILED SUSPENDED"),
    JobState.RECONCILING: frozenset(),
    **_TERMINAL_TRANSITIONS,
}

_TRANSITIONS: dict[str, Transitions] = {"default": _DEFAULT_TRANSITIONS, "adaptive": _ADAPTIVE_TRANSITIONS}
"""Scheduler -> its transitions."""


def scheduler_of(configured: str | None, job_type: str) -> str:
    """Return the scheduler that runs a job: "default" or "adaptive".

    Batch jobs never use the adaptive scheduler (DefaultSlotPoolServiceSchedulerFactory).

    Args:
        configured: The value of the option jobmanager.scheduler.
        job_type: STREAMING or BATCH.
    """
    return "adaptive" if (configured or "").lower() == "adaptive" and job_type != "BATCH" else "default"


def legal_transitions(scheduler: str = "default") -> Transitions:
    """Return the transitions of a scheduler, "default" or "adaptive"."""
    return _TRANSITIONS[scheduler]


def implicit_prefix(state: str, scheduler: str = "default") -> tuple[JobState, ...] | None:
    """Return the states before `state` that a lifecycle may leave out if `state` is its first one.

    Returns:
        For example () for INITIALIZING, (INITIALIZING, CREATED) for RUNNING; None if no lifecycle can start with
        `state`.
    """
    if state == JobState.INITIALIZING:
        return ()
    for prefix in ((JobState.INITIALIZING,), (JobState.INITIALIZING, JobState.CREATED)):
        if state in _TRANSITIONS[scheduler][prefix[-1]]:
            return prefix
    return None
