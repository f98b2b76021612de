"""The deployers of examples/ against `flinkmock serve`: copies with planted bugs, and the tests that find them."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

FAILURE_CAUSE = "treats COMPLETED with a failure-cause as success"
STATUS = "expects 200 where a savepoint is triggered"
REPEAT = "repeats a savepoint request without a trigger id"
FOUND_BY = {
    FAILURE_CAUSE: {"completed_does_not_mean_success", "after_a_failed_stop_no_job_is_started"},
    STATUS: {
        "an_upgrade_restores_the_last_savepoint",
        "after_a_failed_stop_no_job_is_started",
        "completed_does_not_mean_success",
        "the_path_of_a_savepoint_is_returned",
        "a_lost_response_triggers_no_second_savepoint",
        "the_next_leader_does_not_know_the_savepoint",
        "a_slow_savepoint_times_out",
    },
    REPEAT: {"a_lost_response_triggers_no_second_savepoint", "without_trigger_ids_no_request_is_repeated"},
}
"""The tests that fail for each bug. The suites of all languages have the same tests."""
TESTS = set().union(*FOUND_BY.values()) | {
    "a_deployed_job_is_up",
    "requests_without_a_leader_are_repeated",
    "requests_are_not_repeated_forever",
    "a_failed_job_is_reported_with_its_cause",
    "a_deployment_waits_for_the_next_leader",
}

Replacement = tuple[str, str, str]
"""A file, its correct text, and the text that replaces it."""


def copy(folder: str, to: Path) -> Path:
    """Copy a folder of the repository to the same place below `to`, and return the copy."""
    ignored = shutil.ignore_patterns("node_modules", "target", "__pycache__", ".*")
    return Path(shutil.copytree(ROOT / folder, to / folder, ignore=ignored))


def plant(project: Path, replacements: list[Replacement]) -> None:
    for name, right, wrong in replacements:
        text = (project / name).read_text(encoding="utf-8")
        assert text.count(right) == 1, (name, right)
        (project / name).write_text(text.replace(right, wrong), encoding="utf-8")


def first_example(readme: Path, language: str) -> str:
    """Return the first code block of a page."""
    return examples(readme, language)[0]


def examples_of_the_site(language: str) -> list[str]:
    """Return the code blocks in this language on the pages of the site, each of which is a complete file."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    return [block for page in pages for block in examples(page, language)]


def examples(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def write_flinkmock(folder: Path) -> Path:
    """Write a program that runs the flinkmock of this repository, for the environment variable FLINKMOCK."""
    path = folder / "flinkmock"
    command = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "flinkmock"])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def snake_case(name: str) -> str:
    """Return the name of a test as Python would spell it, without its release."""
    words = re.sub(r"[(/\[].*", "", name).strip()
    return re.sub(r"\W+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", words).lower().removeprefix("test_")
