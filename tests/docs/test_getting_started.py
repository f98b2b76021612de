"""The commands of docs/getting-started.md print what the page shows.

The commands that install something are tested by `tests/packaging/first_steps.py`.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from itertools import pairwise

import pytest

from tests.docs.pages import DOCS, Block, DocumentationPage, output_pattern
from tests.docs.test_pages import Shell, write_files
from tests.pytest_options import OPTIONS

PAGE = DocumentationPage(DOCS / "getting-started.md")


def test_commands_print_the_output_on_the_page(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(PAGE, pytester.path)
    monkeypatch.chdir(pytester.path)
    checked_output = ""
    with ExitStack() as stack:
        # under a virtual clock the output does not depend on the speed of the machine
        shell = Shell(stack, monkeypatch, capsys, clock="virtual")
        for block, next_block in pairwise([*PAGE.blocks, Block("", "")]):
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
                assert re.fullmatch(output_pattern(block.text), printed, re.DOTALL), printed
                checked_output += block.text
                continue
            else:
                continue
            assert next_block.language in ("text", ""), block
    assert "no findings" in checked_output and "RESTARTING" in checked_output
