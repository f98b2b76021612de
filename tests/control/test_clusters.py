"""Hosted clusters, which `POST /clusters` creates in the same process."""

from __future__ import annotations

import time

import httpx
import pytest

from flinkmock import FlinkMock
from tests.control.client import Control


def test_hosted_clusters_are_independent(flink: FlinkMock, control: Control) -> None:
    cluster = control.post("clusters?clock=virtual&flink=1.20", content="jobs: {returns: batch}", status=201)
    assert cluster == control.get("clusters")["clusters"][0] == control.get(f"clusters/{cluster['id']}")
    assert (cluster["flink"], cluster["idle-timeout"]) == ("1.20.5", 600_000)
    other_control = Control(cluster["control-url"])
    assert [job["name"] for job in other_control.get("jobs")["jobs"]] == ["returns"]
    time_before = flink.clock.now()
    other_control.post("clock/advance", {"by": "1h"})
    assert flink.clock.now() == time_before
    httpx.get(cluster["url"] + "/jobs")
    assert (other_control.get("requests")["count"], len(flink.requests)) == (1, 0)
    control.delete(f"clusters/{cluster['id']}")
    with pytest.raises(httpx.ConnectError):
        httpx.get(cluster["url"] + "/jobs")
    control.error("DELETE", f"clusters/{cluster['id']}", 404)
    assert control.get("clusters") == {"clusters": []}


def test_hosted_clusters_can_create_clusters_and_delete_themselves(control: Control) -> None:
    first = control.post("clusters", status=201)
    second = Control(first["control-url"]).post("clusters?idle-timeout=never", status=201)
    assert second["idle-timeout"] is None
    assert [cluster["id"] for cluster in control.get("clusters")["clusters"]] == [first["id"], second["id"]]
    Control(second["control-url"]).delete(f"clusters/{second['id']}")
    Control(first["control-url"]).delete(f"clusters/{first['id']}")
    assert control.get("clusters") == {"clusters": []}


@pytest.mark.parametrize(
    ("query", "scenario", "mode"),
    [
        ("default-clock=virtual", "jobs: {}", "virtual"),
        ("default-clock=virtual", "{jobs: {}, clock: 10x}", "10x"),
        ("default-clock=virtual&clock=real", "{jobs: {}, clock: 10x}", "real"),
    ],
)
def test_the_default_clock_is_used_if_the_scenario_has_none(
    control: Control, query: str, scenario: str, mode: str
) -> None:
    cluster = control.post(f"clusters?{query}", content=scenario, status=201)
    assert Control(cluster["control-url"]).get("clock")["mode"] == mode


def test_invalid_requests_create_no_cluster(control: Control) -> None:
    control.error("POST", "clusters", 422, content="a: 1")
    control.error("POST", "clusters?flink=9.9", 422)
    control.error("POST", "clusters?clock=often", 400)
    control.error("POST", "clusters?idle-timeout=5", 400)
    control.error("POST", "clusters?idle-timeout=31d", 400)
    assert control.get("clusters") == {"clusters": []}


def test_an_idle_cluster_is_deleted(control: Control) -> None:
    cluster = control.post("clusters?idle-timeout=100ms", status=201)
    other = control.post("clusters", status=201)
    while len(control.get("clusters")["clusters"]) == 2:
        time.sleep(0.05)
    assert control.get("clusters")["clusters"] == [other]
    with pytest.raises(httpx.ConnectError):
        httpx.get(cluster["url"] + "/jobs")


def test_the_rest_api_can_shut_down_a_hosted_cluster(control: Control) -> None:
    cluster = control.post("clusters", status=201)
    assert httpx.delete(cluster["url"] + "/cluster").status_code == 200
    assert control.get("clusters") == {"clusters": []}


def test_a_hosted_cluster_can_have_several_jobmanagers_and_load_another_scenario(control: Control) -> None:
    cluster = control.post("clusters", {"cluster": {"jobmanagers": 2}}, status=201)
    assert len(cluster["urls"]) == 2
    Control(cluster["control-url"]).put("scenario", {"jobs": {"x": "batch"}})
    [job] = httpx.get(cluster["url"] + "/jobs/overview").json()["jobs"]
    assert job["name"] == "x"


def test_hosted_clusters_are_deleted_when_their_server_stops() -> None:
    with FlinkMock() as flink:
        cluster = Control(flink.control_url).post("clusters", status=201)
    with pytest.raises(httpx.ConnectError):
        httpx.get(cluster["url"] + "/jobs")
