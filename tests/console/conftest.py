"""A browser for all tests of the session, and a cluster with its console open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flinkmock import FlinkMock
from tests.console.page import ConsolePage
from tests.dashboard.browser import Browser, missing_requirement

SCENARIO = Path(__file__).with_name("scenario.yaml")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if missing := missing_requirement():
        pytest.skip(missing)
    chromium = Browser(tmp_path_factory.mktemp("browser"))
    yield chromium
    chromium.close()


@pytest.fixture
def flink() -> Iterator[FlinkMock]:
    cluster = FlinkMock(SCENARIO).start()  # not a `with` block, because the expectation is not met
    yield cluster
    cluster.close()


@pytest.fixture
def console(browser: Browser, flink: FlinkMock) -> Iterator[ConsolePage]:
    page = ConsolePage(browser, flink.url)
    page.open()
    yield page
    browser.driver.get("about:blank")
    assert page.foreign_requests == []
