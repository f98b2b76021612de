"""The effects of an upgrade on a client."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from flinkmock import FlinkMock, FlinkMockError
from flinkmock.cli import main
from flinkmock.cli.journal_file import JournalFile
from flinkmock.conformance.compat import (
    ALREADY_IGNORED,
    FAILS,
    IGNORED,
    MAY_READ,
    ClientRequest,
    UpgradeImpact,
    compat,
    read_requests,
)
from flinkmock.contract import LATEST, Contract
from flinkmock.contract.contract import clear_release_cache

CLI_JOURNAL = Path(__file__).parent / "data" / "cli-1.12.5.jsonl"
"""The requests of Flink's own command line client of 1.12."""
JOB_ID = OPERATOR_ID = "0123456789abcdef0123456789abcdef"


def upgrade_impacts(*requests: ClientRequest, old: str, new: str) -> set[tuple[str, str, str, str]]:
    """Return (operation, effect, affected part, first release) of each impact of an upgrade."""
    return {(impact.where, impact.effect, impact.what, impact.since) for impact in compat(requests, old, new)}


def impacts_with(effect: str, impacts: list[UpgradeImpact]) -> set[tuple[str, str]]:
    """Return (operation, affected part) of each impact with an effect."""
    return {(impact.where, impact.what) for impact in impacts if impact.effect == effect}


def test_flinks_own_client_of_1_12_fails_on_2_3_only_when_it_submits_a_plan() -> None:
    impacts = compat(read_requests(CLI_JOURNAL), "1.12", "2.3")
    assert impacts_with(FAILS, impacts) == {
        ("POST /jobs", "the plan is a Java object that only its own release can read")
    }
    [submission] = [impact for impact in impacts if impact.effect == FAILS]
    assert (submission.since, submission.request_count) == ("1.13", 6)
    assert impacts_with(IGNORED, impacts) == set()
    assert ("GET /jobs/:jobid", ".vertices[].status: new value INITIALIZING") in impacts_with(MAY_READ, impacts)
    # 1.12 does not have the field job-type
    assert not any("job-type" in what for _, what in impacts_with(MAY_READ, impacts))


def test_requests_without_bodies_of_flinks_own_client_are_not_affected_by_an_upgrade_from_2_1_to_2_2() -> None:
    requests = [request for request in read_requests(CLI_JOURNAL) if request.method != "POST"]
    assert compat(requests, "2.1", "2.2") == []


def test_parameters_that_the_newer_release_ignores_are_reported() -> None:
    run_request = ClientRequest(
        "POST", "/jars/x_wordcount.jar/run?program-args=--port%201", {"programArgs": "--port 1"}
    )
    impacts = upgrade_impacts(run_request, old="1.20", new="2.3")
    assert ("POST /jars/:jarid/run", IGNORED, "query parameter program-args", "2.0") in impacts
    assert ("POST /jars/:jarid/run", IGNORED, "field programArgs of the body", "2.0") in impacts


def test_parts_that_the_older_release_ignores_are_reported_but_do_not_fail_the_command(tmp_path: Path) -> None:
    savepoint_request = ClientRequest("POST", f"/jobs/{'a' * 32}/savepoints?x=1", {"format-type": "NATIVE"})
    impacts = upgrade_impacts(savepoint_request, old="1.20", new="2.3")
    assert ("POST /jobs/:jobid/savepoints", ALREADY_IGNORED, "query parameter x", "1.20") in impacts
    assert ("POST /jobs/:jobid/savepoints", ALREADY_IGNORED, "field format-type of the body", "1.20") in impacts
    journal_file = tmp_path / "journal.jsonl"
    journal_file.write_text(json.dumps({"method": "GET", "target": "/jobs?x=1"}))
    assert main(["compat", str(journal_file), "--from", "2.2", "--to", "2.3"]) == 0  # the upgrade changes nothing


def test_a_request_whose_body_the_newer_release_rejects_fails() -> None:
    heartbeat_request = ClientRequest("PATCH", f"/jobs/{JOB_ID}/clientHeartbeat", 1700000000000)
    assert upgrade_impacts(heartbeat_request, old="1.19", new="1.20") == {
        (
            "PATCH /jobs/:jobid/clientHeartbeat",
            FAILS,
            "the body is rejected: the whole body: expected object, found 1700000000000",
            "1.20",
        )
    }


def test_removed_response_fields_are_reported() -> None:
    impacts = upgrade_impacts(ClientRequest("GET", f"/jobs/{JOB_ID}/exceptions"), old="1.18", new="2.3")
    assert ("GET /jobs/:jobid/exceptions", MAY_READ, ".all-exceptions: removed (was array)", "2.0") in impacts


