"""The console's page: where it is, and that it needs nothing else. `tests/console` uses it in a browser."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx
import pytest

from flinkmock import FlinkMock
from flinkmock.control.console import page
from flinkmock.palette import STATES
from tests.control.client import Control


def get(url: str, **options: object) -> httpx.Response:
    return httpx.request(**{"method": "GET", "url": url, "verify": False, **options})  # type: ignore[arg-type]


def test_where_it_is(flink: FlinkMock) -> None:
    response = get(f"{flink.url}/__flinkmock__/")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert get(f"{flink.url}/__flinkmock__/?theme=dark").content == response.content
    without_slash = get(f"{flink.url}/__flinkmock__")
    assert (without_slash.status_code, without_slash.headers["location"]) == (308, "__flinkmock__/")
    assert get(f"{flink.url}/__flinkmock__/", method="HEAD").content == b""
    posted = get(f"{flink.url}/__flinkmock__/", method="POST")
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET")
    assert get(f"{flink.url}/__flinkmock__x").status_code == 404
    assert [exchange.target for exchange in flink.requests] == ["/__flinkmock__x"]


def test_names_that_may_have_been_rebound_are_refused(flink: FlinkMock) -> None:
    assert get(f"{flink.url}/__flinkmock__/", headers={"Host": "evil.com"}).status_code == 403


def test_the_page_of_the_cluster_leads_to_it(flink: FlinkMock) -> None:
    response = get(f"{flink.url}/")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html")
    assert '<meta http-equiv="refresh" content="0; url=__flinkmock__/">' in response.text
    with FlinkMock(control=False) as without:
        assert "__flinkmock__" not in get(f"{without.url}/").text
        assert get(f"{without.url}/__flinkmock__/").status_code == 404


def test_it_is_one_document_that_loads_nothing() -> None:
    document, policy = page()
    text = document.decode()
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#|v1/|\.\./)""", text)
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "/*style*/" not in text and "/*script*/" not in text
    [script] = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert all(f"--s-{state.lower()}:{colour.light}" in text for state, colour in STATES.items())


@pytest.mark.parametrize("name", ["Clock", "Timeline", "Jobs", "Faults", "Signals", "Scenario", "Requests"])
def test_every_part_has_a_name(name: str) -> None:
    text = page()[0].decode()
    assert f">{name}</h2>" in text or f'aria-label="{name}"' in text


def test_the_timeline(flink: FlinkMock, control: Control) -> None:
    job = flink.job("orders")
    savepoints = f"{flink.url}/jobs/{job.id}/savepoints"
    flink.faults.add({"name": "refused", "match": "POST /jobs/:jobid/savepoints", "times": 1, "reply": {"status": 503}})
    flink.advance("12s")
    get(savepoints, method="POST", json={})
    get(savepoints, method="POST", json={"target-directory": "s3://savepoints"})
    flink.advance("10s")
    data = control.get("timeline")
    began = data["clock"]["started-at"]
    [orders] = data["jobs"]
    assert [state["state"] for state in orders["states"]] == ["INITIALIZING", "CREATED", "RUNNING", "RESTARTING"]
    assert [checkpoint["savepoint"] for checkpoint in orders["checkpoints"]] == [False, False, True]
    [savepoint] = data["operations"]
    assert (savepoint["kind"], savepoint["triggered-at"], savepoint["failure"]) == ("savepoint", began + 12_000, None)
    [hit] = data["fault-hits"]
    assert hit == {"fault": "refused", "at": began + 12_000, "request": f"POST /jobs/{job.id}/savepoints", "number": 1}
    assert len(data["taskmanagers"]) == 2
    assert data["leaders"] == [{"jobmanager": 0, "since": None, "until": None}]
    assert data["requests"] == 2
    shortened = control.get("timeline?limit=1")
    assert [len(job["states"]) for job in shortened["jobs"]] == [len(shortened["taskmanagers"])] == [1]


def test_the_timeline_keeps_the_history_before_a_leader_change(flink: FlinkMock, control: Control) -> None:
    flink.advance("5s")
    flink.jobmanagers.crash_leader("2s")
    flink.taskmanagers.lose()
    assert control.get("timeline")["leaders"][-1]["until"] is not None
    flink.advance("10s")
    data = control.get("timeline")
    assert [leader["until"] is None for leader in data["leaders"]] == [False, True]
    assert [taskmanager["lost-at"] is None for taskmanager in data["taskmanagers"]].count(False) == 1
    assert all(job["states"][0]["at"] == data["clock"]["started-at"] for job in data["jobs"])


def test_future_events_are_not_listed(control: Control, flink: FlinkMock) -> None:
    flink.advance("1s")
    httpx.post(f"{flink.url}/jobs/{flink.job('orders').id}/savepoints", json={"target-directory": "s3://x"})
    data = control.get("timeline")
    assert data["operations"][0]["done-at"] is None
    assert data["jobs"][0]["checkpoints"][-1]["ended-at"] is None


def test_one_request(flink: FlinkMock, control: Control) -> None:
    get(f"{flink.url}/jobs/nohex", headers={"X-Test": "1"})
    whole = control.get("requests/1")
    assert {"name": "x-test", "value": "1"} in [
        {**header, "name": header["name"].lower()} for header in whole["headers"]
    ]
    assert (whole["status"], whole["content-type"]) == (400, "application/json; charset=UTF-8")
    assert whole["response-size"] > 0
    assert 'no request "2"' in control.error("GET", "requests/2", 404)


def test_faults_in_yaml(control: Control) -> None:
    yaml = {"Content-Type": "application/yaml"}
    text = "# two faults\n- {name: slow, match: GET /jobs, delay: 2s}\n- match: GET /overview\n  reply: {status: 503}\n"
    added = control.post("faults", content=text, headers=yaml, status=201)["faults"]
    assert [fault["name"] for fault in added] == ["slow", "GET /overview: reply: status 503"]
    mistakes = control.request("POST", "faults", content="match: [", headers=yaml, status=422)["error"]["details"]
    assert mistakes[0]["line"] == 1
    control.error("POST", "faults", 400, content="just text", headers=yaml)


def test_built_in_scenarios_and_templates(control: Control) -> None:
    scenarios = {scenario["name"]: scenario["description"] for scenario in control.get("scenarios")["scenarios"]}
    assert scenarios["crash-loop.yaml"].startswith("A job that fails and restarts")
    assert all(text.endswith((".", "?")) for text in scenarios.values())
    control.put("scenario", content="crash-loop.yaml")
    control.put("scenario", content="templates: {mine: {extends: batch}}")
    assert control.get("templates")["templates"][:2] == ["mine", "streaming"]
