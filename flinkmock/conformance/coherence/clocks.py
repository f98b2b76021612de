"""Invariants of clocks: the server's goes on as fast as the client's, and fetches and samples follow each other."""

from __future__ import annotations

from itertools import pairwise

from flinkmock.conformance.coherence.cluster import options
from flinkmock.conformance.coherence.registry import between
from flinkmock.conformance.coherence.relations import Relations, ascending, require
from flinkmock.conformance.coherence.requests import server_times_of
from flinkmock.conformance.coherence.values import Value, is_number
from flinkmock.conformance.coherence.view import View

_STEADY_MS = 5_000
"""How far one server time may be from the others, which agree within `_AGREE_MS`."""
_AGREE_MS = 2_000
_FETCH_INTERVAL = "metrics.fetcher.update-interval"
_FETCH_INTERVAL_MS = 10_000


@between(
    "cluster",
    text="The server's clock goes on as fast as the client's.",
    source="flink-behaviour.md#caches",
    may_disagree_for_ms=0,
)
def server_clock_is_steady(view: View) -> Relations:
    """Compare each server time with all others, whose distance to the client's time is known from their requests."""
    clocks = [
        (time.raw - response.received_at, time.raw - response.sent_at, time)
        for response in view.in_order
        for time in server_times_of(Value.of(response))
    ]
    if len(clocks) < 4:
        return
    lowest_two = sorted(clocks, key=lambda clock: clock[1])[:2]
    highest_two = sorted(clocks, key=lambda clock: clock[0])[-2:]
    for clock in clocks:
        first = next(other for other in lowest_two if other is not clock)
        last = next(other for other in reversed(highest_two) if other is not clock)
        if last[0] > first[1] + _AGREE_MS:
            continue  # the clock of a fake may stand still
        for distance, other in ((clock[0] - first[1], first), (last[0] - clock[1], last)):
            if distance > _STEADY_MS:
                yield from require(False, f"{distance:.0f} ms off", clock[2], other[2])


@between(
    "cluster",
    text="The metrics of all vertices are fetched together: the time of the fetch goes on from response to response.",
    source="flink-behaviour.md#metric-freshness",
    since="1.13",
    may_disagree_for_ms=0,
)
def metric_fetches_are_in_order(view: View) -> Relations:
    responses = [
        response for response in view.in_order if response.operation_id == "getJobVertexBackPressure"
    ]  # in the order of their requests
    fetched = [(response, Value.of(response)["end-timestamp"]) for response in responses]
    known = [(response, time) for response, time in fetched if is_number(time.raw)]
    configured = options(view)
    # a fake whose clock advances with each request may fetch for each of them, so that all times differ
    repeated = len({time.raw for _, time in known}) < len(known)
    least = _FETCH_INTERVAL_MS if repeated and configured and _FETCH_INTERVAL not in configured else 1
    for (earlier, before), (later, after) in pairwise(known):
        if earlier.received_at <= later.sent_at:
            holds = after.raw == before.raw or after.raw >= before.raw + least
            text = "neither the same fetch nor the next one"
            yield from require(holds, text, after, before, exact=True)


@between(
    "vertex",
    text="The flame graphs of a vertex are of the sample of the request before, or of a newer one.",
    source="flink-behaviour.md#flame-graphs",
    since="1.13",
    may_disagree_for_ms=0,
)
def flame_graphs_are_in_order(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    bodies = [view.body("getJobVertexFlameGraph", **ids), *view.with_query("getJobVertexFlameGraph", **ids)]
    of_all_subtasks = [body for body in bodies if body.exists and "subtaskindex" not in body.response.query]
    in_order = sorted(of_all_subtasks, key=lambda body: body.response.number)
    times = [body["endTimestamp"] for body in in_order]
    yield from ascending(*(time for time in times if is_number(time.raw) and time.raw > 0))