def test_changed_statuses_are_reported() -> None:
    job_path = f"/jobs/{JOB_ID}"
    impacts = upgrade_impacts(ClientRequest("PATCH", f"{job_path}?mode=cancel"), old="1.12", new="1.20")
    assert ("PATCH /jobs/:jobid", MAY_READ, "409 for a job that has ended; before, 404", "1.15") in impacts
    coordination_request = ClientRequest(
        "POST", f"{job_path}/coordinators/{OPERATOR_ID}", {"serializedCoordinationRequest": [1]}
    )
    assert {(what, since) for _, _, what, since in upgrade_impacts(coordination_request, old="2.0", new="2.3")} == {
        ("404 for an unknown operator; before, 500", "2.1")
    }


def test_names_of_path_parameters_do_not_matter() -> None:
    path = f"/jobs/{JOB_ID}/coordinators/{OPERATOR_ID}"
    assert (
        upgrade_impacts(ClientRequest("POST", path, {"serializedCoordinationRequest": [1]}), old="1.20", new="2.0")
        == set()
    )


def test_unmatched_requests_have_no_impact() -> None:
    assert upgrade_impacts(ClientRequest("GET", "/favicon.ico"), old="1.12", new="2.3") == set()


def test_requests_are_read_from_a_har_file(tmp_path: Path) -> None:
    file = tmp_path / "session.har"
    har_read = {"method": "GET", "url": f"http://localhost:8081/v1/jobs/{JOB_ID}/exceptions?x=1"}
    har_upload = {"method": "POST", "url": "http://localhost:8081/jars/upload", "postData": {"text": "--not JSON"}}
    byte_order_mark = "\ufeff"
    file.write_text(
        byte_order_mark
        + json.dumps({"log": {"version": "1.2", "entries": [{"request": har_read}, {"request": har_upload}]}})
    )
    [read_request, upload_request] = read_requests(file)
    assert (read_request.method, read_request.target) == ("GET", f"/v1/jobs/{JOB_ID}/exceptions?x=1")
    assert upload_request.body is None
    assert compat([read_request], "1.20", "2.0")


@pytest.mark.parametrize("name", ["journal.jsonl", "journal.har"])
def test_requests_are_read_from_a_journal(name: str, tmp_path: Path) -> None:
    with FlinkMock({"jobs": {"orders": "streaming"}}, flink="1.20", clock="virtual") as cluster:
        job_url = f"{cluster.url}/jobs/{cluster.job('orders').id}"
        httpx.get(f"{job_url}/exceptions")
        httpx.post(f"{cluster.url}/jars/x.jar/run?program-args=a", json={"programArgs": "--port 1"})
        with JournalFile(tmp_path / name) as journal_file:
            journal_file.set_url(cluster.url)
            for exchange in cluster.requests:
                journal_file.write(exchange)
    requests = read_requests(tmp_path / name)
    assert [request.method for request in requests] == ["GET", "POST"]
    assert requests[1].body == {"programArgs": "--port 1"}
    impacts = compat(requests, "1.20", "2.3")
    assert ("POST /jars/:jarid/run", "field programArgs of the body") in impacts_with(IGNORED, impacts)
    assert ("GET /jobs/:jobid/exceptions", ".root-exception: removed (was string or null)") in impacts_with(
        MAY_READ, impacts
    )


def test_line_separators_in_the_json_of_a_journal_do_not_end_a_line(tmp_path: Path) -> None:
    with FlinkMock(clock="virtual") as cluster:
        httpx.post(f"{cluster.url}/jars/x.jar/run", json={"programArgs": "\u2028 \u2029 \u0085"})
        with JournalFile(tmp_path / "journal.jsonl") as journal_file:
            journal_file.set_url(cluster.url)
            for exchange in cluster.requests:
                journal_file.write(exchange)
    [request] = read_requests(tmp_path / "journal.jsonl")
    assert request.body == {"programArgs": "\u2028 \u2029 \u0085"}


