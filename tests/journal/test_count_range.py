"""The counts in expectations, such as `2..5 times`, are parsed and formatted."""

from __future__ import annotations

import pytest

from flinkmock.journal import CountRange


@pytest.mark.parametrize(
    ("value", "low", "high", "formatted"),
    [
        (0, 0, 0, "never"),
        (3, 3, 3, "3 times"),
        ("never", 0, 0, "never"),
        ("once", 1, 1, "once"),
        ("twice", 2, 2, "2 times"),
        ("2 times", 2, 2, "2 times"),
        ("1 time", 1, 1, "once"),
        ("7", 7, 7, "7 times"),
        ("1..10 times", 1, 10, "1 to 10 times"),
        ("1..10", 1, 10, "1 to 10 times"),
        ("2.. times", 2, None, "at least 2 times"),
        ("0..", 0, None, "any number of times"),
        (CountRange(), 1, None, "at least once"),
    ],
)
def test_a_count_range_is_parsed_and_formatted(
    value: int | str | CountRange, low: int, high: int | None, formatted: str
) -> None:
    times = CountRange.parse(value)
    assert (times.low, times.high, str(times)) == (low, high, formatted)
    assert low in times and (low - 1) not in times
    assert (10**6 if high is None else high) in times and (high is None or high + 1 not in times)


@pytest.mark.parametrize("value", ["", "often", "2 tims", "-1", -1, True, "..3", "a..b", "3 4 times", "2times"])
def test_a_value_that_is_not_a_count_is_rejected(value: int | str) -> None:
    with pytest.raises(ValueError, match=r"is not a count. Write once, never, 2 times"):
        CountRange.parse(value)


def test_a_descending_range_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"Write 3\.\.5 times"):
        CountRange.parse("5..3 times")
