"""Values are formatted as Java prints them, and keys are in the order of Java's hash maps."""

from flinkmock.flink.java_format import hash_order, java_text, string_hash


def test_values_are_formatted_as_in_java() -> None:
    assert [java_text(value) for value in (True, False, 17, "n/a", 0.5)] == ["true", "false", "17", "n/a", "0.5"]


def test_hash_codes_of_strings_are_those_of_java() -> None:
    assert string_hash("") == 0
    assert string_hash("hello") == 99162322
    assert string_hash("😀") == 0xD83D * 31 + 0xDE00


def test_names_are_in_the_order_of_a_java_hash_map() -> None:
    """The orders are those in which 2.3.0 lists requested metrics (recording, suites job-running and cluster)."""
    assert hash_order(["uptime", "numRestarts", "lastCheckpointDuration"]) == [
        "numRestarts",
        "lastCheckpointDuration",
        "uptime",
    ]
    assert hash_order(["Status.JVM.Threads.Count", "taskSlotsTotal"]) == ["taskSlotsTotal", "Status.JVM.Threads.Count"]


def test_duplicate_names_are_listed_once() -> None:
    names = [f"name {number}" for number in range(100)]
    assert sorted(hash_order(names + names)) == sorted(names)
