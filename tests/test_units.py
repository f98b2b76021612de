"""Parsing and formatting of durations and sizes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.errors import InvalidArgument
from flinkmock.units import format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("duration", "ms"),
    [
        ("500ms", 500),
        ("3s", 3_000),
        ("0.5s", 500),
        ("1m", 60_000),
        ("2min", 120_000),
        ("2m30s", 150_000),
        ("1min 500ms", 60_500),
        ("1.5h", 5_400_000),
        ("1d12h", 129_600_000),
        (" 2 s ", 2_000),
        ("0", 0),
        ("0s", 0),
        (7, 7),
    ],
)
def test_a_duration_is_parsed(duration: int | str, ms: int) -> None:
    assert parse_duration(duration) == ms


@pytest.mark.parametrize("value", ["3 sec", "", "s", "1s..3s", "30s1m", "1s1s", "-3s", "3S", "1e3s", None, 1.5j])
def test_a_value_that_is_not_a_duration_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"is not a duration\. Write 500ms, 3s, 2m30s, 1h or 1d\."):
        parse_duration(value)


@pytest.mark.parametrize("text", ["90", " 90 ", "+90"])
def test_text_with_a_number_but_no_unit_is_rejected(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"has no unit of time\. Write 90s, 90ms or 90m\.$"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0s"),
        (345, "345ms"),
        (1_000, "1s"),
        (1_500, "1.5s"),
        (1_005, "1.005s"),
        (61_500, "1m1.5s"),
        (3_600_000, "1h"),
        (90_000_500, "1d1h0.5s"),
        (-1_500, "-1.5s"),
    ],
)
def test_a_duration_is_formatted(ms: int, text: str) -> None:
    assert format_duration(ms) == text


@given(st.integers(0, 10**13))
def test_a_formatted_duration_can_be_parsed(ms: int) -> None:
    assert parse_duration(format_duration(ms)) == ms


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("512B", 512), ("1KB", 1024), ("1.5 MB", 1_572_864), ("1TB", 1 << 40)]
)
def test_a_size_is_parsed(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["12", "1PB", "MB", "", "-1B"])
def test_text_that_is_not_a_size_is_rejected(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"is not a size\. Write 512B, 12MB or 1GB\."):
        parse_size(text)
