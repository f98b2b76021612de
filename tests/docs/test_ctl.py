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

PAGE = (Path(__file__).parents[2] / "docs" / "ctl.md").read_text("utf-8")
BLOCKS = "".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL))
EXAMPLES = re.findall(r"^\$ (.*)\n((?:(?!\$ |```).*\n)*)", BLOCKS, re.MULTILINE)
[SCENARIO] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "orders.yaml").write_text(SCENARIO)
    monkeypatch.chdir(tmp_path)
    flink = FlinkMock(SCENARIO).start()  # not a `with` block, because the expectation is not met
    monkeypatch.setenv("FLINKMOCK_URL", flink.url)
    try:
        assert len(EXAMPLES) > 20
        for command, output in EXAMPLES:
            program, *arguments = shlex.split(command)
            if program == "curl":
                printed = httpx.get(arguments[-1].replace("http://127.0.0.1:8081", flink.url), verify=False).text + "\n"
            else:
                code = main(arguments)
                printed, err = capsys.readouterr()
                assert code == (0 if not err and "NOT MET" not in printed else 1), err
                printed += err
            pattern = re.escape(output).replace("…", ".*")
            assert re.fullmatch(pattern, printed.replace(flink.url, "http://127.0.0.1:8081")), (command, printed)
    finally:
        flink.close()


def test_the_table_has_every_action() -> None:
    parser = Parser()
    ctl.configure(parser.add_subparsers())
    [subparsers] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    [actions] = [
        action for action in subparsers.choices["ctl"]._actions if isinstance(action, argparse._SubParsersAction)
    ]
    table = PAGE.partition("## All actions")[2]
    rows = re.findall(r"^\| (`.*`) \|", table, re.MULTILINE)
    documented = {text.split()[0] for row in rows for text in re.findall(r"`([^`]+)`", row.rpartition(" | ")[0] or row)}
    assert documented == set(actions.choices)
