"""Hand-written fakes are read in all formats, compared with releases, and turned into scenarios."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from flinkmock import FlinkMock, FlinkMockError, load_scenario
from flinkmock.cli import main
from flinkmock.conformance.adoption import HandWrittenResponse, ReplayResult, read_fakes, replay, review, scenario_of
from flinkmock.conformance.adoption.hand_written import hand_written_response
from flinkmock.contract import Contract, known_releases

JOB_ID = "a7f03b6e214a041bc7cf91990f8a58c1"
OVERVIEW_ENTRY = {"jid": JOB_ID, "name": "orders", "state": "RUNNING"}
"""The entry of a job in /jobs/overview."""
JOBS_JSON: dict[str, Any] = {"jobs": [{"id": JOB_ID, "status": "RUNNING"}]}
"""The body of /jobs."""


def write(folder: Path, name: str, content: object) -> Path:
    """Write a text, or another value as JSON; return the file."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def read_one(file: Path) -> HandWrittenResponse:
    """Read a file with one response."""
    [response] = read_fakes([file])
    return response


@pytest.mark.parametrize(
    ("name", "content", "request_line", "status", "body"),
    [
        ("jobs.json", JOBS_JSON, "GET /jobs", 200, JOBS_JSON),
        (
            "routes.json", [{"method": "GET", "url": "http://flink:8081/jobs", "json": JOBS_JSON}],
            "GET /jobs", 200, JOBS_JSON,
        ),
        ("routes.json", [{"url": "/jobs?x=1", "status_code": 503, "body": "busy"}], "GET /jobs?x=1", 503, "busy"),
        ("routes.json", [{"url": "/jobs", "response": {"status": 500, "json": {}}}], "GET /jobs", 500, {}),
        ("recorded.yaml", "responses: [{response: {method: POST, url: /jobs, status: 202}}]", "POST /jobs", 202, None),
        ("map.json", {"PATCH /jobs/1": {}}, "PATCH /jobs/1", 200, {}),
        ("map.json", {"/jobs": JOBS_JSON}, "GET /jobs", 200, JOBS_JSON),
        (
            "session.har",
            {"log": {"entries": [{"request": {"method": "GET", "url": "http://flink:8081/v1/jobs"},
                                  "response": {"status": 200, "content": {"text": json.dumps(JOBS_JSON)}}}]}},
            "GET /v1/jobs", 200, JOBS_JSON,
        ),
        (
            "mapping.json",
            {"request": {"method": "GET", "urlPathPattern": "/jobs/[0-9a-f]{32}/(status)"},
             "response": {"base64Body": base64.b64encode(b'{"status": "RUNNING"}').decode()}},
            "GET /jobs/*/*", 200, {"status": "RUNNING"},
        ),
        (
            "mappings.json",
            {"mappings": [{"request": {"method": "ANY", "urlPathTemplate": "/jobs/{id}"},
                           "response": {"status": 404}}]},
            "GET /jobs/*", 404, None,
        ),
    ],
)  # fmt: skip
def test_a_response_is_read_from_each_format(
    name: str, content: object, request_line: str, status: int, body: object, tmp_path: Path
) -> None:
    response = read_one(write(tmp_path, name, content))
    assert (response.request, response.status, response.body) == (request_line, status, body)


