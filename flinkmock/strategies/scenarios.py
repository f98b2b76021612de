"""Strategies for scenarios."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from flinkmock.contract import LATEST, Contract
from flinkmock.strategies.faults import fault_mappings
from flinkmock.strategies.jobs import cluster_operations, jobs
from flinkmock.strategies.lifecycles import EXCEPTIONS, NAMES
from flinkmock.strategies.yaml_repr import DrawnScenario

DEFAULT_MAX_JOBS = 3


@st.composite
def scenarios(
    draw: DrawFn, *, flink: str | None = None, min_jobs: int = 0, max_jobs: int = DEFAULT_MAX_JOBS, faults: bool = False
) -> DrawnScenario:
    """Generate valid scenarios: jobs with lifecycles that Flink allows, slow and failing cluster operations,
    checkpoints, exceptions. The simplest ones are empty, or have one running job.

    A generated scenario is a mapping for `FlinkMock(...)`. A failing test shows it as YAML. Scenarios have no clock:
    the test sets it, or `FlinkMock` uses its default.

    Args:
        flink: The minor release in the scenario; None for a scenario without a release.
        min_jobs: The minimum number of jobs.
        max_jobs: The maximum number of jobs.
        faults: Whether scenarios may have faults.

    Raises:
        UnknownRelease: There is no contract for the release.
    """
    release = Contract.load(flink or LATEST).release
    scenario: dict[str, Any] = {"flink": flink} if flink else {}
    scenario |= draw(st.fixed_dictionaries({}, optional={"seed": st.integers(0, 2**31 - 1)}))
    is_adaptive = release.since("1.13") and draw(st.integers(0, 4)) == 4
    cluster: dict[str, Any] = draw(
        st.fixed_dictionaries({}, optional={"taskmanagers": st.integers(0, 3), "slots": st.integers(1, 8)})
    )
    if is_adaptive:
        cluster["config"] = {"jobmanager.scheduler": "adaptive"}
    exceptions = draw(st.dictionaries(NAMES, EXCEPTIONS, max_size=2))
    exception_names = tuple(exceptions)
    scheduler = "adaptive" if is_adaptive else "default"
    started_jobs = draw(st.dictionaries(NAMES, jobs(scheduler, exception_names), min_size=min_jobs, max_size=max_jobs))
    sections = {
        "cluster": cluster,
        "exceptions": exceptions,
        "jobs": started_jobs,
        "submitted": draw(st.dictionaries(NAMES.map("{}*".format), jobs(scheduler, exception_names), max_size=1)),
        "operations": draw(cluster_operations(exception_names, of_one_job=False)),
    }
    scenario |= {name: section for name, section in sections.items() if section}
    if faults and (drawn := draw(st.lists(fault_mappings(release.minor), max_size=2))):
        scenario["faults"] = drawn
    return DrawnScenario(scenario)
