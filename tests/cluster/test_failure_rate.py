"""The failure-rate restart strategy."""

from __future__ import annotations

from tests.scenario.scenario_helpers import scenario_harness

SCENARIO = """
# `lost` without a name: the first TaskManager that is present, which runs the job
cluster: {taskmanagers: {count: 4, events: [{5s: lost}, {10s: lost}, {80s: lost}]}}
jobs: {orders: {restart: {strategy: failure-rate, attempts: MAX_FAILURES, interval: 1m, delay: 1s}}}
"""


def test_a_job_fails_after_more_failures_within_the_interval_than_allowed() -> None:
    with scenario_harness(SCENARIO.replace("MAX_FAILURES", "1"), flink="2.3") as harness:
        harness.advance_to(9_000)
        assert harness.state() == "RUNNING"
        harness.advance_to(12_000)
        assert harness.state() == "FAILED"
        (entry, *_) = harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"]
        # Flink repeats the name, and closes one parenthesis only
        assert entry["stacktrace"].splitlines()[0] == (
            "org.apache.flink.runtime.JobException: Recovery is suppressed by FailureRateRestartBackoffTimeStrategy("
            "FailureRateRestartBackoffTimeStrategy(failuresIntervalMS=60000,backoffTimeMS=1000,"
            "maxFailuresPerInterval=1)"
        )


def test_a_job_restarts_if_failures_within_the_interval_do_not_exceed_the_maximum() -> None:
    with scenario_harness(SCENARIO.replace("MAX_FAILURES", "2"), flink="2.3") as harness:
        harness.advance_to(90_000)
        assert harness.state() == "RUNNING"
        text = harness.get(f"/jobs/{harness.job().id}/config")["execution-config"]["restart-strategy"]
        assert text == "Failure rate restart with maximum of 2 failures within interval PT1M and fixed delay PT1S."
