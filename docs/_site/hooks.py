"""Hooks of MkDocs: generate the reference pages, and copy the files outside docs/ that pages link to into the site.

Links in the pages are relative to the repository, so that they also work in a clone. A Markdown file outside docs/
becomes a page below repository/, another file is copied, and a folder stands for its README.md. A link to a folder
without a README.md becomes plain text.
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))
from reference import PAGES

ROOT = Path(__file__).parents[2]
DOCS = "docs/"
COPIES = "repository/"
"""The folder of the site for files outside docs/."""
LINK = re.compile(r"(\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^)\s#]+)(#[^)\s]*)?\)")
NESTED_LIST_ENTRY = re.compile(r"^ {2,3}([-*] )", re.MULTILINE)
"""An entry of a nested list, before which Python-Markdown expects four spaces."""
CODE_BLOCK = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append the pages that the navigation lacks to its section "Reference"."""
    pages_in_navigation = set(re.findall(r"[\w./-]+\.md", str(config.nav)))
    pages = sorted(path.relative_to(ROOT / DOCS).as_posix() for path in (ROOT / DOCS).rglob("*.md"))
    reference = next(section["Reference"] for section in config.nav or [] if "Reference" in section)
    reference += [page for page in pages if page not in pages_in_navigation]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, the linked files outside docs/, and the files to which these link."""
    for uri, generate_page in PAGES.items():
        files.append(File.generated(config, uri, content=generate_page()))
    pending = [DOCS + file.src_uri for file in files.documentation_pages() if file.src_uri not in PAGES]
    linked_files: set[str] = set()
    while pending:
        path = pending.pop()
        for linked_path in _linked_paths(path):
            is_in_site = linked_path in linked_files or linked_path.startswith(DOCS)
            if is_in_site or not (ROOT / linked_path).is_file():
                continue
            linked_files.add(linked_path)
            files.append(File.generated(config, COPIES + linked_path, abs_src_path=str(ROOT / linked_path)))
            if linked_path.endswith(".md"):
                pending.append(linked_path)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to files outside docs/ at their copies, and indent nested lists."""
    source = _path_in_repository(page.file.src_uri)

    def replace_link(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        path = _resolve(source, target)
        if path is None or (source.startswith(DOCS) and path.startswith(DOCS)):
            return match[0]
        if not (ROOT / path).is_file():
            return text[1:-1]
        uri = path.removeprefix(DOCS) if path.startswith(DOCS) else COPIES + path
        return f"{text}({posixpath.relpath(uri, posixpath.dirname(page.file.src_uri))}{anchor})"

    return _change_outside_of_code(
        markdown, lambda text: NESTED_LIST_ENTRY.sub(r"    \1", LINK.sub(replace_link, text))
    )


def _path_in_repository(uri: str) -> str:
    return uri.removeprefix(COPIES) if uri.startswith(COPIES) else DOCS + uri


def _linked_paths(path: str) -> Iterator[str]:
    text = CODE_BLOCK.sub("", (ROOT / path).read_text(encoding="utf-8"))
    for match in LINK.finditer(text):
        if linked_path := _resolve(path, match[2]):
            yield linked_path


def _resolve(source: str, target: str) -> str | None:
    """Return the path in the repository of the target of a link; None for links to other servers."""
    if "://" in target or target.startswith(("mailto:", "/")):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    if (ROOT / path).is_dir() and (ROOT / path / "README.md").is_file():
        return f"{path}/README.md"
    return path.replace(os.sep, "/")


def _change_outside_of_code(markdown: str, change: Callable[[str], str]) -> str:
    parts, end = [], 0
    for match in CODE_BLOCK.finditer(markdown):
        parts += [change(markdown[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, change(markdown[end:])])
