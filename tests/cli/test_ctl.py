"""`flinkmock ctl` with a cluster in the same process. `tests/docs/test_ctl.py` runs the examples of docs/ctl.md."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.request import urlopen

import pytest

from flinkmock import FlinkMock, InvalidArgument
from flinkmock.cli import main
from flinkmock.control.client import ControlClient


class CommandResult(NamedTuple):
    """The exit code of a command, and what it wrote to standard output and standard error."""

    exit_code: int
    out: str
    err: str


Ctl = Callable[..., CommandResult]
SCENARIO = "clock: virtual\njobs: {orders: streaming}\n"


@pytest.fixture
def flink() -> Iterator[FlinkMock]:
    with FlinkMock(SCENARIO) as cluster:
        yield cluster


@pytest.fixture
def ctl(flink: FlinkMock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ctl:
    """Runs an action of `flinkmock ctl`."""
    monkeypatch.setenv("FLINKMOCK_URL", flink.url)

    def run(*arguments: str) -> CommandResult:
        try:
            code = main(["ctl", *arguments])
        except SystemExit as end:
            code = int(str(end.code))
        return CommandResult(code, *capsys.readouterr())

    return run


def test_the_option_json_may_be_before_or_after_the_action(ctl: Ctl, flink: FlinkMock) -> None:
    for arguments in (("--json", "clock"), ("clock", "--json")):
        code, out, err = ctl(*arguments)
        assert (code, err, json.loads(out)["mode"]) == (0, "", "virtual")
    assert json.loads(ctl("scenario", "show", "--json").out)["jobs"] == {"orders": "streaming"}
    assert json.loads(ctl("requests", "--har").out)["log"]["entries"] == []


def test_the_clock_mode_is_changed(ctl: Ctl) -> None:
    assert "clock 10x" in ctl("clock", "--mode", "10x").out


def test_jobs_are_restarted_finished_and_submitted(ctl: Ctl, flink: FlinkMock) -> None:
    flink.advance("1s")
    assert ctl("restart", "orders").exit_code == 0
    assert ctl("restart", "orders").exit_code == 1  # it is not RUNNING
    assert ctl("finish", "unknown").exit_code == 2
    flink.run_until(orders="RUNNING")
    assert "FINISHED" in ctl("finish", "orders").out
    assert "INITIALIZING" in ctl("submit", "more", "--template", "batch", "--parallelism", "3").out
    assert flink.job("more").job.graph.vertices[0].parallelism == 3
    code, _, err = ctl("submit", "less", "--template", "btach")
    assert (code, 'Did you mean "batch"?' in err) == (2, True)


def test_a_scenario_can_extend_a_file_of_the_client(ctl: Ctl, flink: FlinkMock, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(SCENARIO, "utf-8")
    child_file = tmp_path / "child.yaml"
    child_file.write_text("extends: base.yaml\njobs: {report: batch}\n", "utf-8")
    assert ctl("scenario", "load", str(child_file), "--start-time", "2026-03-01").out.startswith(
        "2026-03-01 00:00:00.000"
    )
    assert {job.name for job in flink.jobs} == {"orders", "report"}
    assert ctl("scenario", "check", str(child_file)).out == f"{child_file} is valid\n"
    child_file.write_text("extends: base.yaml\njobs: {report: bach}\n", "utf-8")
    mistake = f'{child_file}:2:16: no template "bach". Did you mean "batch"? Known: streaming, batch, failing, '
    for action, code in (("load", 2), ("check", 1)):
        actual_code, out, err = ctl("scenario", action, str(child_file))
        assert actual_code == code
        assert mistake in (out if action == "check" else err)


def test_findings_are_printed(ctl: Ctl, flink: FlinkMock) -> None:
    assert ctl("findings") == (0, "All faults applied, and Flink reads all parts of the requests.\n", "")
    flink.faults.add({"name": "slow", "match": "GET /jobs", "delay": "1s"})
    urlopen(flink.url + "/overview?x=1").close()
    assert ctl("findings") == (
        1,
        'The fault "slow" never applied: no request met its conditions.\n'
        "Flink 2.3 does not read the query parameter x of GET /overview. (request 1)\n",
        "",
    )


def test_taskmanagers_join_and_are_lost(ctl: Ctl, flink: FlinkMock) -> None:
    taskmanager_count_before = len(flink.taskmanagers)
    assert ctl("taskmanager", "join").exit_code == 0
    assert len(ctl("taskmanager", "list").out.splitlines()) == taskmanager_count_before + 1
    last_id = list(flink.taskmanagers)[-1]
    assert ctl("taskmanager", "lose", last_id).out == f"{last_id} is lost\n"


def test_the_leader_is_shown(ctl: Ctl) -> None:
    assert ctl("leader", "show").out == "JobManager 0 is the leader\n"


def test_signals_that_nothing_waits_for_are_rejected(ctl: Ctl) -> None:
    assert ctl("signal").out == "No job or operation waits for a signal.\n"
    assert ctl("signal", "go").exit_code == 2


def test_faults_are_read_from_a_file_from_standard_input_or_from_the_argument(
    ctl: Ctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("- {name: one, match: GET /jobs, delay: 1s}\n- {name: two, match: GET /jobs, delay: 2s}\n")
    assert ctl("fault", "add", str(file)).out.splitlines()[1].split()[0] == "one"
    monkeypatch.setattr("sys.stdin", io.StringIO("{name: zero, match: GET /jobs, delay: 3s}"))
    assert ctl("fault", "add", "-", "--first").exit_code == 0
    assert [line.split()[0] for line in ctl("fault", "list").out.splitlines()[1:]] == ["zero", "one", "two"]
    assert ctl("fault", "clear").exit_code == 0
    assert ctl("fault", "list").out == "There are no faults.\n"
    code, _, err = ctl("fault", "add", "match: GET /jobs\ndelai: 1s")
    assert (code, "delay" in err) == (2, True)
    assert ctl("fault", "add", "missing").err == "flinkmock: missing: file not found.\n"


def test_the_absence_of_requests_and_expectations_is_reported(ctl: Ctl) -> None:
    assert ctl("requests").out == ctl("requests", "--limit", "5").out == "There are no requests.\n"
    for filters in (("--match", "GET /jobs"), ("--status", "503"), ("--job", "x"), ("--unmatched",), ("--limit", "0")):
        assert ctl("requests", *filters).out == "No requests match.\n"
    assert ctl("requests", "--clear").exit_code == 0
    assert ctl("expectations") == (0, "The scenario expects nothing.\n", "")


def test_invalid_options_of_requests_are_rejected(ctl: Ctl) -> None:
    assert ctl("requests", "--wait", "1").err == "flinkmock: --wait needs --match.\n"
    wait = ("requests", "--match", "GET /jobs", "--wait", "1")
    assert ctl(*wait, "--limit", "0").err == "flinkmock: --wait can't be combined with --limit.\n"
    assert ctl(*wait, "--job", "x", "--unmatched") == (
        2,
        "",
        "flinkmock: --wait can't be combined with --job, --unmatched.\n",
    )
    assert (
        ctl("requests", "--clear", "--match", "GET /jobs").err == "flinkmock: --clear can't be combined with --match.\n"
    )
    assert ctl("requests", "--timeout", "1s").err == "flinkmock: --timeout needs --wait.\n"
    code, _, err = ctl("requests", "--match", "GET")
    assert (code, "GET" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("requests", "--clear", "--har"), "argument --har: not allowed with argument --clear"),
        (("requests", "--har", "--wait", "1"), "argument --wait: not allowed with argument --har"),
        (("requests", "--wait", "1", "--clear"), "argument --clear: not allowed with argument --wait"),
        (("snapshot", "--list", "--delete", "s1"), "argument --delete: not allowed with argument --list"),
    ],
)
def test_options_that_exclude_each_other_are_rejected(ctl: Ctl, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = ctl(*arguments)
    assert (code, out, message in err) == (2, "", True)


def test_a_mistake_in_a_scenario_is_reported_with_the_name_of_its_file(
    ctl: Ctl, tmp_path: Path, flink: FlinkMock
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("jobs: {orders: streming}\n")
    code, out, _ = ctl("scenario", "check", str(file))
    assert (code, out.startswith(f"{file}:1:16: no template")) == (1, True)
    for action in (("scenario", "load"), ("cluster", "create")):
        code, _, err = ctl(*action, str(file))
        assert (code, err.startswith(f"flinkmock: {file}:1:16: no template")) == (2, True)
    assert [job.name for job in flink.jobs] == ["orders"]
    assert 'Did you mean "crash-loop.yaml"?' in ctl("scenario", "load", "crsh-loop.yaml").err
    assert "crash-loop.yaml" in ctl("scenario", "list").out


def test_snapshots_are_taken_listed_and_deleted(ctl: Ctl) -> None:
    assert ctl("snapshot", "--list").out == "There are no snapshots.\n"
    assert ctl("snapshot").out == "s1\n"
    assert ctl("snapshot", "--list").out.splitlines()[1].split() == ["s1", "+0s"]
    assert ctl("snapshot", "--delete", "s1").exit_code == 0
    assert ctl("restore", "s1").exit_code == 2


def test_clusters_are_created_and_deleted(ctl: Ctl) -> None:
    assert ctl("cluster", "list").out == "There are no additional clusters.\n"
    url = ctl("cluster", "create", "--clock", "virtual").out.split()[1]
    assert "clock virtual" in ctl("clock", "--url", url).out
    assert "clock virtual" in ctl("clock", "--url", f"{url}/__flinkmock__/v1").out
    assert ctl("cluster", "delete", "c1").exit_code == 0


def test_a_cluster_that_does_not_respond_is_reported(ctl: Ctl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    code, _, err = ctl("health", "--url", f"http://127.0.0.1:{port}")
    assert (code, err) == (2, f"flinkmock: No response from http://127.0.0.1:{port}: Connection refused.\n")


def test_a_server_without_a_control_api_is_reported(ctl: Ctl) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.handle_request, daemon=True).start()
        code, _, err = ctl("health", "--url", f"127.0.0.1:{server.server_port}")
    assert (code, "has no control API: it responds with 404" in err) == (2, True)


def test_the_control_token_is_sent(ctl: Ctl, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.append(self.headers["Authorization"])
            body = b'{"error": {"type": "TokenRequired", "message": "needs a token"}}'
            self.send_response(401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=lambda: [server.handle_request() for _ in range(2)], daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        exit_code, _, err = ctl("clock", "--url", url, "--token", "secret")
        assert (exit_code, err) == (2, "flinkmock: needs a token\n")
        monkeypatch.setenv("FLINKMOCK_TOKEN", "from the environment")
        ctl("clock", "--url", url)
        thread.join()
    assert received == ["Bearer secret", "Bearer from the environment"]


def test_a_redirect_is_reported(ctl: Ctl) -> None:
    """A cluster with TLS redirects requests without TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(301)
            self.send_header("Location", "https://flink")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        code, _, err = ctl("clock", "--url", url)
    assert (code, err) == (2, f"flinkmock: {url} responds with 301, a redirect to https://flink.\n")


@pytest.mark.parametrize(
    "url",
    ["foo:bar", "ftp://host", "http://", "http://[::1:8081", "http://..", "http://a b:8081", "http://flink/ü",
     "http://flink/a b"],
)  # fmt: skip
def test_invalid_urls_are_rejected(url: str) -> None:
    with pytest.raises(InvalidArgument, match="is not the URL of a cluster"):
        ControlClient(url)


def test_usage_errors_and_help_are_printed(ctl: Ctl) -> None:
    assert ctl("advance", "5").err == 'flinkmock: "5" has no unit of time. Write 5s, 5ms or 5m.\n'
    assert "Did you mean --json?" in ctl("clock", "--jsn").err
    assert "examples:" in ctl("--help").out
