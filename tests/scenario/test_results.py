"""The keys `results` and `accumulators` of a job, which stand for the results of a program that is not run."""

from __future__ import annotations

import base64

import pytest

from flinkmock import ScenarioError
from flinkmock.flink.java_serialization.reader import read_object
from flinkmock.flink.row_values import RowKind, RowValue
from flinkmock.scenario import load_scenario
from tests.scenario.scenario_helpers import scenario_harness

SCENARIO = """
jobs:
  orders:
    vertices: [{name: "Source: source", accumulators: {words: IntCounter}}, map]
    lifecycle: [RUNNING: 5s, FINISHED]
    accumulators:
      records: {type: LongCounter, value: 17}
      users: {type: com.example.UniqueUsers, value: {ada: 2, bob: [1, 2]}}
      label: {type: Label, value: a text}
"""


def test_a_result_can_be_a_value_list_mapping_or_changelog_entry() -> None:
    text = """
submitted:
  "collect*": {results: [1, text, [1, a, null], {id: 1, name: a}, +U: [1, b], -D: [1, b]]}
"""
    rule = load_scenario(text).submissions[0]
    assert rule.job.results == (
        1,
        "text",
        [1, "a", None],
        {"id": 1, "name": "a"},
        RowValue(RowKind.UPDATE_AFTER, [1, "b"]),
        RowValue(RowKind.DELETE, [1, "b"]),
    )
    assert rule.explicit_keys == {"results"}


def test_the_explicit_keys_of_a_rule_include_those_of_its_templates() -> None:
    text = """
templates:
  base: {checkpoints: {every: 5s}}
  mine: {extends: base, restart: none}
submitted: {"a*": {extends: mine, lifecycle: [RUNNING: 1s, FINISHED]}, "b*": streaming, "c*": mine}
"""
    keys = {rule.pattern: set(rule.explicit_keys) for rule in load_scenario(text).submissions}
    assert keys == {
        "a*": {"checkpoints.every", "restart", "lifecycle"},
        "b*": set(),
        "c*": {"checkpoints.every", "restart"},
        "*": set(),
    }


def test_the_explicit_keys_of_a_rule_include_those_of_templates_that_built_in_templates_extend() -> None:
    text = """
templates: {streaming: {extends: streaming, parallelism: 4}}
submitted: {"x*": failing}
"""
    rule = load_scenario(text).submissions[0]
    assert (rule.job.parallelism, rule.explicit_keys) == (4, {"parallelism"})


def test_the_first_vertex_shows_the_accumulators_of_the_job() -> None:
    with scenario_harness(SCENARIO) as harness:
        harness.advance_to(3_000)
        job = harness.job()
        vertex = job.graph.vertices[0]
        entries = harness.get(f"/jobs/{job.id}/vertices/{vertex.id}/accumulators")["user-accumulators"]
        accumulators = {entry["name"]: (entry["type"], entry["value"]) for entry in entries}
        assert accumulators.pop("words")[0] == "IntCounter"
        assert accumulators == {
            "records": ("LongCounter", "17"),
            "users": ("com.example.UniqueUsers", "{ada=2, bob=[1, 2]}"),
            "label": ("Label", "a text"),
        }


def test_accumulator_values_are_serialized_as_java_objects() -> None:
    with scenario_harness(SCENARIO) as harness:
        harness.advance_to(10_000)
        results = harness.get(f"/jobs/{harness.job().id}/execution-result")["job-execution-result"][
            "accumulator-results"
        ]
        # OptionalFailure.writeObject appends the value to the fields
        values = {name: read_object(base64.b64decode(value)).annotations[0] for name, value in results.items()}
        assert values["label"] == "a text"
        assert values["users"].class_name == "java.util.TreeMap"
        assert values["records"].class_name == "java.lang.Long"


@pytest.mark.parametrize(("accumulators", "message"), [
    ("{words: IntCountr}", '"IntCountr" is not a Flink accumulator. Did you mean "IntCounter"?'),
    ("{words: IntCountr}", "A user-defined type needs a value."),
    ("{words: {type: IntCounter, value: many}}", "a value of type IntCounter must be a whole number."),
])  # fmt: skip
def test_a_mistake_in_accumulators_is_reported(accumulators: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_scenario(f"jobs: {{orders: {{accumulators: {accumulators}}}}}")
    assert message in str(error.value)
