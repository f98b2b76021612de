"""Generated requests are well-formed in every release, and can be sent with any HTTP client."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests as requests_library
from hypothesis import given
from hypothesis import strategies as st

from flinkmock import Contract, FlinkMock, known_releases
from flinkmock.strategies import Request, requests
from tests.hypothesis_profile import examples
from tests.strategies.example_search import minimal_example, simplest_example
from tests.timeouts import TEST_TIMEOUT_S

RELEASES = st.sampled_from(known_releases())


def send_with_httpx(request: Request, base: str) -> int:
    return httpx.request(request.method, request.url(base), headers=request.headers, content=request.body).status_code


def send_with_requests(request: Request, base: str) -> int:
    return requests_library.request(
        request.method, request.url(base), headers=dict(request.headers), data=request.body, timeout=TEST_TIMEOUT_S
    ).status_code


def send_with_urllib(request: Request, base: str) -> int:
    urllib_request = urllib.request.Request(
        request.url(base), request.body, dict(request.headers), method=request.method
    )
    try:
        with urllib.request.urlopen(urllib_request, timeout=TEST_TIMEOUT_S) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@examples(100)
@given(st.data())
def test_requests_match_their_operation_and_its_schema(data: st.DataObject) -> None:
    contract = Contract.load(data.draw(RELEASES))
    operation = data.draw(st.sampled_from(contract.operations))
    request = data.draw(requests(operation.id, flink=contract.release.minor))
    assert contract.match(request.method, request.target) is operation
    if request.body is None or operation.file_upload:
        return
    assert contract.check_request(operation, json.loads(request.body)) == []


@pytest.mark.parametrize("release", ["1.12", "1.20", "2.3"])
def test_generated_requests_are_never_rejected_as_malformed(release: str) -> None:
    contract = Contract.load(release)
    operations = [
        operation for operation in contract if operation.id != "shutdownCluster" and "profiler" not in operation.path
    ]
    with FlinkMock({"jobs": {"orders": "streaming"}}, flink=release) as cluster, httpx.Client() as client:

        @examples(40)
        @given(st.sampled_from(operations).flatmap(lambda operation: requests(operation.id, flink=release)))
        def send_request(request: Request) -> None:
            client.request(request.method, request.url(cluster.url), headers=request.headers, content=request.body)
            exchange = cluster.requests[-1]
            assert exchange.operation is not None
            rejection = exchange.contract_review.rejection or ""
            assert "could not parse parameters" not in rejection and "did not match expected format" not in rejection

        send_request()
        assert cluster.requests.unexpected == ()


def test_the_simplest_request_has_no_optional_parameters() -> None:
    request = simplest_example(requests("POST /jobs/:jobid/stop"))
    assert request == Request("POST", f"/jobs/{'0' * 32}/stop", (), {"Content-Type": "application/json"}, b"{}")
    assert simplest_example(requests("GET /taskmanagers/metrics")).target == "/taskmanagers/metrics"


def test_required_and_optional_parameters_are_generated() -> None:
    with_required = simplest_example(requests("PATCH /jobs/:jobid/rescaling"))
    assert with_required.target == f"/jobs/{'0' * 32}/rescaling?parallelism=0"
    with_optional = minimal_example(requests("PATCH /jobs/:jobid"), lambda drawn: bool(drawn.query))
    assert with_optional.target == f"/jobs/{'0' * 32}?mode=cancel"


@examples(20)
@given(requests("GET /jobs/:jobid/metrics", known={"jobid": ["a" * 32], "get": ["uptime", "numRestarts"]}))
def test_known_values_are_used(request: Request) -> None:
    assert request.path == f"/jobs/{'a' * 32}/metrics"
    assert set(",".join(value for _, value in request.query).split(",")) <= {"", "uptime", "numRestarts"}


@pytest.mark.parametrize("send", [send_with_httpx, send_with_requests, send_with_urllib])
def test_requests_can_be_sent_with_any_client(send: Callable[[Request, str], int]) -> None:
    jar = simplest_example(requests("POST /jars/upload"))
    with FlinkMock(clock="virtual") as cluster:
        assert send(jar, cluster.url) == 200
        [uploaded] = cluster.cluster.jars.newest_first()
        run = simplest_example(requests("POST /jars/:jarid/run", known={"jarid": [uploaded.id]}))
        assert send(run, cluster.url) == 200
        [job] = cluster.cluster.jobs.values()
        known = {"jobid": [job.id]}
        patch = simplest_example(requests("PATCH /jobs/:jobid", known=known))
        overview: Any = simplest_example(requests("GET /jobs/overview"))
        cluster.advance("1s")
        assert [send(request, cluster.url) for request in (overview, patch)] == [200, 202]


def test_a_job_graph_is_sent_as_a_form() -> None:
    submission = simplest_example(requests("POST /jobs", flink="1.20"))
    with FlinkMock(flink="1.20") as cluster:
        assert send_with_httpx(submission, cluster.url) == 400  # the file is not a serialized job graph
        [exchange] = cluster.requests
    assert (exchange.files, exchange.body) == (("plan.bin",), {"jobGraphFileName": "plan.bin"})


def test_an_unknown_operation_is_an_error() -> None:
    with pytest.raises(LookupError, match="has no operation"):
        requests("GET /nowhere")
