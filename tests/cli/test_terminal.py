"""What commands print to terminals without UTF-8 or colours, full disks and closed pipes; help, and progress."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pytest

from flinkmock.cli import COMMANDS, create_parser, main, terminal
from flinkmock.data_files import data_dir


def run(
    *arguments: str, stdout: IO[str] | int = subprocess.PIPE, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process, with further environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "flinkmock", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="latin-1",
        env={**os.environ, **(environment or {})},
        check=False,
    )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_characters_are_replaced_if_the_encoding_lacks_them(encoding: str) -> None:
    result = run("scenario", "plan", "crash-loop.yaml", environment={"PYTHONIOENCODING": encoding})
    assert (result.returncode, result.stderr) == (0, "")
    assert "INITIALIZING -> CREATED" in result.stdout


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8:surrogateescape"])
def test_lone_surrogates_are_replaced(tmp_path: Path, encoding: str) -> None:
    """The journal of a client that sends them has them, escaped."""
    journal = tmp_path / "journal.jsonl"
    journal.write_text('{"method": "POST", "target": "/jars/x.jar/run", "body": {"\\ud800": 1}}\n')
    result = run("compat", str(journal), "--from", "1.20", "--to", "2.3", "--format", "json",
                 environment={"PYTHONIOENCODING": encoding})  # fmt: skip
    assert result.stderr == ""
    assert "\\ud800" in result.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["openapi", "diff 1.12 2.3", "scenario plan crash-loop.yaml", "scenario list"])
def test_a_full_disk_is_reported(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        result = run(*command.split(), stdout=full)
    assert result.returncode == 2
    assert result.stderr == "flinkmock: standard output can't be written: No space left on device.\n"


@pytest.mark.parametrize("command", ["openapi", "scenario list", "--help"])
def test_a_closed_pipe_is_not_an_error(command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = run(*command.split(), stdout=writer)
    finally:
        os.close(writer)
    assert (result.returncode, result.stderr) == (0, "")


def test_only_terminals_get_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.paint("no", "red", Terminal()) == "\x1b[31mno\x1b[0m"
    assert terminal.paint("no", "red", io.StringIO()) == "no"
    assert terminal.paint_status(404, Terminal()) == "\x1b[33m404\x1b[0m"
    assert terminal.paint_status(404, io.StringIO()) == "404"
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.paint("no", "red", Terminal()) == "no"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.paint("no", "red", Terminal()) == "no"


def test_the_built_in_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(file.name for file in data_dir("scenarios").glob("*.yaml"))
    assert all(len(line.split("  ", 1)[1].strip()) > 20 and line.endswith(".") for line in lines)


def test_every_help_has_examples() -> None:
    subparsers = next(action for action in create_parser()._actions if isinstance(action.choices, dict))
    assert list(subparsers.choices) == list(COMMANDS)
    for command_parser in parsers_of(subparsers):
        assert "flinkmock" in command_parser.format_help().partition("examples:\n")[2], command_parser.prog


def parsers_of(subparsers: Any) -> Iterator[argparse.ArgumentParser]:
    """Yield the parsers of all commands and actions."""
    for parser in subparsers.choices.values():
        yield parser
        for action in parser._actions:
            if isinstance(action.choices, dict):
                yield from parsers_of(action)


def test_an_unknown_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serv"])
    assert 'Did you mean "serve"?' in capsys.readouterr().err


def test_scenario_check_shows_its_progress_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("")
    command = ["scenario", "check", str(file), "--flink", "1.20", "--flink", "2.3"]
    assert main(command) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("flinkmock.cli.scenario.is_terminal", lambda stream: True)
    assert main(command) == 0
    progress = capsys.readouterr().err
    assert f"0/2 {file} with Flink 1.20"[:60] in progress and "1/2 " in progress  # the line is cut to 100 characters
    assert progress.endswith(f"\r{'':100}\r")  # the line is erased
