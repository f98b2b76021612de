"""Strategies for the jobs of a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from flinkmock.cluster.states import scheduler_of
from flinkmock.strategies.lifecycles import (
    DURATIONS,
    DURATIONS_OR_RANGES,
    DURATIONS_OR_WAITS,
    EXCEPTIONS,
    NAMES,
    SECONDS,
    TEXTS,
    lifecycles,
)

TEMPLATES = ("streaming", "batch", "failing", "restarting", "stuck")
CHANCES = st.integers(0, 100).map("{}%".format)
_FAILS: SearchStrategy[Any] = CHANCES | st.lists(st.integers(1, 5), min_size=1, max_size=2, unique=True)
_SIZES = st.integers(1, 999).map("{}B".format) | st.integers(1, 99).map("{}MB".format)
_CHECKPOINTS: SearchStrategy[Any] = st.just("none") | st.fixed_dictionaries(
    {},
    optional={
        "every": SECONDS,
        "duration": DURATIONS_OR_RANGES,
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


def cluster_operations(exception_names: Sequence[str], *, of_one_job: bool) -> SearchStrategy[dict[str, Any]]:
    """Generate durations and failures of cluster operations, as in the section `operations`.

    Args:
        exception_names: The names of exceptions in the scenario.
        of_one_job: Whether they are the cluster operations of one job, instead of those of all jobs.
    """
    exceptions = st.sampled_from(exception_names) if exception_names else EXCEPTIONS
    failures = {"fails": _FAILS, "exception": exceptions}
    with_duration: SearchStrategy[Any] = DURATIONS_OR_WAITS | st.fixed_dictionaries(
        {}, optional={"duration": DURATIONS_OR_WAITS, **failures}
    )
    without_duration: SearchStrategy[Any] = st.fixed_dictionaries({}, optional=failures)
    by_operation = dict.fromkeys(("savepoint", "stop-with-savepoint", "checkpoint", "cancel"), with_duration) | {
        "submit": without_duration
    }
    if not of_one_job:
        by_operation |= {
            "dispose-savepoint": with_duration,
            "upload": without_duration,
            "delete-dataset": DURATIONS_OR_RANGES,
            "result-ttl": SECONDS,
        }
    return st.fixed_dictionaries({}, optional=by_operation)


@st.composite
def vertices(draw: DrawFn) -> list[Any]:
    """Generate a chain of vertices with different names, from a source to a sink."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    chain: list[Any] = [f"Source: {names[0]}", *names[1:]]
    for index, name in enumerate(chain):
        properties = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "parallelism": st.integers(1, 4),
                    "record-size": _SIZES,
                    "selectivity": st.integers(0, 3),
                },
            )
        )
        if properties:
            chain[index] = {"name": name, **properties}
    return chain


@st.composite
def jobs(draw: DrawFn, scheduler: str, exception_names: Sequence[str]) -> Any:
    """Generate a job, or the name of a template. The simplest one is `streaming`."""
    if not draw(st.booleans()):
        return draw(st.sampled_from(TEMPLATES))
    is_batch = draw(st.booleans())
    optional: dict[str, SearchStrategy[Any]] = {
        "lifecycle": lifecycles(scheduler_of(scheduler, "BATCH" if is_batch else "STREAMING"), exception_names),
        "name": TEXTS.filter(bool),
        "parallelism": st.integers(1, 4),
        "vertices": vertices(),
        "checkpoints": _CHECKPOINTS,
        "restart": _RESTART,
        "restore-duration": DURATIONS_OR_RANGES,
        "user-config": st.dictionaries(NAMES, TEXTS, max_size=2),
        "operations": cluster_operations(exception_names, of_one_job=True),
        "age": st.integers(1, 10).map("{}m".format),
    }
    return draw(st.fixed_dictionaries({"type": st.just("batch")} if is_batch else {}, optional=optional))
