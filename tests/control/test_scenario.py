"""Scenarios, resets and snapshots over HTTP."""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

import httpx
import pytest

from flinkmock import FlinkMock, InvalidArgument, load_scenario
from flinkmock.cluster.cluster_spec import ClusterSpec
from tests.control.client import Control
from tests.server.raw_connection import put_after_continue


def job_names(flink: FlinkMock) -> list[str]:
    return [job["name"] for job in httpx.get(flink.url + "/jobs/overview").json()["jobs"]]


def test_the_scenario_is_read_as_json_and_as_yaml(control: Control) -> None:
    assert control.get("scenario")["expect"] == [{"POST /jobs/:jobid/stop": "once"}]
    text = control.get("scenario", headers={"Accept": "application/yaml"})
    assert load_scenario(text).jobs == load_scenario(control.get("scenario")).jobs


def test_another_scenario_is_served_at_the_same_url(flink: FlinkMock, control: Control) -> None:
    httpx.get(flink.url + "/jobs")
    with httpx.Client() as client:
        client.get(flink.url + "/jobs")
        clock = control.put("scenario", content="jobs: {returns: batch}\nflink: '1.20'\n")
        assert clock["mode"] == "1s per request"  # the default of FlinkMock
        assert client.get(flink.url + "/overview").json()["flink-version"] == "1.20.5"
    assert job_names(flink) == ["returns"]
    assert [exchange.target for exchange in flink.requests] == ["/overview", "/jobs/overview"]
    control.put("scenario?flink=1.12&clock=virtual&seed=7", {"jobs": {"x": "streaming"}})
    assert control.get("version")["flink"] == "1.12.5"
    assert control.get("clock")["mode"] == "virtual"
    assert control.put("scenario", content=b"crash-loop.yaml")
    assert control.put("scenario") and job_names(flink) == []


def test_a_client_can_wait_for_100_before_it_sends_a_scenario(flink: FlinkMock, control: Control) -> None:
    target = urlsplit(f"{flink.control_url}/scenario").path
    assert put_after_continue(flink.url, target, b"jobs: {returns: batch}") == "HTTP/1.1 200 OK"
    assert job_names(flink) == ["returns"]
    response = httpx.get(f"{flink.control_url}/health", headers={"Expect": "nonsense"})
    assert response.status_code == 417


def test_the_start_time_of_another_scenario_can_be_set(flink: FlinkMock, control: Control) -> None:
    march_1_ms = 1_772_323_200_000
    started_at = control.get("clock")["started-at"]
    clock = control.put("scenario?start-time=2026-03-01&clock=virtual", {"jobs": {"x": "streaming"}})
    assert (clock["now"], clock["started-at"]) == (march_1_ms, march_1_ms)
    control.post("clock/advance", {"by": "5s"})
    assert control.post("reset")["now"] == march_1_ms
    flink.load_scenario("clock: virtual", start_time="2026-03-02")
    assert flink.clock.now() == march_1_ms + 86_400_000
    # the default is the start time of the first scenario
    assert control.put("scenario", content="clock: virtual")["now"] == started_at
    message = control.error("PUT", "scenario?start-time=3pm", 400)
    assert message == '"3pm" is not a time. Write 2026-01-01T00:00:00Z.'


def test_an_invalid_scenario_changes_nothing(flink: FlinkMock, control: Control) -> None:
    error = control.put("scenario", content="jobs: {a: streming}\nfoo: 1\n", status=422)["error"]
    assert [(detail["line"], detail["column"]) for detail in error["details"]] == [(1, 11), (2, 1)]
    assert error["details"][0]["message"].startswith('no template "streming". Did you mean "streaming"?')
    control.error("PUT", "scenario?flink=9.9", 422)
    control.error("PUT", "scenario?clock=often", 400)
    control.error("PUT", "scenario", 400, content=b"\xff\xfe\x00")
    control.error("PUT", "scenario", 422, content="nowhere.yaml")
    assert job_names(flink) == ["orders"]


