"""Runs the examples of docs/pytest.md, and checks that it documents everything that the plugin has."""

from __future__ import annotations

import inspect
import re
from itertools import takewhile

import pytest

from flinkmock import FlinkMock
from flinkmock.testing import plugin, plugin_settings
from tests.docs.pages import DOCS, Block, DocumentationPage
from tests.pytest_options import OPTIONS

PAGE = DocumentationPage(DOCS / "pytest.md")
BLOCKS = PAGE.blocks
TEST_INDEXES = [index for index, block in enumerate(BLOCKS) if block.language == "python"]


@pytest.mark.parametrize("index", TEST_INDEXES)
def test_a_block_has_the_documented_outcome(pytester: pytest.Pytester, index: int) -> None:
    """Run a Python block. A YAML or TOML block before it is its scenario or its settings; text blocks after it show
    the report of tests that fail.
    """
    previous = BLOCKS[index - 1] if index else Block("", "")
    is_scenario = previous.language == "yaml"
    (pytester.path / "orders.yaml").write_text(previous.text if is_scenario else "jobs: {orders: streaming}")
    if previous.language == "toml":
        pytester.makepyprojecttoml(previous.text)
    (pytester.path / "test_page.py").write_text(BLOCKS[index].text)
    result = pytester.runpytest_inprocess(*OPTIONS)
    outcomes = result.parseoutcomes()
    reports = list(takewhile(lambda block: block.language == "text", BLOCKS[index + 1 :]))
    if not reports:
        assert outcomes.keys() == {"passed"}
        return
    assert outcomes.keys() == {"failed"}
    result.stdout.fnmatch_lines([line.replace("[", "[[]") for report in reports for line in report.text.splitlines()])


def test_the_page_has_examples() -> None:
    assert len(TEST_INDEXES) >= 8
    assert "".join(PAGE.texts("python")).count("def test_") >= 12


def test_every_argument_of_the_marker_is_in_the_table() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", PAGE.text, re.MULTILINE))
    assert documented == set(plugin_settings.ARGUMENTS)
    parameters = inspect.signature(FlinkMock).parameters.keys()
    assert set(plugin_settings.ARGUMENTS) - {"unexpected", "unused", "ignored"} == parameters - {"scenario"}


def test_every_option_fixture_and_ini_value_is_documented(pytester: pytest.Pytester) -> None:
    help_text = pytester.runpytest_inprocess(*OPTIONS, "--help").stdout.str()
    ini_values = set(re.findall(r"^ +(flinkmock_\w+) \(", help_text, re.MULTILINE))
    options = set(re.findall(r"--flinkmock-\w+", help_text))
    fixtures = {name for name in vars(plugin) if name.startswith("flinkmock")}
    assert (len(ini_values), len(options), len(fixtures)) == (8, 2, 5)
    for name in ini_values | options | fixtures:
        assert re.search(rf"`?{name}\b", PAGE.text), name
