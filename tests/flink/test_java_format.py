"""How Java prints numbers and orders hash tables."""

import pytest

from flinkmock.flink.java_format import double_text, hash_order, java_text, string_hash


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1000.0, "1000.0"),
        (0.001, "0.001"),
        (0.0005, "5.0E-4"),
        (9_999_999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (1.25e10, "1.25E10"),
        (-1.5e-7, "-1.5E-7"),
        (1021.1666666666666, "1021.1666666666666"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_double_as_java_prints_it(value: float, text: str) -> None:
    assert double_text(value) == text


def test_other_values() -> None:
    assert [java_text(value) for value in (True, False, 17, "n/a", 0.5)] == ["true", "false", "17", "n/a", "0.5"]


def test_hash_code_of_strings() -> None:
    assert string_hash("") == 0
    assert string_hash("hello") == 99162322
    assert string_hash("😀") == 0xD83D * 31 + 0xDE00


def test_metrics_come_back_in_the_order_of_the_recording() -> None:
    """GET /jobs/{job}/metrics?get=… of 2.3.0, suite job-running, and of the job manager, suite cluster."""
    assert hash_order(["uptime", "numRestarts", "lastCheckpointDuration"]) == [
        "numRestarts",
        "lastCheckpointDuration",
        "uptime",
    ]
    assert hash_order(["Status.JVM.Threads.Count", "taskSlotsTotal"]) == ["taskSlotsTotal", "Status.JVM.Threads.Count"]


def test_no_name_is_lost_or_told_twice() -> None:
    names = [f"name {number}" for number in range(100)]
    assert sorted(hash_order(names + names)) == sorted(names)
