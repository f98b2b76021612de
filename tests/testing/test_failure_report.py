"""The report of a failed test has the jobs of all leaders."""

from __future__ import annotations

from flinkmock import FlinkMock
from flinkmock.testing.failure_report import failure_report


def test_the_timeline_has_the_jobs_of_earlier_leaders() -> None:
    scenario = {"jobs": {"nightly": {"lifecycle": [{"RUNNING": "1s"}, "FINISHED"]}}}
    with FlinkMock(scenario, clock="virtual") as mock:
        mock.advance("1m")
        mock.jobmanagers.crash_leader()
        mock.advance("1m")
        assert not mock.engine.cluster.jobs
        assert "nightly FINISHED" in failure_report(mock, ())
