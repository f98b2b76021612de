"""`flinkmock serve --verify` and `--journal FILE`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from flinkmock.cli.journal_file import JournalFile
from flinkmock.journal import Exchange
from tests.forked_command import ForkedCommand
from tests.timeouts import TEST_TIMEOUT_S

SCENARIO = "clock: virtual\nexpect:\n  - GET /overview: once\n  - unmatched: 0\n"


def serve_requests(*arguments: str, paths: tuple[str, ...] = ()) -> tuple[int, str, str]:
    """Serve a cluster, send GET requests for these paths; return exit code, standard output and standard error."""
    with ForkedCommand("serve", "--port", "0", *arguments) as process:
        first_line = process.stdout.readline()
        url = first_line[first_line.index("http://") :].split()[0].strip('",')
        for path in paths:
            with (
                contextlib.suppress(urllib.error.HTTPError),
                urllib.request.urlopen(url + path, timeout=TEST_TIMEOUT_S) as response,
            ):
                response.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    return process.wait(), out, err


@pytest.fixture
def scenario_file(tmp_path: Path) -> str:
    """The path of a file with `SCENARIO`."""
    file = tmp_path / "s.yaml"
    file.write_text(SCENARIO)
    return str(file)


def test_verify_succeeds_if_the_expectations_are_met(scenario_file: str) -> None:
    assert serve_requests(scenario_file, "--verify", "--quiet", paths=("/overview",)) == (0, "", "")


def test_verify_reports_expectations_that_are_not_met(scenario_file: str) -> None:
    code, _, err = serve_requests(scenario_file, "--verify", "--quiet", paths=("/overview", "/overview", "/over"))
    assert code == 1
    assert f"{scenario_file}:3:5: expected GET /overview once, but it was sent 2 times." in err
    assert f"{scenario_file}:4:5: requests that match no operation: expected never, but they were sent once." in err
    assert "Traceback" not in err


def test_expectations_are_checked_only_with_verify(scenario_file: str) -> None:
    assert serve_requests(scenario_file, "--quiet") == (0, "", "")


def test_the_journal_is_written_as_json_lines(scenario_file: str, tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    assert serve_requests(scenario_file, "--journal", str(file), paths=("/overview", "/jobs?x=1"))[0] == 0
    first, second = map(json.loads, file.read_text("utf-8").splitlines())
    assert (first["operation"], first["status"], first["fault"]) == ("getClusterOverview", 200, None)
    assert second["advice"] == ["Flink 2.3 does not read the query parameter x of GET /jobs."]


def test_the_journal_is_written_as_har(scenario_file: str, tmp_path: Path) -> None:
    file = tmp_path / "journal.har"
    assert serve_requests(scenario_file, "--quiet", "--journal", str(file), paths=("/overview",))[0] == 0
    [entry] = json.loads(file.read_text("utf-8"))["log"]["entries"]
    assert entry["request"]["url"].startswith("http://127.0.0.1:")
    assert entry["response"]["status"] == 200


def test_the_name_of_a_fault_is_printed_after_the_request(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "clock: virtual\nstart-time: 2026-01-01\nfaults:\n  - {name: election, reply: leader-unavailable}\n"
    )
    _, out, _ = serve_requests(str(file), paths=("/overview",))
    assert out.splitlines()[-1] == "00:00:00.000  503  GET    /overview  (election)"


def test_findings_are_printed_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("flink: '2.3'\nfaults: [{name: slow, match: GET /jobs, delay: 1s}]\n")
    unused = 'The fault "slow" never applied: no request met its conditions.'
    ignored = "Flink 2.3 does not read the query parameter x of GET /overview. (request 1)"
    _, out, _ = serve_requests(str(file), paths=("/overview?x=1",))
    assert out.splitlines()[-2:] == [unused, ignored]
    _, out, _ = serve_requests(str(file), "--log", "json", paths=("/overview?x=1",))
    assert json.loads(out.splitlines()[-1]) == {"event": "findings", "unused": [unused], "ignored": [ignored]}
    _, out, _ = serve_requests(str(file))  # without requests
    assert unused not in out


def test_a_journal_that_cannot_be_written_is_reported(scenario_file: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flinkmock", "serve", "--port", "0", scenario_file, "--journal", str(tmp_path)]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=TEST_TIMEOUT_S, check=False)
    assert (completed.returncode, completed.stderr) == (
        2,
        f"flinkmock: {tmp_path}: can't write the file: Is a directory.\n",
    )


@pytest.mark.parametrize("name", ["journal.jsonl", "journal.har"])
def test_requests_that_are_not_utf_8_are_written(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    headers = (("X", "\udcff"),)  # aiohttp decodes the byte FF to this character
    body = b'{"targetDirectory": "\\ud800"}'
    with JournalFile(file) as journal_file:
        for _ in range(2):
            journal_file.write(Exchange("POST", "/jobs/\xff/stop", headers=headers, body_bytes=body))
    text = file.read_text("utf-8")
    if name.endswith(".har"):
        entries = json.loads(text)["log"]["entries"]
        assert [entry["request"]["headers"] for entry in entries] == [[{"name": "X", "value": "\udcff"}]] * 2
    else:
        bodies = [json.loads(line)["body"] for line in text.splitlines()]
        assert bodies == [{"targetDirectory": "\ud800"}] * 2


def test_a_har_is_complete_after_each_request(tmp_path: Path) -> None:
    file = tmp_path / "journal.har"
    with JournalFile(file) as journal_file:
        journal_file.set_url("http://flink:8081")
        for number in range(3):
            assert len(json.loads(file.read_text("utf-8"))["log"]["entries"]) == number
            journal_file.write(Exchange("GET", f"/jobs?ä={number}"))
    entries = json.loads(file.read_text("utf-8"))["log"]["entries"]
    assert [entry["request"]["url"] for entry in entries] == [
        f"http://flink:8081/jobs?ä={number}" for number in range(3)
    ]


def test_a_har_is_json_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text files on Windows have CRLF unless `newline` is given."""
    open_path = Path.open

    def open_on_windows(path: Path, mode: str = "r", newline: str = "\r\n", **options: Any) -> Any:
        return open_path(path, mode, newline=newline, **options)

    file = tmp_path / "journal.har"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_on_windows)
        journal_file = JournalFile(file)
    with journal_file:
        for number in range(3):
            journal_file.write(Exchange("GET", f"/jobs?{number}"))
    assert len(json.loads(file.read_text("utf-8"))["log"]["entries"]) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_har_in_a_pipe_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A HAR is overwritten from a position, which is impossible in a pipe."""
    pipe = tmp_path / "journal.har"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with JournalFile(pipe) as journal_file:
            for number in range(2):
                journal_file.write(Exchange("GET", f"/jobs?{number}"))
    finally:
        os.close(reader)
    assert capsys.readouterr().err == (f"flinkmock: {pipe}: can't write the file: underlying stream is not seekable.\n")
