"""A browser for all tests of the session, and a fake cluster with the dashboard of one release.

Flink's jars are not part of the project. FLINKMOCK_DIST has the paths of flink-dist jars of any releases, or of folders
that contain one, separated as in PATH. If there is none of a release, the tests use an installed apache-flink-libraries
or what `flinkmock dashboard fetch` has downloaded.
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
from tests.dashboard.browser import Browser, missing_requirement

StartCluster = Callable[[str], FlinkMock]
RELEASES = ("2.3", "1.20", "1.12")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if missing := missing_requirement():
        pytest.skip(missing)
    if not any(_dashboard_path(release) for release in RELEASES):
        pytest.skip("no flink-dist jar: name one in FLINKMOCK_DIST, or install apache-flink-libraries")
    chromium = Browser(tmp_path_factory.mktemp("browser"))
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def start_cluster() -> Iterator[StartCluster]:
    """Return a function that starts a cluster of a release with its dashboard, or returns the running one.

    It skips the test if there is no jar of the release.
    """
    clusters: dict[str, FlinkMock] = {}

    def start(release: str) -> FlinkMock:
        if release not in clusters:
            dashboard = _dashboard_path(release)
            if dashboard is None:
                pytest.skip(f"no flink-dist jar of Flink {release}: name one in FLINKMOCK_DIST")
            scenario = Path(__file__).with_name("dashboard.yaml")
            clusters[release] = FlinkMock(scenario, flink=release, dashboard=dashboard).start()
        return clusters[release]

    yield start
    for cluster in clusters.values():
        cluster.close()


def _dashboard_path(minor: str) -> str | None:
    """Return the path of the dashboard of a release, or "auto" if it is installed or in the cache; None without one."""
    release = Contract.load(minor).release
    for path in [*filter(None, os.environ.get("FLINKMOCK_DIST", "").split(os.pathsep)), "auto"]:
        try:
            if Dashboard.load(path, release):
                return path
        except DashboardMissing:
            pass  # there is none, or it belongs to another release
    return None
