"""The journal over HTTP."""

from __future__ import annotations

import threading

import httpx

from flinkmock import FlinkMock
from tests.control.client import Control


def test_the_journal_is_queried_and_cleared(flink: FlinkMock, control: Control) -> None:
    job_id = flink.job("orders").id
    httpx.get(flink.url + "/jobs")
    httpx.post(f"{flink.url}/jobs/{job_id}/savepoints", json={"target-directory": "s3://bucket"})
    httpx.get(flink.url + "/nothing")
    requests = control.get("requests?match=POST+/jobs/:jobid/savepoints")
    assert (requests["count"], requests["dropped"]) == (1, 0)
    assert requests["requests"][0]["body"] == {"target-directory": "s3://bucket"}
    assert control.get("requests")["count"] == 3
    assert [request["target"] for request in control.get("requests?limit=1")["requests"]] == ["/nothing"]
    assert control.get("requests?limit=0") == {"requests": [], "count": 3, "dropped": 0}
    assert control.get("requests?status=404")["count"] == control.get("requests?unmatched=true")["count"] == 1
    assert control.get("requests?unexpected=true")["count"] == 1
    assert control.get("requests?job=orders")["count"] == control.get(f"requests?job={job_id}")["count"] == 1
    assert control.get('requests?match=POST+/jobs/:jobid/savepoints&body={"target-directory": "s3://*"}')["count"] == 1
    control.error("GET", "requests?body=1", 400)
    assert control.get('requests?match=GET+/jobs&body={"a":1}')["count"] == 0
    control.error("GET", "requests?match=GET+/jobs&body={", 400)
    control.error("GET", "requests?match=GET+/jobs&body=null", 400)
    control.error("GET", "requests?match=jobs", 400)
    control.error("GET", "requests?limit=-1", 400)
    control.error("GET", "requests?unmatched=1", 400)
    control.delete("requests")
    assert control.get("requests")["count"] == 0


def test_the_journal_is_exported_as_har(flink: FlinkMock, control: Control) -> None:
    httpx.get(flink.url + "/jobs")
    [entry] = control.get("requests/har")["log"]["entries"]
    assert entry["request"]["url"] == flink.url + "/jobs"


def test_waiting_for_requests_blocks_no_other_request(flink: FlinkMock, control: Control) -> None:
    responses: list[object] = []
    waiting_control = Control(flink.control_url)

    def wait() -> None:
        responses.append(waiting_control.post("requests/wait", {"match": "GET /jobs", "times": 2, "timeout": "1m"}))

    waiting = threading.Thread(target=wait)
    waiting.start()
    httpx.get(flink.url + "/jobs")
    assert control.get("health") == {"status": "ok"}
    httpx.get(flink.url + "/jobs")
    waiting.join()
    assert [response["count"] for response in responses] == [2]


def test_a_wait_that_times_out_reports_near_misses(flink: FlinkMock, control: Control) -> None:
    httpx.get(flink.url + "/jobs")
    message = control.error("POST", "requests/wait", 409, json={"match": "GET /jobs/overview", "timeout": "20ms"})
    assert message.startswith(
        "after 0.02 s: expected GET /jobs/overview at least once, but it was never sent.\n  nearest:"
    )
    assert "longest" in control.error("POST", "requests/wait", 400, json={"match": "GET /jobs", "timeout": "2h"})


def test_the_number_and_the_order_of_requests_are_checked(flink: FlinkMock, control: Control) -> None:
    httpx.get(flink.url + "/jobs")
    httpx.get(flink.url + "/overview")
    assert control.post("requests/expect", {"match": "GET /jobs", "times": "once"})["count"] == 1
    assert control.post("requests/expect", {"match": "PATCH /jobs/:jobid", "times": 0})["count"] == 0
    assert "expected GET /jobs never" in control.error(
        "POST", "requests/expect", 409, json={"match": "GET /jobs", "times": "never"}
    )
    assert "is not a count" in control.error(
        "POST", "requests/expect", 400, json={"match": "GET /jobs", "times": "often"}
    )
    control.post("requests/expect-in-order", {"matches": ["GET /jobs", "GET /overview"]}, status=204)
    control.error("POST", "requests/expect-in-order", 409, json={"matches": ["GET /overview", "GET /jobs"]})


def test_the_expectations_of_the_scenario_are_checked(flink: FlinkMock, control: Control) -> None:
    assert control.get("expectations") == {
        "met": False,
        "expectations": [
            {
                "expectation": "POST /jobs/:jobid/stop once",
                "met": False,
                "message": "<scenario>:8:3: expected POST /jobs/:jobid/stop once, but it was never sent."
                "\n  no requests were sent.",
                "source": "<scenario>:8:3",
            }
        ],
    }
    httpx.post(f"{flink.url}/jobs/{flink.job('orders').id}/stop", json={})
    assert control.get("expectations")["met"]
