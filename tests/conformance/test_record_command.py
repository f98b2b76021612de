"""`flinkmock record`: files, arguments and signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from flinkmock import FlinkMock
from flinkmock.cli import main
from tests.conformance.recorded_clusters import LIFECYCLES
from tests.timeouts import TEST_TIMEOUT_S


def test_record_writes_the_same_scenario_from_a_cluster_and_from_its_raw_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario_file, raw_file = tmp_path / "orders.yaml", tmp_path / "raw.jsonl"
    with FlinkMock(LIFECYCLES, clock="20x") as cluster:
        options = ["--for", "0.4s", "--every", "0.2s"]
        assert main(["record", cluster.url, "-o", str(scenario_file), "--raw", str(raw_file), *options]) == 0
    assert capsys.readouterr().out == f"{scenario_file}: 4 jobs\n"
    assert {json.loads(line)["target"] for line in raw_file.read_text().splitlines()} >= {"/overview", "/jobs/overview"}
    with FlinkMock(scenario_file, clock="virtual") as replay:
        assert len(replay.cluster.jobs) == 4
    from_raw = tmp_path / "from-raw.yaml"
    assert main(["record", str(raw_file), "-o", str(from_raw)]) == 0
    assert from_raw.read_text() == scenario_file.read_text()


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_record_and_writes_the_scenario(signal_number: signal.Signals, tmp_path: Path) -> None:
    scenario_file, raw_file = tmp_path / "orders.yaml", tmp_path / "raw.jsonl"
    with FlinkMock(LIFECYCLES, clock="real") as cluster:
        files = ["-o", str(scenario_file), "--raw", str(raw_file)]
        command = ["record", cluster.url, *files, "--for", "1h", "--every", "0.1s"]
        process = subprocess.Popen([sys.executable, "-m", "flinkmock", *command], stdout=subprocess.PIPE, text=True)
        while not raw_file.exists() or not raw_file.stat().st_size:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal_number)
        output, _ = process.communicate(timeout=TEST_TIMEOUT_S)
    assert (process.returncode, output) == (0, f"{scenario_file}: 4 jobs\n")
    assert len(yaml.safe_load(scenario_file.read_text())["jobs"]) == 4


def write_raw_recording(raw_file: Path, *responses: tuple[str, Any]) -> None:
    lines = [json.dumps({"target": target, "status": 200, "response": json.dumps(body)}) for target, body in responses]
    raw_file.write_text("\n".join(lines), encoding="utf-8")


def test_line_separators_in_a_raw_recording_do_not_end_a_line(tmp_path: Path) -> None:
    scenario_file, raw_file = tmp_path / "orders.yaml", tmp_path / "raw.jsonl"
    with FlinkMock({"jobs": {"a \u2028 b": "streaming"}}, clock="real") as cluster:
        options = ["--for", "0.1s", "--every", "0.1s"]
        assert main(["record", cluster.url, "-o", str(scenario_file), "--raw", str(raw_file), *options]) == 0
    assert main(["record", str(raw_file), "-o", str(tmp_path / "from-raw.yaml")]) == 0
    assert (tmp_path / "from-raw.yaml").read_text("utf-8") == scenario_file.read_text("utf-8")


def test_record_overwrites_a_file_only_with_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario_file, raw_file = tmp_path / "orders.yaml", tmp_path / "raw.jsonl"
    write_raw_recording(raw_file, ("/jobs/overview", {"jobs": []}))
    scenario_file.write_text("seed: 1")
    assert main(["record", str(raw_file), "-o", str(scenario_file)]) == 2
    assert capsys.readouterr().err.endswith(f"{scenario_file} exists. To overwrite it, use --force.\n")
    assert scenario_file.read_text() == "seed: 1"
    assert main(["record", str(raw_file), "-o", str(scenario_file), "--force"]) == 0
    assert scenario_file.read_text().startswith("# Recorded by flinkmock record.\n")


def test_record_replaces_names_with_the_option_anonymize(tmp_path: Path) -> None:
    scenario_file, raw_file = tmp_path / "orders.yaml", tmp_path / "raw.jsonl"
    with FlinkMock(LIFECYCLES, clock="20x") as cluster:
        options = ["--raw", str(raw_file), "--for", "0.2s", "--every", "0.2s"]
        assert main(["record", cluster.url, "-o", str(scenario_file), *options]) == 0
    assert "orders" in scenario_file.read_text()
    assert main(["record", str(raw_file), "-o", str(scenario_file), "--anonymize", "--force"]) == 0
    assert "orders" not in scenario_file.read_text()


def test_record_fails_for_an_unreachable_server(tmp_path: Path) -> None:
    assert main(["record", "http://127.0.0.1:1", "-o", str(tmp_path / "orders.yaml")]) == 2


def test_record_reports_jobs_that_a_restarted_cluster_no_longer_lists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw_file = tmp_path / "raw.jsonl"
    write_raw_recording(
        raw_file,
        ("/jobs/overview", {"jobs": [{"jid": "1", "name": "a", "state": "RUNNING"}]}),
        ("/jobs/overview", {"jobs": []}),
    )
    assert main(["record", str(raw_file), "-o", "-"]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("# Recorded by flinkmock record.\nname: recorded\n")
    assert output.err.startswith("-: 0 jobs\nnot recorded: job a: no longer listed at the end of the recording.")


def test_record_says_that_a_mistyped_file_does_not_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "127.0.0.1:1/no.jsonl", "-o", str(tmp_path / "x.yaml")]) == 2
    assert capsys.readouterr().err.endswith("There is no file 127.0.0.1:1/no.jsonl either.\n")


def test_record_rejects_invalid_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not an exchange\n")
    assert main(["record", str(file), "-o", str(tmp_path / "x")]) == 2
    assert f"{file}:1: this is not an exchange that flinkmock record --raw wrote." in capsys.readouterr().err
    assert main(["record", "localhost:8081", "-o", "x", "--raw", "y", "--anonymize"]) == 2
    assert "--raw keeps what --anonymize removes" in capsys.readouterr().err
    assert main(["record", "localhost:8081", "-o", str(tmp_path / "no" / "x")]) == 2
    assert "can't write the file: its folder does not exist." in capsys.readouterr().err
    for invalid_duration in ("soon", "0s"):
        with pytest.raises(SystemExit):
            main(["record", "localhost:8081", "-o", "x", "--for", invalid_duration])
