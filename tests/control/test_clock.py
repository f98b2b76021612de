"""The clock over HTTP."""

from __future__ import annotations

import httpx

from flinkmock import FlinkMock
from tests.control.client import Control

CLOCK_KEYS = {"now", "mode", "started-at", "next-event-at"}


def test_clients_advance_the_clock(flink: FlinkMock, control: Control) -> None:
    start_time = control.get("clock")["now"]
    clock = control.get("clock")
    assert (clock["mode"], clock["started-at"], clock.keys()) == ("virtual", start_time, CLOCK_KEYS)
    assert control.post("clock/advance", {"by": "2m30s"})["now"] == start_time + 150_000 == flink.clock.now()


def test_the_clock_advances_to_the_next_event(control: Control) -> None:
    next_event_at = control.get("clock")["next-event-at"]
    assert control.post("clock/next-event")["now"] == next_event_at


def test_the_clock_runs_until_a_job_is_in_a_state(flink: FlinkMock, control: Control) -> None:
    start_time = flink.clock.now()
    assert control.post("clock/run-until", {"job": "orders", "state": "RESTARTING"})["now"] == start_time + 20_000
    message = control.error("POST", "clock/run-until", 409, json={"job": "orders", "state": "FINISHED"})
    assert message.startswith("The state FINISHED of orders can never be reached: orders is RUNNING")
    assert "no job with the name" in control.error("POST", "clock/run-until", 404, json={"job": "x", "state": "FAILED"})
    message = control.error("POST", "clock/run-until", 400, json={"job": "orders", "state": "FINISHD"})
    assert 'Did you mean "FINISHED"?' in message


def test_run_until_reports_a_job_that_restarts_forever() -> None:
    with FlinkMock({"clock": "virtual", "jobs": {"loop": "restarting"}}) as flink:
        message = Control(flink.control_url).error(
            "POST", "clock/run-until", 409, json={"job": "loop", "state": "FINISHED"}
        )
    assert "was not reached after 5000 events" in message


def test_advance_rejects_invalid_durations_and_bodies(control: Control) -> None:
    assert control.error("POST", "clock/advance", 400, json={"by": 5}) == "by must be text, not 5."
    assert "no unit of time" in control.error("POST", "clock/advance", 400, json={"by": "5"})
    assert control.error("POST", "clock/advance", 400, json={}) == 'The body has no field "by".'
    assert 'Did you mean "by"?' in control.error("POST", "clock/advance", 400, json={"by": "5s", "byy": 1})
    assert "is not JSON" in control.error("POST", "clock/advance", 400, content=b"{by: 5s}")


def test_the_clock_does_not_advance_beyond_the_year_9998(control: Control) -> None:
    assert "ends with the year 9998" in control.error("POST", "clock/advance", 400, json={"by": "999999999999999d"})


def test_the_time_continues_after_a_change_of_mode(flink: FlinkMock, control: Control) -> None:
    control.post("clock/advance", {"by": "1h"})
    time_before = flink.clock.now()
    clock = control.put("clock/mode", {"mode": "1s per request"})
    assert (clock["mode"], clock["now"], clock["started-at"]) == (
        "1s per request",
        time_before,
        time_before - 3_600_000,
    )
    httpx.get(flink.url + "/jobs")
    assert control.get("clock")["now"] == time_before + 1_000
    assert control.put("clock/mode", {"mode": "real"})["now"] < time_before + 61_000
    assert "is not a clock" in control.error("PUT", "clock/mode", 400, json={"mode": "often"})


def test_control_requests_do_not_advance_the_clock_and_are_not_in_the_journal() -> None:
    with FlinkMock(clock="1s per request") as flink:
        control = Control(flink.control_url)
        times = {control.get("clock")["now"] for _ in range(5)}
        control.error("GET", "nothing", 404)
        assert len(times) == 1
        assert len(flink.requests) == 0
