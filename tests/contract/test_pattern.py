"""Request patterns such as `GET /jobs/:jobid` match the requests of their operation, and no others."""

from __future__ import annotations

import pytest

from flinkmock.contract import Contract
from flinkmock.contract.pattern import Pattern

CONTRACT = Contract.load("2.3")
JOB = "/jobs/2451d76ab8aa473ba87000eb834231f1"


def matches(text: str, method: str, path: str) -> bool:
    return Pattern.parse(text).matches(method, path, CONTRACT.match(method, path))


@pytest.mark.parametrize(
    ("text", "method", "path"),
    [
        ("GET /jobs", "GET", "/jobs"),
        ("GET /jobs", "GET", "/v1/jobs/"),
        ("GET /jobs/:jobid", "GET", JOB),
        ("GET /jobs/:whatever", "GET", "/v1" + JOB),
        (f"GET {JOB}", "GET", JOB),
        ("POST /jobs/:jobid/stop", "POST", JOB + "/stop"),
        ("GET /jobs/:jobid/vertices/:v/subtasks/0", "GET", JOB + "/vertices/" + "a" * 32 + "/subtasks/0"),
        ("GET /nowhere/at/all", "GET", "/nowhere/at/all"),
        ("GET /:any/at/all", "GET", "/nowhere/at/all"),
        ("GET /jobs/:jobid/config", "GET", "/jobs//config"),
        ("GET /jobs/*", "GET", "/jobs//config"),
        ("GET /jobs/:jobid", "GET", "/jobs/a?b/c"),
    ],
)
def test_a_pattern_matches_requests_of_its_operation_or_path(text: str, method: str, path: str) -> None:
    assert matches(text, method, path)


@pytest.mark.parametrize(
    ("text", "method", "path"),
    [
        ("GET /jobs/:jobid", "GET", "/jobs/overview"),
        ("GET /jobs/:jobid", "PATCH", JOB),
        ("GET /jobs/:jobid", "GET", JOB + "/plan"),
        (f"GET {JOB}", "GET", JOB.replace("f1", "f2")),
        ("POST /jobs/:jobid/stop", "POST", JOB + "/savepoints"),
        ("GET /v1", "GET", "/v1/jobs"),
        ("GET /config", "GET", "/jobs//config"),
    ],
)
def test_a_pattern_does_not_match_other_requests(text: str, method: str, path: str) -> None:
    assert not matches(text, method, path)


@pytest.mark.parametrize("text", ["", "GET", "/jobs", "get /jobs", "GET jobs", "GET /jobs HTTP/1.1", "GET  /jobs"])
def test_text_that_is_not_a_pattern_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a request pattern"):
        Pattern.parse(text)


def test_the_text_of_a_pattern_is_its_method_and_path() -> None:
    assert str(Pattern.parse("PATCH /jobs/:jobid/")) == "PATCH /jobs/:jobid"


def test_the_text_of_each_operation_is_a_pattern_that_matches_the_operation() -> None:
    for operation in CONTRACT:
        assert Pattern.parse(str(operation)).may_match(operation)
