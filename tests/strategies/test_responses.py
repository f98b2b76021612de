"""Generated responses satisfy the contract, cover edge cases, and shrink to the simplest value."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock import Contract, UnknownRelease, known_releases
from flinkmock.strategies import responses
from tests.hypothesis_profile import examples
from tests.strategies.example_search import find_example, minimal_example, simplest_example

RELEASES = st.sampled_from(known_releases())


@examples(100)
@given(st.data())
def test_every_response_conforms_to_the_release(data: st.DataObject) -> None:
    contract = Contract.load(data.draw(RELEASES))
    operation = data.draw(st.sampled_from(contract.operations))
    release = contract.release.minor
    value = data.draw(responses(operation.id, flink=release))
    if operation.returns_file:
        assert isinstance(value, str)
        return
    assert contract.check_response(operation, value) == []
    raw = data.draw(responses(str(operation), flink=release, as_bytes=True))
    assert contract.check_response(operation, json.loads(raw)) == []


def test_the_simplest_response_has_only_zeros_empty_strings_and_empty_lists() -> None:
    overview = simplest_example(responses("GET /overview", flink="1.20"))
    assert set(overview.values()) == {0, ""}
    assert simplest_example(responses("GET /jobs")) == {"jobs": []}


def test_a_failing_response_shrinks_to_its_cause() -> None:
    body = minimal_example(responses("GET /jobs"), lambda body: any(job["status"] == "FAILED" for job in body["jobs"]))
    assert body == {"jobs": [{"id": "0" * 32, "status": "FAILED"}]}


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(lambda body: body["latest"]["savepoint"] is not None, id="null or not"),
        pytest.param(lambda body: body["summary"]["state_size"]["p50"] == "NaN", id="a number or NaN"),
        pytest.param(lambda body: len(body["history"]) > 1, id="several"),
        pytest.param(lambda body: body["counts"]["total"] < -(2**20), id="any integer"),
    ],
)
def test_edge_cases_are_generated(condition: Callable[[Any], bool]) -> None:
    assert condition(find_example(responses("getCheckpointingStatistics", flink="1.20"), condition))


def test_a_log_is_text_or_bytes() -> None:
    assert simplest_example(responses("GET /jobmanager/log")) == ""
    assert simplest_example(responses("GET /jobmanager/log", as_bytes=True)) == b""


def test_unknown_operations_and_releases_are_rejected() -> None:
    with pytest.raises(LookupError, match=r'Flink 2\.3 has no operation GET /jbos\. Did you mean "GET /jobs"\?'):
        responses("GET /jbos")
    with pytest.raises(LookupError, match=r"Flink 1\.12 has no operation getJobStatusInfo"):
        responses("getJobStatusInfo", flink="1.12")
    with pytest.raises(UnknownRelease):
        responses("GET /jobs", flink="3.0")
