"""Metrics are aggregated as in Flink."""

import math

import pytest

from flinkmock.flink.metrics import AGGREGATIONS, aggregate

ALL = list(AGGREGATIONS)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2", "16"], {"min": 2.0, "max": 16.0, "avg": 9.0, "sum": 18.0, "skew": 77.77777777777779}),
        (["9", "61"], {"min": 9.0, "max": 61.0, "avg": 35.0, "sum": 70.0, "skew": 74.28571428571429}),
        (["6", "0", "0"], {"min": 0.0, "max": 6.0, "avg": 2.0, "sum": 6.0, "skew": 100.0}),
        (["0"], {"min": 0.0, "max": 0.0, "avg": 0.0, "sum": 0.0, "skew": 0.0}),
        (["41310496"], {"min": 41310496.0, "max": 41310496.0, "avg": 41310496.0, "sum": 41310496.0, "skew": 0.0}),
        (["5", "5"], {"min": 5.0, "max": 5.0, "avg": 5.0, "sum": 10.0, "skew": 0.0}),
    ],
)
def test_aggregates_have_the_values_and_the_order_of_flink(values: list[str], expected: dict[str, float]) -> None:
    """The aggregates of 2 and 16, 9 and 61, 0, and 41310496 are recorded (suites cluster and job-running)."""
    aggregates = aggregate(values, ALL)
    assert aggregates == expected
    assert aggregates is not None
    assert list(aggregates) == list(expected)
    assert all(isinstance(value, float) for value in aggregates.values())


def test_requested_aggregates_are_returned_in_the_order_of_flink() -> None:
    aggregates = aggregate(["2", "16"], ["sum", "avg"])
    assert aggregates == {"avg": 9.0, "sum": 18.0}
    assert aggregates is not None
    assert list(aggregates) == ["avg", "sum"]


@pytest.mark.parametrize("values", [[], ["n/a"], ["1", "file:/cp"], ["true"]])
def test_values_other_than_numbers_are_not_aggregated(values: list[str]) -> None:
    assert aggregate(values, ALL) is None


def test_aggregates_are_nan_if_a_value_is_nan() -> None:
    aggregates = aggregate(["1.0", "NaN"], ALL)
    assert aggregates is not None
    assert all(math.isnan(value) for value in aggregates.values())
