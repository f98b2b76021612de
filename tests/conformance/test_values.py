"""Values of responses, and numbers that are read from texts."""

from __future__ import annotations

import pytest

from flinkmock.conformance.coherence.values import MISSING, Value, constant, number
from tests.conformance.broken_invariants import response


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12),
        ("-9223372036854775808", -(2**63)),
        ("0.5", 0.5),
        ("3.0", 3),
        ("1.5E-4", 0.00015),
        ("2.0E10", 2 * 10**10),
        ("NaN", MISSING),
        ("-Infinity", MISSING),
        ("9" * 400, MISSING),
        ("1_000", MISSING),
        ("٣", MISSING),
        (" 1", MISSING),
        ("1e5", MISSING),
        ("inf", MISSING),
        ("", MISSING),
    ],
)
def test_a_text_is_read_as_java_writes_numbers(text: str, expected: object) -> None:
    actual = number(constant(text)).raw
    assert actual == expected
    assert type(actual) is type(expected)


def test_the_pointer_of_a_last_item_has_its_index() -> None:
    body = Value.of(response("2.3", "getJobsOverview", "/jobs/overview", {"jobs": [{"jid": "a"}, {"jid": "b"}]}))
    last = body["jobs"][-1]["jid"]
    assert (last.raw, last.pointer) == ("b", "/jobs/1/jid")
    assert not body["jobs"][-3].exists
