"""Run the examples of docs/pytest.md, and check that it documents everything that the plugin has."""

from __future__ import annotations

import inspect
import re
from itertools import takewhile
from pathlib import Path

import pytest

from flinkmock import FlinkMock
from flinkmock.testing import plugin, plugin_settings
from tests.pytest_options import OPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
TESTS = [index for index, (language, _) in enumerate(BLOCKS) if language == "python"]


@pytest.mark.parametrize("index", TESTS)
def test_a_block_has_the_documented_outcome(pytester: pytest.Pytester, index: int) -> None:
    _, code = BLOCKS[index]
    before, text = BLOCKS[index - 1] if index else ("", "")
    (pytester.path / "orders.yaml").write_text("jobs: {orders: streaming}")
    if before == "yaml":
        (pytester.path / "orders.yaml").write_text(text)
    if before == "toml":
        pytester.makepyprojecttoml(text)
    (pytester.path / "test_page.py").write_text(code)
    result = pytester.runpytest_inprocess(*OPTIONS)
    outcomes = result.parseoutcomes()
    expected = [text for _, text in takewhile(lambda block: block[0] == "text", BLOCKS[index + 1 :])]
    if not expected:
        assert outcomes.keys() == {"passed"}
        return
    assert outcomes.keys() == {"failed"}
    result.stdout.fnmatch_lines([line.replace("[", "[[]") for text in expected for line in text.splitlines()])


def test_every_block_that_can_be_run_is() -> None:
    assert len(TESTS) >= 8
    assert "".join(code for language, code in BLOCKS if language == "python").count("def test_") >= 12


def test_every_argument_of_the_marker_is_in_the_table() -> None:
    expected = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert expected == set(plugin_settings.ARGUMENTS)
    known = inspect.signature(FlinkMock).parameters.keys()
    assert set(plugin_settings.ARGUMENTS) - {"unexpected", "unused", "ignored"} == known - {"scenario"}


def test_every_option_fixture_and_ini_value_is_documented(pytester: pytest.Pytester) -> None:
    helped = pytester.runpytest_inprocess(*OPTIONS, "--help").stdout.str()
    names = set(re.findall(r"--flinkmock-\w+|^ +(flinkmock_\w+) \(", helped, re.MULTILINE)) - {""}
    options = set(re.findall(r"--flinkmock-\w+", helped))
    fixtures = {name for name in vars(plugin) if name.startswith("flinkmock")}
    assert len(names) == 8 and len(options) == 2 and len(fixtures) == 5
    for name in names | options | fixtures:
        assert re.search(rf"`?{name}\b", PAGE), name
