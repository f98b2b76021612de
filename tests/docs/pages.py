"""The code blocks of pages of the documentation: files, examples with tests, and commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = ("tutorials", "how-to")
SINGLE_PAGES = ("getting-started.md", "troubleshooting.md", "comparison.md", "conformance.md", "index.md")

CODE_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"^(?:#|//) ([\w./-]+\.\w+)\n")
COMMAND_AND_OUTPUT = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
TEST = re.compile(r"^(?:async )?def test_", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of a page."""

    language: str
    text: str

    @property
    def file_name(self) -> str | None:
        """The name of the file that the block shows, from a comment on the first line; None if it shows no file."""
        match = FILE_NAME.match(self.text)
        return match[1] if match else None

    @property
    def content(self) -> str:
        """The content of the file. It has no comment with the name if it is JSON, which has no comments."""
        return FILE_NAME.sub("", self.text) if self.language == "json" else self.text


@dataclass(frozen=True)
class Example:
    """A block with tests.

    Attributes:
        file_name: The name of the file.
        test_count: The number of its tests.
        report: The lines that pytest reports if the page shows that the tests fail; otherwise empty.
    """

    file_name: str
    test_count: int
    report: tuple[str, ...]


@dataclass(frozen=True)
class DocumentationPage:
    """A Markdown file of the documentation."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        return [Block(*match) for match in CODE_BLOCK.findall(self.text)]

    def texts(self, language: str) -> list[str]:
        """Return the texts of the blocks in a language."""
        return [block.text for block in self.blocks if block.language == language]

    @property
    def files(self) -> dict[str, str]:
        """The files that the page shows, by name."""
        return {block.file_name: block.content for block in self.blocks if block.file_name}

    @property
    def examples(self) -> list[Example]:
        """The files with tests. If a ```text block follows, it shows the report of tests that fail."""
        examples = []
        for number, block in enumerate(self.blocks):
            if block.language == "python" and block.file_name and TEST.search(block.text):
                following = self.blocks[number + 1] if number + 1 < len(self.blocks) else Block("", "")
                report = tuple(following.text.splitlines()) if following.language == "text" else ()
                examples.append(Example(block.file_name, len(TEST.findall(block.text)), report))
        return examples

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The commands of ```console blocks, each with the output that the page shows."""
        return [
            command_and_output
            for text in self.texts("console")
            for command_and_output in COMMAND_AND_OUTPUT.findall(text)
        ]


def pages() -> list[DocumentationPage]:
    """Return the tutorials, the how-to guides and the single pages."""
    paths = [DOCS / name for name in SINGLE_PAGES]
    for folder in FOLDERS:
        paths += sorted((DOCS / folder).glob("*.md"))
    return [DocumentationPage(path) for path in paths]


def output_pattern(documented: str) -> str:
    """Return a regular expression for the output that a page shows, in which … stands for anything."""
    return re.escape(documented).replace("…", ".*")
