"""Generated values of accumulators."""

import pytest

from flinkmock.cluster.accumulators import merge_accumulators, subtask_accumulators


def value(type: str, values: dict[str, object] | None = None) -> str:
    subtasks = [subtask_accumulators({"a": type}, 10, values or {}, subtask) for subtask in range(2)]
    [whole] = merge_accumulators(subtasks)
    return whole.text


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("IntCounter", "20"),
        ("LongMaximum", "10"),
        ("DoubleCounter", "0.0"),
        ("AverageAccumulator", "0.0"),
        ("Histogram", "{}"),
        ("ListAccumulator", "[]"),
    ],
)
def test_integers_count_records_and_the_rest_is_empty(type: str, text: str) -> None:
    assert value(type) == text


def test_a_value_of_the_scenario_is_that_of_the_vertex() -> None:
    assert value("Histogram", {"a": {2: 7}}) == "{2=7}"
    assert value("DoubleCounter", {"a": 1.5}) == "1.5"
    assert value("AverageAccumulator", {"a": 1.5}) == "1.5"


def test_no_accumulator_before_the_first_record() -> None:
    assert subtask_accumulators({"a": "IntCounter"}, 0, {}, 0) == []
