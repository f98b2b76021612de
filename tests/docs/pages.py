"""The pages whose examples `test_pages.py` runs: their blocks, and what the blocks are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = ("tutorials", "how-to")
SINGLE_PAGES = ("getting-started.md", "troubleshooting.md", "comparison.md", "conformance.md", "index.md")

FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"^(?:#|//) ([\w./-]+\.\w+)\n")
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
TEST = re.compile(r"^(?:async )?def test_", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    text: str

    @property
    def file_name(self) -> str | None:
        """The name in a comment on the first line: the block is the content of this file."""
        match = FILE_NAME.match(self.text)
        return match[1] if match else None

    @property
    def content(self) -> str:
        """The content of the file. JSON has no comments, so the name is not part of it."""
        return FILE_NAME.sub("", self.text) if self.language == "json" else self.text


@dataclass(frozen=True)
class Example:
    """A block with tests, and the lines of its report if it is to fail."""

    file_name: str
    tests: int
    report: tuple[str, ...]


@dataclass(frozen=True)
class DocumentationPage:
    path: Path

    @cached_property
    def blocks(self) -> list[Block]:
        return [Block(*match) for match in FENCE.findall(self.path.read_text(encoding="utf-8"))]

    @property
    def files(self) -> dict[str, str]:
        """The files that the page shows, by name."""
        return {block.file_name: block.content for block in self.blocks if block.file_name}

    @property
    def examples(self) -> list[Example]:
        """The test files. One that a ```text block follows fails with these lines."""
        examples = []
        for number, block in enumerate(self.blocks):
            if block.language == "python" and block.file_name and TEST.search(block.text):
                following = self.blocks[number + 1] if number + 1 < len(self.blocks) else Block("", "")
                report = tuple(following.text.splitlines()) if following.language == "text" else ()
                examples.append(Example(block.file_name, len(TEST.findall(block.text)), report))
        return examples

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The commands of ```console blocks, each with the output that is shown."""
        return [match for block in self.blocks if block.language == "console" for match in COMMAND.findall(block.text)]


def pages() -> list[DocumentationPage]:
    """Return the pages, those that are still missing left out."""
    paths = [
        *(DOCS / name for name in SINGLE_PAGES),
        *(p for folder in FOLDERS for p in sorted((DOCS / folder).glob("*.md"))),
    ]
    return [DocumentationPage(path) for path in paths if path.is_file()]
