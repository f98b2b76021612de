"""Faults that set values in responses of the cluster, and functions that change such responses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from flinkmock import FlinkMock, ScenarioError

JOBS = {"orders": "streaming", "report": "batch"}


def test_values_are_set_by_name_and_in_all_items_of_a_list() -> None:
    values = {"jobs[name=report].state": "FAILED", "jobs[*].duration": -1, "jobs[name=orders].tasks.failed": None}
    with FlinkMock({"jobs": JOBS, "faults": [{"match": "GET /jobs/overview", "set": values}]}) as flink:
        jobs = {job["name"]: job for job in httpx.get(flink.url + "/jobs/overview").json()["jobs"]}
        assert (jobs["report"]["state"], jobs["orders"]["state"]) == ("FAILED", "RUNNING")
        assert {job["duration"] for job in jobs.values()} == {-1}
        assert jobs["orders"]["tasks"]["failed"] is None
        assert flink.job("report").state == "RUNNING"  # only the response is changed
        assert flink.findings.unused == ()


def test_set_changes_nothing_else_in_the_response() -> None:
    with FlinkMock({"jobs": JOBS}) as flink:
        url = f"{flink.url}/jobs/{flink.job('orders').id}"
        flink.advance("10s")
        snapshot = flink.snapshot()
        original = httpx.get(url)
        flink.restore(snapshot)
        flink.faults.add({"match": "GET /jobs/:jobid", "set": {"vertices.0.metrics.read-records-complete": False}})
        changed = httpx.get(url)
    field = b'"read-records-complete":%s'
    assert changed.content == original.content.replace(field % b"true", field % b"false", 1) != original.content
    assert changed.headers["content-length"] == str(len(changed.content))


def test_a_value_that_no_response_had_is_reported() -> None:
    fault = {"name": "gone", "match": "GET /jobs/overview", "set": {"jobs[name=nobody].state": "FAILED"}}
    with FlinkMock({"jobs": JOBS}) as flink:
        flink.faults.add(fault)
        flink.faults.add({"name": "no field", "match": "GET /jobs", "corrupt": {"drop-field": "jobs.7"}})
        for path in ("/jobs/overview", "/jobs/overview", "/jobs"):
            httpx.get(flink.url + path)
        assert flink.findings.unused == (
            'The fault "gone" applied to 2 requests, but no response had a value at jobs[name=nobody].state.',
            'The fault "no field" applied to 1 request, but no response had a value at jobs.7.',
        )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"match": "GET /jobs/overview", "set": {"jobs.0.stat": 1}},
         'no response to GET /jobs/overview has jobs.0.stat: jobs.0 has no "stat". Did you mean "state"?'),
        ({"set": {"nowhere": 1}}, "no response to any request has nowhere."),
        ({"set": {"jobs[": 1}}, '"jobs[" is not a path. Write jobs.0.state'),
        ({"corrupt": {"drop-field": "jobs[7a].x"}}, '"jobs[7a].x" is not a path. Write jobs.0.state'),
        ({"set": {}}, "set needs a path and its new value."),
        ({"set": "jobs"}, "set needs paths with their new values."),
        ({"set": {"jobs": []}, "drop": "reset"}, "drop can't be combined with reply, corrupt, set"),
        ({"set": {"jobs": []}, "reply": "not-found"}, "nor reply with set"),
    ],
)  # fmt: skip
def test_a_mistake_in_set_or_corrupt_is_reported(fault: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        FlinkMock({"faults": [fault]}).start()
    assert message in str(error.value)


def test_a_function_changes_the_response_of_the_cluster() -> None:
    with FlinkMock({"jobs": JOBS}, flink="1.19") as flink:

        @flink.on("GET /config")
        def config_of_a_vendor(call: Any) -> Any:
            response = call.response()
            response["flink-version"] = "1.19.1-amzn-1"
            return response

        @flink.on("GET /jobs/:jobid")
        def unchanged_details(call: Any) -> Any:
            return call.response()

        @flink.on("POST /jobs/:jobid/savepoints")
        def unchanged_trigger(call: Any) -> Any:
            return call.response()

        config = httpx.get(flink.url + "/config").json()
        assert (config["flink-version"], config["refresh-interval"]) == ("1.19.1-amzn-1", 3000)
        assert config["features"]["web-submit"] is True
        orders = flink.job("orders")
        trigger = httpx.post(f"{flink.url}/jobs/{orders.id}/savepoints", json={"target-directory": "/sp"}).json()
        flink.advance("1m")
        status = httpx.get(f"{flink.url}/jobs/{orders.id}/savepoints/{trigger['request-id']}").json()
        assert status["status"]["id"] == "COMPLETED"  # the cluster has handled the request
        missing = httpx.get(f"{flink.url}/jobs/{'0' * 32}")
        assert missing.status_code == 404
