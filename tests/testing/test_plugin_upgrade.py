"""`pytest --flinkmock-compat 2.3`: the report of what an upgrade changes for the requests of a run."""

from __future__ import annotations

import pytest

from tests.pytest_options import NO_OTHER_PLUGINS, NO_WORKERS, OPTIONS

TESTS = """
import urllib.request
import pytest

def send(flink, path, method="GET", body=None):
    request = urllib.request.Request(flink.url + path, method=method, data=body)
    return urllib.request.urlopen(request).read().decode()

@pytest.mark.flinkmock({"jobs": {"orders": "streaming"}}, flink="1.19")
class TestOrders:
    @pytest.mark.parametrize("count", [2, 3])
    def test_heartbeats(self, flinkmock, count):
        job = flinkmock.job("orders")
        for _ in range(count):
            send(flinkmock, f"/jobs/{job.id}/clientHeartbeat", "PATCH", b"1700000000000")

    def test_overview(self, flinkmock):
        send(flinkmock, "/overview")

def test_newest(flinkmock):
    send(flinkmock, "/overview")
"""
REPORT = [
    "* upgrade to Flink 2.3 *",
    "6 requests to Flink 1.19:",
    "  fails:",
    "    PATCH /jobs/:jobid/clientHeartbeat (5 requests, first in test_*::TestOrders::test_heartbeats?2?)",
    "      the body is rejected: the whole body: expected object, found * (since 1.20)",
]


@pytest.mark.parametrize("worker_count", [0, 1])
def test_the_run_ends_with_a_report(pytester: pytest.Pytester, worker_count: int) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_OTHER_PLUGINS, "--flinkmock-compat=2.3", f"-n{worker_count}")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(REPORT)


def test_the_report_says_that_nothing_changes_or_that_no_request_was_sent(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, "--flinkmock-compat=2.3.0", "-k", "overview or newest")
    result.stdout.fnmatch_lines(["1 request to Flink 1.19: nothing changes."])
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, "--flinkmock-compat=2.3", "-k", "newest")
    result.stdout.fnmatch_lines(["No request was sent to a Flink release before 2.3."])


def test_without_the_option_there_is_no_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, "-k", "overview")
    result.stdout.no_fnmatch_line("*upgrade to Flink*")
