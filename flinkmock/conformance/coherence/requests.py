"""Invariants between a response and its request, and between timestamps and the server's time in other responses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from flinkmock.conformance.coherence.cluster import options
from flinkmock.conformance.coherence.flame_graphs import NO_SAMPLE
from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.coherence.registry import CACHE_REFRESH_MS, against_request, between
from flinkmock.conformance.coherence.relations import Relations, ascending, require
from flinkmock.conformance.coherence.values import LOWEST_TIME_MS, Value, constant, is_number
from flinkmock.conformance.coherence.view import View
from flinkmock.contract.operation_traits import TRAITS

_ECHOING = tuple(operation_id for operation_id, traits in TRAITS.items() if traits.echoes)
"""Operations whose responses have path parameters of the request."""
_OPERATIONS_WITH_NOW = (
    "getJobDetails",
    "getJobVertexDetails",
    "getSubtasksTimes",
    "getJobVertexTaskManagers",
)
"""Operations whose responses have the server's time, under `now`."""
_OPERATIONS_WITH_DURATION = (
    "getJobsOverview",
    "getApplicationDetails",
    "getApplicationsOverview",
    "getSubtaskCurrentAttemptDetails",
    "getSubtaskExecutionAttemptDetails",
)
"""Operations whose responses imply the server's time: it is start-time + duration of a job, application or subtask that
has not ended."""


@against_request(
    *_ECHOING, text="A response has the ids that were requested.", source="flink-behaviour.md#json-conventions"
)
def requested_ids(body: Value) -> Relations:
    response = body.response
    for parameter, key in TRAITS[response.operation_id].echoes.items():
        if body[key].exists:
            text = f"{response.parameters[parameter]} was requested"
            holds = str(body[key].raw).lower() == response.parameters[parameter].lower()
            yield from require(holds, text, body[key], exact=True)


def server_time_of(body: Value) -> Value:
    """Return the server's time at which a response was made; `Value(None)` if the response shows no time."""
    return next(iter(server_times_of(body)), Value(None))


def server_times_of(body: Value) -> list[Value]:
    """Return the server's times at which the parts of a response were made."""
    if body.response.operation_id in _OPERATIONS_WITH_NOW:
        return [body["now"]] if is_number(body["now"].raw) else []
    if body.response.operation_id not in _OPERATIONS_WITH_DURATION:
        return []
    entries = [body, *body["jobs"], *body["applications"]]
    times = [entry["start-time"] + entry["duration"] for entry in entries if _is_ongoing(entry)]
    return [time for time in times if is_number(time.raw)]


def _is_ongoing(entry: Value) -> bool:
    """Return whether a job, application or subtask has started, and has neither ended nor been suspended."""
    status = entry["state"] if entry["state"].exists else entry["status"]
    has_started, has_ended = entry["start-time"].raw != -1, entry["end-time"].raw != -1
    return has_started and not has_ended and status.exists and status.raw not in {*TERMINAL, "SUSPENDED"}


@between(
    "cluster",
    text="The server's time never goes backwards from response to response.",
    source="flink-behaviour.md#caches",
    may_disagree_for_ms=0,
)
def server_time_never_decreases(view: View) -> Relations:
    server_times = [(response, server_times_of(Value.of(response))) for response in view.responses_in_order]
    server_times = [(response, times) for response, times in server_times if times]
    for (earlier, before), (later, after) in pairwise(server_times):
        if earlier.received_at <= later.sent_at:
            last_before, first_after = max(before, key=lambda time: time.raw), min(after, key=lambda time: time.raw)
            yield from ascending(last_before, first_after, slack=50)  # a machine's clock may be adjusted


@between(
    "cluster",
    text="The times of heartbeats, checkpoints and metrics are before the server's time in the next response.",
    source="flink-behaviour.md#caches",
    may_disagree_for_ms=0,
)
def times_are_before_the_next_clock(view: View) -> Relations:
    server_times = [(response, server_times_of(Value.of(response))) for response in view.responses_in_order]
    following = iter([(response, min(times, key=lambda time: time.raw)) for response, times in server_times if times])
    next_clock = next(following, None)
    for response in view.responses_in_order:
        while next_clock is not None and next_clock[0].sent_at < response.received_at:
            next_clock = next(following, None)
        if next_clock is None:
            return
        _, server_time = next_clock
        for time in _past_times(Value.of(response)):
            yield from ascending(time, server_time, slack=1_000)


