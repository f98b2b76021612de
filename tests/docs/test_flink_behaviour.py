"""Anchors of docs/flink-behaviour.md that the repository cites exist, and so do recorded steps that the page cites."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from pathlib import Path

import pytest

from tests.fidelity import recordings

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "flink-behaviour.md"
LEADER_CHANGE = "leader-change"
SITUATIONS = "situations"
SUITES = {
    *(suite for folder in recordings.RECORDINGS.iterdir() for suite in recordings.suite_paths(folder)),
    LEADER_CHANGE,
    SITUATIONS,
}

ANCHOR = re.compile(r'^<a id="([^"]*)"></a>$', re.MULTILINE)
SECTION = re.compile(r"^(.*)\n## (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(#([^)]*)\)")
EVIDENCE = re.compile(rf"`({'|'.join(sorted(SUITES))}): ([^`]+)`")
PATH = re.compile(r"`((?:tests|flinkmock|docs)/[^`\s]+)`")
CITATION = re.compile(r"flink-behaviour\.md(?:#([\w-]*))?")


@cache
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@cache
def anchors() -> list[str]:
    return ANCHOR.findall(page())


@cache
def step_names(suite: str) -> frozenset[str]:
    """Return the names of the steps of a suite in all recorded versions."""
    if suite == LEADER_CHANGE:
        raw = (ROOT / "tests" / "server" / "leader-change.json.gz").read_bytes()
        steps_by_version = json.loads(gzip.decompress(raw))
        return frozenset(
            f"{step['when']} {step['method']} {step['path']}"
            for steps_of_version in steps_by_version.values()
            for step in steps_of_version
        )
    if suite == SITUATIONS:
        files = list((ROOT / "tests" / SITUATIONS).glob("*.json.gz"))
        return frozenset(step["step"] for file in files for step in recordings.load(file))
    files = [recordings.suite_paths(folder)[suite] for folder in recordings.RECORDINGS.iterdir()]
    return frozenset(step["step"] for file in files for step in recordings.load(file))


def citing_files() -> list[Path]:
    folders = (ROOT / name for name in ("benchmarks", "docs", "flinkmock", "scenarios", "tests"))
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in {".md", ".py", ".yaml"}]
    return [path for path in (*files, *ROOT.glob("*.md")) if path not in (PAGE, Path(__file__))]


def test_every_section_has_an_anchor() -> None:
    for line, title in SECTION.findall(page()):
        assert ANCHOR.fullmatch(line), title
    assert len(set(anchors())) == len(anchors()) == len(SECTION.findall(page()))
    assert [name for name in anchors() if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []


def test_links_within_the_page_have_existing_anchors() -> None:
    assert set(LINK.findall(page())) - set(anchors()) == set()


def test_citations_in_the_repository_name_an_anchor_that_exists() -> None:
    wrong = []
    for path in citing_files():
        for match in CITATION.finditer(path.read_text(encoding="utf-8")):
            # prose may link the whole page; code links a section
            if match[1] is None and path.suffix == ".md":
                continue
            if match[1] not in anchors():
                wrong.append(f"{path.relative_to(ROOT)}: {match[0]}")
    assert wrong == []


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_recorded_steps_that_the_page_cites_exist(suite: str) -> None:
    cited = {step for name, step in EVIDENCE.findall(page()) if name == suite}
    assert cited, "each suite is cited"
    assert cited - step_names(suite) == set()


def test_files_that_the_page_names_exist() -> None:
    named = {path for path in PATH.findall(page()) if "VERSION" not in path}
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_versions_that_the_page_names_are_the_recorded_ones() -> None:
    introduction = page().partition("**Evidence.**")[0]
    named = set(re.findall(r"\b\d\.\d+\.\d+\b", introduction))
    assert named == {folder.name for folder in recordings.RECORDINGS.iterdir()}
