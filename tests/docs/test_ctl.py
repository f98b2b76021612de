"""The examples of docs/ctl.md are executed, and its table has every action."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import httpx
import pytest

from flinkmock import FlinkMock
from flinkmock.cli import ctl, main
from flinkmock.cli.parser import Parser
from tests.docs.pages import DOCS, DocumentationPage, output_pattern

PAGE = DocumentationPage(DOCS / "ctl.md")
[SCENARIO] = PAGE.texts("yaml")


def test_commands_print_the_output_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "orders.yaml").write_text(SCENARIO)
    monkeypatch.chdir(tmp_path)
    flink = FlinkMock(SCENARIO).start()  # not a `with` block, because the expectation is not met
    monkeypatch.setenv("FLINKMOCK_URL", flink.url)
    try:
        assert len(PAGE.commands) > 20
        for command, output in PAGE.commands:
            program, *arguments = shlex.split(command)
            if program == "curl":
                printed = httpx.get(arguments[-1].replace("http://127.0.0.1:8081", flink.url), verify=False).text + "\n"
            else:
                code = main(arguments)
                printed, errors = capsys.readouterr()
                assert code == (0 if not errors and "NOT MET" not in printed else 1), errors
                printed += errors
            printed = printed.replace(flink.url, "http://127.0.0.1:8081")
            assert re.fullmatch(output_pattern(output), printed), (command, printed)
    finally:
        flink.close()


def test_the_table_has_every_action() -> None:
    parser = Parser()
    ctl.configure(parser.add_subparsers())
    [subparsers] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    [actions] = [
        action for action in subparsers.choices["ctl"]._actions if isinstance(action, argparse._SubParsersAction)
    ]
    table = PAGE.text.partition("## All actions")[2]
    rows = re.findall(r"^\| (`.*`) \|", table, re.MULTILINE)
    documented = {text.split()[0] for row in rows for text in re.findall(r"`([^`]+)`", row.rpartition(" | ")[0] or row)}
    assert documented == set(actions.choices)