@pytest.fixture
def release_2_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Release 2.4: 2.3 without the aggregation "skew", and without the entry names of job artifacts."""
    document = copy.deepcopy(Contract.load("2.3").document)
    document["flink"] = "2.4.0"
    for operation in document["operations"]:
        for parameter in operation["query_parameters"]:
            if parameter["name"] == "agg":
                parameter["enum"].remove("skew")
    del document["$defs"]["JobSubmitRequestBody.DistributedCacheFile@request"]["properties"]["entryName"]
    (tmp_path / "2.4.json").write_text(json.dumps(document))
    monkeypatch.setenv("FLINKMOCK_SCHEMAS", str(tmp_path))
    yield
    clear_release_cache()


@pytest.mark.usefixtures("release_2_4")
def test_removed_values_in_a_list_are_reported() -> None:
    request = ClientRequest("GET", "/jobs/metrics?get=x&agg=min,SKEW")
    what = "query parameter agg no longer accepts SKEW"
    assert ("GET /jobs/metrics", FAILS, what, "2.4") in upgrade_impacts(request, old="2.3", new="2.4")


@pytest.mark.usefixtures("release_2_4")
def test_removed_fields_in_a_list_are_reported() -> None:
    request = ClientRequest("POST", "/jobs", {"jobArtifactFileNames": [{"entryName": "x", "fileName": "y"}]})
    what = "field jobArtifactFileNames.entryName of the body"
    assert ("POST /jobs", IGNORED, what, "2.4") in upgrade_impacts(request, old="2.3", new="2.4")


def test_missing_and_malformed_files_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("<html>")
    with pytest.raises(FlinkMockError, match="neither a journal"):
        read_requests(tmp_path / "x")
    with pytest.raises(FlinkMockError):
        read_requests(tmp_path / "y")
    (tmp_path / "z").write_text('{"log": {"entries": [{"request": {"method": "GET", "url": "/", "postData": 1}}]}}')
    with pytest.raises(FlinkMockError, match="neither a journal"):
        read_requests(tmp_path / "z")


@pytest.mark.parametrize("output_format", ["table", "json", "markdown"])
def test_compat_prints_the_impacts_in_each_format(output_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compat", str(CLI_JOURNAL), "--from", "1.12", "--format", output_format]) == 1
    output = capsys.readouterr().out
    assert "the plan is a Java object" in output
    if output_format == "json":
        assert json.loads(output)["to"] == "2.3"


def test_compat_counts_requests_that_match_no_operation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal_file = tmp_path / "journal.jsonl"
    targets = ("/favicon.ico", "/jobs", "/flink/jobs")
    journal_file.write_text("".join(json.dumps({"method": "GET", "target": target}) + "\n" for target in targets))
    assert main(["compat", str(journal_file), "--from", "2.0", "--to", "2.1"]) == 0
    expected = "3 requests (2 of them match no operation of Flink 2.0), from Flink 2.0 to 2.1: nothing changes\n"
    assert capsys.readouterr().out == expected


def test_compat_rejects_a_new_release_that_is_not_later(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compat", str(CLI_JOURNAL), "--from", "2.2", "--to", "2.1"]) == 2
    assert "not later" in capsys.readouterr().err


def journal_of(file: Path, *targets: str) -> str:
    """Write a journal of GET requests; return its path."""
    file.write_text("".join(json.dumps({"method": "GET", "target": target}) + "\n" for target in targets))
    return str(file)


def test_compat_finds_the_base_path_of_an_ingress_or_takes_it_from_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = [f"/flink/prod/jobs/{JOB_ID}/exceptions", "/flink/prod/config", "/metrics"]
    journal = journal_of(tmp_path / "x.jsonl", *targets)
    assert main(["compat", journal, "--from", "1.20", "--to", "2.0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heading = "3 requests under /flink/prod (1 of them matches no operation of Flink 1.20), from Flink 1.20 to 2.0:"
    assert lines[0] == heading
    assert any(".all-exceptions: removed" in line for line in lines)
    assert main(["compat", journal, "--from", "1.20", "--to", "2.0", "--base-path", "flink/prod/"]) == 0
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ((), "x.jsonl is empty: it contains no requests."),
        (
            ("/a", "/b", "/a", "/c", "/d"),
            "No operation of Flink 1.20 matches any of the 5 requests in {journal}: GET /a, GET /b, GET /c, …. If",
        ),
        (("/a",), "No operation of Flink 1.20 matches the request in {journal}: GET /a. If"),
    ],
)
def test_compat_fails_if_it_finds_no_request_to_flink(
    targets: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_of(tmp_path / "x.jsonl", *targets)
    assert main(["compat", journal, "--from", "1.20"]) == 2
    assert message.format(journal=journal) in capsys.readouterr().err


def test_compat_fails_for_an_empty_har_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.har"
    file.write_text('{"log": {"entries": []}}')
    assert main(["compat", str(file), "--from", "1.20"]) == 2
    assert capsys.readouterr().err.endswith("x.har contains no requests.\n")


def test_compat_from_the_newest_release_needs_a_target_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compat", journal_of(tmp_path / "x", "/config"), "--from", LATEST]) == 2
    assert "Choose the new release with --to." in capsys.readouterr().err
