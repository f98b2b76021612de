"""pytest plugin: the fixture `flinkmock`, a fake cluster of its own for each test.

    def test_polling(flinkmock):
        wait_until_finished(flinkmock.url)

    @pytest.mark.flinkmock("orders.yaml", flink=["1.20", "2.3"])
    async def test_orders(flinkmock): ...

pytest imports this file in every run, so nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from flinkmock.testing.mock import FlinkMock

MARKER = (
    "flinkmock(scenario=None, *, flink=None, seed=None, clock=None, port=0, dashboard=None): the cluster that the "
    "fixture `flinkmock` starts; a scenario's file is looked for beside the test, then where pytest was started; "
    "several releases in `flink` run the test once for each"
)
CLUSTERS = pytest.StashKey[list[FlinkMock]]()
"""The clusters that a test has started, while it runs."""


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "the Flink releases to run tests with a fake cluster against, e.g. 1.20,2.3; a test's own marker wins"
    parser.getgroup("flinkmock").addoption("--flinkmock-flink", metavar="RELEASES", help=text)
    parser.addini("flinkmock_flink", text)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "flinkmock_flink" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("flinkmock")
    asked = marker.kwargs.get("flink") if marker else None
    config = metafunc.config
    if asked is None:
        text = config.getoption("--flinkmock-flink") or config.getini("flinkmock_flink")
        asked = [release.strip() for release in str(text).split(",") if release.strip()]
    if asked and not isinstance(asked, str):
        metafunc.parametrize("flinkmock_flink", asked, indirect=True, ids=[f"flink-{release}" for release in asked])


@pytest.fixture
def flinkmock_flink(request: pytest.FixtureRequest) -> str | None:
    """The Flink release that this test's clusters serve; None: what the scenario says, else the newest."""
    release: str | None = getattr(request, "param", None)
    marker = request.node.get_closest_marker("flinkmock")
    return release or (marker.kwargs.get("flink") if marker else None)


@pytest.fixture
def flinkmock_factory(
    request: pytest.FixtureRequest, flinkmock_flink: str | None
) -> Iterator[Callable[..., FlinkMock]]:
    """Starts as many clusters as a test wants: `flinkmock_factory("orders.yaml", seed=7)`; they end with the test."""
    clusters = request.node.stash.setdefault(CLUSTERS, [])

    def start(scenario: Any = None, **options: Any) -> FlinkMock:
        options.setdefault("flink", flinkmock_flink)
        cluster = FlinkMock(beside_test(request, scenario), **options).start()
        clusters.append(cluster)
        return cluster

    yield start
    while clusters:
        clusters.pop().close()


@pytest.fixture
def flinkmock(request: pytest.FixtureRequest, flinkmock_factory: Callable[..., FlinkMock]) -> FlinkMock:
    """A fake Flink cluster (`FlinkMock`), started for this test and stopped after it."""
    marker = request.node.get_closest_marker("flinkmock")
    args, options = (marker.args, marker.kwargs) if marker else ((), {})
    return flinkmock_factory(*args, **{name: value for name, value in options.items() if name != "flink"})


@pytest.fixture(scope="session")
def flinkmock_session() -> Iterator[FlinkMock]:
    """One empty cluster on a real clock for the whole run (of each worker): for tests that only need some Flink."""
    with FlinkMock(clock="real") as cluster:
        yield cluster


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """What the scenario expects of clients is part of the test: unmet, it fails."""
    result = yield
    for cluster in item.stash.get(CLUSTERS, []):
        cluster.verify()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test tells what its clusters went through and what they were asked."""
    report = yield
    if report.when == "call" and report.failed:
        from flinkmock.testing.told import told

        for cluster in item.stash.get(CLUSTERS, []):
            report.sections.append(("flinkmock", told(cluster)))
    return report


def beside_test(request: pytest.FixtureRequest, scenario: Any) -> Any:
    """The scenario's file in the test's folder, if there is one."""
    if isinstance(scenario, str) and "\n" not in scenario:
        file = request.path.parent / scenario
        if file.is_file():
            return file
    return scenario
