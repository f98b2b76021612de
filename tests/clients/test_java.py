"""The JUnit 5 module's tests and documented examples pass. The Java deployer's tests pass, and find planted bugs.

One run of Maven builds and tests the module, the deployer, and copies of the deployer with bugs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.clients.deployers import (
    ALL_TESTS,
    FAILING_TESTS,
    IGNORED_FAILURE_CAUSE,
    RETRIED_REQUEST,
    WRONG_STATUS,
    Replacement,
    copy_folder,
    documented_examples,
    replace_text,
    snake_case,
    write_flinkmock,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("mvn") and shutil.which("javac")),
        reason="Java is not installed: mvn and javac are not on the path",
    ),
]

MODULE = "clients/java/flinkmock-junit5"
DEPLOYER = "examples/deployer-java"
SOURCES = "src/main/java/deployer"
BUGS = {
    IGNORED_FAILURE_CAUSE: [Replacement(f"{SOURCES}/Flink.java", 'operation.has("failure-cause")', "false")],
    WRONG_STATUS: [Replacement(f"{SOURCES}/Deployer.java", "body, 202,", "body, 200,")],
    RETRIED_REQUEST: [
        Replacement(f"{SOURCES}/Flink.java", "if (withTriggerId) {", "if (false) {"),
        Replacement(f"{SOURCES}/Deployer.java", 'body.containsKey("triggerId")', "true"),
    ],
}
POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>all</groupId>
  <artifactId>all</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <modules>{modules}</modules>
</project>
"""


def run(root: Path) -> None:
    """Run all tests: offline if Maven's local repository has everything, otherwise with downloads."""
    environment = {**os.environ, "FLINKMOCK": str(write_flinkmock(root))}
    for options in (["-o"], ["-U"]):
        command = ["mvn", "-B", "-q", *options, "-Dmaven.test.failure.ignore=true", "test"]
        completed = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        if completed.returncode == 0:
            return
        if "offline mode" not in completed.stdout:
            break
    if "Could not transfer artifact" in completed.stdout:
        pytest.skip("Maven can't download what the tests need")
    pytest.fail(completed.stdout + completed.stderr)


def read_reports(folder: Path) -> dict[str, bool]:
    """Return, by name, whether a test has passed on all releases."""
    result: dict[str, bool] = {}
    for report in (folder / "target" / "surefire-reports").glob("TEST-*.xml"):
        for case in ElementTree.parse(report).iter("testcase"):
            has_passed = case.find("failure") is None and case.find("error") is None
            name = snake_case(case.attrib["name"])
            result[name] = result.get(name, True) and has_passed
    return result


def failed_tests(has_passed: dict[str, bool]) -> set[str]:
    """Return the names of the tests that have failed on a release."""
    return {name for name, has_test_passed in has_passed.items() if not has_test_passed}


def test_the_tests_of_module_and_deployer_pass_and_those_of_the_deployer_find_each_bug(tmp_path: Path) -> None:
    """All in one test, because several runs of Maven would take minutes."""
    copy_folder("clients/java", tmp_path)
    for example in documented_examples(tmp_path / "clients/java/README.md", "java"):
        name = re.findall(r"^class (\w+)", example, re.MULTILINE)[0]
        (tmp_path / MODULE / "src" / "test" / "java" / f"{name}.java").write_text(example, encoding="utf-8")
    copy_folder(DEPLOYER, tmp_path)
    folders = {bug: f"{DEPLOYER}-{number}" for number, bug in enumerate(BUGS)}
    for bug, folder in folders.items():
        shutil.copytree(tmp_path / DEPLOYER, tmp_path / folder)
        replace_text(tmp_path / folder, BUGS[bug])
        artifact_id = "<artifactId>deployer</artifactId>"
        replace_text(
            tmp_path / folder, [Replacement("pom.xml", artifact_id, f"<artifactId>{Path(folder).name}</artifactId>")]
        )
    modules = "".join(f"<module>{folder}</module>" for folder in ("clients/java", DEPLOYER, *folders.values()))
    (tmp_path / "pom.xml").write_text(POM.format(modules=modules), encoding="utf-8")
    run(tmp_path)

    module, deployer = read_reports(tmp_path / MODULE), read_reports(tmp_path / DEPLOYER)
    assert len(module) > 10
    # among them are tests of the documented examples
    assert {"the_job_is_listed", "the_client_gives_up_at_its_deadline", "the_release_lists_the_job"} < module.keys()
    assert set(deployer) == ALL_TESTS
    assert (failed_tests(module), failed_tests(deployer)) == (set(), set())
    assert {bug: failed_tests(read_reports(tmp_path / folder)) for bug, folder in folders.items()} == FAILING_TESTS
