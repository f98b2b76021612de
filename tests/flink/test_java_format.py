"""How Java prints numbers and orders hash tables."""

from flinkmock.flink.java_format import hash_order, java_text, string_hash


def test_other_values() -> None:
    assert [java_text(value) for value in (True, False, 17, "n/a", 0.5)] == ["true", "false", "17", "n/a", "0.5"]


def test_hash_code_of_strings() -> None:
    assert string_hash("") == 0
    assert string_hash("hello") == 99162322
    assert string_hash("😀") == 0xD83D * 31 + 0xDE00


def test_metrics_are_listed_in_the_order_of_the_recording() -> None:
    """GET /jobs/{job}/metrics?get=… of 2.3.0, suite job-running, and of the job manager, suite cluster."""
    assert hash_order(["uptime", "numRestarts", "lastCheckpointDuration"]) == [
        "numRestarts",
        "lastCheckpointDuration",
        "uptime",
    ]
    assert hash_order(["Status.JVM.Threads.Count", "taskSlotsTotal"]) == ["taskSlotsTotal", "Status.JVM.Threads.Count"]


def test_each_name_appears_once() -> None:
    names = [f"name {number}" for number in range(100)]
    assert sorted(hash_order(names + names)) == sorted(names)
