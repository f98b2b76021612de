"""`flinkmock check`: formats, baselines, the contract of Flink's documentation, exit codes.

`record` and `proxy` share some of its options and messages.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flinkmock import FlinkMock
from flinkmock.cli import main, terminal


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The URL of a cluster with a running job."""
    with FlinkMock({"jobs": {"running": "streaming"}}, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        yield cluster.url


def test_a_json_report_can_be_used_as_a_baseline(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", url, "--flink", "2.2", "--format", "json"]) == 1
    text = capsys.readouterr().out
    report = json.loads(text)
    assert report["flink"] == "2.2"
    entry = next(finding for finding in report["findings"] if finding["pointer"] == "/taskmanagers/*/assignedTasks")
    assert (entry["operation"], entry["kind"], entry["seen"]) == ("getTaskManagers", "extra", ["/taskmanagers"])
    assert entry["times"] == 1
    baseline = tmp_path / "known.json"
    baseline.write_text(text)
    assert main(["check", url, "--flink", "2.2", "--baseline", str(baseline)]) == 0
    assert f"no findings, {len(report['findings'])} more in the baseline" in capsys.readouterr().out
    report["findings"].remove(entry)
    baseline.write_text(json.dumps(report))
    assert main(["check", url, "--flink", "2.2", "--baseline", str(baseline)]) == 1
    assert "1 finding, " in capsys.readouterr().out


def test_a_junit_report_has_failures_for_findings(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", url, "--flink", "2.2", "--format", "junit"]) == 1
    junit_suite = ElementTree.fromstring(capsys.readouterr().out)
    failed_cases = [case.get("name") for case in junit_suite.iter("testcase") if case.find("failure") is not None]
    assert "GET /taskmanagers" in failed_cases
    assert "GET /jobs" not in failed_cases
    assert int(junit_suite.get("failures", 0)) == len(failed_cases)


def test_findings_are_printed_as_github_annotations(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", url, "--flink", "2.2", "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "::error title=GET /taskmanagers::/taskmanagers/*/assignedTasks: extra: " in "\n".join(lines)
    assert lines[-1].startswith("::notice title=flinkmock check::")


def test_a_report_is_printed_in_markdown(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", url, "--format", "markdown"]) == 0
    assert "operations answered, no findings." in capsys.readouterr().out


def test_a_server_is_compared_with_flinks_documentation(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", url, "--contract", "documented"]) == 1
    output = capsys.readouterr().out
    assert "/latest/failed: null: expected object, found null" in output


def test_a_server_is_compared_with_a_page_from_a_file(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parent.parent / "contract" / "descriptions" / "page.md"
    assert main(["check", url, "--contract", str(page)]) == 1
    assert "GET /overview  (getClusterOverview)" in capsys.readouterr().out
    assert main(["check", url, "--contract", __file__]) == 2
    assert "No operation found" in capsys.readouterr().err


def test_invalid_baselines_are_rejected(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", url, "--baseline", str(tmp_path / "none.json")]) == 2
    (tmp_path / "other.json").write_text("[1]")
    assert main(["check", url, "--baseline", str(tmp_path / "other.json")]) == 2
    assert "not a report of" in capsys.readouterr().err


def test_an_unreachable_server_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "http://127.0.0.1:1"]) == 2
    assert "No response from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "/config does not contain Flink's version (status 404). Specify it: --flink 2.3."),
        (
            401,
            "(status 401). The server requires authentication: `flinkmock check` and `flinkmock record` accept",
        ),
        (301, "(status 301). The server redirects to https://flink. Specify it"),
        (200, "/config does not contain Flink's version. Specify it"),
    ],
)
@pytest.mark.parametrize("command", ["check", "proxy"])
def test_a_server_that_does_not_respond_like_flink_is_reported(
    url_of_other_server: Callable[[int], str],
    command: str,
    status: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([command, url_of_other_server(status)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", [["check"], ["record", "--for", "0.1s", "-o"]])
def test_the_headers_of_the_option_are_sent_with_each_request(command: list[str], tmp_path: Path) -> None:
    with FlinkMock({"jobs": {"orders": "streaming"}}) as mock:
        out = [str(tmp_path / "recorded.yaml")] if "-o" in command else []
        header_options = ["--header", "Authorization: Bearer a:b", "-H", "X-Team:orders"]
        assert main([*command, *out, mock.url, *header_options]) == 0
        assert len(mock.requests) > 5
        for exchange in mock.requests:
            headers = {name.lower(): value for name, value in exchange.headers}
            assert (headers["authorization"], headers["x-team"]) == ("Bearer a:b", "orders")


def test_an_invalid_header_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["check", "http://127.0.0.1:1", "-H", "Bearer 7"])
    assert end.value.code == 2
    assert "'Bearer 7' is not a header. Write 'Authorization: Bearer …'." in capsys.readouterr().err


def test_a_server_that_does_not_respond_like_flink_is_not_recorded(
    url_of_other_server: Callable[[int], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", url_of_other_server(404), "-o", str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err.endswith("/config does not contain Flink's version (status 404).\n")
    assert not (tmp_path / "none.yaml").exists()


def test_malformed_responses_are_not_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exchanges = [{"target": "/jobs/overview", "status": 200, "response": '{"jobs": []}'}]
    exchanges.append({"target": "/taskmanagers", "status": 200, "response": '{"taskmanagers": [{"id": 1}]}'})
    raw_file = tmp_path / "raw.jsonl"
    raw_file.write_text("".join(json.dumps(line) + "\n" for line in exchanges))
    assert main(["record", str(raw_file), "-o", str(tmp_path / "none.yaml")]) == 2
    assert "a response does not have Flink's form" in capsys.readouterr().err


@pytest.fixture
def url_of_other_server() -> Iterator[Callable[[int], str]]:
    """Returns the URL of a server that responds to every GET with a status and "hello"."""
    statuses: list[int] = []

    class OtherServer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[-1])
            self.send_header("Content-Length", "5")
            self.send_header("Location", "https://flink")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherServer) as server:

        def url_with_status(status: int) -> str:
            statuses.append(status)
            return f"http://127.0.0.1:{server.server_port}"

        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield url_with_status
        server.shutdown()


INVALID_CHARACTERS = ("http://[::1:8081", "http://..", "http://a b:8081", "http://flink/ü", "http://flink/a b")
"""URLs that `http.client` can't request."""


def test_invalid_urls_are_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    for invalid_url in ("ftp://flink", "http://", "http://flink:port", "http://flink:99999", *INVALID_CHARACTERS):
        assert main(["check", invalid_url]) == 2
        assert f"'{invalid_url}' is not an HTTP URL" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--savepoints", "/savepoints"], "--savepoints needs --run-jar or --cancel-job."),
        (["--run-jar", "report.txt"], "Flink accepts only files whose name ends in .jar"),
        (["--run-jar", "missing.jar"], "missing.jar: the file does not exist"),
        (["--cancel-job", "f" * 32], f"has no running job {'f' * 32}. Running jobs: "),
    ],
)
def test_mutating_checks_that_cannot_run_are_reported(
    url: str, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", url, *options]) == 2
    assert message in capsys.readouterr().err


def test_a_running_job_is_found_although_one_list_of_jobs_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """A proxy may serve only one of `GET /jobs` and `GET /jobs/overview`."""
    scenario = {"jobs": {"orders": "streaming"}, "faults": [{"match": "GET /jobs", "reply": "not-found"}]}
    with FlinkMock(scenario) as mock:
        job_id = mock.job("orders").id
        main(["check", mock.url, "--cancel-job", job_id])
        assert "has no running job" not in capsys.readouterr().err
        assert any(exchange.target.startswith(f"/jobs/{job_id}/vertices/") for exchange in mock.requests)
        assert mock.job("orders").state == "CANCELED"


def test_a_negative_number_of_requests_is_rejected(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", url, "--fuzz", "-3"])
    assert "argument --fuzz: '-3' is negative. Write a number from 0." in capsys.readouterr().err


def test_the_progress_bar_is_drawn_and_erased(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.draw_progress_bar(3, 6, "GET /jobs")
    assert capsys.readouterr().err.rstrip() == "\r[############            ] 3/6 GET /jobs"
    terminal.draw_progress_bar(1, 1, "")
    assert capsys.readouterr().err.strip() == ""
