"""The journal is exported as JSON lines and as HAR 1.2."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from flinkmock.journal import as_har, as_json_lines
from tests.journal.exchange_factory import JOB_ID, make_exchange, make_journal


def test_json_lines_have_one_line_for_each_request() -> None:
    journal = make_journal(
        make_exchange(
            "POST", f"/jobs/{JOB_ID}/stop?a=1&a=2", {"drain": False}, 202, job="orders", fault="lost", wall_time=17
        ),
        make_exchange("GET", "/jobs/é"),
    )
    first, second = map(json.loads, as_json_lines(journal).splitlines())
    assert first == {
        "number": 1,
        "time": 1767225600000,
        "wall-time": 17,
        "method": "POST",
        "target": f"/jobs/{JOB_ID}/stop?a=1&a=2",
        "operation": "triggerStopWithSavepoint",
        "parameters": {},  # make_exchange sets none
        "query": {"a": ["1", "2"]},
        "body": {"drain": False},
        "files": [],
        "job": "orders",
        "status": 202,
        "fault": "lost",
        "rejection": None,
        "advice": ["Flink 2.3 does not read the query parameter a of POST /jobs/:jobid/stop."],
        "ignored": ["Flink 2.3 does not read the query parameter a of POST /jobs/:jobid/stop."],
    }
    assert (second["number"], second["target"]) == (2, "/jobs/é")


@pytest.mark.parametrize(
    ("body", "expected_body"),
    [
        (b'{"targetDirectory": "\\ud800"}', {"targetDirectory": "\ud800"}),
        (b'{"targetDirectory": NaN}', None),
        (b'{"parallelism": -1e999}', None),
        (b"\xff", None),
    ],
)
def test_every_body_can_be_exported(body: bytes, expected_body: object) -> None:
    line = as_json_lines([make_exchange("POST", f"/jobs/{JOB_ID}/stop", body_bytes=body)]).encode()
    assert json.loads(line, parse_constant=pytest.fail)["body"] == expected_body


def test_a_har_log_has_an_entry_for_each_request() -> None:
    exchange = make_exchange("POST", f"/jobs/{JOB_ID}/stop?a=1", {"drain": False}, 202, wall_time=1_700_000_000_123,
                    duration_us=2_500, headers=(("Content-Type", "application/json"),), response_size=44,
                    content_type="application/json; charset=UTF-8")  # fmt: skip
    har = as_har(make_journal(exchange, limit=1), "http://127.0.0.1:8081")
    assert har["log"]["version"] == "1.2"
    assert har["log"]["creator"]["name"] == "flinkmock"
    [entry] = har["log"]["entries"]
    assert datetime.fromisoformat(entry["startedDateTime"]).timestamp() == 1_700_000_000.123
    assert entry["time"] == 2.5 == sum(entry["timings"].values())
    assert entry["request"]["url"] == f"http://127.0.0.1:8081/jobs/{JOB_ID}/stop?a=1"
    assert entry["request"]["postData"] == {"mimeType": "application/json", "params": [], "text": '{"drain": false}'}
    assert entry["request"]["queryString"] == [{"name": "a", "value": "1"}]
    assert entry["response"]["status"] == 202
    assert entry["response"]["content"] == {"size": 44, "mimeType": "application/json; charset=UTF-8"}
    required = {"startedDateTime", "time", "request", "response", "cache", "timings"}
    assert required <= entry.keys()
    assert all(key.startswith("_") for key in entry.keys() - required)
    json.dumps(har)


def test_a_har_log_mentions_dropped_requests() -> None:
    har = as_har(make_journal(*(make_exchange("GET", "/jobs") for _ in range(5)), limit=2), "http://x")
    assert har["log"]["comment"] == "3 older requests were dropped"
    assert len(har["log"]["entries"]) == 2
