"""The times of a job in the lists of jobs and in its details."""

from __future__ import annotations

import pytest

from flinkmock.cluster.spec import Step
from tests.cluster.cluster_factory import job, ms
from tests.rest.handlers.handler_client import JOB_ID, HandlerClient


@pytest.mark.parametrize(("release", "listed_duration"), [("2.3", 60_000), ("2.2", 1_000)])
def test_a_suspended_job_has_no_end_time(release: str, listed_duration: int) -> None:
    """As JobDetails and JobDetailsHandler compute it. Until 2.2, the list shows the duration at the suspension."""
    with HandlerClient(job(Step("RUNNING", ms(1_000)), Step("SUSPENDED"), id=JOB_ID), flink=release) as client:
        client.advance("1min")
        [listed] = client.call("getJobsOverview")["jobs"]
        assert (listed["state"], listed["end-time"], listed["duration"]) == ("SUSPENDED", -1, listed_duration)
        details = client.call("getJobDetails", jobid=JOB_ID)
        assert (details["state"], details["end-time"]) == ("SUSPENDED", -1)
        assert details["duration"] == details["now"] - details["start-time"] == 60_000
        result = client.call("getJobExecutionResult", jobid=JOB_ID)
        assert result == {"status": {"id": "IN_PROGRESS"}}