def test_a_scenario_is_checked_without_being_used(flink: FlinkMock, control: Control) -> None:
    assert control.post("scenario/check", {"jobs": {"a": "batch"}}) == {"valid": True, "mistakes": []}
    checked = control.post("scenario/check", content="a: 1")
    assert not checked["valid"] and checked["mistakes"][0]["line"] == 1
    assert job_names(flink) == ["orders"]


def test_a_scenario_with_more_jobmanagers_can_be_loaded_in_python(flink: FlinkMock) -> None:
    flink.load_scenario("leader-change.yaml")
    assert [httpx.get(f"{url}/jobs", verify=False).status_code for url in flink.urls] == [200, 200]


def test_another_scenario_can_have_more_or_fewer_jobmanagers(flink: FlinkMock, control: Control) -> None:
    control.put("scenario", {"cluster": {"jobmanagers": 3}})
    assert len(flink.urls) == 3 == len(control.get("version")["urls"])
    assert [httpx.get(url + "/config").status_code for url in flink.urls] == [200] * 3
    last_url = flink.urls[2]
    control.put("scenario", {})
    assert len(flink.urls) == 1
    with pytest.raises(httpx.ConnectError):
        while True:  # the server closes the socket a moment after the response
            with contextlib.suppress(httpx.ReadError, httpx.RemoteProtocolError):
                httpx.get(last_url + "/config")


def test_a_reset_starts_the_cluster_again(flink: FlinkMock, control: Control) -> None:
    started_at = flink.clock.now()
    job = flink.job("orders")
    control.post("clock/advance", {"by": "1h"})
    control.post("faults", {"drop": "reset"}, status=201)
    control.put("clock/mode", {"mode": "10x"})
    flink.on("GET /overview")(lambda call: {})
    assert control.post("reset")["now"] == started_at
    assert control.get("clock")["mode"] == "virtual"
    assert flink.job("orders") == job and job.job.submitted_at == started_at
    assert (len(flink.faults), len(flink.requests)) == (0, 0)
    assert "flink-version" in httpx.get(flink.url + "/overview").json()


def test_a_scenario_created_from_python_objects_has_no_text() -> None:
    with FlinkMock(ClusterSpec()) as flink:
        Control(flink.control_url).error("GET", "scenario", 404)


def test_snapshots_are_taken_restored_and_deleted(flink: FlinkMock, control: Control) -> None:
    first_snapshot = control.post("snapshots", status=201)
    control.post("clock/advance", {"by": "1h"})
    second_snapshot = control.post("snapshots", status=201)
    assert control.get("snapshots") == {"snapshots": [first_snapshot, second_snapshot]}
    assert control.post(f"snapshots/{first_snapshot['id']}/restore")["now"] == first_snapshot["at"]
    assert (
        control.post(f"snapshots/{second_snapshot['id']}/restore")["now"]
        == second_snapshot["at"]
        == first_snapshot["at"] + 3_600_000
    )
    control.delete(f"snapshots/{first_snapshot['id']}")
    control.error("POST", f"snapshots/{first_snapshot['id']}/restore", 404)
    control.error("DELETE", f"snapshots/{first_snapshot['id']}", 404)
    snapshot = flink.snapshot()
    control.post("reset")
    assert control.get("snapshots") == {"snapshots": []}
    with pytest.raises(InvalidArgument, match="another cluster"):
        flink.restore(snapshot)


def test_the_clock_mode_is_part_of_a_snapshot(flink: FlinkMock, control: Control) -> None:
    snapshot = control.post("snapshots", status=201)
    control.put("clock/mode", {"mode": "10x"})
    assert control.post(f"snapshots/{snapshot['id']}/restore")["mode"] == "virtual"


@pytest.mark.slow
def test_the_number_of_snapshots_is_limited(control: Control) -> None:
    for _ in range(100):
        control.post("snapshots", status=201)
    assert "Delete one" in control.error("POST", "snapshots", 409)
