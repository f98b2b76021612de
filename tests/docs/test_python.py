"""Run the examples of docs/python.md, and check that it lists every public name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import flinkmock
from flinkmock import strategies
from tests.pytest_options import OPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NAMES = [name for name in flinkmock.__all__ if not name.startswith("_")]


@pytest.mark.slow
def test_the_examples(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(
        """
        [tool.pytest.ini_options]
        asyncio_mode = "auto"
        asyncio_default_fixture_loop_scope = "function"
        """
    )
    # where flinkmock is not an installed package, hypothesis reads all of its source in the first draw
    pytester.makeconftest(
        """
        from hypothesis import HealthCheck, settings

        settings.register_profile("here", max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
        settings.load_profile("here")
        """
    )
    for number, block in enumerate(BLOCKS):
        (pytester.path / f"test_block_{number}.py").write_text(block)
    tests = sum(len(re.findall(r"^(?:async )?def test_", block, re.MULTILINE)) for block in BLOCKS)
    result = pytester.runpytest_subprocess(*OPTIONS, "-pno:schemathesis", "-W", "error")
    result.assert_outcomes(passed=tests + 1)  # one has two parameters


@pytest.mark.parametrize("name", [*NAMES, *strategies.__all__])
def test_every_public_name_is_in_a_table_and_in_an_example(name: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    assert any(f"`{name}`" in row for row in rows), name
    value = getattr(flinkmock, name, None)
    if getattr(value, "__module__", "") not in ("flinkmock.errors", "flinkmock.cluster.errors"):
        assert any(re.search(rf"\b{name}\b", block) for block in BLOCKS), name


def test_nothing_else_is_in_the_table() -> None:
    cells = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith(("| [", "| `"))]
    names = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert names - {*NAMES, *strategies.__all__} == set()
