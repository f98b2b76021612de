"""The Python deployer's tests that start `flinkmock serve` pass, and find planted bugs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
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
    replace_text,
    snake_case,
)
from tests.docs.pages import ROOT

pytestmark = pytest.mark.slow

DEPLOYER = "examples/deployer"
BUGS = {
    IGNORED_FAILURE_CAUSE: [
        Replacement(
            "deployer/flink.py",
            'raise SavepointFailed(innermost_cause(operation["failure-cause"]["stack-trace"]))',
            "pass",
        ),
    ],
    WRONG_STATUS: [Replacement("deployer/sync.py", "expected_status=202", "expected_status=200")],
    RETRIED_REQUEST: [
        Replacement("deployer/flink.py", 'return {**fields, "triggerId": uuid4().hex}', "return fields"),
        Replacement("deployer/sync.py", 'idempotent="triggerId" in body', "idempotent=True"),
    ],
}


def run(project: Path) -> RunResult:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    plugins = ["-p", "flinkmock", "-p", "asyncio", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *plugins, "-v", "tests/test_served.py"]
    completed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    outcomes = re.findall(r"^tests/test_served\.py::(\S+) (PASSED|FAILED)", completed.stdout, re.MULTILINE)
    has_passed: dict[str, bool] = {}
    for test_id, outcome in outcomes:
        test = snake_case(test_id)
        has_passed[test] = has_passed.get(test, True) and outcome == "PASSED"
    return RunResult(completed.returncode, has_passed, completed.stdout + completed.stderr)


def test_the_tests_of_the_deployer_pass(tmp_path: Path) -> None:
    result = run(copy_folder(DEPLOYER, tmp_path))
    assert result.exit_code == 0, result.output
    assert set(result.has_passed) == ALL_TESTS


@pytest.mark.parametrize("bug", BUGS)
def test_the_tests_of_the_deployer_find_a_bug(bug: str, tmp_path: Path) -> None:
    project = copy_folder(DEPLOYER, tmp_path)
    replace_text(project, BUGS[bug])
    result = run(project)
    assert result.exit_code == 1
    assert result.failed_tests == FAILING_TESTS[bug], result.output
