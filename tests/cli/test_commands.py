"""Short tests of several commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flinkmock import FlinkMock, __version__, known_releases
from flinkmock.cli import main
from flinkmock.cli.arguments import positive_duration

OPENAPI = {
    "openapi": "3.0.1",
    "info": {"title": "Flink JobManager REST API", "version": "v1/2.4"},
    "paths": {
        "/overview": {
            "get": {
                "operationId": "getClusterOverview",
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Overview"}}}}
                },
            }
        }
    },
    "components": {"schemas": {"Overview": {"type": "object", "properties": {"slots-total": {"type": "integer"}}}}},
}


def test_releases_are_listed_newest_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["releases"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(reversed(known_releases()))
    assert lines[0].split() == ["2.3", "as", "2.3.0", "97", "operations"]


def test_check_finds_nothing_in_a_fake_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    with FlinkMock(flink="1.18") as cluster:
        assert main(["check", cluster.url]) == 0
    assert "as Flink 1.18:" in capsys.readouterr().out


def test_check_finds_differences_from_another_release(capsys: pytest.CaptureFixture[str]) -> None:
    with FlinkMock(flink="1.12") as cluster:
        assert main(["check", cluster.url, "--flink", "2.3"]) == 1
    assert "findings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "http://127.0.0.1:1"], "flinkmock: No response from http://127.0.0.1:1/config"),
        (["check", "http://127.0.0.1:1", "--flink", "3"], "flinkmock: Unknown Flink release '3'."),
        (["import", "nowhere.yml", "--flink", "2.4.0"], "flinkmock: nowhere.yml: "),
    ],
)
def test_an_error_gets_a_message(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(message)


@pytest.mark.parametrize("arguments", [[], ["sing"], ["check"], ["import"], ["import", "x"]])
def test_an_invalid_command_line_prints_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: flinkmock")


def test_a_release_is_imported_from_an_openapi_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rest.yml").write_text(json.dumps(OPENAPI))
    release_file = tmp_path / "2.4.json"
    arguments = ["import", str(tmp_path / "rest.yml"), "--flink", "2.4.0", "--out", str(release_file)]
    assert main([*arguments, "--commit", "abcdef0"]) == 0
    written = json.loads(release_file.read_text())
    assert (written["flink"], written["commit"]) == ("2.4.0", "abcdef0")
    assert "getClusterOverview" in {operation["id"] for operation in written["operations"]}
    assert "operations of Flink 2.4.0" in capsys.readouterr().out


def test_a_file_without_operations_is_not_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.md"
    file.write_text("# nothing\n")
    assert main(["import", str(file), "--flink", "2.4.0", "--out", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.startswith(f"flinkmock: {file}: No operation found")
    assert not (tmp_path / "x").exists()


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"flinkmock {__version__}\n"


def test_a_closed_output_pipe_is_not_an_error() -> None:
    command = f"{sys.executable} -m flinkmock releases | head -1"
    completed = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr) == (0, "")


@pytest.mark.parametrize(
    ("duration", "message"),
    [
        ("90", '"90" has no unit of time. Write 90s, 90ms or 90m.'),
        ("soon", '"soon" is not a duration. Write 500ms, 3s, 2m30s, 1h or 1d.'),
        ("0", '"0" is too short. Write a duration above 0, such as 1s.'),
    ],
)
@pytest.mark.parametrize("option", ["--for", "--every"])
def test_record_rejects_invalid_durations(
    option: str, duration: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["record", "http://127.0.0.1:1", "-o", "out.yaml", option, duration])
    assert caught.value.code == 2
    assert f"argument {option}: {message}" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "ms"), [("500ms", 500), ("2min", 120_000), ("1d", 86_400_000), ("1m30s", 90_000)])
def test_positive_durations_are_read_in_ms(text: str, ms: int) -> None:
    assert positive_duration(text) == ms


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "--expect"], "flinkmock serve: error: unknown option --expect. It is called --verify now."),
        (["serve", "--watch"], "unknown option --watch. It is called --reload now."),
        (["check", "http://x", "--write", "a.jar"], "unknown option --write. It is called --run-jar now."),
        (["check", "http://x", "--mutating", "a.jar"], "unknown option --mutating. It is called --run-jar now."),
        (["check", "http://x", "--job", "f" * 32], "unknown option --job. It is called --cancel-job now."),
        (["record", "x", "-o", "y", "--scrub"], "unknown option --scrub. It is called --anonymize now."),
        (["serve", "--quite"], "unknown option --quite. Did you mean --quiet?"),
        (["scenario", "check", "a.yaml", "--flnk=2.3"], "scenario check: error: unknown option --flnk. Did you mean"),
        (["releases", "--all"], "unknown option --all.\n"),
    ],
)
def test_an_unknown_option_gets_a_suggestion_if_there_is_a_similar_option(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
