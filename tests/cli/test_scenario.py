"""The command `flinkmock scenario`: its output, files and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flinkmock.cli import main

ROOT = Path(__file__).parents[2]
CRASH_LOOP = str(ROOT / "scenarios" / "crash-loop.yaml")


def test_check_reports_each_file_and_continues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    invalid = tmp_path / "invalid.yaml"
    invalid.write_text("jobs:\n  orders: streamng\n")
    assert main(["scenario", "check", str(invalid), str(tmp_path / "none.yaml"), CRASH_LOOP]) == 2
    output = capsys.readouterr().out
    assert f'{invalid}:2:11: no template "streamng"' in output
    assert f"{tmp_path / 'none.yaml'}: file not found." in output
    assert f"{CRASH_LOOP}: no findings with Flink 2.3: 1 job, 8 state changes in 57.592s, " in output


def test_check_runs_each_release_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "check", CRASH_LOOP, "--flink", "1.20", "--flink", "1.20"]) == 0
    assert capsys.readouterr().out.count("no findings with Flink 1.20") == 1


def test_an_unknown_release_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "check", CRASH_LOOP, "--flink", "1.2"]) == 2
    assert "Unknown Flink release" in capsys.readouterr().err
    assert main(["scenario", "plan", CRASH_LOOP, "--flink", "1.2"]) == 2


@pytest.mark.parametrize(
    "content", ["\x00", "- a\n", "jobs: [\n", "jobs: {a: {lifecycle: []}}\n", "!!python/none\n", "&a [*a]\n"]
)
def test_check_and_plan_print_the_same_message_about_an_invalid_file(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(content)
    assert main(["scenario", "check", str(file)]) == 1
    assert main(["scenario", "plan", str(file)]) == 2
    output = capsys.readouterr()
    assert f"flinkmock: {output.out}" == output.err
    assert str(file) in output.err


def test_plan_prints_the_timeline(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "plan", CRASH_LOOP, "--until", "10s", "--flink", "1.15"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("crash loop\nFlink 1.15, seed 7, 1 TaskManager with 4 slots\n")
    assert "  4.575s  orders  RESTARTING" in output
    assert "14.575s" not in output


def test_plan_writes_svg_and_html(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option, prefix in (("--svg", "<svg "), ("--html", "<!doctype html>")):
        file = tmp_path / option
        assert main(["scenario", "plan", CRASH_LOOP, option, str(file)]) == 0
        assert file.read_text("utf-8").startswith(prefix)
    assert capsys.readouterr().out == ""
    assert main(["scenario", "plan", CRASH_LOOP, "--svg", str(tmp_path / "none" / "plan.svg")]) == 2
    assert "can't write the file: its folder does not exist." in capsys.readouterr().err


def test_the_option_until_must_be_a_duration(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["scenario", "plan", CRASH_LOOP, "--until", "soon"])
    assert caught.value.code == 2
    assert '"soon" is not a duration' in capsys.readouterr().err


def test_schema_prints_the_schema_in_the_repository(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "schema"]) == 0
    output = capsys.readouterr().out
    assert output == (ROOT / "schemas" / "scenario.schema.json").read_text("utf-8")
    assert "jobs" in json.loads(output)["properties"]
