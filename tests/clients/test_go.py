"""The package for Go, and the deployer that is tested with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.deployers import (
    FAILURE_CAUSE,
    FOUND_BY,
    REPEAT,
    ROOT,
    STATUS,
    TESTS,
    copy,
    examples_of_the_site,
    first_example,
    plant,
    snake_case,
    write_flinkmock,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("go"), reason="Go is not installed: go is not on the path"),
]

PACKAGE = "clients/go"
DEPLOYER = "examples/deployer-go"
BUGS = {
    FAILURE_CAUSE: [("flink.go", "failure != nil {", "failure != nil && false {")],
    STATUS: [("deployer.go", "http.StatusAccepted", "http.StatusOK")],
    REPEAT: [
        ("flink.go", "if !c.hasTriggerIDs() {", "if c.hasTriggerIDs() || true {"),
        ("deployer.go", "http.StatusAccepted, idempotent", "http.StatusAccepted, true"),
    ],
}


def run(project: Path) -> tuple[int, dict[str, bool], str]:
    """Run tests; return the exit code, whether each test passed, and the output."""
    offline = {"GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}
    environment = {**os.environ, **offline, "FLINKMOCK": str(write_flinkmock(project))}
    command = ["go", "test", "-v", "-count=1", "./..."]
    completed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    results = re.findall(r"^--- (PASS|FAIL): (\w+)", completed.stdout, re.MULTILINE)
    return (
        completed.returncode,
        {snake_case(name): result == "PASS" for result, name in results},
        completed.stdout + completed.stderr,
    )


def test_the_tests_of_the_package_pass(tmp_path: Path) -> None:
    package = copy(PACKAGE, tmp_path)
    for number, example in enumerate([first_example(package / "README.md", "go"), *examples_of_the_site("go")]):
        (package / f"example{number}").mkdir()
        (package / f"example{number}" / "example_test.go").write_text(example, encoding="utf-8")
    code, passed, output = run(package)
    assert code == 0, output
    assert len(passed) > 15
    assert {"report", "deadline", "a_new_leader", "all_releases", "a_read_timeout"} < passed.keys()


def test_the_suite_passes(tmp_path: Path) -> None:
    copy(PACKAGE, tmp_path)
    code, passed, output = run(copy(DEPLOYER, tmp_path))
    assert code == 0, output
    assert set(passed) == TESTS


@pytest.mark.parametrize("bug", BUGS)
def test_the_suite_finds_a_bug(bug: str, tmp_path: Path) -> None:
    copy(PACKAGE, tmp_path)
    project = copy(DEPLOYER, tmp_path)
    plant(project, BUGS[bug])
    code, passed, output = run(project)
    assert code == 1
    assert {name for name, success in passed.items() if not success} == FOUND_BY[bug], output


@pytest.mark.skipif(not shutil.which("gofmt"), reason="gofmt is not installed: gofmt is not on the path")
def test_the_files_are_formatted() -> None:
    folders = [str(ROOT / PACKAGE), str(ROOT / DEPLOYER)]
    completed = subprocess.run(["gofmt", "-l", *folders], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "", "")
