"""The commands of docs/getting-started.md print what the page shows. `tests/packaging/first_steps.py` installs, too."""

from __future__ import annotations

import re
from contextlib import ExitStack
from itertools import pairwise

import pytest

from tests.docs.pages import DOCS, Block, DocumentationPage
from tests.docs.test_pages import Shell, write_files
from tests.pytest_options import OPTIONS

PAGE = DocumentationPage(DOCS / "getting-started.md")


def pattern(documented: str) -> str:
    """Return a regular expression for an output in which … stands for anything."""
    return re.escape(documented).replace("…", ".*")


def test_the_commands(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(PAGE, pytester.path)
    monkeypatch.chdir(pytester.path)
    output = ""
    with ExitStack() as stack:
        shell = Shell(stack, monkeypatch, capsys, clock="virtual")  # so that a busy machine changes nothing
        for block, following in pairwise([*PAGE.blocks, Block("", "")]):
            *_, command = block.text.splitlines() or [""]
            if block.language == "sh" and command == "pytest":
                result = pytester.runpytest_inprocess(*OPTIONS)
                printed = result.stdout.str() + "\n"
                capsys.readouterr()
            elif block.language == "sh" and command.startswith("flinkmock"):
                printed = (
                    shell.run(command).replace("clock: virtual", "clock: real").replace("clock virtual", "clock real")
                )
            elif block.language == "text":
                assert re.fullmatch(pattern(block.text), printed, re.DOTALL), printed
                output += command
                continue
            else:
                continue
            assert following.language in ("text", ""), block
    assert "no findings" in output and "RESTARTING" in output