def _past_times(body: Value) -> Iterator[Value]:
    """Yield the times of past events in a response that come from the clock of the JobManager."""
    for taskmanager in (body, *body["taskmanagers"]):
        yield taskmanager["timeSinceLastHeartbeat"]  # in spite of its name, the time of the last heartbeat
    if body.response.operation_id == "getJobVertexBackPressure":
        yield body["end-timestamp"]
    for entry in (body, *body["history"]):
        yield from (entry[key] for key in ("trigger_timestamp", "latest_ack_timestamp", "failure_timestamp"))


@between(
    "cluster",
    text="No timestamp is later than the server's time. Heartbeats and (since 1.15, by default) fetches of metrics "
    "are at most three minutes old, samples of back pressure at most an hour.",
    source="flink-behaviour.md#caches",
    may_disagree_for_ms=CACHE_REFRESH_MS,
)
def nothing_is_in_the_future(view: View) -> Relations:
    clocks = [view.body("getJobDetails", jobid=ids[0])["now"] for ids in view.subjects("job")]
    times = [time for time in clocks if is_number(time.raw)]
    if not times:
        return
    latest = max(times, key=lambda time: time.raw)
    slack = 60_000  # in ms: the other responses may have been requested a minute later
    for item in view.body("getTaskManagers")["taskmanagers"]:
        yield from ascending(item["timeSinceLastHeartbeat"], latest, slack=slack)
        if item["timeSinceLastHeartbeat"].raw:  # 0 before the first heartbeat
            yield from ascending(latest, item["timeSinceLastHeartbeat"], slack=3 * slack)
    for item in view.body("getJarList")["files"]:
        yield from ascending(item["uploaded"], latest, slack=slack)
    for operation_id, kind, name in (
        ("getJobManagerLogList", "cluster", ""),
        ("getTaskManagerLogs", "taskmanager", "taskmanagerid"),
    ):
        for ids in view.subjects(kind):
            body = view.body(operation_id, **({name: ids[0]} if name else {}))
            for item in body["logs"]:
                yield from ascending(item["mtime"], latest, slack=slack)
    for job_id, vertex_id in view.subjects("vertex"):
        body = view.body("getJobVertexBackPressure", jobid=job_id, vertexid=vertex_id)
        end = body["end-timestamp"]
        if end.raw:
            yield from ascending(end, latest, slack=slack)
            # Since 1.15, `backpressureLevel` shows that it is the time of a fetch of metrics, by default every 10 s. In
            # earlier releases it may be that of a sample, which may be an hour old.
            is_fetched = body["backpressureLevel"].exists and "metrics.fetcher.update-interval" not in options(view)
            yield from ascending(latest, end, slack=3 * slack if is_fetched else 3_600_000)
        graphs = [view.body("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id)]
        graphs += view.bodies_with_query("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id)
        for sampled_at in [graph["endTimestamp"] for graph in graphs]:
            yield from ascending(sampled_at, latest, slack=slack)
            if is_number(sampled_at.raw):
                is_time = sampled_at.raw > LOWEST_TIME_MS or sampled_at.raw in NO_SAMPLE
                yield from require(is_time, "not the time of a sample", sampled_at)
    for (job_id,) in view.subjects("job"):
        details = view.body("getJobDetails", jobid=job_id)
        for entry in view.body("getJobExceptions", jobid=job_id)["exceptionHistory"]["entries"]:
            yield from ascending(constant(0, "0"), entry["timestamp"], latest, slack=slack)
        for entry in view.body("getCheckpointingStatistics", jobid=job_id)["history"]:
            yield from ascending(entry["trigger_timestamp"], latest, slack=slack)
            yield from ascending(entry["latest_ack_timestamp"], latest, slack=slack)
        yield from ascending(details["start-time"], latest, slack=slack)
