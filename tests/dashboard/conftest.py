"""A browser for all tests of the session, and a fake cluster with the dashboard of one release.

Flink's jars are not part of the project. FLINKMOCK_DIST has the paths of flink-dist jars of any releases, or of folders
with one, separated as in PATH. Without it, an installed apache-flink-libraries is used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flinkmock import FlinkMock
from flinkmock.contract import Contract
from flinkmock.errors import DashboardMissing
from flinkmock.server import Dashboard
from tests.dashboard.browser import Browser, what_is_missing

Start = Callable[[str], FlinkMock]
RELEASES = ("2.3", "1.20", "1.12")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if missing := what_is_missing():
        pytest.skip(missing)
    if not any(_jar(minor) for minor in RELEASES):
        pytest.skip("no flink-dist jar: name one in FLINKMOCK_DIST, or install apache-flink-libraries")
    started = Browser(tmp_path_factory.mktemp("browser"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Starts a cluster of a release with its dashboard, once for each module. Skips the test if its jar is missing."""
    clusters: dict[str, FlinkMock] = {}

    def started(minor: str) -> FlinkMock:
        if minor not in clusters:
            jar = _jar(minor)
            if jar is None:
                pytest.skip(f"no flink-dist jar of Flink {minor}: name one in FLINKMOCK_DIST")
            scenario = Path(__file__).with_name("dashboard.yaml")
            clusters[minor] = FlinkMock(scenario, flink=minor, dashboard=jar).start()
        return clusters[minor]

    yield started
    for cluster in clusters.values():
        cluster.close()


def _jar(minor: str) -> str | None:
    release = Contract.load(minor).release
    for path in [*filter(None, os.environ.get("FLINKMOCK_DIST", "").split(os.pathsep)), "auto"]:
        try:
            if Dashboard.load(path, release):
                return path
        except DashboardMissing:
            pass  # it belongs to another release
    return None
