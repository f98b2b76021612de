"""`flinkmock serve --reload`: the scenario is loaded again when its files change."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.cli.test_serve import COMMAND, get, read_line, serving, url_in

OLD_SCENARIO = "clock: virtual\njobs: {orders: streaming}\n"
NEW_SCENARIO = "clock: virtual\njobs: {returns: batch}\n"


def job_names(url: str) -> list[str]:
    return [job["name"] for job in get(url + "/jobs/overview")["jobs"]]


def test_a_changed_scenario_is_loaded_at_the_same_url(tmp_path: Path) -> None:
    base_file, scenario_file = tmp_path / "base.yaml", tmp_path / "orders.yaml"
    base_file.write_text(OLD_SCENARIO)
    scenario_file.write_text("extends: base.yaml\nflink: '1.20'\n")
    with serving(str(scenario_file), "--reload", "--quiet") as process:
        first_line = read_line(process)
        assert job_names(url_in(first_line)) == ["orders"]
        base_file.write_text(NEW_SCENARIO)
        assert read_line(process) == first_line  # the line is printed again
        assert job_names(url_in(first_line)) == ["returns"]
        scenario_file.write_text("extends: base.yaml\nflink: '2.3'\n")
        assert read_line(process) == first_line.replace("1.20.5", "2.3.0")
        assert get(url_in(first_line) + "/overview")["flink-version"] == "2.3.0"


def test_a_scenario_is_loaded_again_when_its_file_is_replaced(tmp_path: Path) -> None:
    scenario_file, edited_file = tmp_path / "orders.yaml", tmp_path / "orders.yaml.new"
    scenario_file.write_text(OLD_SCENARIO)
    with serving(str(scenario_file), "--reload", "--quiet") as process:
        url = url_in(read_line(process))
        edited_file.write_text(NEW_SCENARIO)
        os.replace(edited_file, scenario_file)
        read_line(process)
        assert job_names(url) == ["returns"]


def test_mistakes_are_reported_and_the_cluster_keeps_running(tmp_path: Path) -> None:
    scenario_file = tmp_path / "orders.yaml"
    scenario_file.write_text(OLD_SCENARIO)
    with serving(str(scenario_file), "--reload", "--quiet") as process:
        url = url_in(read_line(process))
        scenario_file.write_text("clock: virtual\njobs: {orders: streamng}\n")
        lines = [process.stderr.readline() for _ in range(4)]
        assert lines[0].startswith(f'{scenario_file}:2:16: no template "streamng". Did you mean "streaming"?')
        assert lines[-1] == "The current cluster keeps running.\n"
        assert job_names(url) == ["orders"]
        scenario_file.unlink()
        assert "file not found" in process.stderr.readline()
        scenario_file.write_text(NEW_SCENARIO)
        read_line(process)
        assert job_names(url) == ["returns"]


def test_reload_needs_a_file() -> None:
    completed = subprocess.run([*COMMAND, "--reload"], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stdout) == (2, "")
    assert "--reload needs a SCENARIO" in completed.stderr
