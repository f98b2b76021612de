"""The pytest plugin, in test runs of its own."""

from __future__ import annotations

import pytest

OPTIONS = ("-p", "no:cacheprovider", "-p", "no:randomly")


def test_the_fixture_serves_each_test_a_cluster_of_its_own(pytester: pytest.Pytester) -> None:
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

        def test_the_first_one_is_gone():
            for url in urls:
                try:
                    requests.get(url)
                except requests.ConnectionError:
                    continue
                raise AssertionError(url)
        """
    )
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=3)


def test_the_marker_says_what_cluster(pytester: pytest.Pytester) -> None:
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
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=4)


def test_a_wrong_marker_fails_the_test_with_its_reason(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.flinkmock("nowhere.yaml")
        def test_no_file(flinkmock): ...

        @pytest.mark.flinkmock(flink="2.33")
        def test_no_release(flinkmock): ...
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*nowhere.yaml: there is no such file.*", "*Did you mean 2.3?*"])


def test_the_marker_is_documented(pytester: pytest.Pytester) -> None:
    pytester.runpytest_subprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.flinkmock(scenario=None,*"])


def test_a_run_without_the_fixture_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing():
            assert not {"aiohttp", "faker", "jsonschema", "yaml", "flinkmock.engine"} & set(sys.modules)
        """
    )
    # the other plugins of this environment bring some of these in themselves
    pytester.runpytest_subprocess(
        *OPTIONS, *(f"-pno:{name}" for name in ("aiohttp", "faker", "hypothesispytest"))
    ).assert_outcomes(passed=1)