def test_wiremock_mappings_are_read_with_their_body_files_and_those_with_faults_are_skipped(tmp_path: Path) -> None:
    write(tmp_path, "__files/jobs.json", JOBS_JSON)
    response = {"status": 200, "bodyFileName": "jobs.json"}
    write(tmp_path, "mappings/jobs.json", {"request": {"method": "GET", "url": "/jobs"}, "response": response})
    mapping_with_fault = {"request": {"method": "GET", "url": "/jobs"}, "response": {"fault": "EMPTY_RESPONSE"}}
    write(tmp_path, "mappings/broken.json", mapping_with_fault)
    [response] = read_fakes([tmp_path])
    assert (response.request, response.body) == ("GET /jobs", JOBS_JSON)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (r"^http://[^/]+/jobs/[a-f0-9]{32}/savepoints$", "/jobs/*/savepoints"),
        (r"/jobs/.*", "/jobs/*"),
        (r"/jobs/\w+\?get=.*", "/jobs/*"),
        (r"/jobs/overview(\?.*)?", "/jobs/overview"),
        (r"/jobs(?:\?.*)?$", "/jobs"),
        (r"/jobs/overview[?]x=.*", "/jobs/overview"),
        (r"^(https?://[^/]+)?/jobs/overview", "/jobs/overview"),
        (r"^(?:https?://localhost(:\d+)?)?/jobs/overview$", "/jobs/overview"),
        (r"http(s)?://localhost(:\d+)?/jobs", "/jobs"),
        (r".*/jobs/overview", "/jobs/overview"),
        (r"/jobs/([a-z0-9]+(-[a-z]+)?)/stop", "/jobs/*/stop"),
        (r"/jobs/(?<id>[^/]+)/vertices/([0-9a-f]{32})?/metrics", "/jobs/*/vertices/*/metrics"),
        (r"/jobs/.*?/stop", "/jobs/*/stop"),
        (r"/jobs(/[a-f0-9]+)?", "/jobs/*"),
        (r"/jobs(/)?$", "/jobs"),
        ("/jobs/{id}/metrics{?get}", "/jobs/*/metrics"),
        ("/jobs/{id}/metrics?get={names}", "/jobs/*/metrics"),
        (r"/jars\/upload", "/jars/upload"),
    ],
)
def test_a_pattern_becomes_a_path(pattern: str, path: str) -> None:
    assert hand_written_response("x", "get", pattern, 200, None, is_pattern=True).path == path


@pytest.mark.parametrize("path", ["/jobs", "/jobs/overview", "/overview", "/taskmanagers", "/config", "/jars"])
def test_the_operation_of_a_plain_body_is_guessed(path: str, tmp_path: Path) -> None:
    with FlinkMock({"jobs": {"orders": "streaming"}}) as flink:
        body = httpx.get(flink.url + path).json()
    assert read_one(write(tmp_path, "body.json", body)).request == f"GET {path}"


def test_a_body_that_fits_no_operation_has_an_unknown_request(tmp_path: Path) -> None:
    response = read_one(write(tmp_path, "body.json", {"colour": "green"}))
    assert response.request == "unknown request"
    assert review(response, ["2.3"]).deviations == {"2.3": ["no such operation"]}


def a_response(method: str, path: str, status: int, body: Any, *, is_json: bool = True) -> HandWrittenResponse:
    return HandWrittenResponse("x", method, path, status, body, is_json)


@pytest.mark.parametrize(
    ("response", "deviations"),
    [
        (a_response("GET", "/jobs", 200, JOBS_JSON), []),
        (a_response("GET", "/gateway/flink/jobs", 200, JOBS_JSON), []),
        (a_response("DELETE", f"/jobs/{JOB_ID}", 202, {}), ["no such operation; the path takes GET and PATCH"]),
        (a_response("POST", f"/jobs/{JOB_ID}/stop", 200, {"request-id": JOB_ID}), ["status 200: Flink sends 202"]),
        (a_response("DELETE", f"/flink/jobs/{JOB_ID}", 202, {}), ["no such operation; the path takes GET and PATCH"]),
        (a_response("GET", f"/jobs/{JOB_ID}/overview", 200, {}), ["no such operation"]),
        (a_response("GET", f"/flink/v1/jobs/{JOB_ID}/overview", 200, {}), ["no such operation"]),
        (a_response("GET", "/cluster/orders/jobs", 200, JOBS_JSON), []),
        (a_response("GET", "/jobs", 405, {"errors": []}), ["status 405: Flink never sends it"]),
        (a_response("GET", "/jobs", 429, {"errors": []}), ["status 429: Flink never sends it"]),
        (a_response("PATCH", f"/jobs/{JOB_ID}?mode=stop", 308, {"errors": ["removed"]}), []),
        (a_response("PATCH", f"/jobs/{JOB_ID}", 308, {}), ["/errors: missing"]),
        (a_response("PATCH", f"/jobs/{JOB_ID}", 408, {"errors": ["Job cancellation timed out."]}), []),
        (a_response("POST", "/jars/upload", 413, None), []),
        (a_response("POST", "/jars/upload", 417, None), []),
        (a_response("GET", "/jobs", 500, "oops", is_json=False), ["the body is not JSON"]),
        (a_response("GET", "/jobs", 200, "oops", is_json=False), ["the body is not JSON"]),
        (a_response("GET", "/jobs", 200, {"jobs": [{"id": JOB_ID, "status": "DONE"}]}),
         ["/jobs/*/status: enum: expected INITIALIZING or "]),
        (a_response("GET", f"/jobs/{JOB_ID}/status", 200, {}), ["/status: missing"]),
    ],
)  # fmt: skip
def test_deviations_from_the_contract_are_listed(response: HandWrittenResponse, deviations: list[str]) -> None:
    texts = review(response, ["2.3"]).deviations["2.3"]
    assert len(texts) == len(deviations)
    assert all(text.startswith(expected) for text, expected in zip(texts, deviations, strict=True)), texts


