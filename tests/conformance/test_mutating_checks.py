"""Mutating checks and generated requests: a fake cluster has no findings, a wrong server has some."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flinkmock import Contract, FlinkMock, FlinkMockError, check
from flinkmock.conformance.check import Check, Progress
from flinkmock.conformance.fuzzing import FuzzChecks
from flinkmock.conformance.http_client import HttpClient, HttpRequest, HttpResponse
from flinkmock.conformance.mutating_checks import MutatingChecks
from flinkmock.conformance.report import Report
from flinkmock.conformance.response_check import JSON_CONTENT_TYPE

JARS = Path(__file__).parent.parent / "fidelity" / "jars"
JAR_FOLDERS = {"1.12": JARS / "1.12.5", "1.20": JARS / "1.20.5", "2.3": JARS / "2.3.0"}
"""Release -> the folder with jars for it."""
CALLED_OPERATIONS = {
    "uploadJar",
    "generatePlanFromJar",
    "submitJobFromJar",
    "triggerSavepoint",
    "triggerSavepointDisposal",
    "triggerStopWithSavepoint",
    "cancelJob",
    "getYarnCancelJobTermination",
    "getSavepointStatus",
    "getSavepointDisposalStatus",
    "deleteJar",
}
"""Operations that mutating checks call in all releases if they have a jar."""
OPERATIONS_SINCE_1_20 = {"triggerCheckpoint", "getCheckpointStatus", "triggerHeartbeat"}
FURTHER_OPERATIONS = {
    "1.12": set[str](),
    "1.20": OPERATIONS_SINCE_1_20,
    "2.3": {*OPERATIONS_SINCE_1_20, "submitApplicationFromJar", "cancelApplication"},
}
"""Release -> further operations that mutating checks call if they have a jar."""


def check_cluster(cluster: FlinkMock, checks: MutatingChecks, progress: Progress | None = None) -> Report:
    """Check a cluster with a virtual clock, which advances while the check waits."""
    contract = cluster.engine.contract
    with closing(HttpClient(cluster.url)) as client:
        return Check(client, contract, progress=progress, wait=lambda ms: cluster.advance(f"{ms}ms")).run((checks,))


@pytest.mark.parametrize("release", ["1.12", "1.20", "2.3"])
def test_mutating_checks_with_a_jar_call_the_expected_operations_and_have_no_findings(release: str) -> None:
    with FlinkMock(flink=release, clock="virtual") as cluster:
        checks = MutatingChecks(JAR_FOLDERS[release] / "wordcount.jar", savepoints="file:///savepoints")
        steps: list[tuple[int, int, str]] = []
        report = check_cluster(cluster, checks, lambda *step: steps.append(step))
        assert report.clean, report.table()
        answered_ids = {operation.id for operation in report.answered}
        assert answered_ids >= CALLED_OPERATIONS | FURTHER_OPERATIONS[release], report.table()
        # progress is reported for each of the six mutating checks, and once at the end
        assert [step[:2] for step in steps[-7:]] == [*((done, 6) for done in range(6)), (1, 1)]


def test_only_the_named_job_is_changed_and_cancelled() -> None:
    with FlinkMock({"jobs": {"mine": "streaming", "others": "streaming"}}, clock="virtual") as flink:
        flink.advance("10s")
        my_job, other_job = flink.job("mine"), flink.job("others")
        report = check_cluster(flink, MutatingChecks(job=my_job.id, savepoints="file:///savepoints"))
        assert report.clean, report.table()
        assert (my_job.state, other_job.state) == ("CANCELED", "RUNNING")


def test_a_missing_jar_is_reported() -> None:
    with FlinkMock() as cluster, pytest.raises(FlinkMockError, match=r"no\.jar: the file does not exist"):
        check(cluster.url, extra_checks=(MutatingChecks(Path("no.jar")),))


@pytest.mark.parametrize(
    "body", ["{}", "[1]", "not JSON", '{"filename": 5}', '{"filename": "/x/a.jar", "jobid": 7, "files": [1, {}]}']
)
def test_unexpected_responses_are_findings(body: str) -> None:
    client = ConstantClient(body)
    report = Check(client, Contract.load("2.3"), wait=lambda ms: None).run(
        (MutatingChecks(JAR_FOLDERS["2.3"] / "wordcount.jar"),)
    )
    assert "POST /jars/upload" in {str(finding.operation) for finding in report.findings}


def test_an_async_operation_without_a_status_is_a_finding() -> None:
    body = '{"request-id": 3, "status": "x", "jobs": [{"id": "a", "status": "RUNNING"}], "state": []}'
    report = Check(ConstantClient(body), Contract.load("2.3"), wait=lambda ms: None).run((MutatingChecks(job="a"),))
    assert "GET /jobs/:jobid/savepoints/:triggerid" in {str(finding.operation) for finding in report.findings}


class ConstantClient:
    """A client that returns the same body for every request, with the operation's status."""

    url = "http://somewhere"

    def __init__(self, body: str) -> None:
        self.request_count = 0
        self._body = body.encode()

    def send(self, request: HttpRequest) -> HttpResponse:
        self.request_count += 1
        operation = Contract.load("2.3").match(request.method, request.target)
        return HttpResponse(operation.status if operation else 404, {"content-type": JSON_CONTENT_TYPE}, self._body)


@pytest.fixture
def cluster() -> Iterator[FlinkMock]:
    with FlinkMock({"jobs": {"running": "streaming", "finished": "batch"}}, clock="virtual") as mock:
        mock.advance("60s")
        yield mock


@pytest.mark.slow
def test_generated_requests_have_no_findings_and_change_nothing(cluster: FlinkMock) -> None:
    request_count_without_fuzzing = check(cluster.url).request_count
    steps: list[tuple[int, int, str]] = []
    report = check(cluster.url, extra_checks=(FuzzChecks(8),), progress=lambda *step: steps.append(step))
    assert report.clean, report.table()
    operation_count = len(list(cluster.engine.contract))
    assert report.request_count > request_count_without_fuzzing + 4 * operation_count
    assert [step for done, total, step in steps if done == total] == [""]  # only the last report says that all is done
    assert sum(step.startswith("generated requests: ") for _, _, step in steps) == steps[-2][1]
    assert [job.state for job in cluster.jobs] == ["RUNNING", "FINISHED"]


@pytest.mark.slow
def test_the_same_seed_sends_the_same_requests(cluster: FlinkMock) -> None:
    def sent_requests(seed: int) -> list[HttpRequest]:
        requests: list[HttpRequest] = []

        class RecordingClient(HttpClient):
            def send(self, request: HttpRequest) -> HttpResponse:
                requests.append(request)
                return super().send(request)

        with closing(RecordingClient(cluster.url)) as client:
            Check(client, cluster.engine.contract, wait=lambda ms: None, values_per_parameter=2).run(
                (FuzzChecks(2, seed),)
            )
        return requests

    assert sent_requests(1) == sent_requests(1) != sent_requests(2)
