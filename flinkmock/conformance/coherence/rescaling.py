"""Invariants of the adaptive scheduler: parallelism bounds, and the history of rescales."""

from __future__ import annotations

from flinkmock.conformance.coherence.registry import between, within
from flinkmock.conformance.coherence.relations import Relations, ascending, require, unique
from flinkmock.conformance.coherence.values import Value, constant
from flinkmock.conformance.coherence.view import View


@within(
    "getJobResourceRequirements",
    text="The lower bound of a parallelism is at least 1 and at most the upper bound.",
    source="flink-behaviour.md#resource-requirements",
)
def parallelism_bounds(body: Value) -> Relations:
    for _, bounds in body.items():
        limits = bounds["parallelism"]
        yield from ascending(constant(1, "1"), limits["lowerBound"], limits["upperBound"])


@between(
    "job",
    text="Each vertex of a job has parallelism bounds, and nothing else does; the lower bound is at most "
    "maxParallelism.",
    source="flink-behaviour.md#resource-requirements",
)
def bounds_of_vertices(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    body = view.body("getJobResourceRequirements", jobid=job_id)
    ids = {vertex["id"].raw for vertex in details["vertices"]}
    if ids and body.raw:
        yield from require(set(body.raw) == ids, "other vertices", body, details["vertices"], exact=True)
        for vertex in details["vertices"]:
            if vertex["maxParallelism"].raw > 0:
                yield from ascending(body[vertex["id"].raw]["parallelism"]["lowerBound"], vertex["maxParallelism"])


@within(
    "getJobRescalesHistory",
    text="Each rescale is listed once, and starts before it ends.",
    source="flink-behaviour.md#rescale-history",
)
def rescales_are_listed_once(body: Value) -> Relations:
    yield from unique(body, "rescaleUuid")
    for rescale in body:
        if rescale["startTimestampInMillis"].raw and rescale["endTimestampInMillis"].raw:
            yield from ascending(rescale["startTimestampInMillis"], rescale["endTimestampInMillis"])
