"""docs/scenario-language.md is up to date with the schema."""

from __future__ import annotations

import re
from pathlib import Path

from flinkmock.scenario.reference import reference
from flinkmock.scenario.schema import load_schema

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
