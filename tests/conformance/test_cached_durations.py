"""Durations of the current state may stand still, because a JobManager caches the execution graph for 3 s.

The invariants tolerate 5 s.
"""

from __future__ import annotations

import copy
from contextlib import closing
from typing import Any

import pytest

from flinkmock import FlinkMock
from flinkmock.conformance.coherence import Invariants, success_response
from flinkmock.conformance.coherence.evaluation import violations
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.http_client import ClientReader, HttpClient
from flinkmock.contract import Contract


@pytest.fixture(scope="module")
def vertex() -> SuccessResponse:
    """A response to the request for a vertex of a running job."""
    with FlinkMock({"jobs": {"orders": "streaming"}}, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        with closing(HttpClient(cluster.url)) as client:
            reader, job_id = ClientReader(client), cluster.job("orders").id
            target = f"/jobs/{job_id}/vertices/{reader.json(f'/jobs/{job_id}')['vertices'][0]['id']}"
            body = reader.json(target)
    return success_response(Contract.load("2.3").operation("getJobVertexDetails"), target, body)


def with_older_aggregates(response: SuccessResponse, ms: int) -> SuccessResponse:
    """Return the response with the durations of RUNNING in `aggregated` as they were some ms earlier."""
    older: Any = copy.deepcopy(response)
    statistics = older.body["aggregated"]["status-duration"]["RUNNING"]
    for name in statistics:
        statistics[name] -= ms * (len(older.body["subtasks"]) if name == "sum" else 1)
    return older


def broken_invariants(response: SuccessResponse) -> set[str]:
    return {violation.invariant.id for violation in violations(Invariants((2, 3)).relations_within(response))}


@pytest.mark.parametrize("ms", [0, 1_000, 3_000, 4_000])
def test_aggregated_durations_may_stand_still_while_the_graph_is_cached(vertex: SuccessResponse, ms: int) -> None:
    assert broken_invariants(with_older_aggregates(vertex, ms)) == set()


def test_aggregated_durations_that_stand_still_for_longer_are_a_violation(vertex: SuccessResponse) -> None:
    assert broken_invariants(with_older_aggregates(vertex, 6_000)) == {"vertex-aggregates"}


def test_durations_of_subtasks_may_grow_while_their_status_durations_stand_still(vertex: SuccessResponse) -> None:
    later = copy.deepcopy(vertex)
    later.body["now"] += 3_000
    for subtask in later.body["subtasks"]:
        subtask["duration"] += 3_000
    assert violations(Invariants((2, 3)).relations_over_time(vertex, later)) == []
