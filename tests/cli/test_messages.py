"""Messages about invalid command lines and files: the same error gets the same message from every command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flinkmock.cli import main

RunFailingCommand = Callable[..., str]
UNREACHABLE_URL = "http://127.0.0.1:1"


@pytest.fixture
def message_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunFailingCommand:
    """Runs a command that fails with exit code 2, in the folder `tmp_path`; returns the message."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(str(end.code))
        out, err = capsys.readouterr()
        assert code == 2
        *usage, message = (out or err).strip().splitlines()
        assert not usage or usage[0].startswith("usage: ")
        return message.removeprefix("flinkmock: ")

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "FILE"),
        ("scenario", "check", "FILE"),
        ("scenario", "plan", "FILE"),
        ("proxy", UNREACHABLE_URL, "--flink", "2.3", "--baseline", "FILE"),
        ("check", UNREACHABLE_URL, "--flink", "2.3", "--baseline", "FILE"),
        ("check", UNREACHABLE_URL, "--flink", "2.3", "--contract", "FILE"),
        ("compat", "FILE", "--from", "1.20"),
        ("adopt", "FILE"),
        ("import", "FILE", "--flink", "2.4.0"),
        ("serve", "--port", "0", "--dashboard", "FILE"),
        ("ctl", "scenario", "load", "FILE"),
        ("ctl", "fault", "add", "FILE"),
    ],
)
def test_a_missing_file_is_reported(arguments: tuple[str, ...], message_of: RunFailingCommand, tmp_path: Path) -> None:
    file = str(tmp_path / "none.txt")
    assert (
        message_of(*(file if argument == "FILE" else argument for argument in arguments)) == f"{file}: file not found."
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("openapi", "-o", "FILE"),
        ("record", UNREACHABLE_URL, "-o", "FILE"),
        ("record", UNREACHABLE_URL, "-o", "out.yaml", "--raw", "FILE"),
        ("scenario", "plan", "crash-loop.yaml", "--svg", "FILE"),
        ("serve", "--port", "0", "--journal", "FILE"),
    ],
)
def test_a_file_that_cannot_be_written_is_reported(
    arguments: tuple[str, ...], message_of: RunFailingCommand, tmp_path: Path
) -> None:
    reasons = {tmp_path / "none" / "file": "its folder does not exist", tmp_path: "Is a directory"}
    for file, reason in reasons.items():
        message = message_of(*(str(file) if argument == "FILE" else argument for argument in arguments))
        assert message == f"{file}: can't write the file: {reason}."


def test_a_file_that_is_not_utf_8_is_reported(message_of: RunFailingCommand, tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"name: caf\xe9\n")
    expected = f"{file}: the file is not UTF-8: invalid continuation byte."
    for command in (["serve"], ["scenario", "check"], ["ctl", "scenario", "load"]):
        assert message_of(*command, str(file)) == expected
    assert message_of("compat", str(file), "--from", "1.20") == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["serve", "--flink", "3.9"],
            "Unknown Flink release '3.9'. The newest is 2.3; `flinkmock import` adds others. Known: 1.12, ",
        ),
        (["serve", "--flink", "2.33"], "Unknown Flink release '2.33'. Did you mean 2.3? Known: 1.12, "),
        (
            ["compat", "JOURNAL", "--from", "2.3"],
            "Flink 2.3 is the newest release that flinkmock knows. Choose the new release with --to.",
        ),
        (["diff", "2.3", "1.20"], "Flink 1.20 is not later than 2.3."),
        (["record", "JOURNAL", "-o", "JOURNAL"], "journal.jsonl exists. To overwrite it, use --force."),
        (["record", "JOURNAL", "-o", "out.yaml"], "journal.jsonl:1: this is not an exchange that flinkmock record --r"),
        (
            ["serve", "--port", "0", "--dashboard", "SCENARIO"],
            "s.yaml is not a jar. Write the scenario before the option: flinkmock serve s.yaml --dashboard",
        ),
        (["serve", "nothing.yaml"], "nothing.yaml: file not found in FOLDER, or among the built-in scenarios. `flink"),
        (
            ["serve", "crashloop.yaml"],
            "crashloop.yaml: file not found in FOLDER, or among the built-in scenarios. Did ",
        ),
        (
            ["check", UNREACHABLE_URL, "--seed", "x"],
            "check: error: argument --seed: 'x' is not a whole number. Write digits",
        ),
        (
            ["check", UNREACHABLE_URL, "--fuzz", "-1"],
            "check: error: argument --fuzz: '-1' is negative. Write a number from 0.",
        ),
        (["ctl", "requests", "--limit", "-1"], "ctl requests: error: argument --limit: '-1' is negative."),
        (
            ["serve", "--port", "abc"],
            "serve: error: argument --port: 'abc' is not a port. Write a number from 0 to 655",
        ),
        (
            ["record", UNREACHABLE_URL, "-o", "x", "--for", "0s"],
            'record: error: argument --for: "0s" is too short. Write a duration above 0, such as 1s.',
        ),
    ],
)
def test_an_invalid_argument_gets_a_message(
    arguments: list[str], message: str, message_of: RunFailingCommand, tmp_path: Path
) -> None:
    (tmp_path / "journal.jsonl").write_text(json.dumps({"method": "GET", "target": "/jobs"}) + "\n")
    (tmp_path / "s.yaml").write_text("jobs: {}\n")
    files = {"JOURNAL": "journal.jsonl", "SCENARIO": "s.yaml"}
    actual_message = message_of(*(files.get(argument, argument) for argument in arguments)).removeprefix("flinkmock ")
    assert actual_message.startswith(message.replace("FOLDER", str(tmp_path)))


def test_only_a_part_of_a_long_line_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "one-line.yaml"
    jobs = {f"job{number}": "streaming" for number in range(100)}
    file.write_text(json.dumps({"jobs": jobs | {"typo": "streming"}, "name": "x" * 200}))
    assert main(["scenario", "check", str(file)]) == 1
    _, line, caret = capsys.readouterr().out.splitlines()
    assert len(line) < 140
    assert line[caret.index("^") :].startswith('"streming"}')
    assert line.startswith("  1 | …") and line.endswith("x…")


def test_diff_prints_values_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "1.12", "1.20"]) == 0
    output = capsys.readouterr().out
    assert not {"True", "False", "None"} & set(output.split())
