"""Operations on TaskManagers and JobManagers."""

from __future__ import annotations

from typing import Any

from flinkmock.control.operation import ControlCall, operation
from flinkmock.control.schemas import BOOLEAN, COUNT, DURATION, NON_EMPTY_TEXT, TEXT, array, nullable, obj

_TASKMANAGER = obj({"id": TEXT})
_LEADER = obj(
    {
        "leader": {**nullable(COUNT), "description": "The number of the leader; null if there is no leader."},
        "jobmanagers": array(obj({"number": COUNT, "down": BOOLEAN})),
    }
)


@operation(
    "GET",
    "/taskmanagers",
    summary="List the registered TaskManagers.",
    returns=obj({"taskmanagers": array(_TASKMANAGER)}),
    python_equivalents=("ClusterControl.taskmanagers",),
)
def list_taskmanagers(call: ControlCall) -> Any:
    """TaskManagers are listed in the order of registration."""
    return {"taskmanagers": [{"id": taskmanager} for taskmanager in call.control.taskmanagers]}


@operation(
    "POST",
    "/taskmanagers/join",
    summary="Register one more TaskManager.",
    returns=_TASKMANAGER,
    status=201,
    python_equivalents=("ClusterTaskManagers.add",),
)
def join_taskmanager(call: ControlCall) -> Any:
    """Jobs that wait for slots get its slots."""
    return {"id": call.control.taskmanagers.add()}


@operation(
    "POST",
    "/taskmanagers/lose",
    summary="Remove a TaskManager as if its process had crashed.",
    body=obj(
        {
            "id": {
                **NON_EMPTY_TEXT,
                "description": "The id of a TaskManager. Default: the TaskManager that registered first.",
            }
        },
        required=(),
    ),
    returns=_TASKMANAGER,
    errors=(404,),
    python_equivalents=("ClusterTaskManagers.lose",),
)
def lose_taskmanager(call: ControlCall) -> Any:
    """The jobs that have slots on the TaskManager fail; their restart strategies decide whether they restart."""
    return {"id": call.control.taskmanagers.lose(call.body.get("id"))}


@operation(
    "GET",
    "/leader",
    summary="Get the leader.",
    returns=_LEADER,
    python_equivalents=("ClusterControl.jobmanagers", "ClusterJobManagers.leader"),
)
def get_leader(call: ControlCall) -> Any:
    """JobManagers are numbered from 0, in the order of `urls`."""
    return _leader_json(call)


@operation(
    "POST",
    "/leader/crash",
    summary="Crash the leader.",
    body=obj(
        {
            "for": {
                **DURATION,
                "description": "The time until the next JobManager is elected and the crashed one is back.",
                "default": "5s",
            }
        },
        required=(),
    ),
    returns=_LEADER,
    python_equivalents=("ClusterJobManagers.crash_leader",),
)
def crash_leader(call: ControlCall) -> Any:
    """This has no effect while there is no leader."""
    call.control.jobmanagers.crash_leader(call.body.get("for", "5s"))
    return _leader_json(call)


def _leader_json(call: ControlCall) -> dict[str, Any]:
    engine = call.control.engine
    with engine.lock:
        leader = call.control.jobmanagers.leader
        jobmanagers = engine.cluster.leadership.jobmanagers
        return {
            "leader": leader,
            "jobmanagers": [{"number": jobmanager.number, "down": jobmanager.is_down} for jobmanager in jobmanagers],
        }
