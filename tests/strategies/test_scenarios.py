"""Generated scenarios load and run, and are shown as equivalent YAML."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock import Engine, FlinkMock, UnknownRelease, known_releases, load_scenario
from flinkmock.cluster.errors import CheckpointingDisabled, JobInitializing
from flinkmock.cluster.states import JOB_STATES
from flinkmock.rest.in_process import InProcessClient
from flinkmock.strategies import DrawnScenario, scenarios
from flinkmock.strategies.lifecycles import lifecycles
from tests.hypothesis_profile import examples
from tests.strategies.example_search import find_example, minimal_example, simplest_example


@examples(25)
@given(scenarios(faults=True), st.sampled_from(known_releases()))
def test_generated_scenarios_run_on_every_release(scenario: DrawnScenario, release: str) -> None:
    if "adaptive" in scenario.yaml and release == "1.12":
        return  # Flink 1.12 has no adaptive scheduler
    engine = Engine(load_scenario(scenario), flink=release, clock="virtual")
    try:
        client = InProcessClient(engine)
        for duration in ("1s", "1m", "30m"):
            engine.advance(duration)
            for job in client.peek("/jobs/overview")["jobs"]:  # `peek` does not count as a poll, which might end a step
                details = client.peek(f"/jobs/{job['jid']}")
                assert details["state"] == job["state"] and job["state"] in JOB_STATES
                with contextlib.suppress(JobInitializing, CheckpointingDisabled):
                    client.peek(f"/jobs/{job['jid']}/checkpoints")
    finally:
        engine.close()


@examples(40)
@given(scenarios(faults=True))
def test_the_yaml_and_the_repr_of_a_scenario_are_equivalent_to_it(scenario: DrawnScenario) -> None:
    loaded = load_scenario(scenario)
    assert load_scenario(scenario.yaml) == loaded
    assert load_scenario(eval(repr(scenario))) == loaded


@examples(15)
@given(scenarios(flink="1.20", min_jobs=1, max_jobs=2))
def test_a_scenario_has_the_given_release_and_number_of_jobs(scenario: DrawnScenario) -> None:
    loaded = load_scenario(scenario)
    assert loaded.flink == "1.20" and 1 <= len(loaded.jobs) <= 2 and not loaded.faults


def test_the_simplest_scenario_is_empty_and_the_simplest_job_a_template() -> None:
    assert simplest_example(scenarios()) == {}
    assert simplest_example(scenarios(min_jobs=1)) == {"jobs": {"a": "streaming"}}


def test_scenarios_shrink_to_minimal_examples() -> None:
    assert minimal_example(scenarios(max_jobs=1), lambda scenario: "batch" in _jobs(scenario)) == {
        "jobs": {"a": "batch"}
    }
    canceled = minimal_example(lifecycles(), lambda lifecycle: lifecycle[-1] == "CANCELED")
    assert len(canceled) <= 4
    assert all(duration == "1s" for step in canceled[:-1] for duration in step.values())


KEYWORDS = [
    "repeat",
    "exception",
    "polls",
    "signal",
    "..",
    "adaptive",
    "stop-with-savepoint",
    "checkpoints",
    "submitted",
]


@pytest.mark.slow
@pytest.mark.parametrize("keyword", KEYWORDS)
def test_a_scenario_can_contain_the_keyword(keyword: str) -> None:
    find_example(scenarios(min_jobs=1), lambda scenario: keyword in str(dict(scenario)))


def test_a_drawn_scenario_can_be_passed_to_flinkmock() -> None:
    with FlinkMock(simplest_example(scenarios(min_jobs=1))) as cluster:
        assert cluster.job("a").name == "a"


def test_an_unknown_release_is_rejected() -> None:
    with pytest.raises(UnknownRelease):
        simplest_example(scenarios(flink="3.0"))


def _jobs(scenario: DrawnScenario) -> list[Any]:
    jobs: Any = scenario.get("jobs", {})
    return list(jobs.values())
