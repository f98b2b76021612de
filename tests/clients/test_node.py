"""The package for Node.js, and the deployer that is tested with it."""

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
    pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed: node is not on the path"),
]

PACKAGE = "clients/js"
DEPLOYER = "examples/deployer-js"
BUGS = {
    FAILURE_CAUSE: [
        ("flink.js", '  if (failure) throw new SavepointFailed(innermostCause(failure["stack-trace"]));\n', ""),
    ],
    STATUS: [("deployer.js", "expectedStatus: 202", "expectedStatus: 200")],
    REPEAT: [
        (
            "flink.js",
            'supportsTriggerIds ? { ...fields, triggerId: randomUUID().replaceAll("-", "") } : fields',
            "fields",
        ),
        ("deployer.js", 'idempotent: "triggerId" in json', "idempotent: true"),
    ],
}


def run(project: Path, *files: str) -> tuple[int, dict[str, bool], str]:
    """Run tests; return the exit code, whether each test passed, and the output."""
    environment = {**os.environ, "FLINKMOCK": str(write_flinkmock(project))}
    command = ["node", "--test", "--test-reporter=tap", *files]
    completed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    results = re.findall(r"^ *(not ok|ok) \d+ - (.*)$", completed.stdout, re.MULTILINE)
    passed = {name: result == "ok" for result, name in results if not name.endswith(".js")}
    return completed.returncode, passed, completed.stdout + completed.stderr


def copy_deployer(to: Path) -> Path:
    """Copy the deployer, and install the package as `npm install` does."""
    package, project = copy(PACKAGE, to), copy(DEPLOYER, to)
    (project / "node_modules").mkdir()
    (project / "node_modules" / "flinkmock").symlink_to(package)
    return project


def test_the_tests_of_the_package_pass(tmp_path: Path) -> None:
    package = copy(PACKAGE, tmp_path)
    for number, example in enumerate([first_example(package / "README.md", "js"), *examples_of_the_site("js")]):
        (package / "test" / f"example{number}.test.js").write_text(example, encoding="utf-8")
    code, passed, output = run(package, "test/")
    assert code == 0, output
    assert len(passed) > 15
    assert passed["the report names its job"] and passed["the client works with 1.12"]


def test_the_suite_passes(tmp_path: Path) -> None:
    code, passed, output = run(copy_deployer(tmp_path), "test/deployer.test.js")
    assert code == 0, output
    assert {snake_case(name) for name in passed} == TESTS


@pytest.mark.parametrize("bug", BUGS)
def test_the_suite_finds_a_bug(bug: str, tmp_path: Path) -> None:
    project = copy_deployer(tmp_path)
    plant(project, BUGS[bug])
    code, passed, output = run(project, "test/deployer.test.js")
    assert code == 1
    assert {snake_case(name) for name, success in passed.items() if not success} == FOUND_BY[bug], output


@pytest.mark.skipif(not shutil.which("tsc"), reason="TypeScript is not installed: tsc is not on the path")
def test_the_types_are_valid() -> None:
    command = ["tsc", "--noEmit", "--strict", "--target", "es2022", str(ROOT / PACKAGE / "index.d.ts")]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stdout) == (0, "")
