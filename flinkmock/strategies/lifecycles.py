"""Strategies for lifecycles: sequences of job states that Flink's schedulers allow."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from flinkmock.cluster.states import FAILURE_STATES, JOB_STATES, TERMINAL_JOB_STATES, implicit_prefix, legal_transitions

MAX_STATES = 6
"""The maximum number of states in a lifecycle, besides those of a final `repeat`."""
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8)
TEXTS = st.text("abc 019 äß漢🐟 :#-,.'\"\\\\/{}[]&*!|>%@`~=?<", max_size=12)
"""Text with the special characters of YAML, JSON, Java and URLs."""
SECONDS = st.integers(1, 600).map(
    lambda seconds: f"{seconds}s" if seconds < 120 else f"{seconds // 60}m{seconds % 60}s"
)
"""Durations of 1 second to 10 minutes, as a scenario writes them."""
DURATIONS = SECONDS | st.integers(1, 5000).map("{}ms".format)
DURATIONS_OR_RANGES = DURATIONS | st.tuples(st.integers(0, 60), st.integers(0, 60)).map(
    lambda pair: f"{min(pair)}s..{max(pair)}s"
)
DURATIONS_OR_WAITS = DURATIONS_OR_RANGES | st.integers(1, 5).map("{} polls".format) | NAMES.map("signal {}".format)
EXCEPTION_CLASSES = (
    "java.lang.RuntimeException",
    "java.io.IOException",
    "java.lang.OutOfMemoryError",
    "org.apache.flink.util.FlinkRuntimeException",
)
EXCEPTIONS: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"class": st.sampled_from(EXCEPTION_CLASSES)}, optional={"message": TEXTS, "global": st.booleans()}
)
_IS_CONTINUED = st.integers(0, 4).map(bool)
_HAS_REPEAT = st.sampled_from((False, False, True))
# RUNNING comes first because Hypothesis shrinks to the first element.
_FIRST_STATES = {
    scheduler: tuple(str(state) for state in ("RUNNING", *JOB_STATES) if implicit_prefix(state, scheduler) is not None)
    for scheduler in ("default", "adaptive")
}


@st.composite
def lifecycles(draw: DrawFn, scheduler: str = "default", exception_names: Sequence[str] = ()) -> list[Any]:
    """Generate lifecycles in the form that scenarios have. The simplest one is RUNNING forever.

    Args:
        scheduler: "default" or "adaptive".
        exception_names: The names of exceptions in the scenario.
    """
    next_states = legal_transitions(scheduler)
    steps: list[Any] = []
    if draw(_HAS_REPEAT):
        return _repeat(draw, scheduler, exception_names)
    state = draw(st.sampled_from(_FIRST_STATES[scheduler]))
    while True:
        following = sorted(
            (next_state.value for next_state in next_states[state]),
            key=lambda name: (name not in TERMINAL_JOB_STATES, JOB_STATES.index(name)),
        )
        if not following or len(steps) == MAX_STATES - 1 or not draw(_IS_CONTINUED):
            steps.append(_step(draw, state, None, exception_names))
            return steps
        steps.append(_step(draw, state, draw(DURATIONS_OR_WAITS), exception_names))
        if "RUNNING" in following and draw(_HAS_REPEAT):
            return [*steps, *_repeat(draw, scheduler, exception_names)]
        state = draw(st.sampled_from(following))


def _step(draw: DrawFn, state: str, duration: str | None, exception_names: Sequence[str]) -> Any:
    """Generate a step with a state. Without a duration, it is the last one."""
    exception = None
    if state in FAILURE_STATES and draw(st.booleans()):
        exception = draw(st.sampled_from(exception_names) if exception_names else EXCEPTIONS)
    if exception is not None:
        return {state: {"exception": exception} if duration is None else {"duration": duration, "exception": exception}}
    return state if duration is None else {state: duration}


def _repeat(draw: DrawFn, scheduler: str, exception_names: Sequence[str]) -> list[Any]:
    """Generate the steps of a job that restarts one to three times, or forever."""
    states = ("RUNNING", "RESTARTING", "CREATED") if scheduler == "adaptive" else ("RUNNING", "RESTARTING")
    steps = [_step(draw, state, draw(SECONDS), exception_names) for state in states]
    times = draw(st.just("forever") | st.integers(1, 3))
    step = {"repeat": times, "steps": steps}
    return [step] if times == "forever" else [step, "RUNNING"]
