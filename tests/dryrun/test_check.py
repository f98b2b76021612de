"""`flinkmock scenario check` reports each file in `wrong/` with the message in the text file of the same name.

It reports nothing for the built-in scenarios.

`FLINKMOCK_UPDATE=1 pytest tests/dryrun` writes changed messages. Read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flinkmock.dryrun.check import check_file
from flinkmock.errors import ScenarioError, UnknownRelease
from flinkmock.rest.handlers import handlers

WRONG_FOLDER = Path(__file__).parent / "wrong"
WRONG_FILES = sorted(WRONG_FOLDER.glob("*.yaml"))
BUILT_IN_SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("file", WRONG_FILES, ids=lambda file: file.stem)
def test_the_message_for_a_wrong_file_is_current(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(WRONG_FOLDER)
    with pytest.raises(ScenarioError) as caught:
        check_file(Path(file.name))
    message = f"{caught.value}\n"
    expected_file = file.with_suffix(".txt")
    if os.environ.get("FLINKMOCK_UPDATE"):
        expected_file.write_text(message, "utf-8")
    assert message == expected_file.read_text("utf-8")


def test_no_message_file_is_unused() -> None:
    assert {file.stem for file in WRONG_FOLDER.glob("*.txt")} == {file.stem for file in WRONG_FILES}


@pytest.mark.parametrize(
    "file",
    [pytest.param(file, marks=pytest.mark.slow if file.stem == "large-cluster" else ()) for file in BUILT_IN_SCENARIOS],
    ids=lambda file: file.stem,
)
def test_a_built_in_scenario_has_no_findings(file: Path) -> None:
    (result,) = check_file(file)
    assert result.job_count > 0
    assert result.response_count > 50


@pytest.mark.parametrize("release", ["1.17", "2.3"])
def test_jobs_that_end_before_they_have_slots_have_no_findings(tmp_path: Path, release: str) -> None:
    file = tmp_path / "ends-early.yaml"
    file.write_text("""
cluster: {taskmanagers: 0, config: {jobmanager.scheduler: adaptive}}
jobs:
  failed: {lifecycle: [CREATED: 5s, FAILED]}
  canceled: {lifecycle: [CREATED: 5s, CANCELED]}
  suspended: {lifecycle: [CREATED: 5s, SUSPENDED]}
""")
    (result,) = check_file(file, [release])
    assert result.job_count == 3


def test_a_file_is_checked_with_each_release() -> None:
    file = next(file for file in BUILT_IN_SCENARIOS if file.stem == "crash-loop")
    older_result, newer_result = check_file(file, ["1.13", "2.3"])
    assert (older_result.release, newer_result.release) == ("1.13", "2.3")
    assert older_result.response_count < newer_result.response_count  # 1.13 has fewer operations
    with pytest.raises(UnknownRelease):
        check_file(file, ["0.9"])


def test_names_of_an_extended_file_may_be_unused(tmp_path: Path) -> None:
    base = "templates: {pipeline: {parallelism: 2}}\nexceptions: {oom: {class: java.lang.OutOfMemoryError}}\n"
    (tmp_path / "base.yaml").write_text(base)
    extending = tmp_path / "extending.yaml"
    extending.write_text("extends: base.yaml\njobs: {orders: streaming}\n")
    check_file(extending)
    with pytest.raises(ScenarioError, match='"pipeline" is never used'):
        check_file(tmp_path / "base.yaml")


def test_a_fault_that_serves_stale_responses_hides_only_faults_of_reads(tmp_path: Path) -> None:
    file = tmp_path / "stale.yaml"
    stale_fault = "jobs: {orders: streaming}\nfaults:\n  - {name: old, serve-stale: 5s}\n"
    file.write_text(stale_fault + "  - {match: POST /jars/upload, drop: reset}\n")
    check_file(file)
    file.write_text(stale_fault + "  - {match: GET /overview, drop: reset}\n")
    with pytest.raises(ScenarioError, match='the earlier fault "old" applies'):
        check_file(file)


def test_a_schema_violation_is_reported_at_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = handlers()["getJobVertexDetails"]
    monkeypatch.setitem(handlers(), "getJobVertexDetails", lambda call: {**handler(call), "maxParallelism": 2**40})
    file = tmp_path / "orders.yaml"
    file.write_text("jobs:\n  orders: streaming\n  clicks: streaming\n")
    with pytest.raises(ScenarioError) as caught:
        check_file(file)
    (finding,) = caught.value.mistakes  # both jobs have the same shape, so only one of them is checked
    assert finding.startswith(f"{file}:2:11: the response of GET /jobs/:jobid/vertices/:vertexid ")
    assert "/maxParallelism: range" in finding


def test_an_internal_error_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing_handler(call: object) -> object:
        raise ZeroDivisionError("nothing to divide by")

    monkeypatch.setitem(handlers(), "getClusterOverview", failing_handler)
    file = tmp_path / "orders.yaml"
    file.write_text("jobs: {orders: streaming}\n")
    with pytest.raises(
        ScenarioError, match="GET /overview is an internal error: ZeroDivisionError: nothing to divide by"
    ):
        check_file(file)
