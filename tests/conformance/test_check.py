"""`check` reports each difference between a server and its contract, and has no other findings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from flinkmock import FlinkMock, UnknownRelease, check, small_jar
from flinkmock.conformance import ServerUnreachable
from flinkmock.conformance.check import Check
from flinkmock.conformance.coherence.view import success_response
from flinkmock.conformance.formats import as_junit
from flinkmock.conformance.http_client import ClientReader, HttpClient, HttpRequest, HttpResponse
from flinkmock.conformance.targets import Targets
from flinkmock.contract import Contract
from tests.conformance.tampering_proxy import ChangeResponse, tampering_proxy
from tests.releases import EACH_RELEASE

JOBS = {"jobs": {"running": "streaming", "finished": "batch", "failed": "failing"}}


def cluster_with_jobs(release: str) -> FlinkMock:
    """Start a cluster and advance its clock until one job runs, one has finished, and one has failed."""
    cluster = FlinkMock(JOBS, flink=release, clock="virtual").start()
    cluster.advance("60s")
    return cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[FlinkMock]:
    mock = cluster_with_jobs("2.3")
    yield mock
    mock.close()


@pytest.fixture(scope="module")
def small_cluster() -> Iterator[FlinkMock]:
    """A cluster that a check reads with a third of the requests: it has one job, with one subtask of each vertex."""
    with FlinkMock({"jobs": {"running": {"type": "batch", "parallelism": 1}}}, flink="2.3", clock="virtual") as mock:
        mock.advance("60s")
        yield mock


@pytest.mark.parametrize("release", EACH_RELEASE)
def test_a_fake_cluster_has_no_findings(release: str) -> None:
    mock = cluster_with_jobs(release)
    try:
        report = check(mock.url)
    finally:
        mock.close()
    assert report.flink == release
    assert report.clean, report.table()
    operation_count = len(report.answered) + len(report.unanswered)
    assert len(report.answered) > 0.7 * operation_count, report.table()


def change_json(change: Callable[[Any], Any]) -> ChangeResponse:
    """Return a change of the JSON of success responses; `change` modifies the parsed body."""

    def change_response(status: int, content_type: str, body: bytes) -> tuple[int, str, bytes]:
        if status != 200:
            return status, content_type, body
        parsed = json.loads(body)
        change(parsed)
        return status, content_type, json.dumps(parsed).encode()

    return change_response


def send_html(status: int, content_type: str, body: bytes) -> tuple[int, str, bytes]:
    return status, content_type, b"<html>"


def remove_charset(status: int, content_type: str, body: bytes) -> tuple[int, str, bytes]:
    return status, "application/json", body


def send_201(status: int, content_type: str, body: bytes) -> tuple[int, str, bytes]:
    return 201, content_type, body


def send_404(status: int, content_type: str, body: bytes) -> tuple[int, str, bytes]:
    return 404, content_type, b'{"errors":["Unable to load requested file /overview."]}'


@pytest.mark.parametrize(
    ("change", "finding_text"),
    [
        (change_json(lambda body: body.pop("taskmanagers")), "/taskmanagers: missing: expected a value, found nothing"),
        (
            change_json(lambda body: body.update({"slots-total": "4"})),
            '/slots-total: type: expected integer, found "4"',
        ),
        (
            change_json(lambda body: body.update({"slots-total": None})),
            "/slots-total: null: expected integer, found null",
        ),
        (send_html, "body: expected JSON, found <html>"),
        (remove_charset, "content type: expected application/json; charset=UTF-8, found application/json"),
        (send_201, "status: expected 200, found 201"),
        (send_404, "status: expected 200, found 404 Unable to load requested file /overview."),
    ],
)
def test_each_difference_is_reported(small_cluster: FlinkMock, change: ChangeResponse, finding_text: str) -> None:
    with tampering_proxy(small_cluster.url, "/overview", change) as url:
        report = check(url)
    [finding] = report.findings
    assert finding.operation.id == "getClusterOverview"
    assert str(finding) == finding_text
    assert report.findings[finding] == ["/overview"]
    assert "GET /overview  (getClusterOverview)" in report.table()


@pytest.mark.parametrize("is_accepted", [False, True])
def test_an_operation_that_returns_only_unexpected_errors_is_not_answered(
    small_cluster: FlinkMock, is_accepted: bool
) -> None:
    conforming = check(small_cluster.url)
    with tampering_proxy(small_cluster.url, "/overview", send_404) as url:
        report = check(url)
    operation = next(iter(report.findings)).operation
    if is_accepted:
        report.accept({finding.key for finding in report.findings})
    assert report.unanswered[operation] == "404 Unable to load requested file /overview."
    counts = f"{len(conforming.answered) - 1} of {len(conforming.answered) + len(conforming.unanswered)} operations"
    assert counts in report.table()
    assert f'tests="{len(conforming.answered) + len(conforming.unanswered)}"' in as_junit(report)


def test_a_finding_of_many_items_is_reported_once(cluster: FlinkMock) -> None:
    def retype(body: Any) -> None:
        for job in body["jobs"]:
            job["start-time"] = str(job["start-time"])

    with tampering_proxy(cluster.url, "/jobs/overview", change_json(retype)) as url:
        report = check(url)
    [finding] = report.findings
    assert (finding.pointer, finding.kind, finding.expected) == ("/jobs/*/start-time", "type", "integer")


def test_indexes_in_pointers_are_generalized(small_cluster: FlinkMock) -> None:
    def set_to_null(body: Any) -> None:
        for vertex in body["vertices"]:
            vertex["parallelism"] = None

    with tampering_proxy(small_cluster.url, "/jobs/[0-9a-f]{32}", change_json(set_to_null)) as url:
        report = check(url)
    [finding] = report.findings
    assert finding.pointer == "/vertices/*/parallelism"
    assert len(report.findings[finding]) >= 3


def test_a_check_against_another_release_has_findings(cluster: FlinkMock) -> None:
    assert not check(cluster.url, "1.12").clean


def test_a_check_does_not_change_the_cluster(cluster: FlinkMock) -> None:
    def states() -> dict[str, str]:
        return {job.id: job.state for job in cluster.jobs}

    before = states()
    check(cluster.url)
    assert states() == before


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1", "No response from http://127.0.0.1:1/config"),
        ("ftp://127.0.0.1", "is not an HTTP URL"),
        ("http://", "is not an HTTP URL"),
    ],
)
def test_check_fails_for_a_url_without_a_server_or_of_another_scheme(url: str, message: str) -> None:
    with pytest.raises(ServerUnreachable, match=message):
        check(url)


def test_check_fails_for_a_server_without_a_version(cluster: FlinkMock) -> None:
    with (
        tampering_proxy(cluster.url, "/config", change_json(lambda body: body.clear())) as url,
        pytest.raises(ServerUnreachable, match="does not contain Flink's version"),
    ):
        check(url)


def test_check_rejects_an_unknown_release(cluster: FlinkMock) -> None:
    with pytest.raises(UnknownRelease, match="The newest is"):
        check(cluster.url, "2.4")


def test_jobs_are_found_in_the_overview_if_the_server_does_not_list_them(cluster: FlinkMock) -> None:
    details = Contract.load("2.3").operation("getJobDetails")
    without_list = tampering_proxy(cluster.url, "/jobs", lambda *_: (404, "text/plain", b""))
    with without_list as url, closing(HttpClient(url)) as client:
        paths = Targets(ClientReader(client)).paths(details)
    assert set(paths) == {f"/jobs/{job.id}" for job in cluster.jobs}


@pytest.mark.parametrize("name", ["a+b #1.jar", "10%.jar", "%41.jar"])
def test_a_jar_with_an_unusual_name_is_found(name: str) -> None:
    with FlinkMock(flink="2.3") as cluster, closing(HttpClient(cluster.url)) as client:
        httpx.post(cluster.url + "/jars/upload", files={"jarfile": (name, small_jar())})
        plan = cluster.engine.contract.operation("generatePlanFromJarGet")
        [path] = Targets(ClientReader(client)).paths(plan)
        assert client.send(HttpRequest(path)).status == 200
    parameters = success_response(plan, path, {}).parameters
    assert parameters["jarid"].endswith(f"_{name}")


def test_a_job_that_expires_during_a_pass_is_not_a_finding() -> None:
    """A real 2.3.0 listed a job that had ended an hour before, and then answered 404 for it."""
    jobs = {"running": "streaming", "finished": "batch"}
    config = {"jobstore.expiration-time": "30"}
    scenario = {"jobs": jobs, "cluster": {"config": config}}
    with FlinkMock(scenario, flink="2.3", clock="virtual") as cluster:
        while cluster.job("finished").state != "FINISHED":
            cluster.advance("1s")
        targets: list[str] = []

        class ExpiringJobClient(HttpClient):
            def send(self, request: HttpRequest) -> HttpResponse:
                response = super().send(request)
                targets.append(request.target)
                if request.target == "/jobs" and targets.count("/jobs") == 1:
                    cluster.advance("60s")
                return response

        with closing(ExpiringJobClient(cluster.url)) as client:
            report = Check(
                client, Contract.load("2.3"), wait=lambda ms: cluster.advance(f"{ms}ms"), values_per_parameter=2
            ).run()
    assert report.clean, report.table()
    assert any(reason.endswith("the job has expired") for reason in report.expected_errors.values())
