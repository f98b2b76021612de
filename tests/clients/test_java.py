"""The module for JUnit 5, and the deployer that is tested with it. One run of Maven builds and tests all copies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.clients.deployers import (
    FAILURE_CAUSE,
    FOUND_BY,
    REPEAT,
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
    pytest.mark.skipif(
        not (shutil.which("mvn") and shutil.which("javac")),
        reason="Java is not installed: mvn and javac are not on the path",
    ),
]

MODULE = "clients/java/flinkmock-junit5"
DEPLOYER = "examples/deployer-java"
SOURCES = "src/main/java/deployer"
BUGS = {
    FAILURE_CAUSE: [(f"{SOURCES}/Flink.java", 'operation.has("failure-cause")', "false")],
    STATUS: [(f"{SOURCES}/Deployer.java", "body, 202,", "body, 200,")],
    REPEAT: [
        (f"{SOURCES}/Flink.java", "if (supportsTriggerIds) {", "if (false) {"),
        (f"{SOURCES}/Deployer.java", 'body.containsKey("triggerId")', "true"),
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
    """Run all tests: offline if the local repository has everything, else with downloads."""
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


def read(folder: Path) -> dict[str, bool]:
    """Read the reports. A test passes if it passes on all releases."""
    passed: dict[str, bool] = {}
    for report in (folder / "target" / "surefire-reports").glob("TEST-*.xml"):
        for case in ElementTree.parse(report).iter("testcase"):
            success = case.find("failure") is None and case.find("error") is None
            name = snake_case(case.attrib["name"])
            passed[name] = passed.get(name, True) and success
    return passed


def failed(passed: dict[str, bool]) -> set[str]:
    return {name for name, success in passed.items() if not success}


def test_the_module_passes_and_the_suite_finds_each_bug(tmp_path: Path) -> None:
    """All in one test, since a run of Maven for each would take minutes."""
    copy("clients/java", tmp_path)
    for example in (first_example(tmp_path / "clients/java/README.md", "java"), *examples_of_the_site("java")):
        name = re.findall(r"^class (\w+)", example, re.MULTILINE)[0]
        (tmp_path / MODULE / "src" / "test" / "java" / f"{name}.java").write_text(example, encoding="utf-8")
    copy(DEPLOYER, tmp_path)
    folders = {bug: f"{DEPLOYER}-{number}" for number, bug in enumerate(BUGS)}
    for bug, folder in folders.items():
        shutil.copytree(tmp_path / DEPLOYER, tmp_path / folder)
        plant(tmp_path / folder, BUGS[bug])
        name = "<artifactId>deployer</artifactId>"
        plant(tmp_path / folder, [("pom.xml", name, f"<artifactId>{Path(folder).name}</artifactId>")])
    modules = "".join(f"<module>{folder}</module>" for folder in ("clients/java", DEPLOYER, *folders.values()))
    (tmp_path / "pom.xml").write_text(POM.format(modules=modules), encoding="utf-8")
    run(tmp_path)

    module, deployer = read(tmp_path / MODULE), read(tmp_path / DEPLOYER)
    assert len(module) > 10
    assert {"the_report_names_its_job", "the_deadline_ends_the_client", "the_job_is_there"} < module.keys()
    assert set(deployer) == TESTS
    assert (failed(module), failed(deployer)) == (set(), set())
    assert {bug: failed(read(tmp_path / folder)) for bug, folder in folders.items()} == FOUND_BY
