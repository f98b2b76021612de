"""pytest plugin: the fixture `flinkmock`, a fake cluster of its own for each test.

    def test_polling(flinkmock):
        wait_until_finished(flinkmock.url)

    @pytest.mark.flinkmock("orders.yaml", flink="1.20")
    async def test_orders(flinkmock): ...

pytest imports this file in every run, so nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flinkmock.testing.mock import FlinkMock

MARKER = (
    "flinkmock(scenario=None, *, flink=None, seed=None, clock=None, port=0, dashboard=None): the cluster that the "
    "fixture `flinkmock` starts; a scenario's file is looked for beside the test, then where pytest was started"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def flinkmock(request: pytest.FixtureRequest) -> Iterator[FlinkMock]:
    """A fake Flink cluster (`FlinkMock`), started for this test and stopped after it."""
    marker = request.node.get_closest_marker("flinkmock")
    args, options = (marker.args, marker.kwargs) if marker else ((), {})
    with FlinkMock(*(beside_test(request, argument) for argument in args), **options) as cluster:
        yield cluster


def beside_test(request: pytest.FixtureRequest, scenario: Any) -> Any:
    """The scenario's file in the test's folder, if there is one."""
    if isinstance(scenario, str) and "\n" not in scenario:
        file = request.path.parent / scenario
        if file.is_file():
            return file
    return scenario
