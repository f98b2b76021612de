"""Applications of Flink 2.3: what a job belongs to. Most have one job, and its id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.cluster.states import GLOBALLY_TERMINAL
from flinkmock.flink.java_exception import JavaException

if TYPE_CHECKING:
    from flinkmock.cluster.job import Job

WORDS = {
    "FINISHED": "FINISHED",
    "FAILING": "FAILING",
    "FAILED": "FAILED",
    "CANCELLING": "CANCELING",
    "CANCELED": "CANCELED",
}
"""State of its job -> state of the application (ApplicationState spells CANCELING with one L); else RUNNING."""
STATES = ("CREATED", "RUNNING", "FAILING", "FAILED", "CANCELING", "CANCELED", "FINISHED")


@dataclass(eq=False, slots=True)
class Application:
    """`created_at` is epoch ms; it runs from the same moment on."""

    id: str
    name: str
    created_at: int
    jobs: list[Job] = field(default_factory=list)
    failure: JavaException | None = None
    """Why its main method failed before it had started a job; that is at once, too."""

    def states_at(self, time: int) -> dict[str, int]:
        """State -> when it was entered, in order."""
        entered = {"CREATED": self.created_at, "RUNNING": self.created_at}
        if self.failure is not None:
            return entered | {"FAILING": self.created_at, "FAILED": self.created_at}
        if not self.jobs:  # main returned without having started one (seen on 2.3.0)
            return entered | {"FINISHED": self.created_at}
        job = self.jobs[-1]
        # An application whose job could not be initialized stays RUNNING.
        # See docs/flink-behaviour.md#failed-initialization.
        if not job.failed_before_start:
            entered |= {WORDS[state]: at for at, state in job.states if at <= time and state in WORDS}
        return entered

    def state_at(self, time: int) -> str:
        return list(self.states_at(time))[-1]

    def ended_at(self, time: int) -> int | None:
        entered = self.states_at(time)
        last = list(entered)[-1]
        return entered[last] if last in GLOBALLY_TERMINAL else None
