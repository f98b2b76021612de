"""The JavaScript package's tests and documented examples pass. The deployer's tests pass, and find planted bugs."""

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
    pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed: node is not on the path"),
]

PACKAGE = "clients/js"
DEPLOYER = "examples/deployer-js"
BUGS = {
    IGNORED_FAILURE_CAUSE: [
        Replacement(
            "flink.js", '  if (failure) throw new SavepointFailed(innermostCause(failure["stack-trace"]));\n', ""
        ),
    ],
    WRONG_STATUS: [Replacement("deployer.js", "expectedStatus: 202", "expectedStatus: 200")],
    RETRIED_REQUEST: [
        Replacement(
            "flink.js",
            'withTriggerId ? { ...fields, triggerId: randomUUID().replaceAll("-", "") } : fields',
            "fields",
        ),
        Replacement("deployer.js", 'idempotent: "triggerId" in json', "idempotent: true"),
    ],
}


def run(project: Path, *files: str) -> RunResult:
    environment = {**os.environ, "FLINKMOCK": str(write_flinkmock(project))}
    command = ["node", "--test", "--test-reporter=tap", *files]
    completed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    outcomes = re.findall(r"^ *(not ok|ok) \d+ - (.*)$", completed.stdout, re.MULTILINE)
    has_passed = {name: outcome == "ok" for outcome, name in outcomes if not name.endswith(".js")}
    return RunResult(completed.returncode, has_passed, completed.stdout + completed.stderr)


def copy_deployer(to: Path) -> Path:
    """Copy the deployer and the package, and link the package where `npm install` would."""
    package, project = copy_folder(PACKAGE, to), copy_folder(DEPLOYER, to)
    (project / "node_modules").mkdir()
    (project / "node_modules" / "flinkmock").symlink_to(package)
    return project


def test_the_tests_of_the_package_and_the_documented_examples_pass(tmp_path: Path) -> None:
    package = copy_folder(PACKAGE, tmp_path)
    for number, example in enumerate(documented_examples(package / "README.md", "js")):
        (package / "test" / f"example{number}.test.js").write_text(example, encoding="utf-8")
    result = run(package, "test/")
    assert result.exit_code == 0, result.output
    assert len(result.has_passed) > 15
    assert {"the job is listed", "the client works with 1.12"} < result.has_passed.keys()


def test_the_tests_of_the_deployer_pass(tmp_path: Path) -> None:
    result = run(copy_deployer(tmp_path), "test/deployer.test.js")
    assert result.exit_code == 0, result.output
    assert {snake_case(name) for name in result.has_passed} == ALL_TESTS


@pytest.mark.parametrize("bug", BUGS)
def test_the_tests_of_the_deployer_find_a_bug(bug: str, tmp_path: Path) -> None:
    project = copy_deployer(tmp_path)
    replace_text(project, BUGS[bug])
    result = run(project, "test/deployer.test.js")
    assert result.exit_code == 1
    assert {snake_case(name) for name in result.failed_tests} == FAILING_TESTS[bug], result.output


@pytest.mark.skipif(not shutil.which("tsc"), reason="TypeScript is not installed: tsc is not on the path")
def test_tsc_accepts_the_types() -> None:
    command = ["tsc", "--noEmit", "--strict", "--target", "es2022", str(ROOT / PACKAGE / "index.d.ts")]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stdout) == (0, "")
