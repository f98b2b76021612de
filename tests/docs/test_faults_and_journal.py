"""Runs the examples of docs/faults-and-journal.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flinkmock.faults import Corruption, Drop, NamedReply
from flinkmock.scenario import load_scenario

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults-and-journal.md").read_text("utf-8")
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "scenario.schema.json").read_text("utf-8"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_scenario_loads() -> None:
    spec = load_scenario(blocks("yaml")[0])
    assert [fault.name for fault in spec.faults] == [
        "leader election",
        "savepoint taken, trigger id lost",
        "slow overview",
    ]
    assert len(spec.expect) == 2


@pytest.mark.parametrize("code", blocks("python"))
def test_an_example_runs(code: str) -> None:
    exec(compile(code, "faults-and-journal.md", "exec"), {})


def test_the_tables_have_every_key_of_a_fault() -> None:
    keys = set(SCHEMA["$defs"]["fault"]["properties"]) - {"name"}
    assert keys == {key for key in keys if f"`{key}: " in PAGE}


def test_the_tables_have_every_kind_of_fault() -> None:
    for kind in (*Drop, *NamedReply, *Corruption):
        assert kind.value in PAGE, kind
