"""`flinkmock proxy` forwards requests, prints findings, and exits with 0, 1 or 2."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from flinkmock import FlinkMock
from tests.forked_command import ForkedCommand, run

SCENARIO = """
seed: 3
jobs: {orders: streaming}
faults:
  - {name: no leader, match: GET /overview, reply: leader-unavailable}
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[FlinkMock]:
    with FlinkMock({"jobs": {"orders": "streaming"}}, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        yield cluster


class RunningProxy:
    """A running proxy at `url`. `stop` returns its exit code, and the unread standard output and standard error."""

    def __init__(self, upstream_url: str, *options: str) -> None:
        self.process = ForkedCommand("proxy", upstream_url, "--port", "0", *options)
        stream = self.process.stderr if "--format" in options else self.process.stdout
        self.first_line = stream.readline()
        self.url = self.first_line.split()[3].rstrip(",")

    def get_status(self, target: str) -> int:
        try:
            with urllib.request.urlopen(self.url + target) as response:
                response.read()
                return int(response.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def stop(self) -> tuple[int, str, str]:
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate()
        return self.process.wait(), output, errors


@contextlib.contextmanager
def run_proxy(upstream_url: str, *options: str) -> Iterator[RunningProxy]:
    running = RunningProxy(upstream_url, *options)
    try:
        yield running
    finally:
        running.process.close()


def test_the_proxy_forwards_requests_and_prints_a_summary(cluster: FlinkMock, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    with run_proxy(cluster.url, "--journal", str(journal)) as running:
        assert running.first_line.startswith("Flink 2.3 at http://127.0.0.1:")
        targets = ("/jobs", "/overview", f"/jobs/{'a' * 32}")
        assert [running.get_status(target) for target in targets] == [200, 200, 404]
        code, output, _ = running.stop()
    assert code == 0, output
    assert "3 requests, 2 of 3 operations answered, no findings" in output
    assert "without a success response:\n    GET /jobs/:jobid  404 " in output
    assert [json.loads(line)["operation"] for line in journal.read_text().splitlines()] == [
        "getJobIdsWithStatusesOverview",
        "getClusterOverview",
        "getJobDetails",
    ]


def test_the_exit_code_is_1_if_there_are_findings(cluster: FlinkMock) -> None:
    with run_proxy(cluster.url, "--flink", "2.2") as running:
        running.get_status("/taskmanagers")
        code, output, _ = running.stop()
    assert code == 1, output
    assert "/taskmanagers/*/assignedTasks: extra" in output


def test_a_json_report_can_be_a_baseline(cluster: FlinkMock, tmp_path: Path) -> None:
    with run_proxy(cluster.url, "--flink", "2.2", "--format", "json") as running:
        running.get_status("/taskmanagers?x=1")
        code, output, errors = running.stop()
    assert code == 1, output
    assert "1x  Flink 2.2 does not read the query parameter x of GET /taskmanagers." in errors
    assert "/taskmanagers/*/assignedTasks" in {finding["pointer"] for finding in json.loads(output)["findings"]}
    baseline = tmp_path / "baseline.json"
    baseline.write_text(output)
    with run_proxy(cluster.url, "--flink", "2.2", "--baseline", str(baseline)) as running:
        running.get_status("/taskmanagers")
        code, output, _ = running.stop()
    assert code == 0, output
    assert "no findings, 1 more in the baseline" in output


def test_an_address_of_another_machine_is_an_error(cluster: FlinkMock) -> None:
    command = [sys.executable, "-m", "flinkmock", "proxy", cluster.url, "--host", "192.0.2.1"]
    completed = subprocess.run(command, capture_output=True, text=True)
    assert (completed.returncode, completed.stdout) == (2, "")
    assert completed.stderr.startswith("flinkmock: Can't listen on 192.0.2.1:8082: ")


def test_the_journal_can_be_a_har_file(cluster: FlinkMock, tmp_path: Path) -> None:
    journal = tmp_path / "journal.har"
    with run_proxy(cluster.url, "--journal", str(journal)) as running:
        running.get_status("/jobs?x=1")
        running.stop()
    [entry] = json.loads(journal.read_text())["log"]["entries"]
    assert entry["request"]["url"] == f"{running.url}/jobs?x=1"
    assert entry["response"]["status"] == 200


def test_the_exit_code_is_2_if_the_cluster_does_not_respond() -> None:
    with FlinkMock(flink="2.3") as cluster, run_proxy(cluster.url) as running:
        cluster.close()
        assert running.get_status("/overview") == 502
        code, output, _ = running.stop()
    assert code == 2, output
    assert "without a response:" in output


def test_the_proxy_applies_the_faults_of_a_scenario(cluster: FlinkMock, tmp_path: Path) -> None:
    scenario, journal = tmp_path / "faults.yaml", tmp_path / "journal.jsonl"
    scenario.write_text(SCENARIO)
    with run_proxy(cluster.url, "--faults", str(scenario), "--journal", str(journal)) as running:
        assert [running.get_status("/overview"), running.get_status("/config")] == [503, 200]
        code, output, errors = running.stop()
    assert code == 0, output
    assert f"{scenario}: ignored, because a real cluster is behind the proxy: jobs" in errors
    assert "1 request, 1 of 1 operation answered, no findings" in output
    assert [json.loads(line)["fault"] for line in journal.read_text().splitlines()] == ["no leader", None]


def test_faults_that_never_applied_are_in_the_summary(cluster: FlinkMock, tmp_path: Path) -> None:
    scenario = tmp_path / "faults.yaml"
    scenario.write_text(SCENARIO)
    with run_proxy(cluster.url, "--faults", str(scenario), "--quiet") as running:
        assert running.get_status("/config") == 200
        _, output, _ = running.stop()
    assert output.endswith('\nfaults:\n    The fault "no leader" never applied: no request met its conditions.\n')


def test_invalid_faults_are_an_error(cluster: FlinkMock, tmp_path: Path) -> None:
    scenario = tmp_path / "faults.yaml"
    scenario.write_text("faults: [{match: GET /overwiew, reply: not-found}]")
    code, _, errors = run("proxy", cluster.url, "--faults", str(scenario))
    assert code == 2
    assert 'Flink 2.3 has no operation "GET /overwiew"' in errors


def test_requests_and_mistakes_in_them_are_printed_at_once(cluster: FlinkMock) -> None:
    with run_proxy(cluster.url) as running:
        targets = ("/jobs", "/nowhere", "/jobs/abc", "/jobs?x=1")
        assert [running.get_status(target) for target in targets] == [200, 404, 400, 200]
        lines = [running.process.stdout.readline() for _ in range(7)]  # before the proxy stops
        _, output, _ = running.stop()
    printed = [line[14:].rstrip() if line[2] == ":" else line.rstrip() for line in lines]
    assert printed[:3] == [
        "200  GET    /jobs",
        "404  GET    /nowhere",
        "    GET /nowhere is not an operation of Flink 2.3: status 404.",
    ]
    assert printed[3] == "400  GET    /jobs/abc"
    assert printed[4].startswith("    GET /jobs/:jobid is rejected with status 400: ")
    assert printed[5:] == ["200  GET    /jobs?x=1", "    Flink 2.3 does not read the query parameter x of GET /jobs."]
    assert "client requests (3 with mistakes):" in output


def test_a_full_output_pipe_does_not_block_the_proxy(cluster: FlinkMock) -> None:
    with run_proxy(cluster.url) as running:
        target = f"/jobs?{'x' * 3_000}=1"
        assert {running.get_status(target) for _ in range(30)} == {200}  # more than a pipe holds
        code, output, _ = running.stop()
    assert code == 0
    assert output.count("200  GET    /jobs?xxx") == 30
    assert "30 requests, 1 of 1 operation answered, no finding" in output


def test_a_quiet_proxy_prints_only_the_summary(cluster: FlinkMock) -> None:
    with run_proxy(cluster.url, "--quiet") as running:
        assert running.get_status("/nowhere") == 404
        _, output, _ = running.stop()
    assert "  404  " not in output and "client requests (1 with mistakes):" in output
