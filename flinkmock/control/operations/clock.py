"""Operations on the clock."""

from __future__ import annotations

from typing import Any

from flinkmock.control.jobs import check_state
from flinkmock.control.operation import ControlCall, operation
from flinkmock.control.schemas import DURATION, NON_EMPTY_TEXT, STATE, obj, ref

MAX_EVENTS_AT_ONCE = 50
"""The number of events after which `run-until` lets the server handle other requests."""


def clock_json(call: ControlCall) -> dict[str, Any]:
    """Return the clock as in the schema Clock."""
    clock, engine = call.control.clock, call.control.engine
    with engine.lock:
        next_event_at = clock.next_event_at
        return {
            "now": clock.now(),
            "mode": clock.text,
            "started-at": engine.started_at,
            "next-event-at": next_event_at,
        }


@operation(
    "GET",
    "/clock",
    summary="Get the cluster time.",
    returns=ref("Clock"),
    python_equivalents=("ClusterControl.clock", "ClusterClock.now", "ClusterClock.text", "ClusterClock.next_event_at"),
)
def get_clock(call: ControlCall) -> Any:
    """Requests to the control API do not advance the clock, whatever its mode."""
    return clock_json(call)


@operation(
    "POST",
    "/clock/advance",
    summary="Advance the cluster time.",
    body=obj({"by": DURATION}),
    returns=ref("Clock"),
    python_equivalents=("ClusterControl.advance", "ClusterClock.advance"),
)
def advance_clock(call: ControlCall) -> Any:
    """All events that become due in this time run. A clock of any mode can be advanced."""
    call.control.advance(call.body["by"])
    return clock_json(call)


@operation(
    "POST",
    "/clock/next-event",
    summary="Advance the cluster time to the next event.",
    returns=ref("Clock"),
    errors=(409,),
    python_equivalents=("ClusterClock.next",),
)
def advance_to_next_event(call: ControlCall) -> Any:
    """The status is 409 if no event is scheduled."""
    call.control.clock.next()
    return clock_json(call)


@operation(
    "POST",
    "/clock/run-until",
    summary="Advance the cluster time until a job is in a state.",
    body=obj({"job": {**NON_EMPTY_TEXT, "description": "The name or id of a job."}, "state": STATE}),
    returns=ref("Clock"),
    errors=(404, 409),
    python_equivalents=("ClusterControl.run_until", "ClusterClock.run_until", "ClusterClock.event_times_until"),
)
async def run_clock_until(call: ControlCall) -> Any:
    """The time advances from event to event. The status is 409 if the job can't reach the state without a client or a
    signal, or has not reached it after 5,000 events; the message then lists the states of all jobs."""
    name, state = call.body["job"], call.body["state"]
    check_state(state)
    event_times = call.control.clock.event_times_until(
        lambda: call.control.job(name).state == state, f"The state {state} of {name}"
    )
    for count, _ in enumerate(event_times, 1):
        if count % MAX_EVENTS_AT_ONCE == 0:
            await call.host.handle_other_requests()
    return clock_json(call)


@operation(
    "PUT",
    "/clock/mode",
    summary="Change the clock mode.",
    body=obj({"mode": {"type": "string", "examples": ["virtual", "real", "10x", "1s per request"]}}),
    returns=ref("Clock"),
    python_equivalents=("ClusterClock.set_mode",),
)
def set_clock_mode(call: ControlCall) -> Any:
    """The new mode starts from the current cluster time."""
    call.control.clock.set_mode(call.body["mode"])
    return clock_json(call)
