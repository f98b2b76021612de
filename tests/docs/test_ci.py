"""The examples of docs/how-to/ci.md: the shell script, and the steps of the job with a service container."""

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
from tests.timeouts import PATIENCE

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
        timeout=PATIENCE,
        check=False,
    )


def write_program(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


@needs_programs
def test_the_steps_of_the_service(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text(SCENARIO)
    write_program(tmp_path / "integration-tests", "curl -sS --fail $FLINK_URL/jobs")
    job = yaml.safe_load(FILES[".github/workflows/service.yml"])["jobs"]["test"]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    flink = FlinkMock().start()  # not a `with` block: the expectation is not met in the end
    try:
        variables = {
            name: value.replace("http://localhost:8081", f"http://localhost:{flink.port}")
            for name, value in job["env"].items()
        }
        codes = [run(command, tmp_path, variables).returncode for command in (*commands, commands[1], commands[-1])]
    finally:
        flink.close()
    assert codes == [0, 0, 0, 0, 1]  # the second GET /jobs is one too many


@needs_programs
@pytest.mark.slow
@pytest.mark.parametrize(("tests", "code"), [("curl -sS $FLINK_URL/jobs", 0), ("true", 1), ("exit 3", 3)])
def test_the_script(tmp_path: Path, tests: str, code: int) -> None:
    (tmp_path / "orders.yaml").write_text(SCENARIO)
    (tmp_path / "integration.sh").write_text(FILES["integration.sh"])
    write_program(tmp_path / "integration-tests", tests)
    (tmp_path / "bin").mkdir()
    write_program(tmp_path / "bin" / "flinkmock", f'exec "{sys.executable}" -m flinkmock "$@"')
    variables = {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(DOCS.parent),
    }
    completed = run("bash integration.sh", tmp_path, variables)
    assert completed.returncode == code, completed.stderr
    assert (tmp_path / "requests.jsonl").is_file()
