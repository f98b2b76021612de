"""Invariants between a response and its request, and between the clocks of successive responses."""

from __future__ import annotations

from itertools import pairwise

from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.coherence.registry import CACHES, against_request, between
from flinkmock.conformance.coherence.relations import Relations, ascending, true
from flinkmock.conformance.coherence.values import Value, constant, is_number
from flinkmock.conformance.coherence.view import View
from flinkmock.contract.operation_traits import TRAITS

_ECHOING = tuple(operation_id for operation_id, traits in TRAITS.items() if traits.echoes)
_NOW = (
    "getJobDetails",
    "getJobVertexDetails",
    "getSubtasksTimes",
    "getJobVertexTaskManagers",
)
"""Operations whose responses have the server's time, under `now`."""


@against_request(*_ECHOING, text="A response has the ids that were requested.", source="json-conventions")
def requested_ids(body: Value) -> Relations:
    response = body.response
    for parameter, key in TRAITS[response.operation_id].echoes.items():
        if body[key].exists:
            text = f"{response.parameters[parameter]} was requested"
            same = str(body[key].raw).lower() == response.parameters[parameter].lower()
            yield from true(same, text, body[key], exact=True)


def clock_of(body: Value) -> Value:
    """Return the server's time at which a response was made; a missing value if the response has none."""
    if body.response.operation_id in _NOW:
        return body["now"]
    if body.response.operation_id in ("getJobsOverview", "getApplicationDetails", "getApplicationsOverview"):
        rows = body["jobs"] if body["jobs"].exists else body["applications"]
        for row in rows:
            status = row["state"] if row["state"].exists else row["status"]
            if row["end-time"].raw == -1 and status.exists and status.raw not in TERMINAL:
                return row["start-time"] + row["duration"]
    return Value(None)


@between(
    "cluster",
    text="The server's time never goes backwards from response to response.",
    source="caches",
    settles_in_ms=0,
)
def server_time_goes_on(view: View) -> Relations:
    clocks = [(response, clock_of(Value.of(response))) for response in view.in_order]
    times = [(response, time) for response, time in clocks if is_number(time.raw)]
    for (earlier, before), (later, after) in pairwise(times):
        if earlier.received_at <= later.sent_at:
            yield from ascending(before, after, slack=50)  # a machine's clock may be adjusted


@between("cluster", text="No timestamp is later than the server's time.", source="caches", settles_in_ms=CACHES)
def nothing_is_in_the_future(view: View) -> Relations:
    clocks = [view.body("getJobDetails", jobid=ids[0])["now"] for ids in view.subjects("job")]
    times = [time for time in clocks if is_number(time.raw)]
    if not times:
        return
    latest = max(times, key=lambda time: time.raw)
    slack = 60_000  # since then, other responses were read
    for row in view.body("getTaskManagers")["taskmanagers"]:
        yield from ascending(row["timeSinceLastHeartbeat"], latest, slack=slack)
        if row["timeSinceLastHeartbeat"].raw:
            yield from ascending(latest, row["timeSinceLastHeartbeat"], slack=3 * slack)
    for row in view.body("getJarList")["files"]:
        yield from ascending(row["uploaded"], latest, slack=slack)
    for operation_id, kind, name in (
        ("getJobManagerLogList", "cluster", ""),
        ("getTaskManagerLogs", "taskmanager", "taskmanagerid"),
    ):
        for ids in view.subjects(kind):
            body = view.body(operation_id, **({name: ids[0]} if name else {}))
            for row in body["logs"]:
                yield from ascending(row["mtime"], latest, slack=slack)
    for job_id, vertex_id in view.subjects("vertex"):
        body = view.body("getJobVertexBackPressure", jobid=job_id, vertexid=vertex_id)
        end = body["end-timestamp"] if body["end-timestamp"].exists else body["endTimestamp"]
        if end.raw:
            yield from ascending(end, latest, slack=slack)
            yield from ascending(latest, end, slack=3_600_000)
        graph = view.body("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id)["endTimestamp"]
        yield from ascending(graph, latest, slack=slack)
        yield from true(
            not is_number(graph.raw) or graph.raw > 10**12 or graph.raw in (-1, -2, -3),
            "not the time of a sample",
            graph,
        )
    for (job_id,) in view.subjects("job"):
        details = view.body("getJobDetails", jobid=job_id)
        for entry in view.body("getJobExceptions", jobid=job_id)["exceptionHistory"]["entries"]:
            yield from ascending(constant(0, "0"), entry["timestamp"], latest, slack=slack)
        for entry in view.body("getCheckpointingStatistics", jobid=job_id)["history"]:
            yield from ascending(entry["trigger_timestamp"], latest, slack=slack)
            yield from ascending(entry["latest_ack_timestamp"], latest, slack=slack)
        yield from ascending(details["start-time"], latest, slack=slack)
