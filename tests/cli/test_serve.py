"""`flinkmock serve` as a process: what it prints, when it ends, and how it rejects arguments and scenarios."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from flinkmock.cli import main
from flinkmock.jar import small_jar
from tests.forked_command import ForkedCommand
from tests.timeouts import TEST_TIMEOUT_S

COMMAND = [sys.executable, "-m", "flinkmock", "serve"]


def serving(*arguments: str) -> ForkedCommand:
    """Start `flinkmock serve` on a free port."""
    return ForkedCommand("serve", "--port", "0", *arguments)


def read_line(process: subprocess.Popen[str] | ForkedCommand) -> str:
    """Return the next line of standard output."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def url_in(first_line: str) -> str:
    """Return the URL of the cluster in the first line of the output."""
    return next(word for word in first_line.split() if word.startswith("http://"))


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=TEST_TIMEOUT_S) as response:
        return json.load(response)


def test_each_jobmanager_has_a_url(tmp_path: Path) -> None:
    scenario_file = tmp_path / "two.yaml"
    scenario_file.write_text("cluster: {jobmanagers: 2}\njobs: {orders: streaming}\n")
    with serving(str(scenario_file), "--log", "json") as process:
        ready_message = json.loads(read_line(process))
        assert ready_message["url"] == ready_message["urls"][0]
        job_ids_by_url = [[job["id"] for job in get(url + "/jobs")["jobs"]] for url in ready_message["urls"]]
        assert len(job_ids_by_url[0]) == 1
        assert job_ids_by_url[0] == job_ids_by_url[1]


