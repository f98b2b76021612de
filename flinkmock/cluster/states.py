"""The states of jobs and tasks in Flink's own words, and the moves between job states that Flink's code makes.

Words: `JobStatus`, `ExecutionState`. Moves of the default scheduler: `DefaultExecutionGraph` (transitionToRunning,
cancel, suspend, failJob, jobFinished), `DefaultScheduler` (RUNNING and RESTARTING), `DefaultBatchJobRecoveryHandler`
(RECONCILING), `JobMasterServiceLeadershipRunner` (what is seen before there is a JobMaster). Moves of the adaptive
scheduler: the classes of `runtime.scheduler.adaptive`, each with the JobStatus it reports.
"""

from __future__ import annotations

JOB_STATES = (
    "INITIALIZING",
    "CREATED",
    "RUNNING",
    "FAILING",
    "FAILED",
    "CANCELLING",
    "CANCELED",
    "FINISHED",
    "RESTARTING",
    "SUSPENDED",
    "RECONCILING",
)
"""In the order of Flink's enum."""

GLOBALLY_TERMINAL = frozenset({"FAILED", "CANCELED", "FINISHED"})
TERMINAL_JOB_STATES = GLOBALLY_TERMINAL | {"SUSPENDED"}
"""SUSPENDED ends a job for this JobManager only: another leader may take it up again."""

FAILURE_STATES = frozenset({"RESTARTING", "FAILING", "FAILED", "SUSPENDED"})
"""The states that are entered with an exception."""

EXECUTION_STATES = (
    "CREATED",
    "SCHEDULED",
    "DEPLOYING",
    "RUNNING",
    "FINISHED",
    "CANCELING",
    "CANCELED",
    "FAILED",
    "RECONCILING",
    "INITIALIZING",
)
"""Of a task, in the order of Flink's enum. Mind CANCELING: jobs have two Ls there, tasks one."""

TERMINAL_EXECUTION_STATES = frozenset({"FINISHED", "CANCELED", "FAILED"})

Moves = dict[str, frozenset[str]]

_ENDED: Moves = {state: frozenset() for state in TERMINAL_JOB_STATES}

_DEFAULT: Moves = {
    # FAILED at once: the JobMaster could not be made, e.g. because the savepoint to restore is not there
    "INITIALIZING": frozenset({"CREATED", "CANCELLING", "FAILED", "SUSPENDED"}),
    "CREATED": frozenset({"RUNNING", "RECONCILING", "CANCELLING", "FAILING", "SUSPENDED"}),
    "RECONCILING": frozenset({"RUNNING", "FAILING", "SUSPENDED"}),
    "RUNNING": frozenset({"FINISHED", "RESTARTING", "FAILING", "CANCELLING", "SUSPENDED"}),
    "RESTARTING": frozenset({"RUNNING", "FAILING", "CANCELLING", "SUSPENDED"}),
    "FAILING": frozenset({"FAILED", "CANCELLING", "SUSPENDED"}),
    # FAILED: not every task could be cancelled; FAILING: failJob leaves every state but FAILING and the final ones
    "CANCELLING": frozenset({"CANCELED", "FAILING", "FAILED", "SUSPENDED"}),
    **_ENDED,
}

_ADAPTIVE: Moves = {
    "INITIALIZING": frozenset({"CREATED", "CANCELLING", "CANCELED", "FAILED", "SUSPENDED"}),
    # WaitingForResources and CreatingExecutionGraph have no graph yet, so there is nothing to cancel or to fail slowly
    "CREATED": frozenset({"RUNNING", "CANCELED", "FAILED", "SUSPENDED"}),
    "RUNNING": frozenset({"FINISHED", "RESTARTING", "FAILING", "CANCELLING", "SUSPENDED"}),
    # Restarting goes back to WaitingForResources, or with forcedRestart to CreatingExecutionGraph: both say CREATED
    "RESTARTING": frozenset({"CREATED", "CANCELLING", "SUSPENDED"}),
    "FAILING": frozenset({"FAILED", "CANCELLING", "SUSPENDED"}),
    "CANCELLING": frozenset({"CANCELED", "FAILED", "SUSPENDED"}),
    "RECONCILING": frozenset(),
    **_ENDED,
}

_MOVES: dict[str, Moves] = {"default": _DEFAULT, "adaptive": _ADAPTIVE}


def scheduler_of(configured: str | None, kind: str) -> str:
    """Which scheduler has a job: "default" or "adaptive". `configured` is the option jobmanager.scheduler, `kind` is
    STREAMING or BATCH: batch jobs are never the adaptive scheduler's (DefaultSlotPoolServiceSchedulerFactory)."""
    return "adaptive" if (configured or "").lower() == "adaptive" and kind != "BATCH" else "default"


def moves(scheduler: str = "default") -> Moves:
    """State -> the states that can follow it at once. `scheduler` is "default" or "adaptive"."""
    return _MOVES[scheduler]


def beginning(state: str, scheduler: str = "default") -> tuple[str, ...] | None:
    """The states a job goes through before `state` when that is the first one told: () for INITIALIZING,
    ("INITIALIZING", "CREATED") for RUNNING. None if no job begins so."""
    for before in ((), ("INITIALIZING",), ("INITIALIZING", "CREATED")):
        if (not before and state == "INITIALIZING") or (before and state in _MOVES[scheduler][before[-1]]):
            return before
    return None
