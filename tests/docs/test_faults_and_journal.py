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
    first, *_ = map(load_scenario, blocks("yaml"))
    spec = first
    assert [fault.name for fault in spec.faults] == [
        "leader election",
        "savepoint taken, trigger id lost",
        "slow overview",
    ]
    assert len(spec.expect) == 2


@pytest.mark.parametrize("code", blocks("python"))
def test_an_example_runs(code: str) -> None:
    exec(compile(code, "faults-and-journal.md", "exec"), {})


def test_every_word_of_a_fault_is_in_the_tables() -> None:
    words = set(SCHEMA["$defs"]["fault"]["properties"]) - {"name"}
    assert words == {word for word in words if f"`{word}: " in PAGE}


def test_every_kind_is_in_the_tables() -> None:
    for kind in (*Drop, *NamedReply, *Corruption):
        assert kind.value in PAGE, kind
