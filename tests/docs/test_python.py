"""Runs the examples of docs/python.md, and checks that it lists every public name."""

from __future__ import annotations

import inspect
import re

import pytest

import flinkmock
from flinkmock import strategies
from tests import httpx_timeout
from tests.docs.pages import DOCS, DocumentationPage
from tests.pytest_options import OPTIONS
from tests.timeouts import TEST_TIMEOUT_S

PAGE = DocumentationPage(DOCS / "python.md")
EXAMPLES = PAGE.texts("python")
NAMES = [name for name in flinkmock.__all__ if not name.startswith("_")]


@pytest.mark.slow
def test_the_examples_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(
        """
        [tool.pytest.ini_options]
        asyncio_mode = "auto"
        asyncio_default_fixture_loop_scope = "function"
        """
    )
    # if flinkmock is not an installed package, hypothesis reads all of its source in the first draw, which is slow
    pytester.makeconftest(
        """
        from hypothesis import HealthCheck, settings
        from httpx_timeout import set_default_timeout

        set_default_timeout(TEST_TIMEOUT_S)
        settings.register_profile("page", max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
        settings.load_profile("page")
        """.replace("TEST_TIMEOUT_S", str(TEST_TIMEOUT_S))
    )
    pytester.makepyfile(httpx_timeout=inspect.getsource(httpx_timeout))
    for number, example in enumerate(EXAMPLES):
        (pytester.path / f"test_example_{number}.py").write_text(example)
    test_count = sum(len(re.findall(r"^(?:async )?def test_", example, re.MULTILINE)) for example in EXAMPLES)
    result = pytester.runpytest_subprocess(*OPTIONS, "-pno:schemathesis", "-W", "error")
    result.assert_outcomes(passed=test_count + 1)  # one test is parametrized and runs twice


@pytest.mark.parametrize("name", [*NAMES, *strategies.__all__])
def test_every_public_name_is_in_a_table_and_in_an_example(name: str) -> None:
    rows = [line for line in PAGE.text.splitlines() if line.startswith("| ")]
    assert any(f"`{name}`" in row for row in rows), name
    value = getattr(flinkmock, name, None)
    if getattr(value, "__module__", "") not in ("flinkmock.errors", "flinkmock.cluster.errors"):
        assert any(re.search(rf"\b{name}\b", example) for example in EXAMPLES), name


def test_the_tables_have_only_public_names() -> None:
    cells = [line.split("|")[1] for line in PAGE.text.splitlines() if line.startswith(("| [", "| `"))]
    names = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert names - {*NAMES, *strategies.__all__} == set()
