"""The deployer in Python, tested with pytest against clusters of `flinkmock serve`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.deployers import FAILURE_CAUSE, FOUND_BY, REPEAT, ROOT, STATUS, TESTS, copy, plant, snake_case

pytestmark = pytest.mark.slow

DEPLOYER = "examples/deployer"
BUGS = {
    FAILURE_CAUSE: [
        (
            "deployer/flink.py",
            'raise SavepointFailed(innermost_cause(operation["failure-cause"]["stack-trace"]))',
            "pass",
        ),
    ],
    STATUS: [("deployer/sync.py", "expected_status=202", "expected_status=200")],
    REPEAT: [
        ("deployer/flink.py", 'return {**fields, "triggerId": uuid4().hex}', "return fields"),
        ("deployer/sync.py", 'idempotent="triggerId" in body', "idempotent=True"),
    ],
}


def run(project: Path) -> tuple[int, dict[str, bool], str]:
    """Run the tests; return the exit code, whether each test passed, and the output."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    plugins = ["-p", "flinkmock", "-p", "asyncio", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *plugins, "-v", "tests/test_served.py"]
    completed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    results = re.findall(r"^tests/test_served\.py::(\S+) (PASSED|FAILED)", completed.stdout, re.MULTILINE)
    passed: dict[str, bool] = {}
    for name, result in results:
        test = snake_case(name)
        passed[test] = passed.get(test, True) and result == "PASSED"
    return completed.returncode, passed, completed.stdout + completed.stderr


def test_the_suite_passes(tmp_path: Path) -> None:
    code, passed, output = run(copy(DEPLOYER, tmp_path))
    assert code == 0, output
    assert set(passed) == TESTS


@pytest.mark.parametrize("bug", BUGS)
def test_the_suite_finds_a_bug(bug: str, tmp_path: Path) -> None:
    project = copy(DEPLOYER, tmp_path)
    plant(project, BUGS[bug])
    code, passed, output = run(project)
    assert code == 1
    assert {name for name, success in passed.items() if not success} == FOUND_BY[bug], output
