"""The plugin against several releases, with several clusters, and when something was expected in vain."""

import pytest

OPTIONS = ("-p", "no:cacheprovider", "-p", "no:xdist", "-o", "asyncio_default_fixture_loop_scope=function")
RELEASE = """
    import requests

    def version(cluster):
        return requests.get(cluster.url + "/config").json()["flink-version"]
"""


def test_a_list_of_releases_runs_a_test_for_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        RELEASE
        + """
    import pytest

    @pytest.mark.flinkmock(flink=["1.12", "2.3"])
    def test_it(flinkmock, flinkmock_flink):
        assert version(flinkmock).startswith(flinkmock_flink)
        print("SERVED", version(flinkmock))
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS, "-s", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_it?flink-1.12? SERVED 1.12.5*", "*test_it?flink-2.3? SERVED 2.3.0*"])


@pytest.mark.parametrize("where", ["option", "ini"])
def test_a_whole_run_against_several_releases(pytester: pytest.Pytester, where: str) -> None:
    if where == "ini":
        pytester.makeini("[pytest]\nflinkmock_flink = 1.20, 2.3\n")
    pytester.makepyfile(
        RELEASE
        + """
    def test_it(flinkmock_factory):
        one, other = flinkmock_factory(), flinkmock_factory(flink="1.12")
        assert version(one) in ("1.20.5", "2.3.0") and version(other) == "1.12.5"
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS, *(["--flinkmock-flink=1.20,2.3"] if where == "option" else []))
    result.assert_outcomes(passed=2)


def test_an_unmet_expectation_fails_the_test_and_shows_what_was_asked(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
    import pytest, requests

    @pytest.mark.flinkmock({"jobs": {"orders": "streaming"}, "expect": [{"POST /jobs/:jobid/stop": "once"}]})
    def test_it(flinkmock):
        requests.get(flinkmock.url + "/jobs/overview")
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*POST /jobs/:jobid/stop*", "*- flinkmock -*", "*orders: *RUNNING*", "*GET /jobs/overview*"]
    )


def test_a_client_that_waits_for_a_standing_clock_is_told_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
    import pytest, requests

    @pytest.mark.flinkmock({"jobs": {"report": "batch"}}, clock="virtual")
    def test_it(flinkmock):
        for _ in range(30):
            state = requests.get(flinkmock.url + "/jobs/overview").json()["jobs"][0]["state"]
        assert state == "FINISHED"
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*came at one cluster time, for the virtual clock stands until it is told to move*"])


def test_one_cluster_for_the_whole_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
    seen = set()

    def test_one(flinkmock_session):
        seen.add(flinkmock_session.url)

    def test_two(flinkmock_session):
        seen.add(flinkmock_session.url)
        assert len(seen) == 1
        """
    )
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=2)
