"""Each operation of each release responds over HTTP, for jobs that run, have finished, have failed or are canceled.

No response is a 404 of the router, each status is one that Flink sends, and each JSON body conforms to the contract.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from flinkmock import Contract, FlinkMock
from flinkmock.conformance.http_client import ClientReader, HttpClient, HttpRequest, HttpResponse
from flinkmock.conformance.operation_tour import OperationTour, TourRequest, tour_scenario
from flinkmock.contract.operation_traits import traits_of
from tests.releases import EACH_RELEASE

ERROR_STATUSES = {
    "rescaleJob": 503,  # FLINK-12312
    "getRescalingStatus": 503,
    "getYarnStopJobTermination": 308,  # mode=stop was removed in 1.9
    "postClientCoordination": 500,  # the request of the tour is not a serialized object
    "submitJob": 400,  # the tour sends no valid plan
}
"""The statuses of operations that never succeed in the tour, by operation id. Real clusters return the same."""
FURTHER_EXPECTED_STATUSES = {
    "updateJobResourceRequirements": (500,),  # without the adaptive scheduler
    "cancelJob": (404,),  # until 1.14, of a job that has ended
    "getYarnCancelJobTermination": (404,),
}
"""Statuses of some requests of the tour, by operation id, in addition to those in the traits of the operation."""


class CheckingClient:
    """Sends the requests of the tour to a server over HTTP, and checks each response.

    Attributes:
        success_counts: How many requests of an operation have succeeded, by operation id.
        violations: What is wrong with responses.
    """

    def __init__(self, url: str, contract: Contract) -> None:
        self._contract = contract
        self._client = HttpClient(url)
        self._reader = ClientReader(self._client)
        self.success_counts: defaultdict[str, int] = defaultdict(int)
        self.violations: list[str] = []

    def json(self, target: str) -> Any:
        return self._reader.json(target)

    def send(self, request: TourRequest) -> Any:
        """Send a request and check its response. Return the JSON body; None if the response is an error or a file."""
        operation = request.operation
        response = self._client.send(http_request(request))
        if response.status != operation.status:
            self._check_error(request, response)
            return None
        self.success_counts[operation.id] += 1
        if operation.returns_file:
            return None
        body = response.body
        self.violations += [f"{request}: {violation}" for violation in self._contract.check_response(operation, body)]
        return body

    def _check_error(self, request: TourRequest, response: HttpResponse) -> None:
        operation_id, status = request.operation.id, response.status
        text = response.raw_body.decode()
        allowed = traits_of(operation_id).expected_error_statuses + FURTHER_EXPECTED_STATUSES.get(operation_id, ())
        if status not in allowed and status != ERROR_STATUSES.get(operation_id):
            self.violations.append(f"{request}: status {status} {text[:300]}")
        schema_violations = self._contract.check_error(response.body)
        self.violations += [f"{request}: {status}: {violation}" for violation in schema_violations]
        if "Unable to load requested file" in text or "Not found" in text:
            self.violations.append(f"{request} is not routed")

    def close(self) -> None:
        self._client.close()


def http_request(request: TourRequest) -> HttpRequest:
    """Return the request with its body: JSON, or a multipart form."""
    method, target = request.operation.method, request.target
    if request.file is None:
        return HttpRequest(target, method, None if request.body is None else json.dumps(request.body).encode())
    name, content = request.file
    if request.body is None:
        form = form_part(f'name="jarfile"; filename="{name}"', content)
    else:
        form = form_part('name="request"', json.dumps(request.body).encode())
        form += form_part(f'name="file_0"; filename="{name}"', content)
    return HttpRequest(target, method, form + b"--part--\r\n", "multipart/form-data; boundary=part")


def form_part(disposition: str, content: bytes) -> bytes:
    return f"--part\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"


@pytest.mark.parametrize("release", EACH_RELEASE)
def test_every_operation_responds(release: str) -> None:
    contract = Contract.load(release)
    successful_operations: set[str] = set()
    success_count = 0
    for scheduler in ("default", "adaptive"):
        with FlinkMock(tour_scenario(scheduler), flink=release) as cluster:
            client = CheckingClient(cluster.url, contract)
            try:
                OperationTour(contract, client).run()
            finally:
                client.close()
        assert client.violations == []
        successful_operations |= client.success_counts.keys()
        success_count += sum(client.success_counts.values())
    expected = {operation.id for operation in contract} - ERROR_STATUSES.keys()
    print(f"Flink {release}: {len(contract.operations)} operations, {success_count} successful responses")
    assert expected - successful_operations == set()
