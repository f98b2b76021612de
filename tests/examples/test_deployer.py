"""The tests of examples/deployer pass, and fail when a bug that such clients have had is planted in the deployer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.clients.deployers import IGNORED_FAILURE_CAUSE, RETRIED_REQUEST, WRONG_STATUS, Replacement, replace_text

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "examples" / "deployer"
TEST_FILES = ("tests/test_sync.py", "tests/test_async.py")
"""The test files that use the fixture `flinkmock`. `tests/clients/test_python.py` runs the one without it."""
PLUGIN_OPTIONS = ("-p", "flinkmock", "-p", "asyncio", "-p", "no:cacheprovider")
"""Options that load only the plugins that the project depends on."""


class Bug(NamedTuple):
    """A bug that clients like the deployer have had.

    Attributes:
        replacements: The changes that plant the bug.
        failing_tests: The tests that fail with it, in both test files.
        report_patterns: Regular expressions that match what pytest then prints.
    """

    replacements: tuple[Replacement, ...]
    failing_tests: frozenset[str]
    report_patterns: tuple[str, ...]


BUGS = {
    IGNORED_FAILURE_CAUSE: Bug(
        (
            Replacement(
                "deployer/flink.py",
                """    if "failure-cause" in operation:
        raise SavepointFailed(innermost_cause(operation["failure-cause"]["stack-trace"]))
""",
                "",
            ),
        ),
        frozenset({"test_completed_does_not_mean_success", "test_after_a_failed_stop_no_job_is_started"}),
        (r"DID NOT RAISE \S*SavepointFailed", r"requests:(?s:.)*200 GET /jobs/\w+/savepoints/\w+"),
    ),
    WRONG_STATUS: Bug(
        (
            Replacement("deployer/sync.py", "expected_status=202", "expected_status=200"),
            Replacement("deployer/aio.py", "expected_status=202", "expected_status=200"),
        ),
        frozenset(
            {
                "test_the_path_of_a_savepoint_is_returned",
                "test_an_upgrade_restores_the_last_savepoint",
                "test_completed_does_not_mean_success",
                "test_after_a_failed_stop_no_job_is_started",
                "test_a_lost_response_triggers_no_second_savepoint",
            }
        ),
        (r'RequestFailed: POST /jobs/\w+/savepoints: 202 \{"request-id":"\w+"\}',),
    ),
    RETRIED_REQUEST: Bug(
        (
            Replacement("deployer/flink.py", 'return {**fields, "triggerId": uuid4().hex}', "return fields"),
            Replacement("deployer/sync.py", 'idempotent="triggerId" in body', "idempotent=True"),
            Replacement("deployer/aio.py", 'idempotent="triggerId" in body', "idempotent=True"),
        ),
        frozenset(
            {"test_a_lost_response_triggers_no_second_savepoint", "test_without_trigger_ids_no_request_is_retried"}
        ),
        (
            r"At index 0 diff: 's3://savepoints/savepoint-\w+-\w+' != 's3://savepoints/savepoint-\w+-\w+'",
            r"(?:s  orders savepoint s3://\S+\n(?s:.)*?){2}requests:",
            r"POST /jobs/\w+/savepoints .* \(trigger id lost\)\n.*202 POST /jobs/\w+/savepoints ",
        ),
    ),
}


def run_pytest(project: Path, *options: str) -> tuple[int, str]:
    """Run pytest; return its exit code and output."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    for name in [name for name in environment if name.startswith("PYTEST_XDIST")]:
        del environment[name]
    command = [sys.executable, "-m", "pytest", *PLUGIN_OPTIONS, *options]
    completed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    return completed.returncode, completed.stdout + completed.stderr


@pytest.mark.slow
def test_the_tests_of_the_deployer_pass_on_three_releases_with_four_workers() -> None:
    code, output = run_pytest(PROJECT, *TEST_FILES, "-p", "xdist", "-n", "4", "-v")
    assert code == 0, output
    for release in ("1.12", "1.20", "2.3"):
        for file in TEST_FILES:
            name = re.escape(f"PASSED {file}::test_an_upgrade_restores_the_last_savepoint")
            assert re.search(rf"{name}\[flink-{release}\]", output), output


@pytest.mark.parametrize(
    "bug",
    [pytest.param(bug, marks=() if number == 0 else pytest.mark.slow) for number, bug in enumerate(BUGS.values())],
    ids=list(BUGS),
)
def test_the_tests_of_the_deployer_find_a_bug(bug: Bug, tmp_path: Path) -> None:
    project = tmp_path / "deployer"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    replace_text(project, bug.replacements)
    code, output = run_pytest(project, *TEST_FILES, "--flinkmock-flink=2.3", "-q", "-rf")
    assert code == 1
    failed = set(re.findall(r"^FAILED (tests/test_\w+\.py)::(\w+)", output, re.MULTILINE))
    assert failed == {(file, test) for file in TEST_FILES for test in bug.failing_tests}, output
    for pattern in bug.report_patterns:
        assert re.search(pattern, output), output
