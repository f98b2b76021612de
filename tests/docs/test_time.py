"""Runs the examples of docs/time.md.

The statements in its tables are tested by tests/server/test_default_clock.py and tests/testing/test_cluster_time.py.
"""

from __future__ import annotations

import pytest

from tests.docs.pages import DOCS, DocumentationPage
from tests.pytest_options import OPTIONS

EXAMPLES = DocumentationPage(DOCS / "time.md").texts("python")


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_passes(pytester: pytest.Pytester, number: int) -> None:
    (pytester.path / "test_page.py").write_text(EXAMPLES[number])
    result = pytester.runpytest_inprocess(*OPTIONS)
    assert result.parseoutcomes() == {"passed": EXAMPLES[number].count("def test_")}


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 5
