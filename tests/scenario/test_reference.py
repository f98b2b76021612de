"""docs/scenario-language.md is up to date with the schema."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flinkmock.cluster.states import JOB_STATES
from flinkmock.scenario import ScenarioError, load_scenario
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import parse_yaml
from flinkmock.scenario.reference import reference
from flinkmock.scenario.schema import load_schema
from tests.scenario.test_schema import subschemas

PAGE = Path(__file__).parents[2] / "docs" / "scenario-language.md"


def test_the_page_agrees_with_the_schema() -> None:
    assert PAGE.read_text("utf-8") == reference(), (
        "run: python -m flinkmock.scenario.reference > docs/scenario-language.md"
    )


def test_every_key_has_a_description() -> None:
    text = reference()
    schema = load_schema()
    for part in (schema, *schema["$defs"].values()):
        for key in part.get("properties", {}):
            if not key.startswith("$"):
                assert re.search(rf"^\| `{re.escape(key)}` \| .+ \| \S.* \|$", text, re.MULTILINE), key


def test_every_link_within_the_page_leads_to_a_section() -> None:
    text = reference()
    titles = {line[3:].lower().replace(" ", "-") for line in text.splitlines() if line.startswith("## ")}
    assert set(re.findall(r"\(#([\w-]+)\)", text)) <= titles


def test_every_mapping_with_fixed_keys_has_a_section() -> None:
    unlinked = [
        path
        for path, subschema in subschemas(load_schema())
        if "properties" in subschema and path != "" and not re.fullmatch(r"/\$defs/\w+", path)
    ]
    assert not unlinked


def test_every_example_on_the_page_is_an_example_of_the_schema() -> None:
    expected = [example for _, subschema in subschemas(load_schema()) for example in subschema.get("examples", ())]
    example_lists = re.findall(r"Example: (`[^`]+`(?:, `[^`]+`)*)", reference())
    diagnostics = Diagnostics()
    for example in re.findall(r"`([^`]+)`", " ".join(example_lists)):
        assert parse_yaml(f"example: {example}", "examples.yaml", diagnostics).to_python()["example"] in expected


@pytest.mark.parametrize("scheduler", ["default", "adaptive"])
def test_the_states_that_can_be_first_are_those_of_the_scheduler(scheduler: str) -> None:
    table = reference().split("| can be first |")[1 if scheduler == "default" else 2]
    rows = re.findall(r"^\| ([A-Z]+) \| (yes|no) \|", table, re.MULTILINE)
    assert len(rows) == len(JOB_STATES)
    for state, can_be_first in rows:
        text = f"cluster: {{config: {{jobmanager.scheduler: {scheduler}}}}}\njobs: {{orders: {{lifecycle: [{state}]}}}}"
        try:
            load_scenario(text)
        except ScenarioError as error:
            assert (can_be_first == "no") == ("a Flink job never starts in" in str(error)), state
        else:
            assert can_be_first == "yes", state
