"""Runs the examples of docs/faults-and-journal.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flinkmock.faults import CorruptionKind, Drop, PredefinedReply
from flinkmock.scenario import load_scenario
from tests.docs.pages import ROOT, DocumentationPage

PAGE = DocumentationPage(ROOT / "docs" / "faults-and-journal.md")
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "scenario.schema.json").read_text("utf-8"))


def test_the_first_scenario_loads() -> None:
    scenario = load_scenario(PAGE.texts("yaml")[0])
    assert [fault.name for fault in scenario.faults] == [
        "leader election",
        "savepoint taken, trigger id lost",
        "slow overview",
    ]
    assert len(scenario.expect) == 2


@pytest.mark.parametrize("code", PAGE.texts("python"))
def test_an_example_runs(code: str) -> None:
    exec(compile(code, "faults-and-journal.md", "exec"), {})


def test_the_tables_have_every_key_of_a_fault() -> None:
    keys = set(SCHEMA["$defs"]["fault"]["properties"]) - {"name"}
    assert keys == {key for key in keys if f"`{key}: " in PAGE.text}


def test_the_tables_have_every_kind_of_fault() -> None:
    for kind in (*Drop, *PredefinedReply, *CorruptionKind):
        assert kind.value in PAGE.text, kind