def test_only_methods_of_the_most_specific_path_are_suggested() -> None:
    response = a_response("DELETE", "/jobs/overview", 202, {})
    assert review(response, ["2.3"]).deviations["2.3"] == ["no such operation; the path takes GET"]


def test_a_contradiction_between_response_and_request_is_a_deviation() -> None:
    with FlinkMock({"jobs": {"orders": "streaming"}}) as flink:
        flink.advance("1m")
        details = httpx.get(f"{flink.url}/jobs/{flink.job('orders').id}").json()
    response = a_response("GET", f"/jobs/{JOB_ID}", 200, details)
    [deviation] = review(response, ["2.3"]).deviations["2.3"]
    assert deviation.startswith("/jid: ") and "[requested-ids]" in deviation


def test_responses_of_a_fake_cluster_have_no_deviations_and_become_an_equal_cluster(tmp_path: Path) -> None:
    scenario = {"cluster": {"taskmanagers": 2, "slots": 3}, "jobs": {"orders": "streaming", "report": "failing"}}
    with FlinkMock(scenario, clock="virtual") as flink:
        flink.advance("10m")
        job_ids = [flink.job(name).id for name in ("orders", "report")]
        paths = ["/overview", "/taskmanagers", "/jobs/overview", *(f"/jobs/{job_id}" for job_id in job_ids)]
        paths += [f"/jobs/{job_id}/exceptions" for job_id in job_ids]
        routes = [{"method": "GET", "url": path, "json": httpx.get(flink.url + path).json()} for path in paths]
    responses = read_fakes([write(tmp_path, "routes.json", routes)])
    assert [response.path for response in responses if review(response, ["2.3"]).deviates] == []
    assert replay(responses, scenario_of(responses, "2.3")) == ReplayResult(7, 7, [])
    with FlinkMock(scenario_of(responses, "2.3"), clock="virtual") as adopted:
        adopted.advance("10s")
        overview, taskmanagers, jobs_overview, *details = [httpx.get(adopted.url + path).json() for path in paths[:5]]
    assert (overview["slots-total"], len(taskmanagers["taskmanagers"])) == (6, 2)
    jobs = {(job["jid"], job["name"], job["state"]) for job in jobs_overview["jobs"]}
    assert jobs == {(job_ids[0], "orders", "RUNNING"), (job_ids[1], "report", "FAILED")}
    for response, route in zip(details, routes[3:], strict=False):
        vertices = [(vertex["id"], vertex["name"], vertex["parallelism"]) for vertex in response["vertices"]]
        assert vertices == [
            (vertex["id"], vertex["name"], vertex["parallelism"]) for vertex in route["json"]["vertices"]
        ]


def test_errors_and_failed_savepoints_become_part_of_the_scenario() -> None:
    cause = {
        "class": "java.io.IOException",
        "stack-trace": "java.io.IOException: disk full\n\tat x",
        "serialized-throwable": "",
    }
    failed_savepoint = {"status": {"id": "COMPLETED"}, "operation": {"failure-cause": cause}}
    responses = [
        HandWrittenResponse("x", "GET", "/jobs/overview", 200, {"jobs": [OVERVIEW_ENTRY]}),
        HandWrittenResponse("x", "GET", f"/jobs/{JOB_ID}/savepoints/{JOB_ID}", 200, failed_savepoint),
        HandWrittenResponse("x", "GET", "/overview", 503, {"errors": ["no leader"]}),
    ]
    scenario = scenario_of(responses, "1.20")
    load_scenario(scenario)
    assert scenario["operations"] == {
        "savepoint": {"fails": "100%", "exception": {"class": "java.io.IOException", "message": "disk full"}}
    }
    with FlinkMock(scenario) as flink:
        response = httpx.get(flink.url + "/overview")
        assert (response.status_code, response.json()) == (503, {"errors": ["no leader"]})
        assert flink.job("orders").id == JOB_ID


