"""The limits of scenario files and of the journal."""

from __future__ import annotations

import httpx
import pytest

from flinkmock import FlinkMock, ScenarioError, limits
from flinkmock.scenario import load_scenario

TOO_MANY_LEVELS = "more than 40 levels of nesting"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 100_000, TOO_MANY_LEVELS),
        ("a: " + "{b: " * 50_000, TOO_MANY_LEVELS),
        ("\n".join(" " * n + "a:" for n in range(60)), TOO_MANY_LEVELS),
        (
            "\n".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9) if n else 'a'}]" for n in range(12)),
            "200,000 values",
        ),
    ],
    ids=["lists", "mappings", "blocks", "aliases"],
)
def test_nested_documents_and_aliases_are_limited(text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        load_scenario(text + "\n")


def test_the_number_of_values_and_levels_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SCENARIO_VALUES", 10)
    with pytest.raises(ScenarioError, match="at most 10 values"):
        load_scenario("jobs: [" + "1, " * 10 + "]\n")
    monkeypatch.setattr(limits, "SCENARIO_DEPTH", 2)
    with pytest.raises(ScenarioError, match="more than 2 levels"):
        load_scenario({"jobs": {"a": {"lifecycle": [{"RUNNING": "1s"}]}}})


def test_the_parallelism_is_limited() -> None:
    with pytest.raises(ScenarioError, match="32768"):
        load_scenario(f"jobs: {{a: {{vertices: [{{name: a, parallelism: {limits.PARALLELISM + 1}}}]}}}}\n")


def test_the_journal_drops_the_oldest_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JOURNAL", 5)
    with FlinkMock(clock="virtual") as mock:
        for _ in range(8):
            httpx.get(mock.url + "/overview")
        assert (len(mock.requests), mock.requests.dropped) == (5, 3)


def test_the_size_of_a_scenario_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SCENARIO_SIZE", 100)
    with pytest.raises(ScenarioError, match="at most"):
        load_scenario("# " + "x" * 100 + "\n")


def test_the_number_of_lifecycle_steps_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIFECYCLE_STEPS", 10)
    with pytest.raises(ScenarioError, match="more than 10"):
        load_scenario("jobs: {a: {lifecycle: [{repeat: 6, steps: [RUNNING: 1s, RESTARTING: 1s]}, FINISHED]}}\n")


def test_the_nesting_of_aliases_is_limited() -> None:
    """Each anchor contains the previous one 36 levels below."""
    lines = ["a0: &a0 x"] + [f"a{n}: &a{n} {'[' * 36}*a{n - 1}{']' * 36}" for n in range(1, 21)]
    with pytest.raises(ScenarioError, match="more than 40 levels of nesting"):
        load_scenario("\n".join(lines))
    load_scenario("templates: {a: &a {parallelism: 2}}\njobs: {orders: *a, other: *a}")