def test_serve_ends_when_standard_input_ends() -> None:
    command = [*COMMAND, "--port", "0", "--until-stdin-ends"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        get(url_in(read_line(process)) + "/jobs")
        output, errors = process.communicate("ignored\n", timeout=TEST_TIMEOUT_S)
    assert (process.returncode, errors) == (0, "")
    assert "GET    /jobs" in output


def test_an_output_pipe_that_is_not_read_does_not_block_requests() -> None:
    with serving() as process:
        url = url_in(read_line(process))
        for _ in range(30):
            get(f"{url}/jobs?{'x' * 3_000}=1")  # in total more than a pipe holds
        process.terminate()
        output, _ = process.communicate()
    assert output.count("GET    /jobs?xxx") == 30


def test_serve_prints_the_url_and_each_request() -> None:
    with serving("--flink", "1.20", "--clock", "1s per request", "--start-time", "2026-01-01") as process:
        first_line = read_line(process)
        assert first_line.startswith("Flink 1.20.5 at http://127.0.0.1:")
        assert "1s per request" in first_line
        url = url_in(first_line)
        assert read_line(process) == f"Console at {url}/__flinkmock__/"
        assert get(url + "/overview")["flink-version"] == "1.20.5"
        assert read_line(process) == "00:00:01.000  200  GET    /overview"
        with pytest.raises(urllib.error.HTTPError) as rejection:
            get(url + "/jobs/nohex?a=b")
        rejection.value.close()
        assert read_line(process) == "00:00:01.000  400  GET    /jobs/nohex?a=b  nohex"


def test_a_request_is_logged_with_the_name_of_its_job(tmp_path: Path) -> None:
    scenario_file = tmp_path / "orders"  # without .yaml: on the command line, any name is a file name
    scenario_file.write_text("jobs: {orders: streaming}\nclock: virtual\nstart-time: 2026-01-01\n")
    with serving(str(scenario_file), "--no-control") as process:
        first_line = read_line(process)
        assert first_line.endswith("(fake; clock: virtual, which advances only on request)")
        url = url_in(first_line)
        [job] = get(url + "/jobs")["jobs"]
        read_line(process)
        get(f"{url}/jobs/{job['id']}")
        assert read_line(process) == f"00:00:00.000  200  GET    /jobs/{job['id']}  orders"


def test_requests_are_logged_as_json() -> None:
    with serving(
        "--log", "json", "--clock", "virtual", "--flink", "2.3", "--start-time", "2026-01-01T00:00:00Z"
    ) as process:
        ready_message = json.loads(read_line(process))
        assert ready_message == {"event": "ready", "url": ready_message["url"], "flink": "2.3.0", "clock": "virtual"}
        get(ready_message["url"] + "/jobs/overview")
        assert json.loads(read_line(process)) == {
            "event": "request",
            "time": 1767225600000,
            "status": 200,
            "method": "GET",
            "path": "/jobs/overview",
            "operation": "getJobsOverview",
            "job": None,
            "fault": None,
        }


def test_the_ready_file_has_the_url_and_is_deleted_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("http://127.0.0.1:1\n")
    with serving("--ready-file", str(file)) as process:
        url = url_in(read_line(process))
        assert get(url + "/jobs") == {"jobs": []}
        read_line(process)
        assert file.read_text() == url + "\n"
        process.terminate()
        process.communicate()
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_is_read_from_standard_input() -> None:
    scenario = "jobs: {orders: streaming}"
    with serving("-") as process:
        process.stdin.write(scenario)
        process.stdin.close()
        assert len(get(url_in(read_line(process)) + "/jobs")["jobs"]) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"jobs: {orders: streeming}\n", 'flinkmock: <scenario>:1:16: no template "streeming".'),
        (b"jobs.yaml", "flinkmock: <scenario>:1:1: a scenario is a mapping"),
        (b"\xff", "flinkmock: Standard input is not UTF-8: invalid start byte."),
    ],
)
def test_mistakes_in_standard_input_are_reported(text: bytes, message: str) -> None:
    completed = subprocess.run([*COMMAND, "-"], input=text, capture_output=True, check=False)
    assert (completed.returncode, completed.stdout) == (2, b"")
    assert completed.stderr.decode().startswith(message)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_without_errors_on_a_signal(signal_number: signal.Signals) -> None:
    command = [*COMMAND, "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            get(url_in(read_line(process)) + "/overview")
        finally:
            process.send_signal(signal_number)
        out, err = process.communicate(timeout=TEST_TIMEOUT_S)
        assert (process.returncode, out, err) == (0, "", "")


def test_serve_ends_when_a_client_shuts_down_the_cluster() -> None:
    with serving("--quiet") as process:
        url = url_in(read_line(process))
        request = urllib.request.Request(url + "/cluster", method="DELETE")
        with urllib.request.urlopen(request, timeout=TEST_TIMEOUT_S) as response:
            assert response.read() == b"{}"
        assert process.wait() == 0


def test_serve_leaves_no_files(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with ForkedCommand("serve", "--port", "0", environment=environment) as process:
        url = url_in(read_line(process))
        assert list(tmp_path.iterdir()) == []
        file = ("orders.jar", small_jar(), "application/x-java-archive")
        assert httpx.post(url + "/jars/upload", files={"jarfile": file}, timeout=TEST_TIMEOUT_S).status_code == 200
        assert len(list(tmp_path.iterdir())) == 1
        process.terminate()
        process.communicate()
    assert list(tmp_path.iterdir()) == []


def test_serve_continues_after_its_output_is_closed() -> None:
    with serving() as process:
        url = url_in(read_line(process))
        process.stdout.close()
        for _ in range(3):
            get(url + "/overview")
        process.terminate()
        _, err = process.communicate()
        assert (process.returncode, err) == (0, "")


RunRejectedCommand = Callable[..., str]


@pytest.fixture
def run_rejected(capsys: pytest.CaptureFixture[str]) -> RunRejectedCommand:
    """Runs `flinkmock serve` with arguments that it rejects, in this process. Returns the message."""

    def run(*arguments: str) -> str:
        try:
            code = main(["serve", *arguments])
        except SystemExit as error:  # of argparse
            code = error.code
        assert code == 2
        written = capsys.readouterr()
        assert written.out == ""
        assert "Traceback" not in written.err
        return written.err.strip()

    return run


def test_an_invalid_argument_ends_the_process_with_exit_code_2() -> None:
    completed = subprocess.run([*COMMAND, "--flink", "2.33"], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stdout) == (2, "")
    assert completed.stderr.startswith("flinkmock: Unknown Flink release '2.33'.")


def test_a_port_in_use_is_reported(run_rejected: RunRejectedCommand) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        message = run_rejected("--port", port)
    assert message.startswith("flinkmock: ")
    assert port in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--flink", "2.33"], "flinkmock: Unknown Flink release '2.33'. Did you mean 2.3? Known: 1.12, 1.13,"),
        (["--clock", "sundial"], 'flinkmock: "sundial" is not a clock. Known: real, virtual, 10x'),
        (["-", "--reload"], "flinkmock: --reload needs a file: standard input is read once."),
        (
            ["-", "--until-stdin-ends"],
            "flinkmock: --until-stdin-ends needs a file: standard input ends with the scenario.",
        ),
        (["--no-control", "--control-port", "0"], "flinkmock: --no-control can't be combined with --control-port."),
        (["--no-control", "--control-token", "x"], "flinkmock: --no-control can't be combined with --control-token."),
        (["--no-control", "--cluster-ports", "1-2"], "flinkmock: --no-control can't be combined with --cluster-ports."),
        (["--ready-file", "/"], "flinkmock: /: can't write the file: Is a directory."),
        (["--port", "70000"], "argument --port: '70000' is not a port. Write a number from 0 to 65535."),
        (["--port", "http"], "argument --port: 'http' is not a port. Write a number from 0 to 65535."),
        (["--start-time", "noon"], 'argument --start-time: "noon" is not a time. Write 2026-01-01T00:00:00Z.'),
        (["--seed", "x"], "argument --seed: 'x' is not a whole number. Write digits, such as 7."),
        (["--log", "xml"], "argument --log: invalid choice: 'xml'"),
        (["--colour"], "unknown option --colour. Did you mean --clock?"),
        (["--host", "no.such.host.invalid", "--port", "0"], "flinkmock: "),
        (["nowhere.yaml"], "flinkmock: nowhere.yaml: file not found in "),
    ],
)
def test_an_invalid_argument_gets_a_message(
    run_rejected: RunRejectedCommand, arguments: list[str], message: str
) -> None:
    assert message in run_rejected(*arguments)


def test_a_mistake_in_a_scenario_is_reported_with_its_line(run_rejected: RunRejectedCommand, tmp_path: Path) -> None:
    scenario_file = tmp_path / "s.yaml"
    scenario_file.write_text("cluster:\n  slotss: 4\n")
    message = run_rejected(str(scenario_file))
    assert f"{scenario_file}:2:3: " in message
    assert 'Did you mean "slots"?' in message
