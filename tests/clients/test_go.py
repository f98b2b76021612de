"""The Go package's tests and documented examples pass. The Go deployer's tests pass, and find planted bugs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.deployers import (
    ALL_TESTS,
    FAILING_TESTS,
    IGNORED_FAILURE_CAUSE,
    RETRIED_REQUEST,
    WRONG_STATUS,
    Replacement,
    RunResult,
    copy_folder,
    documented_examples,
    replace_text,
    snake_case,
    write_flinkmock,
)
from tests.docs.pages import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("go"), reason="Go is not installed: go is not on the path"),
]

PACKAGE = "clients/go"
DEPLOYER = "examples/deployer-go"
BUGS = {
    IGNORED_FAILURE_CAUSE: [Replacement("flink.go", "failure != nil {", "failure != nil && false {")],
    WRONG_STATUS: [Replacement("deployer.go", "http.StatusAccepted", "http.StatusOK")],
    RETRIED_REQUEST: [
        Replacement("flink.go", "if !c.acceptsTriggerIDs() {", "if c.acceptsTriggerIDs() || true {"),
        Replacement("deployer.go", 'idempotent: triggerID != ""', "idempotent: true"),
    ],
}


def run(project: Path) -> RunResult:
    offline = {"GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}
    environment = {**os.environ, **offline, "FLINKMOCK": str(write_flinkmock(project))}
    command = ["go", "test", "-v", "-count=1", "./..."]
    completed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    outcomes = re.findall(r"^--- (PASS|FAIL): (\w+)", completed.stdout, re.MULTILINE)
    has_passed = {snake_case(name): outcome == "PASS" for outcome, name in outcomes}
    return RunResult(completed.returncode, has_passed, completed.stdout + completed.stderr)


def test_the_tests_of_the_package_and_the_documented_examples_pass(tmp_path: Path) -> None:
    package = copy_folder(PACKAGE, tmp_path)
    for number, example in enumerate(documented_examples(package / "README.md", "go")):
        (package / f"example{number}").mkdir()
        (package / f"example{number}" / "example_test.go").write_text(example, encoding="utf-8")
    result = run(package)
    assert result.exit_code == 0, result.output
    assert len(result.has_passed) > 15
    assert {"report", "deadline", "a_new_leader", "all_releases", "a_read_timeout"} < result.has_passed.keys()


def test_the_tests_of_the_deployer_pass(tmp_path: Path) -> None:
    copy_folder(PACKAGE, tmp_path)
    result = run(copy_folder(DEPLOYER, tmp_path))
    assert result.exit_code == 0, result.output
    assert set(result.has_passed) == ALL_TESTS


@pytest.mark.parametrize("bug", BUGS)
def test_the_tests_of_the_deployer_find_a_bug(bug: str, tmp_path: Path) -> None:
    copy_folder(PACKAGE, tmp_path)
    project = copy_folder(DEPLOYER, tmp_path)
    replace_text(project, BUGS[bug])
    result = run(project)
    assert result.exit_code == 1
    assert result.failed_tests == FAILING_TESTS[bug], result.output


@pytest.mark.skipif(not shutil.which("gofmt"), reason="gofmt is not installed: gofmt is not on the path")
def test_gofmt_accepts_the_files() -> None:
    folders = [str(ROOT / PACKAGE), str(ROOT / DEPLOYER)]
    completed = subprocess.run(["gofmt", "-l", *folders], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "", "")
