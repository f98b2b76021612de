"""The values of accumulators of subtasks, and the merged values of vertices."""

import pytest

from flinkmock.cluster.accumulators import merge_accumulators, subtask_accumulators


def vertex_value(type: str, values: dict[str, object] | None = None) -> str:
    """Return the value of accumulator "a" of a vertex whose two subtasks have processed ten records each."""
    subtasks = [subtask_accumulators({"a": type}, 10, values or {}, subtask) for subtask in range(2)]
    [accumulator] = merge_accumulators(subtasks)
    return accumulator.text


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
def test_integer_accumulators_count_records_and_others_are_empty_by_default(type: str, text: str) -> None:
    assert vertex_value(type) == text


def test_a_vertex_has_the_value_in_the_scenario() -> None:
    assert vertex_value("Histogram", {"a": {2: 7}}) == "{2=7}"
    assert vertex_value("DoubleCounter", {"a": 1.5}) == "1.5"
    assert vertex_value("AverageAccumulator", {"a": 1.5}) == "1.5"


def test_there_is_no_accumulator_before_the_first_record() -> None:
    assert subtask_accumulators({"a": "IntCounter"}, 0, {}, 0) == []
