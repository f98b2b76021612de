"""The plan of each built-in scenario is in `plans/`, as `flinkmock scenario plan` prints it. Three have their
picture in the documentation.

`FLINKMOCK_UPDATE=1 pytest tests/dryrun` writes new and changed plans. Read the difference: it is what users will see.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flinkmock.dryrun.html import page
from flinkmock.dryrun.plan import plan
from flinkmock.dryrun.svg import svg
from flinkmock.dryrun.table import table
from flinkmock.palette import STATES

ROOT = Path(__file__).parents[2]
BUILT_IN = sorted((ROOT / "scenarios").glob("*.yaml"))
PLANS = Path(__file__).parent / "plans"
PICTURES = ("crash-loop", "leader-change", "rolling-upgrade")
SVG = "{http://www.w3.org/2000/svg}"


def golden(file: Path, text: str) -> str:
    """Return the content of the file; with FLINKMOCK_UPDATE, write the text to it first."""
    if os.environ.get("FLINKMOCK_UPDATE"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert file.exists(), f"{file.name} is missing; see the top of this test"
    return file.read_text("utf-8")


@pytest.mark.parametrize("file", BUILT_IN, ids=lambda file: file.stem)
def test_the_plan_of_a_built_in_scenario(file: Path) -> None:
    text = table(plan(file))
    assert text == golden(PLANS / f"{file.stem}.plan.txt", text)


def test_no_plan_file_is_unused() -> None:
    assert {file.name.removesuffix(".plan.txt") for file in PLANS.iterdir()} == {file.stem for file in BUILT_IN}


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_of_the_documentation_are_current(name: str) -> None:
    drawn = svg(plan(ROOT / "scenarios" / f"{name}.yaml"))
    assert drawn == golden(ROOT / "docs" / "plans" / f"{name}.svg", drawn)


@pytest.mark.parametrize("file", BUILT_IN, ids=lambda file: file.stem)
def test_a_picture_has_no_resources_and_shows_every_job(file: Path) -> None:
    scenario_plan = plan(file)
    text = svg(scenario_plan)
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    written = [element.text for element in root.iter(f"{SVG}text")]
    for lane in scenario_plan.timeline.lanes:
        assert any(word is not None and word.rstrip("…") == lane.name[: len(word.rstrip("…"))] for word in written)
    assert not re.findall(r"<script|@import|url\((?!#)|href=", text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme:dark" in text


def test_names_are_escaped(tmp_path: Path) -> None:
    name = "<script>alert('&')</script>"
    file = tmp_path / "odd.yaml"
    file.write_text(f'name: "{name}"\njobs:\n  "{name}":\n    lifecycle: [RUNNING: 5s, FAILING: 1s, FAILED]\n')
    scenario_plan = plan(file)
    for text in (svg(scenario_plan), page(scenario_plan)):
        assert "<script" not in text
    titles = [element.text or "" for element in ElementTree.fromstring(svg(scenario_plan)).iter(f"{SVG}title")]
    assert any(title.startswith("RUNNING from 0.0s") for title in titles)


def test_a_page_has_the_picture_and_the_text(tmp_path: Path) -> None:
    scenario_plan = plan(ROOT / "scenarios" / "crash-loop.yaml")
    text = page(scenario_plan)
    assert svg(scenario_plan) in text
    assert "repeats RUNNING 4s..8s, RESTARTING 10s" in text


def test_the_same_scenario_is_drawn_with_the_same_bytes() -> None:
    file = ROOT / "scenarios" / "fails-for-good.yaml"
    assert svg(plan(file)) == svg(plan(file))


def test_text_on_a_state_can_be_read() -> None:
    """The contrast of a state's name and its colour is at least 3, in light and dark (WCAG, for graphics)."""
    for state, colour in STATES.items():
        for ground in (colour.light, colour.dark):
            assert contrast(colour.text, ground) >= 3, (state, ground)


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
