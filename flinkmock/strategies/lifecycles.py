"""How jobs live: every way through Flink's states that its schedulers know, with lengths and causes."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from flinkmock.cluster.states import FAILURE_STATES, JOB_STATES, TERMINAL_JOB_STATES, implicit_prefix, legal_transitions

LONGEST = 6
"""States of a lifecycle, besides those that it repeats."""
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8)
WORDS = st.text("abc 019 äß漢🐟 :#-,.'\"\\\\/{}[]&*!|>%@`~=?<", max_size=12)
"""With all that means something in YAML, JSON, Java and URLs."""
SECONDS = st.integers(1, 600).map(lambda n: f"{n}s" if n < 120 else f"{n // 60}m{n % 60}s")
DURATIONS = SECONDS | st.integers(1, 5000).map("{}ms".format)
SPANS = DURATIONS | st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda of: f"{min(of)}s..{max(of)}s")
LENGTHS = SPANS | st.integers(1, 5).map("{} polls".format) | NAMES.map("signal {}".format)
PROBABLE_CLASSES = (
    "java.lang.RuntimeException",
    "java.io.IOException",
    "java.lang.OutOfMemoryError",
    "org.apache.flink.util.FlinkRuntimeException",
)
CAUSES: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"class": st.sampled_from(PROBABLE_CLASSES)}, optional={"message": WORDS, "global": st.booleans()}
)
_GOES_ON = st.integers(0, 4).map(bool)
_COMES_BACK = st.sampled_from((False, False, True))
_FIRST = {
    scheduler: tuple(str(state) for state in ("RUNNING", *JOB_STATES) if implicit_prefix(state, scheduler) is not None)
    for scheduler in ("default", "adaptive")
}


@st.composite
def lifecycles(draw: DrawFn, scheduler: str = "default", causes: Sequence[str] = ()) -> list[Any]:
    """Lifecycles as a scenario has them. The simplest one: RUNNING, for ever.

    Args:
        scheduler: "default" or "adaptive".
        causes: names of causes of the scenario.
    """
    legal = legal_transitions(scheduler)
    lines: list[Any] = []
    if draw(_COMES_BACK):
        return _loops(draw, scheduler, causes)
    state = draw(st.sampled_from(_FIRST[scheduler]))
    while True:
        ways = sorted(
            (way.value for way in legal[state]), key=lambda way: (way not in TERMINAL_JOB_STATES, JOB_STATES.index(way))
        )
        if not ways or len(lines) == LONGEST or not draw(_GOES_ON):
            lines.append(_line(draw, state, None, causes))
            return lines
        lines.append(_line(draw, state, draw(LENGTHS), causes))
        if "RUNNING" in ways and draw(_COMES_BACK):
            return [*lines, *_loops(draw, scheduler, causes)]
        state = draw(st.sampled_from(ways))


def _line(draw: DrawFn, state: str, length: str | None, causes: Sequence[str]) -> Any:
    because = None
    if state in FAILURE_STATES and draw(st.booleans()):
        because = draw(st.sampled_from(causes) if causes else CAUSES)
    if because is not None:
        return {state: {"exception": because} if length is None else {"duration": length, "exception": because}}
    return state if length is None else {state: length}


def _loops(draw: DrawFn, scheduler: str, causes: Sequence[str]) -> list[Any]:
    """A job that fails and comes back, some times or for ever; with the adaptive scheduler by way of CREATED."""
    states = ("RUNNING", "RESTARTING", "CREATED") if scheduler == "adaptive" else ("RUNNING", "RESTARTING")
    steps = [_line(draw, state, draw(SECONDS), causes) for state in states]
    times = draw(st.just("forever") | st.integers(1, 3))
    loop = {"repeat": times, "steps": steps}
    return [loop] if times == "forever" else [loop, "RUNNING"]
