"""Files for contributors: workflows, issue forms, pre-commit, CONTRIBUTING.md, ARCHITECTURE.md and the glossary."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def commands(workflow_file: str) -> list[str]:
    return [step["run"] for job in read_yaml(workflow_file)["jobs"].values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize(
    ("workflow", "permissions_of_jobs"), [("ci", {}), ("release", {"publish": {"id-token": "write"}})]
)
def test_a_workflow_runs_the_ci_script_and_has_only_the_permissions_that_it_needs(
    workflow: str, permissions_of_jobs: dict[str, Any]
) -> None:
    file = f".github/workflows/{workflow}.yml"
    assert "bash .ci/run" in commands(file)
    content = read_yaml(file)
    assert content["permissions"] == {"contents": "read"}
    permissions = {name: job["permissions"] for name, job in content["jobs"].items() if "permissions" in job}
    assert permissions == permissions_of_jobs


@pytest.mark.parametrize(
    "form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda form: form.stem
)
def test_an_issue_form_is_valid_yaml(form: Path) -> None:
    assert yaml.safe_load(form.read_text(encoding="utf-8"))


def test_pre_commit_uses_the_tools_of_the_environment() -> None:
    [local] = read_yaml(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}


def test_the_map_in_contributing_names_existing_paths() -> None:
    section = CONTRIBUTING.partition("## Map")[2].partition("\n## ")[0]
    paths = re.findall(r"`((?:flinkmock|tests|docs|schemas|clients|examples|container)[\w/.-]*)`", section)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_architecture_names_what_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    folders = (ROOT, ROOT / "flinkmock", ROOT / "flinkmock" / "cluster")
    paths = re.findall(r"`([a-z_/]+\.py)`", text) + re.findall(r"^\| `(\w+/)`", text, re.MULTILINE)
    assert len(paths) > 80
    assert [path for path in paths if not any((folder / path).exists() for folder in folders)] == []
    names = re.findall(r"\*\*([A-Z]\w+)\*\*", text.partition("## Inside the cluster")[2])
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "flinkmock" / "cluster").rglob("*.py"))
    assert [name for name in names if not re.search(rf"^(class )?{name}\b", code, re.MULTILINE)] == []


def test_the_glossary_defines_each_term_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    repeated = {term for term in terms if terms.count(term) > 1}
    assert repeated <= {"term", "---"}
