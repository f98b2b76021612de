"""Invariants of clocks: the server's clock is as fast as the client's, and fetches and samples are in order."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from flinkmock.conformance.coherence.cluster import options
from flinkmock.conformance.coherence.registry import between
from flinkmock.conformance.coherence.relations import Relations, ascending, require
from flinkmock.conformance.coherence.requests import server_times_of
from flinkmock.conformance.coherence.values import Value, is_number
from flinkmock.conformance.coherence.view import View

_MAX_DEVIATION_MS = 5_000
"""How far the clock offset of one response may be from the others, in ms."""
_MAX_SPREAD_MS = 2_000
"""How far the other clock offsets may be from each other, in ms. If they are further apart, nothing is compared."""
_FETCH_INTERVAL_OPTION = "metrics.fetcher.update-interval"
_DEFAULT_FETCH_INTERVAL_MS = 10_000


class _ClockOffset(NamedTuple):
    """The difference between the server's clock and the client's as one response shows it.

    Attributes:
        lowest: The offset in ms if the server read its clock when the response arrived.
        highest: The offset in ms if the server read its clock when the request was sent.
        time: The server's time in the response.
    """

    lowest: float
    highest: float
    time: Value


@between(
    "cluster",
    text="The server's clock is as fast as the client's.",
    source="flink-behaviour.md#caches",
    may_disagree_for_ms=0,
)
def server_clock_is_steady(view: View) -> Relations:
    """Compare the clock offset of each response with those of all others."""
    offsets = [
        _ClockOffset(time.raw - response.received_at, time.raw - response.sent_at, time)
        for response in view.responses_in_order
        for time in server_times_of(Value.of(response))
    ]
    if len(offsets) < 4:
        return
    earliest_two = sorted(offsets, key=lambda offset: offset.highest)[:2]
    latest_two = sorted(offsets, key=lambda offset: offset.lowest)[-2:]
    for offset in offsets:
        earliest = next(other for other in earliest_two if other is not offset)
        latest = next(other for other in reversed(latest_two) if other is not offset)
        if latest.lowest > earliest.highest + _MAX_SPREAD_MS:
            continue  # the other offsets disagree, for example because the clock of a fake stands still
        deviations = ((offset.lowest - earliest.highest, earliest), (latest.lowest - offset.highest, latest))
        for deviation, other in deviations:
            if deviation > _MAX_DEVIATION_MS:
                yield from require(False, f"{deviation:.0f} ms off", offset.time, other.time)


@between(
    "cluster",
    text="The metrics of all vertices are fetched together: from response to response, the time of the fetch stays "
    "the same, or rises by at least the interval between fetches.",
    source="flink-behaviour.md#metric-freshness",
    since="1.13",
    may_disagree_for_ms=0,
)
def metric_fetches_are_in_order(view: View) -> Relations:
    responses = [
        response for response in view.responses_in_order if response.operation_id == "getJobVertexBackPressure"
    ]
    fetches = [(response, Value.of(response)["end-timestamp"]) for response in responses]
    fetches = [(response, fetched_at) for response, fetched_at in fetches if is_number(fetched_at.raw)]
    configured = options(view)
    # a fake whose clock advances with each request may fetch metrics for each request, so that all times differ
    are_fetches_shared = len({fetched_at.raw for _, fetched_at in fetches}) < len(fetches)
    has_default_interval = bool(configured) and _FETCH_INTERVAL_OPTION not in configured
    min_interval_ms = _DEFAULT_FETCH_INTERVAL_MS if are_fetches_shared and has_default_interval else 1
    for (earlier, earlier_fetch), (later, later_fetch) in pairwise(fetches):
        if earlier.received_at <= later.sent_at:
            holds = later_fetch.raw == earlier_fetch.raw or later_fetch.raw >= earlier_fetch.raw + min_interval_ms
            text = "neither the same fetch nor the next one"
            yield from require(holds, text, later_fetch, earlier_fetch, exact=True)


@between(
    "vertex",
    text="A flame graph of a vertex is of the same sample as the previous one, or of a newer sample.",
    source="flink-behaviour.md#flame-graphs",
    since="1.13",
    may_disagree_for_ms=0,
)
def flame_graphs_are_in_order(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    bodies = [view.body("getJobVertexFlameGraph", **ids), *view.bodies_with_query("getJobVertexFlameGraph", **ids)]
    whole_graphs = [body for body in bodies if body.exists and "subtaskindex" not in body.response.query]
    graphs_in_order = sorted(whole_graphs, key=lambda body: body.response.number)
    times = [(body.response, body["endTimestamp"]) for body in graphs_in_order]
    times = [(response, time) for response, time in times if is_number(time.raw) and time.raw > 0]
    for (earlier, before), (later, after) in pairwise(times):
        if earlier.received_at <= later.sent_at:
            yield from ascending(before, after)
