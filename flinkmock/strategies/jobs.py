"""Jobs as a scenario has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from flinkmock.cluster.states import scheduler_of
from flinkmock.strategies.lifecycles import CAUSES, DURATIONS, LENGTHS, NAMES, SECONDS, SPANS, WORDS, lifecycles

TEMPLATES = ("streaming", "batch", "failing", "restarting", "stuck")
CHANCES = st.integers(0, 100).map("{}%".format)
_FAILS: SearchStrategy[Any] = CHANCES | st.lists(st.integers(1, 5), min_size=1, max_size=2, unique=True)
_SIZES = st.integers(1, 999).map("{}B".format) | st.integers(1, 99).map("{}MB".format)
_CHECKPOINTS: SearchStrategy[Any] = st.just("none") | st.fixed_dictionaries(
    {},
    optional={
        "every": SECONDS,
        "duration": SPANS,
        "size": _SIZES,
        "fails": _FAILS,
        "timeout": SECONDS,
        "min-pause": DURATIONS,
        "mode": st.sampled_from(("exactly-once", "at-least-once")),
        "unaligned": st.booleans(),
        "retained": st.sampled_from(("retain", "delete")),
    },
)
_RESTART: SearchStrategy[Any] = st.just("none") | st.fixed_dictionaries(
    {"strategy": st.sampled_from(("fixed-delay", "exponential-delay"))},
    optional={"attempts": st.integers(0, 5), "delay": DURATIONS},
)


def operations(causes: Sequence[str], *, of_job: bool) -> SearchStrategy[dict[str, Any]]:
    """How long operations take, and which of their calls fail. `causes` are names of the scenario's."""
    because = st.sampled_from(causes) if causes else CAUSES
    how = {"fails": _FAILS, "exception": because}
    planned: SearchStrategy[Any] = LENGTHS | st.fixed_dictionaries({}, optional={"duration": LENGTHS, **how})
    calls: SearchStrategy[Any] = st.fixed_dictionaries({}, optional=how)
    known = dict.fromkeys(("savepoint", "stop-with-savepoint", "checkpoint", "cancel"), planned) | {"submit": calls}
    if not of_job:
        known |= {"dispose-savepoint": planned, "upload": calls, "delete-dataset": SPANS, "result-ttl": SECONDS}
    return st.fixed_dictionaries({}, optional=known)


@st.composite
def vertices(draw: DrawFn) -> list[Any]:
    """A chain of vertices from a source to a sink, each with a name of its own."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    told: list[Any] = [f"Source: {names[0]}", *names[1:]]
    for place, name in enumerate(told):
        more = draw(st.fixed_dictionaries({}, optional={"parallelism": st.integers(1, 4), "record-size": _SIZES,
                                                        "selectivity": st.integers(0, 3)}))  # fmt: skip
        if more:
            told[place] = {"name": name, **more}
    return told


@st.composite
def jobs(draw: DrawFn, scheduler: str, causes: Sequence[str]) -> Any:
    """The name of a template, or a job. The simplest one is `streaming`."""
    if not draw(st.booleans()):
        return draw(st.sampled_from(TEMPLATES))
    batch = draw(st.booleans())
    optional: dict[str, SearchStrategy[Any]] = {
        "lifecycle": lifecycles(scheduler_of(scheduler, "BATCH" if batch else "STREAMING"), causes),
        "name": WORDS.filter(bool),
        "parallelism": st.integers(1, 4),
        "vertices": vertices(),
        "checkpoints": _CHECKPOINTS,
        "restart": _RESTART,
        "restore-duration": SPANS,
        "user-config": st.dictionaries(NAMES, WORDS, max_size=2),
        "operations": operations(causes, of_job=True),
        "age": st.integers(1, 10).map("{}m".format),
    }
    return draw(st.fixed_dictionaries({"type": st.just("batch")} if batch else {}, optional=optional))