@pytest.mark.parametrize("state", ["CREATED", "RUNNING", "RESTARTING", "FAILING", "FAILED", "CANCELED", "FINISHED"])
def test_an_adopted_job_is_in_the_state_of_the_response(state: str) -> None:
    response = HandWrittenResponse("x", "GET", "/jobs", 200, {"jobs": [{"id": JOB_ID, "status": state}]})
    with FlinkMock(scenario_of([response], "2.3"), clock="virtual") as flink:
        assert flink.jobs.get(JOB_ID).state == state


def test_a_job_with_an_invalid_id_and_state_is_adopted() -> None:
    response = HandWrittenResponse(
        "x", "GET", "/jobs/overview", 200, {"jobs": [{"jid": "1", "name": "", "state": "HAPPY"}]}
    )
    with FlinkMock(scenario_of([response], "2.3")) as flink:
        assert len(flink.jobs) == 1


def test_replay_lists_what_the_scenario_serves_differently() -> None:
    responses = [
        HandWrittenResponse("x", "GET", "/jobs/overview", 200, {"jobs": [OVERVIEW_ENTRY | {"state": "HAPPY"}]}),
        HandWrittenResponse("x", "GET", f"/jobs/{JOB_ID[::-1]}/status", 200, {"status": "RUNNING"}),
        HandWrittenResponse("x", "GET", "/jobs/*", 200, {}),
        HandWrittenResponse("x", "GET", "/overview", 503, {"errors": []}),
    ]
    result = replay(responses, {"jobs": {"orders": {"id": JOB_ID, "lifecycle": ["RUNNING"]}}})
    assert (result.compared_count, result.equal_count) == (2, 0)
    assert [str(difference) for difference in result.differences] == [
        "GET /jobs/overview: /jobs/0/state is 'RUNNING', in the fake 'HAPPY'",
        f"GET /jobs/{JOB_ID[::-1]}/status: the response is 'an error', in the fake 'a success'",
    ]


def test_replay_counts_responses_to_the_same_request_separately() -> None:
    fakes = [HandWrittenResponse("x", "GET", "/jobs", 200, {"jobs": [{"id": JOB_ID, "status": "HAPPY"}]})] * 3
    fakes.append(HandWrittenResponse("x", "GET", "/jobs", 200, JOBS_JSON))
    result = replay(fakes, {"jobs": {"orders": {"id": JOB_ID, "lifecycle": ["RUNNING"]}}})
    assert (result.compared_count, result.equal_count, len(result.differences)) == (4, 1, 3)


def test_releases_are_compared_from_the_oldest_to_the_newest() -> None:
    result = review(a_response("DELETE", f"/jobs/{JOB_ID}", 202, {}), ["2.3", "1.12.5", "1.20"])
    assert (list(result.deviations), result.nearest) == (["1.12", "1.20", "2.3"], "2.3")
    operation = review(a_response("GET", "/jobs", 200, JOBS_JSON), ["2.3", "1.12"]).operation
    assert operation is Contract.load("2.3").match("GET", "/jobs")


def test_adopt_prints_reviews_and_writes_a_scenario_but_overwrites_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path,
        "routes.json",
        [{"url": "/jobs", "json": JOBS_JSON}, {"url": "/jobs/overview", "json": {"jobs": [OVERVIEW_ENTRY]}}],
    )
    scenario_file = tmp_path / "scenario.yaml"
    assert main(["adopt", str(file), "-o", str(scenario_file)]) == 1
    output = capsys.readouterr().out
    assert f"{file}[0]: GET /jobs 200: as every release\n" in output
    assert f"{file}[1]: GET /jobs/overview 200: deviates from every release\n  nearest: Flink 1.20\n" in output
    assert "    /jobs/*/start-time: missing\n" in output
    assert "2 responses, 1 of them deviates from every release" in output
    assert [job.name for job in load_scenario(scenario_file).jobs] == ["orders"]
    assert main(["adopt", str(file), "-o", str(scenario_file)]) == 2
    assert "exists. To overwrite it, use --force." in capsys.readouterr().err


