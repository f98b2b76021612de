"""Requests that match no operation get hints."""

from __future__ import annotations

import pytest

from flinkmock.contract import Contract
from flinkmock.journal import Exchange
from flinkmock.journal.operation_hints import operation_hints

JOB_ID = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("method", "target", "hints"),
    [
        ("POST", "/jobs/overview", ["the path exists with the method GET"]),
        ("DELETE", f"/jobs/{JOB_ID}", ["the path exists with the methods GET and PATCH"]),
        ("POST", f"/v1/{JOB_ID}/stop", ["did you mean POST /jobs/:jobid/stop?"]),
        ("POST", f"/v1/job/{JOB_ID}/stop", ["did you mean POST /jobs/:jobid/stop?"]),
        ("POST", f"/jobs/{JOB_ID}/savepoint", ["did you mean POST /jobs/:jobid/savepoints?"]),
        ("GET", "/job/overview", ["did you mean GET /jobs/overview?"]),
        ("GET", "/taskmanger", ["did you mean GET /taskmanagers?"]),
        ("POST", f"/jobs/{JOB_ID}/checkpoints", ["Flink 1.17 to 2.3 have this operation"]),
        ("GET", "/users/5", []),
        ("GET", "/favicon.ico/of/nobody", []),
    ],
)
def test_a_request_without_an_operation_gets_hints(method: str, target: str, hints: list[str]) -> None:
    assert operation_hints(Exchange(method, target), Contract.load("1.12")) == hints
