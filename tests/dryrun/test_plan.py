"""The plan of each built-in scenario is in `plans/`, as `flinkmock scenario plan` prints it. The documentation has
pictures of three of them.

`FLINKMOCK_UPDATE=1 pytest tests/dryrun` writes new and changed plans. Read the difference: it is what users will see.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flinkmock.dryrun.html_page import plan_as_html
from flinkmock.dryrun.plan import plan_file
from flinkmock.dryrun.svg import plan_as_svg
from flinkmock.dryrun.table import plan_as_text
from flinkmock.palette import STATE_COLOURS

ROOT = Path(__file__).parents[2]
BUILT_IN_SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))
PLANS_FOLDER = Path(__file__).parent / "plans"
PICTURED_SCENARIOS = ("crash-loop", "leader-change", "rolling-upgrade")
SVG_NAMESPACE = "{http://www.w3.org/2000/svg}"


def expected_text(file: Path, text: str) -> str:
    """Return the content of a file; with FLINKMOCK_UPDATE, write the text to it first."""
    if os.environ.get("FLINKMOCK_UPDATE"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert file.exists(), f"{file.name} is missing; see the top of this module"
    return file.read_text("utf-8")


@pytest.mark.parametrize("file", BUILT_IN_SCENARIOS, ids=lambda file: file.stem)
def test_the_plan_of_a_built_in_scenario_is_current(file: Path) -> None:
    text = plan_as_text(plan_file(file))
    assert text == expected_text(PLANS_FOLDER / f"{file.stem}.plan.txt", text)


def test_no_plan_file_is_unused() -> None:
    assert {file.name.removesuffix(".plan.txt") for file in PLANS_FOLDER.iterdir()} == {
        file.stem for file in BUILT_IN_SCENARIOS
    }


@pytest.mark.parametrize("name", PICTURED_SCENARIOS)
def test_the_pictures_of_the_documentation_are_current(name: str) -> None:
    drawn = plan_as_svg(plan_file(ROOT / "scenarios" / f"{name}.yaml"))
    assert drawn == expected_text(ROOT / "docs" / "plans" / f"{name}.svg", drawn)


@pytest.mark.parametrize("file", BUILT_IN_SCENARIOS, ids=lambda file: file.stem)
def test_a_picture_loads_nothing_and_shows_every_job(file: Path) -> None:
    plan = plan_file(file)
    text = plan_as_svg(plan)
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG_NAMESPACE}svg"
    drawn_texts = [(element.text or "").rstrip("…") for element in root.iter(f"{SVG_NAMESPACE}text")]
    for lane in plan.timeline.lanes:
        assert any(drawn_text and lane.name.startswith(drawn_text) for drawn_text in drawn_texts)
    assert not re.findall(r"<script|@import|url\((?!#)|href=", text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme:dark" in text


def test_names_are_escaped(tmp_path: Path) -> None:
    name = "<script>alert('&')</script>"
    file = tmp_path / "odd.yaml"
    file.write_text(
        f'name: "{name}"\njobs:\n  "{name}":\n    lifecycle: [RUNNING: 5s, FAILING: 1s, FAILED]\n'
        f'faults: [{{name: "{name}", match: GET /jobs, during: 1s..5s, delay: 1s}}]\n'
        'submitted: {"<a&b>-*.jar": batch}\n'
    )
    plan = plan_file(file)
    for text in (plan_as_svg(plan), plan_as_html(plan)):
        assert "<script" not in text
    titles = [element.text or "" for element in ElementTree.fromstring(plan_as_svg(plan)).iter(f"{SVG_NAMESPACE}title")]
    assert any(title.startswith("RUNNING from 0.0s") for title in titles)


def test_a_plan_shows_only_durations_that_the_scenario_sets(tmp_path: Path) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text("operations: {savepoint: {fails: [1]}, cancel: {}, checkpoint: 1s}\njobs: {orders: streaming}\n")
    assert plan_file(file).operations == (
        ("savepoint", "call 1 fails"),
        ("cancel", "default duration"),
        ("checkpoint", "duration 1s"),
    )


def test_the_html_page_has_the_picture_and_the_text() -> None:
    plan = plan_file(ROOT / "scenarios" / "crash-loop.yaml")
    text = plan_as_html(plan)
    assert plan_as_svg(plan) in text
    assert "repeats RUNNING 4s..8s, RESTARTING 10s" in text


def test_the_same_scenario_is_drawn_with_the_same_bytes() -> None:
    file = ROOT / "scenarios" / "fails-for-good.yaml"
    assert plan_as_svg(plan_file(file)) == plan_as_svg(plan_file(file))


def test_the_name_of_a_state_is_readable_on_its_colour() -> None:
    """WCAG requires a contrast of at least 3 for graphics and large text."""
    for state, colour in STATE_COLOURS.items():
        for background in (colour.light, colour.dark):
            assert contrast(colour.text, background) >= 3, (state, background)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (`#rrggbb`), from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (`#rrggbb`), from 0 to 1."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
