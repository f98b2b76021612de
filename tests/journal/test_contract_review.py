"""The journal reviews requests: rejections, what the release ignores, and what a later release lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flinkmock.contract import Contract
from flinkmock.journal import Exchange
from tests.journal.exchange_factory import JOB_ID, make_exchange


def advice(*args: Any, **fields: Any) -> tuple[str, ...]:
    return make_exchange(*args, **fields).contract_review.advice


@pytest.mark.parametrize("release", ["1.12", "1.20", "2.3"])
def test_an_ordinary_request_gets_neither_a_rejection_nor_advice(release: str) -> None:
    for exchange in (
        make_exchange("GET", "/jobs/overview", release=release),
        make_exchange("GET", f"/jobs/{JOB_ID}/metrics?get=uptime", release=release),
        make_exchange("POST", f"/jobs/{JOB_ID}/stop", {"drain": False, "targetDirectory": "/x"}, 202, release=release),
    ):
        review = exchange.contract_review
        assert review.is_clean and review.advice == () and review.rejection is None


def test_the_advice_names_unknown_fields_and_query_parameters() -> None:
    assert advice("POST", f"/jobs/{JOB_ID}/stop", {"drain": False, "target-dir": "/x"}) == (
        "Flink 2.3 does not read the field target-dir of POST /jobs/:jobid/stop.",
    )
    assert advice("GET", "/jobs/overview?state=RUNNING") == (
        "Flink 2.3 does not read the query parameter state of GET /jobs/overview.",
    )


def test_nested_fields_are_reviewed() -> None:
    bounds = {"parallelism": {"lowerBound": 1, "upperBound": 2}}
    target = f"/jobs/{JOB_ID}/resource-requirements"
    assert advice("PUT", target, {"a" * 32: bounds}) == ()  # the keys are vertices
    assert advice("PUT", target, {"a" * 32: {"parallelism": {"lowerBound": 1, "most": 2}, "memory": {"mb": 5}}}) == (
        "Flink 2.3 does not read the field *.parallelism.most of PUT /jobs/:jobid/resource-requirements.",
        "Flink 2.3 does not read the field *.memory of PUT /jobs/:jobid/resource-requirements.",
    )
    plan = {"executionPlanFileName": "plan", "jobArtifactFileNames": [{"entryName": "a", "size": 1}, {"size": 2}]}
    assert advice("POST", "/jobs", plan) == (
        "Flink 2.3 does not read the field jobArtifactFileNames.size of POST /jobs.",
    )
    body = {"flinkConfiguration": {"parallelism.default": "2"}}
    assert advice("POST", "/jars/a.jar/run", body) == ()


def test_a_field_that_only_later_releases_read_is_ignored() -> None:
    body = {"target-directory": "/x", "formatType": "NATIVE"}
    assert advice("POST", f"/jobs/{JOB_ID}/savepoints", body, release="1.20") == ()
    assert advice("POST", f"/jobs/{JOB_ID}/savepoints", body, release="1.12") == (
        "Flink 1.12 does not read the field formatType of POST /jobs/:jobid/savepoints.",
    )


def test_the_advice_names_fields_and_parameters_that_a_later_release_does_not_read() -> None:
    jar = "/jars/3d5b_orders.jar/run"
    assert advice("POST", jar, {"programArgs": "--a b"}, release="1.20") == (
        "Flink 2.0 no longer reads the field programArgs of POST /jars/:jarid/run.",
    )
    assert advice("POST", jar + "?program-args=x", {}, release="1.20") == (
        "Flink 2.0 no longer reads the query parameter program-args of POST /jars/:jarid/run.",
    )
    assert advice("POST", jar, {"programArgsList": ["--a", "b"]}, release="1.20") == ()
    assert advice("POST", "/jobs", {"jobGraphFileName": "plan"}, release="1.20") == ()  # 2.0 still reads it


def test_the_advice_names_an_operation_that_a_later_release_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No known release has removed an operation; 2.0 renamed a path parameter."""
    target = f"/jobs/{JOB_ID}/coordinators/{'a' * 32}"
    assert advice("POST", target, {"serializedCoordinationRequest": []}, release="1.20") == ()
    document = Contract.load("2.3").document
    remaining = [operation for operation in document["operations"] if operation["path"] != "/datasets"]
    later_document = {**document, "flink": "2.4.0", "operations": remaining}
    (tmp_path / "2.4.json").write_text(json.dumps(later_document), encoding="utf-8")
    monkeypatch.setenv("FLINKMOCK_SCHEMAS", str(tmp_path))
    assert advice("GET", "/datasets", release="2.3") == ("Flink 2.4 has no GET /datasets.",)


def test_an_error_response_of_a_fault_is_not_a_rejection() -> None:
    rejected = make_exchange("GET", "/jobs/nohex", status=400, error_message="Bad request")
    assert rejected.contract_review.rejection == "Bad request"
    assert not rejected.contract_review.is_clean
    with_fault = make_exchange("GET", "/jobs", status=503, error_message="no leader", fault="leader election")
    assert with_fault.contract_review.rejection is None


def test_a_request_without_an_operation_is_rejected() -> None:
    assert Exchange("GET", "/nowhere", status=404, error_message="Not found").contract_review.rejection == "Not found"


def test_a_body_that_is_nested_too_deeply_is_not_reviewed() -> None:
    exchange = make_exchange("POST", f"/jobs/{JOB_ID}/savepoints", status=400, body_bytes=b"[" * 5_000)
    assert exchange.body is None
    assert exchange.ignored == ()
