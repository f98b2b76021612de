"""Each scenario in `wrong/` has mistakes; the messages about them are in the text file of the same name.

To update the messages: `FLINKMOCK_UPDATE=1 pytest tests/scenario/test_wrong_files.py`. Review the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flinkmock.errors import FlinkMockError
from flinkmock.scenario import ScenarioError, load_scenario

WRONG = Path(__file__).parent / "wrong"
FILES = sorted(WRONG.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_wrong_file_is_rejected_with_the_expected_messages(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(WRONG)
    with pytest.raises(ScenarioError) as error:
        load_scenario(file.name)
    messages = f"{error.value}\n".replace(str(WRONG), "wrong")
    expected = file.with_suffix(".txt")
    if os.environ.get("FLINKMOCK_UPDATE"):
        expected.write_text(messages, "utf-8")
    assert messages == expected.read_text("utf-8")


def test_each_wrong_file_has_a_message_file() -> None:
    assert {file.stem for file in WRONG.glob("*.txt")} == {file.stem for file in FILES}
    assert len(FILES) >= 60


def test_each_mistake_has_its_location_and_a_caret() -> None:
    with pytest.raises(ScenarioError) as error:
        load_scenario("jobs:\n  a: streamng\noperations:\n  savepoint: 3s\n  cancel: 1s\n")
    (mistake,) = error.value.mistakes
    message, line, caret = mistake.splitlines()
    assert message.startswith("<scenario>:2:6: ")
    assert line[caret.index("^") :] == "streamng"


def test_mistakes_in_a_mapping_are_located_by_path() -> None:
    with pytest.raises(ScenarioError) as error:
        load_scenario({"jobs": {"orders": {"lifecycle": [{"RUNNING": 3}, "FINISHED"], "vertices": [object]}}})
    assert error.value.mistakes == ("<scenario>: jobs.orders.vertices[0]: a scenario can't have a value of type type.",)
    with pytest.raises(ScenarioError) as error:
        load_scenario({"jobs": {"orders": {"lifecycle": [{"RUNNING": 3}, "FINISHED"]}}})
    assert error.value.mistakes == ("<scenario>: jobs.orders.lifecycle[0].RUNNING: 3 has no unit. Write 3s or 3ms.",)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_a_scenario_can_not_have_are_mistakes(number: float) -> None:
    with pytest.raises(ScenarioError) as error:
        load_scenario({"jobs": {"orders": {"vertices": [{"name": "source", "rate": number}]}}})
    assert error.value.mistakes == (
        f"<scenario>: jobs.orders.vertices[0].rate: a scenario can't have the number {number}.",
    )


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "none.yaml"
    with pytest.raises(ScenarioError) as error:
        load_scenario(file)
    assert str(error.value) == f"{file}: file not found."


def test_a_file_name_without_extension_is_an_error() -> None:
    with pytest.raises(ScenarioError, match=r"^<scenario>:1:1: .* the name of a file ends in \.yaml or \.yml\."):
        load_scenario("crash-loop")


def test_a_file_that_is_not_utf_8_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"name: caf\xe9\n")
    with pytest.raises(ScenarioError, match="the file is not UTF-8"):
        load_scenario(file)


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="can't read the file: Is a directory"):
        load_scenario(tmp_path)


@pytest.mark.parametrize("text", ["# " + "x" * 5_000_000, "# " + "é" * 9_000_000], ids=["ascii", "two bytes"])
def test_a_file_that_is_too_large_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "large.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ScenarioError, match="at most 4,194,304 characters"):
        load_scenario(file)


def test_at_most_50_mistakes_are_listed() -> None:
    with pytest.raises(ScenarioError) as error:
        load_scenario("jobs:\n" + "".join(f"  j{i}: nothing\n" for i in range(80)))
    assert len(error.value.mistakes) == 51
    assert error.value.mistakes[-1] == "… and 30 more."


def test_a_scenario_error_is_a_flinkmock_error_and_a_value_error() -> None:
    assert issubclass(ScenarioError, FlinkMockError)
    assert issubclass(ScenarioError, ValueError)
