"""Strategies for lifecycles: all sequences of job states that Flink's schedulers allow."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from flinkmock.cluster.states import FAILURE_STATES, JOB_STATES, TERMINAL_JOB_STATES, implicit_prefix, legal_transitions

MAX_STATES = 6
"""The maximum number of states in a lifecycle, without repetitions."""
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8)
WORDS = st.text("abc 019 äß漢🐟 :#-,.'\"\\\\/{}[]&*!|>%@`~=?<", max_size=12)
"""Text with the special characters of YAML, JSON, Java and URLs."""
SECONDS = st.integers(1, 600).map(lambda n: f"{n}s" if n < 120 else f"{n // 60}m{n % 60}s")
DURATIONS = SECONDS | st.integers(1, 5000).map("{}ms".format)
DURATION_RANGES = DURATIONS | st.tuples(st.integers(0, 60), st.integers(0, 60)).map(
    lambda pair: f"{min(pair)}s..{max(pair)}s"
)
DURATION_SPECS = DURATION_RANGES | st.integers(1, 5).map("{} polls".format) | NAMES.map("signal {}".format)
EXCEPTION_CLASSES = (
    "java.lang.RuntimeException",
    "java.io.IOException",
    "java.lang.OutOfMemoryError",
    "org.apache.flink.util.FlinkRuntimeException",
)
EXCEPTIONS: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"class": st.sampled_from(EXCEPTION_CLASSES)}, optional={"message": WORDS, "global": st.booleans()}
)
_CONTINUES = st.integers(0, 4).map(bool)
_LOOPS = st.sampled_from((False, False, True))
_FIRST = {
    scheduler: tuple(str(state) for state in ("RUNNING", *JOB_STATES) if implicit_prefix(state, scheduler) is not None)
    for scheduler in ("default", "adaptive")
}


@st.composite
def lifecycles(draw: DrawFn, scheduler: str = "default", exceptions: Sequence[str] = ()) -> list[Any]:
    """Generate lifecycles as in scenarios. The simplest one is RUNNING forever.

    Args:
        scheduler: "default" or "adaptive".
        exceptions: The names of exceptions in the scenario.
    """
    legal = legal_transitions(scheduler)
    lines: list[Any] = []
    if draw(_LOOPS):
        return _loops(draw, scheduler, exceptions)
    state = draw(st.sampled_from(_FIRST[scheduler]))
    while True:
        following = sorted(
            (next_state.value for next_state in legal[state]),
            key=lambda name: (name not in TERMINAL_JOB_STATES, JOB_STATES.index(name)),
        )
        if not following or len(lines) == MAX_STATES or not draw(_CONTINUES):
            lines.append(_line(draw, state, None, exceptions))
            return lines
        lines.append(_line(draw, state, draw(DURATION_SPECS), exceptions))
        if "RUNNING" in following and draw(_LOOPS):
            return [*lines, *_loops(draw, scheduler, exceptions)]
        state = draw(st.sampled_from(following))


def _line(draw: DrawFn, state: str, duration: str | None, exceptions: Sequence[str]) -> Any:
    exception = None
    if state in FAILURE_STATES and draw(st.booleans()):
        exception = draw(st.sampled_from(exceptions) if exceptions else EXCEPTIONS)
    if exception is not None:
        return {state: {"exception": exception} if duration is None else {"duration": duration, "exception": exception}}
    return state if duration is None else {state: duration}


def _loops(draw: DrawFn, scheduler: str, exceptions: Sequence[str]) -> list[Any]:
    """Generate a job that fails and restarts several times or forever; with the adaptive scheduler through CREATED."""
    states = ("RUNNING", "RESTARTING", "CREATED") if scheduler == "adaptive" else ("RUNNING", "RESTARTING")
    steps = [_line(draw, state, draw(SECONDS), exceptions) for state in states]
    times = draw(st.just("forever") | st.integers(1, 3))
    loop = {"repeat": times, "steps": steps}
    return [loop] if times == "forever" else [loop, "RUNNING"]
