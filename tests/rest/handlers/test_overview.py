"""The responses about the whole cluster: overview, configuration, log URLs, shutdown."""

from __future__ import annotations

import pytest

from flinkmock.cluster.spec import Step
from tests.cluster.cluster_factory import job, ms
from tests.rest.handlers.handler_client import JOB_ID, UNKNOWN_ID, URL, HandlerClient


def test_the_overview_counts_jobs_and_slots():
    with HandlerClient(
        job(id=JOB_ID), job(Step("RUNNING", ms(1_000)), Step("FINISHED"), name="done"), slots_per_taskmanager=5
    ) as client:
        before = client.call("getClusterOverview")
        assert (before["jobs-running"], before["slots-total"], before["slots-available"]) == (2, 5, 1)
        client.call("cancelJob", jobid=JOB_ID)
        client.advance("2s")
        after = client.call("getClusterOverview")
        assert after == {
            "taskmanagers": 1,
            "slots-total": 5,
            "slots-available": 5,
            "jobs-running": 0,
            "jobs-finished": 1,
            "jobs-cancelled": 1,
            "jobs-failed": 0,
            "flink-version": "2.3.0",
            "flink-commit": "c0f8d1a",
        }


@pytest.mark.parametrize(("configuration", "can_rescale"), [
    ({}, False),
    ({"jobmanager.scheduler": "adaptive"}, True),
    ({"jobmanager.scheduler": "Adaptive", "scheduler-mode": "reactive"}, False),
    ({"jobmanager.scheduler": "adaptive", "web.rescale.enable": "false"}, False),
])  # fmt: skip
def test_the_features_of_the_dashboard_follow_the_configuration(configuration, can_rescale):
    options = {"web.refresh-interval": "1 s", "web.cancel.enable": "false"} | configuration
    with HandlerClient(configuration=options) as client:
        response = client.call("getDashboardConfiguration")
        assert response["refresh-interval"] == 1000
        assert response["flink-revision"] == "c0f8d1a @ 2026-06-14T16:29:03+02:00"
        assert response["features"] == {
            "web-submit": True,
            "web-cancel": False,
            "web-rescale": can_rescale,
            "web-history": False,
        }
    with HandlerClient(flink="1.12") as client:
        assert client.call("getDashboardConfiguration")["features"] == {"web-submit": True}


def test_the_configuration_is_the_same_for_any_job_and_application():
    with HandlerClient(configuration={"my.password": "secret"}) as client:
        entries = client.call("getClusterConfigurationInfo")
        assert {"key": "my.password", "value": "******"} in entries
        assert client.call("getJobManagerJobConfiguration", jobid=UNKNOWN_ID) == entries
        assert client.call("getJobManagerApplicationConfiguration", applicationid=UNKNOWN_ID) == entries


def test_log_urls_point_to_the_dashboard():
    with HandlerClient() as client:
        assert client.call("getJobManagerLogUrl", jobid=UNKNOWN_ID) == {"url": f"{URL}/#/job-manager/logs"}
        response = client.call("getTaskManagerLogUrl", jobid=UNKNOWN_ID, taskmanagerid="tm-1")
        assert response == {"url": f"{URL}/#/task-manager/tm-1/logs"}


def test_shutdown_stops_the_cluster():
    with HandlerClient() as client:
        assert client.call("shutdownCluster") == {}
        assert client.cluster.is_shut_down
