"""The operation that returns the timeline of the console."""

from __future__ import annotations

from typing import Any

from flinkmock.control.operation import ControlCall, QueryParameter, operation
from flinkmock.control.operations.clock import clock_json
from flinkmock.control.schemas import BOOLEAN, COUNT, INTEGER, TEXT, TIME, array, nullable, obj, ref
from flinkmock.control.timeline import timeline_json

_ENDED_AT = {**nullable(TIME), "description": "The cluster time of the end, in ms since the epoch; null until then."}
_LOST_AT = {
    **nullable(TIME),
    "description": "The cluster time at which the TaskManager crashed or left, in ms since the epoch; null until then.",
}
_STATE = obj(
    {
        "state": TEXT,
        "at": TIME,
        "note": {**nullable(TEXT), "description": "The exception, if the job is in this state because of a failure."},
    }
)
_CHECKPOINT = obj(
    {"id": INTEGER, "savepoint": BOOLEAN, "triggered-at": TIME, "ended-at": _ENDED_AT, "failure": nullable(TEXT)}
)
_JOB = obj(
    {"id": TEXT, "name": TEXT, "parallelism": INTEGER, "states": array(_STATE), "checkpoints": array(_CHECKPOINT)}
)
_OPERATION = obj(
    {
        "kind": {"type": "string", "enum": ["savepoint", "checkpoint", "disposal", "dataset"]},
        "trigger-id": TEXT,
        "job": {**nullable(TEXT), "description": "The id of the job; null if the operation belongs to no job."},
        "triggered-at": TIME,
        "done-at": _ENDED_AT,
        "failure": nullable(TEXT),
    }
)
_FAULT_HIT = obj(
    {
        "fault": TEXT,
        "at": TIME,
        "request": {"type": "string", "description": "The method and target."},
        "number": {**COUNT, "description": "The number of the request in the journal."},
    }
)
_LEADERSHIP_TERM = obj(
    {
        "jobmanager": COUNT,
        "since": {
            **nullable(TIME),
            "description": "The cluster time of the election, in ms since the epoch; null for the first leader.",
        },
        "until": {
            **nullable(TIME),
            "description": "The cluster time of the crash, in ms since the epoch; null for the current leader.",
        },
    }
)


@operation(
    "GET",
    "/timeline",
    summary="Get the history of the cluster.",
    query=(
        QueryParameter(
            "limit",
            {**COUNT, "maximum": 10_000},
            "The maximum number of states and of checkpoints of each job, and of operations, fault hits, TaskManagers "
            "and leaders. The newest are returned.",
            200,
        ),
    ),
    returns=obj(
        {
            "clock": ref("Clock"),
            "jobs": array(_JOB),
            "operations": array(_OPERATION),
            "fault-hits": array(_FAULT_HIT),
            "taskmanagers": array(obj({"id": TEXT, "joined-at": TIME, "lost-at": _LOST_AT})),
            "leaders": array(_LEADERSHIP_TERM),
            "requests": {**COUNT, "description": "The number of the last request in the journal; 0 if it is empty."},
        }
    ),
)
def get_timeline(call: ControlCall) -> Any:
    """The response has the jobs with their states and checkpoints, async operations, requests to which a fault
    applied, TaskManagers and leaders, up to now. The console draws them."""
    engine = call.control.engine
    with engine.lock:
        return {"clock": clock_json(call), **timeline_json(engine, call.query["limit"])}
