"""The pytest plugin, in separate test runs."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.pytest_options import NO_OTHER_PLUGINS, OPTIONS


def test_each_test_gets_its_own_cluster(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests

        urls = set()

        def test_one(flinkmock):
            urls.add(flinkmock.url)
            assert requests.get(flinkmock.url + "/jobs").json() == {"jobs": []}

        def test_two(flinkmock):
            urls.add(flinkmock.url)
            assert requests.get(flinkmock.url + "/jobs").json() == {"jobs": []}

        def test_both_clusters_are_closed():
            for url in urls:
                try:
                    requests.get(url)
                except requests.ConnectionError:
                    continue
                raise AssertionError(url)
        """
    )
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=3)


def test_the_marker_configures_the_cluster(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = --strict-markers\nasyncio_mode = auto\n")
    folder = pytester.mkdir("nested")
    (folder / "orders.yaml").write_text("jobs: {orders: streaming}\n")
    (folder / "test_nested.py").write_text(
        """
import aiohttp, pytest, requests

def get(url):
    return requests.get(url).json()

@pytest.mark.flinkmock("orders.yaml", flink="1.20", seed=7, clock="virtual")
def test_a_file_beside_the_test(flinkmock):
    assert get(flinkmock.url + "/config")["flink-version"] == "1.20.5"
    assert [job["name"] for job in get(flinkmock.url + "/jobs/overview")["jobs"]] == ["orders"]
    assert flinkmock.clock.text == "virtual"

@pytest.mark.flinkmock({"jobs": {"report": "batch"}})
async def test_async(flinkmock):
    async with aiohttp.ClientSession(flinkmock.url) as session, session.get("/jobs/overview") as response:
        assert [job["name"] for job in (await response.json())["jobs"]] == ["report"]

@pytest.mark.flinkmock(flink="1.12")
class TestClass:
    def test_the_marker_of_the_class(self, flinkmock):
        assert get(flinkmock.url + "/config")["flink-version"] == "1.12.5"

    @pytest.mark.flinkmock(flink="2.0")
    def test_the_nearest_marker_wins(self, flinkmock):
        assert get(flinkmock.url + "/config")["flink-version"] == "2.0.2"
"""
    )
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=4)


def test_the_marker_is_documented(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess(*OPTIONS, "--markers").stdout.fnmatch_lines(["@pytest.mark.flinkmock(scenario=None,*"])


@pytest.mark.parametrize(
    ("mode", "marker"),
    [("strict", "asyncio"), ("auto", "asyncio"), ("strict", "anyio")],
    ids=["pytest-asyncio", "pytest-aiohttp", "anyio"],
)
def test_async_tests_use_the_same_fixtures_and_fail_for_unmatched_requests(
    pytester: pytest.Pytester, mode: str, marker: str
) -> None:
    pytester.makepyfile(
        f"""
        import aiohttp, httpx, pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.{marker}
        @pytest.mark.flinkmock(flink=["1.12", "2.3"])
        async def test_it(flinkmock, flinkmock_session):
            async with httpx.AsyncClient(base_url=flinkmock.url) as client:
                assert (await client.get("/jobs")).json() == {{"jobs": []}}
            async with aiohttp.ClientSession(flinkmock_session.url) as session, session.get("/nowhere") as response:
                assert response.status == 404
        """
    )
    result = pytester.runpytest_inprocess(*OPTIONS, "-o", f"asyncio_mode={mode}")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["1 request matched no operation of Flink 2.3.0:", "*1 404 GET /nowhere"])


@pytest.mark.slow
def test_workers_of_xdist_have_separate_clusters(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, urllib.request

        @pytest.mark.parametrize("number", range(10))
        def test_it(flinkmock, flinkmock_session, number):
            for cluster in (flinkmock, flinkmock_session):
                urllib.request.urlopen(cluster.url + "/overview").close()
            assert len(flinkmock.requests) == 1
        """
    )
    pytester.runpytest_inprocess(*OPTIONS, *NO_OTHER_PLUGINS, "-n2", "--flinkmock-flink=1.12,2.3").assert_outcomes(
        passed=40
    )


def test_a_run_without_the_fixtures_imports_no_heavy_modules(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing():
            assert not {"aiohttp", "faker", "jsonschema", "yaml", "flinkmock.engine"} & sys.modules.keys()
        """
    )
    pytester.runpytest_subprocess(*OPTIONS, *NO_OTHER_PLUGINS).assert_outcomes(passed=1)


def test_no_dependency_has_a_pytest_plugin() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    to_check, checked = [_distribution_name(text) for text in project["dependencies"]], set()
    while to_check:
        name = to_check.pop()
        if name in checked or not list(metadata.distributions(name=name)):  # not needed by this version of Python
            continue
        checked.add(name)
        assert not metadata.distribution(name).entry_points.select(group="pytest11"), name
        to_check += [_distribution_name(text) for text in metadata.requires(name) or () if "extra ==" not in text]
    assert checked >= {"aiohttp", "jsonschema", "PyYAML"}


def _distribution_name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
