"""Findings of a test: faults that never apply, and parts of requests that Flink ignores."""

from __future__ import annotations

import httpx
import pytest

from flinkmock import FlinkMock, InvalidArgument, UnmetExpectation
from tests.pytest_options import NO_OTHER_PLUGINS, OPTIONS
from tests.testing.plugin_runs import PREAMBLE, run_tests

TESTS = """
FAULT = {"name": "lost", "match": "POST /jobs/:jobid/stop", "drop": "reset"}

@pytest.mark.flinkmock({"jobs": {"orders": "streaming"}, "faults": [FAULT]} <unused>)
def test_unused(flinkmock):
    send(flinkmock, "/jobs")

@pytest.mark.flinkmock({"jobs": {"orders": "streaming"}}, flink="1.20" <ignored>)
def test_ignored(flinkmock):
    send(flinkmock, "/jobs?x=1")
    send(flinkmock, "/jobs?x=2")

def test_nothing(flinkmock):
    send(flinkmock, "/jobs")
"""
UNUSED_FINDING = 'The fault "lost" never applied: no request met its conditions.'
IGNORED_FINDING = "Flink 1.20 does not read the query parameter x of GET /jobs. (request 1 and 1 more)"


def source_with_policies(unused: str = "", ignored: str = "") -> str:
    """Return the tests with further arguments in their markers."""
    return TESTS.replace("<unused>", unused).replace("<ignored>", ignored)


def test_findings_are_reported_at_the_end_of_the_run(pytester: pytest.Pytester) -> None:
    result = run_tests(pytester, source_with_policies())
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*= flinkmock: faults and request parts without effect =*",
            f"test_findings_are_reported_at_the_end_of_the_run.py::test_unused: {UNUSED_FINDING}",
            f"test_findings_are_reported_at_the_end_of_the_run.py::test_ignored: {IGNORED_FINDING}",
        ]
    )


def test_a_line_separator_in_a_finding_does_not_end_it(pytester: pytest.Pytester) -> None:
    result = run_tests(pytester, 'def test_ignored(flinkmock): send(flinkmock, "/jobs?x%E2%80%A8y=1")')
    # pytester splits its output at U+2028
    assert "does not read the query parameter x\ny of GET /jobs." in result.stdout.str()


@pytest.mark.slow
def test_workers_of_xdist_report_findings(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(PREAMBLE + source_with_policies())
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_OTHER_PLUGINS, "-n", "1")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["*= flinkmock: faults and request parts without effect =*", f"*::test_unused: {UNUSED_FINDING}"]
    )


def test_findings_can_fail_a_test(pytester: pytest.Pytester) -> None:
    failing_tests = source_with_policies(', unused="fail"', ', ignored="fail"')
    result = run_tests(pytester, failing_tests)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [UNUSED_FINDING, '  To allow this: @pytest.mark.flinkmock(unused="report").', IGNORED_FINDING]
    )
    fail_options = "-o", "flinkmock_unused=fail", "-o", "flinkmock_ignored=fail"
    run_tests(pytester, source_with_policies(), *fail_options).assert_outcomes(passed=1, failed=2)
    passing_tests = source_with_policies(', unused="report"', ', ignored="ignore"')
    run_tests(pytester, passing_tests, *fail_options).assert_outcomes(passed=3)


def test_findings_can_be_ignored(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester, source_with_policies(), "-o", "flinkmock_unused=ignore", "-o", "flinkmock_ignored=ignore"
    )
    result.assert_outcomes(passed=3)
    result.stdout.no_fnmatch_line("*without effect*")


def test_an_invalid_policy_is_rejected(pytester: pytest.Pytester) -> None:
    result = run_tests(pytester, source_with_policies(), "-o", "flinkmock_unused=warn")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'warn' is not a value of `unused`. Use fail or report or ignore."])
    result = run_tests(pytester, source_with_policies(', unused="warn"'))
    result.stdout.fnmatch_lines(["*'warn' is not a value of `unused`. Use fail or report or ignore."])


def test_findings_are_available_without_pytest() -> None:
    scenario = {
        "faults": [
            {"name": "first", "match": "GET /jobs", "nth": [1], "delay": "1s"},
            {"name": "hidden", "match": "GET /jobs", "nth": [1], "delay": "1s"},
        ],
        "expect": [{"POST /jobs/:jobid/checkpoints": "never"}],
    }
    with FlinkMock(scenario, flink="1.12") as flink:
        httpx.get(flink.url + "/jobs")
        hidden, never = flink.findings.unused
    assert hidden == (
        'The fault "hidden" never applied: 1 request met its conditions, but an earlier fault applied, or every, nth '
        "and chance selected none."
    )
    assert 'it can never match, because Flink 1.12 has no operation "POST /jobs/:jobid/checkpoints".' in never


def test_an_expectation_that_no_release_can_meet_is_rejected() -> None:
    with FlinkMock() as flink:
        with pytest.raises(InvalidArgument, match=r'"POST /job/:jobid/stop".*Did you mean "POST /jobs/:jobid/stop"'):
            flink.requests.expect("POST /job/:jobid/stop", times="never")
        with pytest.raises(InvalidArgument, match="No Flink release has an operation"):
            flink.requests.count("POST /job/:jobid/stop")
        with pytest.raises(UnmetExpectation, match='Did you mean "POST /jobs/:jobid/stop"'):
            flink.requests.expect("POST /job/:jobid/stop")
        with pytest.raises(InvalidArgument, match='Did you mean "triggerSavepoint"'):
            flink.requests.expect("triggerSavepoints", times="never")
        assert flink.requests.expect("triggerSavepoint", times="never") == []
