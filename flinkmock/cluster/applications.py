"""Applications of Flink 2.3, to which jobs belong. Most applications have one job, and the same id as that job."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from flinkmock.cluster.states import GLOBALLY_TERMINAL
from flinkmock.flink.java_exception import JavaException

if TYPE_CHECKING:
    from flinkmock.cluster.job import Job

STATE_BY_JOB_STATE = {
    "FINISHED": "FINISHED",
    "FAILING": "FAILING",
    "FAILED": "FAILED",
    "CANCELLING": "CANCELING",
    "CANCELED": "CANCELED",
}
"""Job state -> state of its application; for other job states it is RUNNING. CANCELING has one L here."""
_ENTERED_BEFORE = {"FAILED": "FAILING", "CANCELED": "CANCELING"}
"""Terminal state -> the state that an application always enters before."""
STATES = ("CREATED", "RUNNING", "FAILING", "FAILED", "CANCELING", "CANCELED", "FINISHED")


@dataclass(eq=False, slots=True)
class Application:
    """An application. It is RUNNING from its creation (`created_at`, epoch ms) on."""

    id: str
    name: str
    created_at: int
    jobs: list[Job] = field(default_factory=list)
    failure: JavaException | None = None
    """The exception with which the main method failed at `created_at`, before it started a job; else None."""
    is_rejected: bool = False
    """Whether the Dispatcher rejected its job. The application then has neither a job nor an exception."""

    def states_at(self, time: int) -> dict[str, int]:
        """Return the states entered by `time`, in order, each with its time (epoch ms)."""
        states = {"CREATED": self.created_at, "RUNNING": self.created_at}
        if self.failure is not None or self.is_rejected:
            return states | {"FAILING": self.created_at, "FAILED": self.created_at}
        if not self.jobs:  # the main method has returned without starting a job (observed on 2.3.0)
            return states | {"FINISHED": self.created_at}
        job = self.jobs[-1]
        # An application whose job ends during its initialization stays RUNNING; recorded of a job that fails.
        # See docs/flink-behaviour.md#failed-initialization.
        if not job.ended_before_start:
            for job_state, at in sorted(job.timestamps_at(time).items(), key=itemgetter(1)):
                if job_state in STATE_BY_JOB_STATE:
                    state = STATE_BY_JOB_STATE[job_state]
                    # the job may be FAILED or CANCELED directly after CREATED, but not its application
                    if state in _ENTERED_BEFORE:
                        states.setdefault(_ENTERED_BEFORE[state], at)
                    states.pop(state, None)  # a state that is entered again is the last one
                    states[state] = at
        return states

    def state_at(self, time: int) -> str:
        *_, state = self.states_at(time)
        return state

    def ended_at(self, time: int) -> int | None:
        """Return when the application ended (epoch ms); None if that was after `time`."""
        *_, (state, at) = self.states_at(time).items()
        return at if state in GLOBALLY_TERMINAL else None


def single_job_application(application_id: str, job_name: str, at: int) -> Application:
    """Create the application of a job that is submitted without one (SingleJobApplication)."""
    return Application(application_id, f"SingleJobApplication({job_name})", at)
