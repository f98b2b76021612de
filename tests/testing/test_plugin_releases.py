"""The plugin with several releases and several clusters."""

import pytest

from flinkmock import known_releases
from tests.pytest_options import NO_WORKERS, OPTIONS

VERSION_FUNCTION = """
    import requests

    def version(cluster):
        return requests.get(cluster.url + "/config").json()["flink-version"]
"""


def test_a_list_of_releases_runs_a_test_for_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        VERSION_FUNCTION
        + """
    import pytest

    @pytest.mark.flinkmock(flink=["1.12", "2.3"])
    def test_it(flinkmock, flinkmock_flink):
        assert version(flinkmock).startswith(flinkmock_flink)
        print("SERVED", version(flinkmock))
        """
    )
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, "-s", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_it?flink-1.12? SERVED 1.12.5*", "*test_it?flink-2.3? SERVED 2.3.0*"])


@pytest.mark.parametrize("source", ["option", "ini", "toml"])
def test_all_tests_run_once_for_each_release(pytester: pytest.Pytester, source: str) -> None:
    if source == "ini":
        pytester.makeini("[pytest]\nflinkmock_flink = 1.20, 2.3\n")
    if source == "toml":
        pytester.makepyprojecttoml('[tool.pytest.ini_options]\nflinkmock_flink = ["1.20", "2.3"]\n')
    pytester.makepyfile(
        VERSION_FUNCTION
        + """
    def test_it(flinkmock_factory):
        first, second = flinkmock_factory(), flinkmock_factory(flink="1.12")
        assert version(first) in ("1.20.5", "2.3.0") and version(second) == "1.12.5"
        """
    )
    result = pytester.runpytest_inprocess(
        *OPTIONS, *NO_WORKERS, *(["--flinkmock-flink=1.20,2.3"] if source == "option" else [])
    )
    result.assert_outcomes(passed=2)


def test_the_session_cluster_is_shared_by_all_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
    urls = set()

    def test_one(flinkmock_session):
        urls.add(flinkmock_session.url)

    def test_two(flinkmock_session):
        urls.add(flinkmock_session.url)
        assert len(urls) == 1
        """
    )
    pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS).assert_outcomes(passed=2)


def test_there_is_one_session_cluster_for_each_release(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        VERSION_FUNCTION
        + """
    urls = {}

    def test_one(flinkmock_session):
        urls[version(flinkmock_session)] = flinkmock_session.url

    def test_two(flinkmock_session):
        assert urls[version(flinkmock_session)] == flinkmock_session.url
        print("SERVED", version(flinkmock_session))
        """
    )
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, "-sv", "--flinkmock-flink=1.20,2.3")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*test_two?flink-1.20? SERVED 1.20.5*", "*test_two?flink-2.3? SERVED 2.3.0*"])


def test_the_option_all_selects_all_releases(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(flinkmock): ...\nclass TestIt:\n    def test_other(self, flinkmock_factory): ...")
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, "--co", "-q", "--flinkmock-flink=all")
    test_ids = [line for line in result.outlines if "::" in line]
    assert len(test_ids) == 2 * len(known_releases())
    assert test_ids[0].endswith("::test_it[flink-1.12]")


def test_the_ini_file_supplies_missing_marker_arguments(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        """
        [pytest]
        flinkmock_scenario = clusters/orders.yaml
        flinkmock_clock = virtual
        flinkmock_seed = 7
        """
    )
    (pytester.mkdir("clusters") / "orders.yaml").write_text("{seed: 3, jobs: {orders: streaming}}\n")
    (pytester.mkdir("tests") / "test_it.py").write_text(
        """
import pytest

def job_names(flink):
    return [job.name for job in flink.cluster.jobs.values()]

def test_unmarked(flinkmock):
    assert (job_names(flinkmock), flinkmock.clock.text, flinkmock.cluster.spec.seed) == (["orders"], "virtual", 7)

def test_session(flinkmock_session):
    assert job_names(flinkmock_session) == ["orders"]

@pytest.mark.flinkmock({}, clock="10x", seed=8)
def test_marked(flinkmock, flinkmock_factory):
    assert (job_names(flinkmock), flinkmock.clock.text, flinkmock.cluster.spec.seed) == ([], "10x", 8)
    assert job_names(flinkmock_factory("clusters/orders.yaml")) == ["orders"]

@pytest.mark.flinkmock(scenario="crash-loop.yaml")
def test_built_in_scenario(flinkmock):
    assert job_names(flinkmock)
"""
    )
    pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, "tests").assert_outcomes(passed=4)


def test_a_fixture_of_a_project_replaces_one_of_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
    import pytest
    from flinkmock import FlinkMock

    @pytest.fixture(scope="session")
    def flinkmock_session():
        with FlinkMock({"jobs": {"orders": "streaming"}}) as cluster:
            yield cluster

    def test_it(flinkmock_session):
        assert flinkmock_session.job("orders").name == "orders"
        """
    )
    pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS).assert_outcomes(passed=1)
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, "--setup-plan", "-q")
    result.stdout.fnmatch_lines(["*SETUP    S flinkmock_session"])
