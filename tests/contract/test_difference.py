"""Changes between releases are those in evolution.md, which another program extracted from Flink's jars."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from flinkmock.contract import Contract, known_releases
from flinkmock.contract.behaviour_changes import BEHAVIOUR_CHANGES
from flinkmock.contract.contract import clear_release_cache
from flinkmock.contract.contract_change import ContractChange
from flinkmock.contract.difference import (
    behaviour_changes_between,
    changes_between,
    changes_by_release,
    difference,
)
from flinkmock.contract.operation import segments_without_names
from flinkmock.rest.release_quirks import ReleaseQuirks

ADJACENT_RELEASES = list(pairwise(known_releases()))


def expected_lines(newer: str) -> set[str]:
    """Return the changes of a release in evolution.md as lines: the operation, then the change."""
    text = (Path(__file__).parent / "evolution.md").read_text(encoding="utf-8")
    [section] = re.findall(rf"^### \S+ → {re.escape(newer)}\n(.*?)(?=^### |\Z)", text, re.M | re.S)
    lines, operation = set(), ""
    for line in filter(None, section.splitlines()):
        if line.startswith("  - "):  # a change of the operation in the last line without indentation
            lines.add(f"{operation} {line[4:]}")
        elif match := re.match(r"- \*\*(\w+)\*\* `(.*?)`: (.*)", line):  # - **added** `GET /path`: details
            lines.add(f"{match[2]} {match[1]}: {match[3]}".replace("`", ""))
        elif line.startswith("- Jackson feature"):
            lines.add(line[2:])
        elif line.startswith("- "):  # - `GET /path`
            operation = line[3:-1]
    return {line.replace("`", "") for line in lines if line != "No difference."}


def as_line(change: ContractChange) -> str:
    """Return a change as a line of `expected_lines`."""
    field = change.field or "(root)"
    if change.where == "*":
        return f"Jackson feature {field}: {change.words}"
    if change.part == "operation":
        text = f"{change.field}: {change.words}" if change.field else f"{change.kind}: {change.before or change.after}"
    elif change.kind == "order":
        text = f"{change.part} {change.words}"
    elif "parameter" in change.part and change.kind == "changed":
        text = f"{change.part} {change.field}: {change.words}"
    elif "parameter" in change.part:
        text = f"{change.part} {change.kind}: {change.field} ({change.before or change.after})"
    elif change.kind == "changed":
        text = f"{change.part} changed {field}: {change.words}"
    else:
        text = f"{change.part} {change.kind} {field} ({change.before or change.after})"
    return f"{change.where} {text}"


@pytest.mark.parametrize(("old", "new"), ADJACENT_RELEASES)
def test_changes_of_adjacent_releases_are_those_of_the_jars(old: str, new: str) -> None:
    lines = {as_line(change) for change in difference(Contract.load(old), Contract.load(new))}
    assert lines == expected_lines(new)


def test_evolution_md_lists_many_changes() -> None:
    assert sum(len(expected_lines(new)) for _, new in ADJACENT_RELEASES) > 340


def test_a_release_has_no_difference_from_itself() -> None:
    for release in known_releases():
        assert difference(Contract.load(release), Contract.load(release)) == []


def test_each_change_names_the_release_that_introduced_it() -> None:
    changes = {(change.where, change.part, change.field): change for change in changes_between("1.12", "2.3")}
    assert changes["GET /jobs/:jobid/exceptions", "response", ".all-exceptions"].since == "2.0"
    assert changes["GET /jobs/:jobid", "response", ".maxParallelism"].since == "1.13"
    assert changes["GET /jobs/:jobid/status", "operation", ""].since == "1.16"
    assert {change.since for change in changes.values()} == set(known_releases()) - {"1.12", "2.2"}


def breaking_changes(old: str, new: str) -> set[tuple[str, str]]:
    return {(change.where, change.field) for change in changes_between(old, new) if change.breaking}


def test_changes_that_break_clients_are_breaking() -> None:
    changes = breaking_changes("1.20", "2.3")
    assert ("GET /jobs/:jobid/exceptions", ".all-exceptions") in changes  # a removed field
    assert ("POST /jars/:jarid/run", "program-args") in changes  # a removed parameter
    assert ("POST /jobs", ".jobGraphFileName") not in changes  # Flink still reads the old name
    assert not any(field.startswith(".plan.") for _, field in changes)  # another class with the same values
    assert ("GET /jobs/:jobid", ".job-type") in changes  # can be null in the newer release
    assert ("GET /jobs/:jobid", ".vertices[].status") in breaking_changes("1.12", "1.13")  # a new state
    # The body is an object instead of a number.
    assert ("PATCH /jobs/:jobid/clientHeartbeat", "") in breaking_changes("1.19", "1.20")


def test_changes_that_do_not_break_clients_are_not_breaking() -> None:
    changes = breaking_changes("1.20", "2.3")
    assert ("GET /jobs/:jobid", ".stream-graph") not in changes  # an additional field
    assert ("POST /jobs/:jobid/coordinators/:operatorid", "") not in changes  # only the name of the parameter changed
    assert ("GET /applications/overview", "") not in changes
    assert breaking_changes("2.1", "2.2") == set()


def test_the_older_release_must_be_first() -> None:
    with pytest.raises(ValueError, match="not later"):
        changes_by_release("2.3", "1.20")


def test_behaviour_changes_name_existing_operations_and_are_sorted_by_release() -> None:
    paths = {operation.segments_without_names for release in known_releases() for operation in Contract.load(release)}
    for change in BEHAVIOUR_CHANGES:
        assert change.since in known_releases()[1:]
        assert all(
            where == "*" or segments_without_names(where.partition(" ")[2]) in paths for where in change.operations
        ), change
    release_indexes = [known_releases().index(change.since) for change in BEHAVIOUR_CHANGES]
    assert release_indexes == sorted(release_indexes)


def test_changes_of_behaviour_are_those_since_the_older_release() -> None:
    changes = behaviour_changes_between("1.16", "1.18")
    assert {change.since for change in changes} == {"1.17", "1.18"}
    [jar_plan, _] = [change for change in changes if "jar" in change.words]
    assert jar_plan.breaking
    assert str(jar_plan) == "GET /jars/:jarid/plan: behaviour: 500 for an unknown jar; before, 400"
    assert behaviour_changes_between("2.1", "2.2") == []


@pytest.mark.parametrize(
    ("field", "where"),
    [
        ("not_found_includes_path", "*"),
        ("lower_case_headers", "*"),
        ("strict_request_lines", "*"),
        ("preamble_is_skipped", "*"),
        ("null_body_checked_last", "*"),
        ("uploads_checked_before_routing", "*"),
        ("ended_job_is_conflict", "PATCH /jobs/:jobid"),
        ("trigger_named_in_text", "GET /jobs/:jobid/savepoints/:triggerid"),
        ("plan_reads_jar_at_once", "POST /jars/:jarid/plan"),
        ("file_of_unknown_taskmanager_is_404", "GET /taskmanagers/:taskmanagerid/log"),
        ("missing_taskmanager_file_is_wrapped", "GET /taskmanagers/:taskmanagerid/stdout"),
        ("unknown_coordinator_is_404", "POST /jobs/:jobid/coordinators/:operatorid"),
        ("number_errors_name_radix", "*"),
        ("null_pointers_explained", "*"),
        ("jackson_version", "*"),
    ],
)
def test_a_quirk_that_changes_is_listed_as_a_behaviour_change(field: str, where: str) -> None:
    for old, new in ADJACENT_RELEASES:
        before, after = (getattr(ReleaseQuirks.of(Contract.load(release).release), field) for release in (old, new))
        if before != after:
            assert where in {change.where for change in behaviour_changes_between(old, new)}, (field, new)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("enum A|B", "enum B|C", "-A, +C"),
        ("enum A|B, optional", "enum A|B|C or null", "+C; enum, optional → enum or null"),
        ("enum A|B", "enum A, mandatory", "-B; enum → enum, mandatory"),
        ("enum A|B", "enum A|B or null", "enum A|B → enum A|B or null"),
        ("object keyed by A", "object keyed by A|B", "keys +B"),
        ("object keyed by A or null", "object, open keyed by A|B", "keys +B; object or null → object, open"),
    ],
)
def test_changed_values_and_other_changes_are_both_shown(before: str, after: str, words: str) -> None:
    change = ContractChange(where="GET /x", part="response", kind="changed", before=before, after=after)
    assert change.words == words


def test_changes_are_those_of_the_present_schema_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change_count() -> int:
        return len(changes_by_release("2.2", "2.3")[0])

    bundled_count = change_count()
    document = dict(Contract.load("2.3").document)
    document["operations"] = document["operations"][1:]
    (tmp_path / "2.3.json").write_text(json.dumps(document))
    with monkeypatch.context() as context:
        context.setenv("FLINKMOCK_SCHEMAS", str(tmp_path))
        clear_release_cache()
        assert change_count() == bundled_count + 1
        document["operations"] = document["operations"][1:]
        (tmp_path / "2.3.json").write_text(json.dumps(document))
        clear_release_cache()
        assert change_count() == bundled_count + 2
    assert change_count() == bundled_count
