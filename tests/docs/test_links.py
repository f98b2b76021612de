"""Every link in the Markdown files of the repository leads to an existing file and anchor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED_FOLDERS = {".venv", "build", "dist", "node_modules", "site", "target", "testdata"}
GENERATED_PAGES = {
    f"docs/reference/{name}.md" for name in ("cli", "control-api", "operations", "python-api", "releases")
}
"""Pages that exist in the site only (docs/_site)."""

CODE_BLOCK_OR_INLINE_CODE = re.compile(r"^( *)(```|~~~).*?^\1\2|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
ANCHOR = re.compile(r'<a id="([^"]+)"')
CODE_BLOCK = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)


def markdown_files() -> list[Path]:
    paths = (path for path in ROOT.rglob("*.md") if not SKIPPED_FOLDERS & set(path.relative_to(ROOT).parts))
    return sorted(path for path in paths if not any(part.startswith(".") for part in path.relative_to(ROOT).parts[:-1]))


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a page: explicit ones, and those that GitHub and the site generate for headings."""
    text = CODE_BLOCK.sub("", path.read_text(encoding="utf-8"))
    slugs: list[str] = []
    for heading in HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        slugs.append(f"{slug}-{slugs.count(slug)}" if slug in slugs else slug)
    return frozenset([*slugs, *ANCHOR.findall(text)])


def broken_links(path: Path) -> Iterator[str]:
    """Yield each broken link of a page, with the reason."""
    for link in LINK.findall(CODE_BLOCK_OR_INLINE_CODE.sub("", path.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        if not file.is_relative_to(ROOT):
            yield f"{link}: outside of the repository"
        elif file.relative_to(ROOT).as_posix() in GENERATED_PAGES:
            continue
        elif not file.exists():
            yield f"{link}: no such file"
        elif anchor and anchor not in anchors(file):
            yield f"{link}: no such anchor"


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_has_no_broken_links(path: Path) -> None:
    assert list(broken_links(path)) == []


def test_pages_are_found() -> None:
    assert len(markdown_files()) > 30
    assert "several-jobmanagers" in anchors(ROOT / "docs" / "scenarios.md")
