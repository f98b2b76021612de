"""Runs the examples of docs/how-to/ci.md: the shell script, and the steps of the job with a service container."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from flinkmock import FlinkMock
from tests.docs.pages import DOCS, DocumentationPage
from tests.timeouts import TEST_TIMEOUT_S

FILES = DocumentationPage(DOCS / "how-to" / "ci.md").files
SCENARIO = "jobs: {orders: streaming}\nexpect: [GET /jobs: once]\n"
needs_programs = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "jq"))), reason="needs bash, curl and jq"
)


def run(command: str, folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-ec", command],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=TEST_TIMEOUT_S,
        check=False,
    )


def write_program(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


@needs_programs
def test_the_service_job_succeeds_until_an_expectation_is_not_met(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text(SCENARIO)
    write_program(tmp_path / "integration-tests", "curl -sS --fail $FLINK_URL/jobs")
    job = yaml.safe_load(FILES[".github/workflows/service.yml"])["jobs"]["test"]
    load_scenario, run_tests, check_expectations = [step["run"] for step in job["steps"] if "run" in step]
    flink = FlinkMock().start()  # not a `with` block, which would check the expectation at its end
    try:
        variables = {
            name: value.replace("http://localhost:8081", f"http://localhost:{flink.port}")
            for name, value in job["env"].items()
        }
        for command in (load_scenario, run_tests, check_expectations):
            assert run(command, tmp_path, variables).returncode == 0
        assert run(run_tests, tmp_path, variables).returncode == 0
        assert run(check_expectations, tmp_path, variables).returncode == 1  # the scenario expects GET /jobs once
    finally:
        flink.close()


@needs_programs
@pytest.mark.slow
@pytest.mark.parametrize(("test_commands", "exit_code"), [("curl -sS $FLINK_URL/jobs", 0), ("true", 1), ("exit 3", 3)])
def test_the_script_fails_if_the_tests_fail_or_an_expectation_is_not_met(
    tmp_path: Path, test_commands: str, exit_code: int
) -> None:
    (tmp_path / "orders.yaml").write_text(SCENARIO)
    (tmp_path / "integration.sh").write_text(FILES["integration.sh"])
    write_program(tmp_path / "integration-tests", test_commands)
    (tmp_path / "bin").mkdir()
    write_program(tmp_path / "bin" / "flinkmock", f'exec "{sys.executable}" -m flinkmock "$@"')
    variables = {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(DOCS.parent),
    }
    completed = run("bash integration.sh", tmp_path, variables)
    assert completed.returncode == exit_code, completed.stderr
    assert (tmp_path / "requests.jsonl").is_file()
