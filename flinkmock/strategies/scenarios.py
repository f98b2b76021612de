"""Clusters and what happens on them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from flinkmock.contract import LATEST, Contract
from flinkmock.strategies.faults import fault_mappings
from flinkmock.strategies.jobs import jobs, operations
from flinkmock.strategies.lifecycles import CAUSES, NAMES
from flinkmock.strategies.yaml_repr import DrawnScenario

MOST_JOBS = 3


@st.composite
def scenarios(
    draw: DrawFn, *, flink: str | None = None, min_jobs: int = 0, max_jobs: int = MOST_JOBS, faults: bool = False
) -> DrawnScenario:
    """Scenarios that the loader takes and a cluster plays: jobs that go every way that Flink's states allow, slow and
    failing operations, checkpoints, causes. The simplest ones are empty, or have one job that runs.

    What is drawn is a mapping for `FlinkMock(...)`; a failing test shows it as YAML. It says nothing of a clock: the
    test does, or the default of `FlinkMock` holds.

    Args:
        flink: minor release, which the scenario then names; None: it names none.
        min_jobs, max_jobs: how many jobs there are from the start.
        faults: whether things go wrong between client and cluster as well.

    Raises:
        UnknownRelease: there is no contract of that release.
    """
    release = Contract.load(flink or LATEST).release
    told: dict[str, Any] = {"flink": flink} if flink else {}
    told |= draw(st.fixed_dictionaries({}, optional={"seed": st.integers(0, 2**31 - 1)}))
    adaptive = release.since("1.13") and draw(st.integers(0, 4)) == 4
    cluster: dict[str, Any] = draw(
        st.fixed_dictionaries({}, optional={"taskmanagers": st.integers(0, 3), "slots": st.integers(1, 8)})
    )
    if adaptive:
        cluster["config"] = {"jobmanager.scheduler": "adaptive"}
    causes = draw(st.dictionaries(NAMES, CAUSES, max_size=2))
    named, scheduler = tuple(causes), "adaptive" if adaptive else "default"
    started = draw(st.dictionaries(NAMES, jobs(scheduler, named), min_size=min_jobs, max_size=max_jobs))
    sections = {
        "cluster": cluster,
        "exceptions": causes,
        "jobs": started,
        "submitted": draw(st.dictionaries(NAMES.map("{}*".format), jobs(scheduler, named), max_size=1)),
        "operations": draw(operations(named, of_job=False)),
    }
    told |= {name: section for name, section in sections.items() if section}
    if faults and (drawn := draw(st.lists(fault_mappings(release.minor), max_size=2))):
        told["faults"] = drawn
    return DrawnScenario(told)
