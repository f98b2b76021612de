"""`flinkmock diff`."""

from __future__ import annotations

import json

import pytest

from flinkmock.cli import main


def diff(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert main(["diff", *args]) == 0
    return capsys.readouterr().out


def test_a_table_marks_breaking_changes(capsys: pytest.CaptureFixture[str]) -> None:
    lines = diff(capsys, "1.20", "2.3").splitlines()
    heading_index = lines.index("GET /jobs/:jobid/exceptions")
    assert lines[heading_index + 1].split() == [
        "!",
        "2.0",
        "response",
        ".root-exception",
        "removed",
        "(was",
        "string",
        "or",
        "null)",
    ]
    description = "the file is a serialized ExecutionPlan; before, a JobGraph"
    assert any(line.startswith("  !  2.0  behaviour ") and line.endswith(description) for line in lines)


def test_the_option_breaking_lists_only_breaking_changes(capsys: pytest.CaptureFixture[str]) -> None:
    text = diff(capsys, "1.20", "2.3", "--breaking")
    assert "program-args" in text
    assert "stream-graph" not in text
    assert "404 for an unknown operator; before, 500" in text
    assert "the newest job is first" not in text


def test_changes_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(diff(capsys, "2.2", "2.3", "--format", "json"))
    assert (report["from"], report["to"]) == ("2.2", "2.3")
    added = [change["where"] for change in report["changes"] if change["part"] == "operation"]
    assert len(added) == 11
    assert "POST /jars/:jarid/run-application" in added
    [behaviour_change] = [
        change for change in report["changes"] if change["where"] == "GET /jobs/overview" and not change["field"]
    ]
    assert (behaviour_change["what"], behaviour_change["words"]) == (
        "behaviour",
        "the newest job is first; before, in no order",
    )
    assert (behaviour_change["since"], behaviour_change["breaking"]) == ("2.3", False)


def test_changes_are_printed_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = diff(capsys, "1.12", "1.13", "--format", "markdown").splitlines()
    assert lines[:2] == ["# Flink 1.12 → 1.13", ""]
    assert "| `POST /jobs/:jobid/stop` | request .drain | may be null; may be missing | 1.13 |  |" in lines


def test_releases_without_differences_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(capsys, "2.1", "2.2") == "No difference between Flink 2.1 and 2.2.\n"


@pytest.mark.parametrize(
    ("args", "message"), [(("2.3", "1.20"), "not later"), (("2.3", "2.4"), "Unknown Flink release")]
)
def test_invalid_releases_are_rejected(capsys: pytest.CaptureFixture[str], args: tuple[str, str], message: str) -> None:
    assert main(["diff", *args]) == 2
    assert message in capsys.readouterr().err


def test_changes_are_described_as_a_client_sees_them(capsys: pytest.CaptureFixture[str]) -> None:
    text = diff(capsys, "1.18", "1.20")
    assert "fields of a body that Flink does not know are ignored; before, 400" in text
    assert "object, open" not in text  # that an object may have more properties is not a change for clients
    assert "request as a whole         an object instead of an integer" in text
    assert "query parameter agg  accepts skew" in text
