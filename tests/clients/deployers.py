"""The bugs that are planted in the deployers of `examples/`, and the tests that must find them."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.docs.pages import ROOT, DocumentationPage

IGNORED_FAILURE_CAUSE = "treats COMPLETED with a failure-cause as success"
WRONG_STATUS = "expects 200 where a savepoint is triggered"
RETRIED_REQUEST = "retries a savepoint request without a trigger id"
FAILING_TESTS = {
    IGNORED_FAILURE_CAUSE: {"completed_does_not_mean_success", "after_a_failed_stop_no_job_is_started"},
    WRONG_STATUS: {
        "an_upgrade_restores_the_last_savepoint",
        "after_a_failed_stop_no_job_is_started",
        "completed_does_not_mean_success",
        "the_path_of_a_savepoint_is_returned",
        "a_lost_response_triggers_no_second_savepoint",
        "a_snapshot_version_accepts_trigger_ids",
        "the_next_leader_does_not_know_the_trigger_id",
        "a_slow_savepoint_times_out",
    },
    RETRIED_REQUEST: {
        "a_lost_response_triggers_no_second_savepoint",
        "a_snapshot_version_accepts_trigger_ids",
        "without_trigger_ids_no_request_is_retried",
    },
}
"""The tests that fail with each bug. The deployers of all languages have the same tests."""
ALL_TESTS = set().union(*FAILING_TESTS.values()) | {
    "a_deployed_job_is_up",
    "requests_without_a_leader_are_retried",
    "requests_are_not_retried_forever",
    "a_failed_job_is_reported_with_its_cause",
    "a_body_that_is_not_json_is_an_error",
    "a_deployment_waits_for_the_next_leader",
}


class Replacement(NamedTuple):
    """A change that plants a bug in a file of a deployer."""

    file: str
    original: str
    replacement: str


class RunResult(NamedTuple):
    """The result of running tests. `has_passed` says for each test, by name, whether it has passed on all releases."""

    exit_code: int
    has_passed: dict[str, bool]
    output: str

    @property
    def failed_tests(self) -> set[str]:
        return {name for name, has_passed in self.has_passed.items() if not has_passed}


def copy_folder(folder: str, to: Path) -> Path:
    """Copy a folder of the repository to the same path below `to`, and return the copy."""
    ignored = shutil.ignore_patterns("node_modules", "target", "__pycache__", ".*")
    return Path(shutil.copytree(ROOT / folder, to / folder, ignore=ignored))


def replace_text(project: Path, replacements: Iterable[Replacement]) -> None:
    """Change files of a project. Each original text has to occur exactly once in its file."""
    for file, original, replacement in replacements:
        text = (project / file).read_text(encoding="utf-8")
        assert text.count(original) == 1, (file, original)
        (project / file).write_text(text.replace(original, replacement), encoding="utf-8")


def documented_examples(readme: Path, language: str) -> list[str]:
    """Return the first code block of a package's README, and all code blocks on the pages of `docs/`.

    Each code block is a complete file.
    """
    pages = [DocumentationPage(page) for page in sorted((ROOT / "docs").rglob("*.md"))]
    first = DocumentationPage(readme).texts(language)[0]
    return [first, *(example for page in pages for example in page.texts(language))]


def write_flinkmock(folder: Path) -> Path:
    """Write a program that runs the flinkmock of this repository; return its path, for the variable FLINKMOCK."""
    path = folder / "flinkmock"
    command = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "flinkmock"])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def snake_case(name: str) -> str:
    """Return the name of a test in snake case, without `test_` and without the release."""
    words = re.sub(r"[(/\[].*", "", name).strip()
    return re.sub(r"\W+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", words).lower().removeprefix("test_")
