"""The URL and the document of the console, and its operations. `tests/console` uses the console in a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import httpx
import pytest

from flinkmock import FlinkMock
from flinkmock.control.console import console_document
from flinkmock.palette import STATE_COLOURS
from tests.control.client import Control


def request(url: str, method: str = "GET", **options: Any) -> httpx.Response:
    return httpx.request(method, url, verify=False, **options)


def test_the_console_is_served_below_the_url_of_the_cluster(flink: FlinkMock) -> None:
    response = request(f"{flink.url}/__flinkmock__/")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert request(f"{flink.url}/__flinkmock__/?theme=dark").content == response.content
    redirect = request(f"{flink.url}/__flinkmock__")
    assert (redirect.status_code, redirect.headers["location"]) == (308, "__flinkmock__/")
    assert request(f"{flink.url}/__flinkmock__/", "HEAD").content == b""
    post_response = request(f"{flink.url}/__flinkmock__/", "POST")
    assert (post_response.status_code, post_response.headers["allow"]) == (405, "GET")
    assert request(f"{flink.url}/__flinkmock__x").status_code == 404
    assert [exchange.target for exchange in flink.requests] == ["/__flinkmock__x"]


def test_other_hosts_are_rejected(flink: FlinkMock) -> None:
    assert request(f"{flink.url}/__flinkmock__/", headers={"Host": "evil.com"}).status_code == 403


def test_the_root_page_redirects_to_the_console(flink: FlinkMock) -> None:
    response = request(f"{flink.url}/")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html")
    assert '<meta http-equiv="refresh" content="0; url=__flinkmock__/">' in response.text
    with FlinkMock(control=False) as flink_without_control:
        assert "__flinkmock__" not in request(f"{flink_without_control.url}/").text
        assert request(f"{flink_without_control.url}/__flinkmock__/").status_code == 404


def test_the_console_is_one_document_that_loads_nothing_else() -> None:
    document = console_document()
    text = document.html.decode()
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#|v1/|\.\./)""", text)
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "/*style*/" not in text and "/*script*/" not in text
    [script] = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in document.policy
    assert all(f"--s-{state.lower()}:{colour.light}" in text for state, colour in STATE_COLOURS.items())


@pytest.mark.parametrize("name", ["Clock", "Timeline", "Jobs", "Faults", "Signals", "Scenario", "Requests"])
def test_every_section_has_an_accessible_name(name: str) -> None:
    text = console_document().html.decode()
    assert f">{name}</h2>" in text or f'aria-label="{name}"' in text


def test_the_timeline_has_states_checkpoints_operations_and_fault_hits(flink: FlinkMock, control: Control) -> None:
    job = flink.job("orders")
    savepoints_url = f"{flink.url}/jobs/{job.id}/savepoints"
    flink.faults.add(
        {"name": "rejected", "match": "POST /jobs/:jobid/savepoints", "times": 1, "reply": {"status": 503}}
    )
    flink.advance("12s")
    request(savepoints_url, "POST", json={})
    request(savepoints_url, "POST", json={"target-directory": "s3://savepoints"})
    flink.advance("10s")
    timeline = control.get("timeline")
    started_at = timeline["clock"]["started-at"]
    [orders] = timeline["jobs"]
    assert [state["state"] for state in orders["states"]] == ["INITIALIZING", "CREATED", "RUNNING", "RESTARTING"]
    assert [checkpoint["savepoint"] for checkpoint in orders["checkpoints"]] == [False, False, True]
    [savepoint] = timeline["operations"]
    assert (savepoint["kind"], savepoint["triggered-at"], savepoint["failure"]) == (
        "savepoint",
        started_at + 12_000,
        None,
    )
    [hit] = timeline["fault-hits"]
    assert hit == {
        "fault": "rejected",
        "at": started_at + 12_000,
        "request": f"POST /jobs/{job.id}/savepoints",
        "number": 1,
    }
    assert len(timeline["taskmanagers"]) == 2
    assert timeline["leaders"] == [{"jobmanager": 0, "since": None, "until": None}]
    assert timeline["requests"] == 2
    shortened = control.get("timeline?limit=1")
    assert [len(job["states"]) for job in shortened["jobs"]] == [len(shortened["taskmanagers"])] == [1]


def test_the_timeline_keeps_the_history_before_a_leader_change(flink: FlinkMock, control: Control) -> None:
    flink.advance("5s")
    flink.jobmanagers.crash_leader("2s")
    flink.taskmanagers.lose()
    assert control.get("timeline")["leaders"][-1]["until"] is not None
    flink.advance("10s")
    timeline = control.get("timeline")
    assert [leader["until"] is None for leader in timeline["leaders"]] == [False, True]
    assert [taskmanager["lost-at"] is None for taskmanager in timeline["taskmanagers"]].count(False) == 1
    assert all(job["states"][0]["at"] == timeline["clock"]["started-at"] for job in timeline["jobs"])


def test_the_timeline_contains_no_future_times(control: Control, flink: FlinkMock) -> None:
    flink.advance("1s")
    httpx.post(f"{flink.url}/jobs/{flink.job('orders').id}/savepoints", json={"target-directory": "s3://x"})
    timeline = control.get("timeline")
    assert timeline["operations"][0]["done-at"] is None
    assert timeline["jobs"][0]["checkpoints"][-1]["ended-at"] is None


def test_a_single_request_is_shown_with_its_headers_and_the_response_size(flink: FlinkMock, control: Control) -> None:
    request(f"{flink.url}/jobs/nohex", headers={"X-Test": "1"})
    exchange = control.get("requests/1")
    assert {"name": "x-test", "value": "1"} in [
        {**header, "name": header["name"].lower()} for header in exchange["headers"]
    ]
    assert (exchange["status"], exchange["content-type"]) == (400, "application/json; charset=UTF-8")
    assert exchange["response-size"] > 0
    assert 'no request "2"' in control.error("GET", "requests/2", 404)


def test_faults_can_be_added_as_yaml(control: Control) -> None:
    yaml_headers = {"Content-Type": "application/yaml"}
    text = "# two faults\n- {name: slow, match: GET /jobs, delay: 2s}\n- match: GET /overview\n  reply: {status: 503}\n"
    added = control.post("faults", content=text, headers=yaml_headers, status=201)["faults"]
    assert [fault["name"] for fault in added] == ["slow", "GET /overview: reply: status 503"]
    error = control.request("POST", "faults", content="match: [", headers=yaml_headers, status=422)["error"]
    assert error["details"][0]["line"] == 1
    control.error("POST", "faults", 400, content="just text", headers=yaml_headers)


def test_built_in_scenarios_and_templates_are_listed(control: Control) -> None:
    scenarios = {scenario["name"]: scenario["description"] for scenario in control.get("scenarios")["scenarios"]}
    assert scenarios["crash-loop.yaml"].startswith("A job that fails and restarts")
    assert all(text.endswith((".", "?")) for text in scenarios.values())
    control.put("scenario", content="crash-loop.yaml")
    control.put("scenario", content="templates: {mine: {extends: batch}}")
    assert control.get("templates")["templates"][:2] == ["mine", "streaming"]
