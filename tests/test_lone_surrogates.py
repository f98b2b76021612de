"""Names may contain lone surrogates: Java and flinkmock write them as question marks."""

from __future__ import annotations

import json

import httpx

from flinkmock import FlinkMock
from flinkmock.cluster.submission.node_hashes import hash_of_uid
from flinkmock.flink.java_format import string_hash

NAME = "a\ud800"
JOB_TARGETS = "", "/config", "/plan", "/exceptions", "/metrics", "/vertices/{}", "/vertices/{}/metrics"
TARGETS = (
    "/jobs/overview", "/jobmanager/logs", "/jobmanager/log", "/jobmanager/stdout", "/jobmanager/config",
    "/__flinkmock__/v1/jobs", "/__flinkmock__/v1/metrics", "/__flinkmock__/v1/requests",
)  # fmt: skip


def test_names_and_options_are_served() -> None:
    scenario = {
        "cluster": {"config": {"some.option": NAME}},
        "jobs": {NAME: {"vertices": [{"name": NAME, "parallelism": 1}]}},
        "faults": [{"name": NAME, "match": "GET /jobs/metrics", "drop": "close"}],
    }
    with FlinkMock(scenario, clock="virtual") as flink, httpx.Client(base_url=flink.url) as client:
        flink.advance("30s")
        [job] = client.get("/jobs/overview").json()["jobs"]
        assert job["name"] == "a?"
        vertex_id = client.get(f"/jobs/{job['jid']}").json()["vertices"][0]["id"]
        for target in (*TARGETS, *(f"/jobs/{job['jid']}{path.format(vertex_id)}" for path in JOB_TARGETS)):
            assert client.get(target).status_code == 200, target
        assert "some.option, a?\n" in client.get("/jobmanager/log").text
        [log] = [log for log in client.get("/jobmanager/logs").json()["logs"] if log["name"].endswith(".log")]
        assert log["size"] == len(client.get("/jobmanager/log").content)


def test_a_fault_with_a_chance_applies() -> None:
    with FlinkMock(seed=7) as flink, httpx.Client(base_url=flink.url) as client:
        fault = {"name": NAME, "match": "GET /jobs", "chance": "50%", "reply": "not-found"}
        body = json.dumps(fault).encode()  # httpx would not escape the surrogate
        headers = {"Content-Type": "application/json"}
        assert client.post(f"{flink.control_url}/faults", content=body, headers=headers).status_code == 201
        assert {client.get("/jobs").status_code for _ in range(50)} == {200, 404}


def test_hash_codes_count_the_surrogate() -> None:
    assert string_hash(NAME) == 31 * ord("a") + 0xD800


def test_hashes_of_uids_use_utf_8() -> None:
    assert hash_of_uid(NAME) == hash_of_uid("a?")