def test_adopt_prints_the_deviations_of_all_releases_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "jobs.json", JOBS_JSON)
    assert main(["adopt", str(file), "--format", "json"]) == 0
    [entry] = json.loads(capsys.readouterr().out)
    assert entry["releases"] == list(known_releases())
    assert (entry["operation"], entry["deviations"]) == ("GET /jobs", {})


def test_adopt_prints_nothing_but_json_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, scenario_file = write(tmp_path, "jobs.json", JOBS_JSON), tmp_path / "scenario.yaml"
    assert main(["adopt", str(file), "--flink", "2.3", "--format", "json", "-o", str(scenario_file)]) == 0
    output = capsys.readouterr()
    assert len(json.loads(output.out)) == 1
    assert f"{scenario_file}: Flink 2.3, 1 job." in output.err


@pytest.mark.parametrize(
    ("body", "releases", "verdict", "summary"),
    [
        (JOBS_JSON, ["2.3"], "as Flink 2.3", "0 of them deviate from Flink 2.3"),
        (JOBS_JSON, ["2.3", "1.20"], "as every compared release", "0 of them deviate from every compared release"),
        ({}, ["2.3"], "deviates from Flink 2.3", "1 of them deviates from Flink 2.3"),
        ({}, ["1.20", "2.3"], "deviates from every compared release", "1 of them deviates from every compared release"),
    ],
)
def test_adopt_names_the_compared_releases(
    body: Any, releases: list[str], verdict: str, summary: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "routes.json", [{"url": "/jobs", "json": body}])
    main(["adopt", str(file), *(option for release in releases for option in ("--flink", release))])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(f"GET /jobs 200: {verdict}")
    assert lines[-1] == f"1 response, {summary}"


@pytest.mark.parametrize(
    ("releases", "verdict"),
    [
        (["1.15", "1.16", "1.17", "1.18"], "as Flink 1.16 to 1.18"),
        (["1.15", "1.16", "1.18", "1.19"], "as Flink 1.16, 1.18, 1.19"),
    ],
)
def test_a_range_of_releases_contains_no_release_that_was_not_compared(
    releases: list[str], verdict: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # this operation was added in 1.16
    file = write(tmp_path, "routes.json", [{"url": f"/jobs/{JOB_ID}/status", "json": {"status": "RUNNING"}}])
    assert main(["adopt", str(file), *(option for release in releases for option in ("--flink", release))]) == 0
    assert verdict in capsys.readouterr().out


def test_the_colours_of_reviews_depend_on_the_stream_that_shows_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "jobs.json", JOBS_JSON)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("flinkmock.cli.terminal.is_terminal", lambda stream: stream is sys.stderr)
    assert main(["adopt", str(file), "--flink", "2.3", "-o", "-"]) == 0
    assert "\x1b[32mas Flink 2.3\x1b[0m" in capsys.readouterr().err
    assert main(["adopt", str(file), "--flink", "2.3"]) == 0
    assert "GET /jobs 200: as Flink 2.3\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", r"a\.json is not JSON"),
        ("a.yaml", "{", r"a\.yaml is not YAML"),
        ("a.har", {"log": {"entries": [1]}}, "looks like a known format, but differs from it"),
        (
            "a.json",
            {"responses": [{"status": 200, "body": "x"}]},
            "response 0 has none of the keys url, path",
        ),
        ("a.json", {"request": {}, "response": {"bodyFileName": "none.json"}}, "there is no file __files/none.json"),
    ],
)
def test_files_that_cannot_be_read_as_fakes_are_rejected_with_the_reason(
    name: str, content: object, message: str, tmp_path: Path
) -> None:
    with pytest.raises(FlinkMockError, match=message):
        read_fakes([write(tmp_path, name, content)])


def test_adopt_reports_a_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adopt", "nowhere.json"]) == 2
    assert "nowhere.json: file not found." in capsys.readouterr().err
