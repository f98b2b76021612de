"""What `flinkmock scenario check` finds: each file in `wrong/` with the message that stands beside it, and nothing in
the ready scenarios.

To take over changed messages: `FLINKMOCK_UPDATE=1 pytest tests/dryrun`, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flinkmock.dryrun.check import check
from flinkmock.errors import ScenarioError, UnknownRelease

WRONG = Path(__file__).parent / "wrong"
FILES = sorted(WRONG.glob("*.yaml"))
READY = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_wrong_file_is_found_out_in_these_words(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(WRONG)
    with pytest.raises(ScenarioError) as found:
        check(Path(file.name))
    told = f"{found.value}\n"
    expected = file.with_suffix(".txt")
    if os.environ.get("FLINKMOCK_UPDATE"):
        expected.write_text(told, "utf-8")
    assert told == expected.read_text("utf-8")


def test_no_message_is_left_over() -> None:
    assert {file.stem for file in WRONG.glob("*.txt")} == {file.stem for file in FILES}


@pytest.mark.parametrize("file", READY, ids=lambda file: file.stem)
def test_nothing_is_wrong_with_a_ready_scenario(file: Path) -> None:
    (told,) = check(file)
    assert told.jobs > 0
    assert told.answers > 50


def test_a_file_is_played_as_each_release_that_is_asked_for() -> None:
    file = next(file for file in READY if file.stem == "crash-loop")
    older, newer = check(file, ["1.13", "2.3"])
    assert (older.flink, newer.flink) == ("1.13", "2.3")
    assert older.answers < newer.answers  # it has fewer operations
    with pytest.raises(UnknownRelease):
        check(file, ["0.9"])


def test_what_another_file_gives_need_not_be_used(tmp_path: Path) -> None:
    base = "templates: {pipeline: {parallelism: 2}}\nexceptions: {oom: {class: java.lang.OutOfMemoryError}}\n"
    (tmp_path / "base.yaml").write_text(base)
    above = tmp_path / "above.yaml"
    above.write_text("extends: base.yaml\njobs: {orders: streaming}\n")
    check(above)
    with pytest.raises(ScenarioError, match='"pipeline" is never used'):
        check(tmp_path / "base.yaml")


def test_an_old_answer_hides_no_fault_of_what_changes_something(tmp_path: Path) -> None:
    file = tmp_path / "stale.yaml"
    begin = "jobs: {orders: streaming}\nfaults:\n  - {name: old, serve-stale: 5s}\n"
    file.write_text(begin + "  - {match: POST /jars/upload, drop: reset}\n")
    check(file)
    file.write_text(begin + "  - {match: GET /overview, drop: reset}\n")
    with pytest.raises(ScenarioError, match='"old" stands before it'):
        check(file)


def test_an_answer_that_breaks_the_contract_is_told_at_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flinkmock.rest.handlers import HANDLERS

    good = HANDLERS["getJobVertexDetails"]
    monkeypatch.setitem(HANDLERS, "getJobVertexDetails", lambda call: {**good(call), "maxParallelism": 2**40})
    file = tmp_path / "orders.yaml"
    file.write_text("jobs:\n  orders: streaming\n  clicks: streaming\n")
    with pytest.raises(ScenarioError) as found:
        check(file)
    (mistake,) = found.value.mistakes  # both jobs have one shape, so one of them was asked about
    assert mistake.startswith(f"{file}:2:11: the answer to GET /jobs/:jobid/vertices/:vertexid ")
    assert "/maxParallelism: range" in mistake


def test_an_answer_that_can_not_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flinkmock.rest.handlers import HANDLERS

    def broken(call: object) -> object:
        raise ZeroDivisionError("nothing to divide by")

    monkeypatch.setitem(HANDLERS, "getClusterOverview", broken)
    file = tmp_path / "empty.yaml"
    file.write_text("jobs: {orders: streaming}\n")
    with pytest.raises(ScenarioError, match="GET /overview can't be made: ZeroDivisionError: nothing to divide by"):
        check(file)
