"""Run the examples of docs/time.md. The rows of its tables are tests/server/test_default_clock.py and
tests/testing/test_cluster_time.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pytest_options import OPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "time.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_behaves_as_documented(pytester: pytest.Pytester, number: int) -> None:
    (pytester.path / "test_page.py").write_text(BLOCKS[number])
    result = pytester.runpytest_inprocess(*OPTIONS)
    assert result.parseoutcomes() == {"passed": BLOCKS[number].count("def test_")}


def test_the_page_has_examples() -> None:
    assert len(BLOCKS) == 5
