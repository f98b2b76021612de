"""Invariants of accumulators: those of a job and its vertices combine those of the subtasks."""

from __future__ import annotations

import re
import struct
from collections import Counter

from flinkmock.conformance.coherence.job_results import JAVA_OBJECT_PREFIX, decoded
from flinkmock.conformance.coherence.registry import CACHE_REFRESH_MS, METRICS_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import Relations, equal, require, same_fields, unique
from flinkmock.conformance.coherence.values import MISSING, Value, computed, is_number, number
from flinkmock.conformance.coherence.view import ID_PARAMETERS, View

_SOURCE = "flink-behaviour.md#accumulators"
_SUMMED_TYPES = ("IntCounter", "LongCounter", "DoubleCounter")
_FORMATS = {"IntCounter": ">i", "LongCounter": ">q", "DoubleCounter": ">d", "AverageAccumulator": ">d"}
"""Type of an accumulator -> how Java serializes its value, as a format of `struct`."""
_END_OF_OBJECT = b"x"
"""`ObjectStreamConstants.TC_ENDBLOCKDATA`, which ends an `OptionalFailure`."""
_LIST_KEYS = ("user-accumulators", "user-task-accumulators")


@within(
    "getJobAccumulators",
    "getJobVertexAccumulators",
    "getSubtasksAllAccumulators",
    "getSubtaskExecutionAttemptAccumulators",
    text="Each accumulator is listed once.",
    source=_SOURCE,
)
def accumulators_are_unique(body: Value) -> Relations:
    for entry in (body, *body["subtasks"]):
        for key in _LIST_KEYS:
            yield from unique(entry[key], "name")


@within(
    "getJobAccumulators",
    text="The serialized accumulators are those in the list if the request asks for them; otherwise there are none.",
    source=_SOURCE,
)
def serialized_accumulators(body: Value) -> Relations:
    serialized, listed = body["serialized-user-task-accumulators"], body["user-task-accumulators"]
    is_requested = body.response.query.get("includeSerializedValue") == ["true"]
    names = {accumulator["name"].raw for accumulator in listed} if is_requested else set()
    if serialized.exists and listed.exists:
        holds = set(serialized.raw) == names
        yield from require(holds, f"the accumulators are {sorted(map(str, names))}", serialized, listed, exact=True)
    for _, value in serialized.items():
        if isinstance(value.raw, str):
            is_java_object = decoded(value.raw).startswith(JAVA_OBJECT_PREFIX)
            yield from require(is_java_object, "not a Java object", value, exact=True)


@within(
    "getJobAccumulators",
    "getJobVertexAccumulators",
    "getSubtaskExecutionAttemptAccumulators",
    text="The value of an accumulator fits its type.",
    source=_SOURCE,
)
def accumulator_values(body: Value) -> Relations:
    for key in _LIST_KEYS:
        for accumulator in body[key]:
            value, kind = accumulator["value"], accumulator["type"]
            if kind.is_in(("IntCounter", "LongCounter")) and isinstance(value.raw, str):
                holds = re.fullmatch(r"-?\d+", value.raw) is not None
                yield from require(holds, f"not a value of {kind.raw}", value, kind, exact=True)
            if kind.raw in ("DoubleCounter", "AverageAccumulator") and isinstance(value.raw, str):
                yield from require(number(value).exists, f"not a value of {kind.raw}", value, kind, exact=True)
            if kind.raw == "Histogram" and isinstance(value.raw, str):
                yield from require(_histogram(value) is not None, "not a value of Histogram", value, kind, exact=True)


@within(
    "getJobAccumulators",
    text="A serialized counter or average ends with the value in the list.",
    source=_SOURCE,
    may_disagree_for_ms=CACHE_REFRESH_MS,
)
def serialized_values(body: Value) -> Relations:
    for accumulator in body["user-task-accumulators"]:
        serialized = body["serialized-user-task-accumulators"][str(accumulator["name"].raw)]
        value, struct_format = number(accumulator["value"]), _FORMATS.get(str(accumulator["type"].raw))
        if isinstance(serialized.raw, str) and is_number(value.raw) and struct_format is not None:
            try:
                expected = struct.pack(struct_format, value.raw) + _END_OF_OBJECT
            except struct.error:
                continue  # a value of another type
            holds = decoded(serialized.raw).endswith(expected)
            yield from require(holds, "another value", serialized, value, exact=True)


def _histogram(value: Value) -> Counter[int] | None:
    """Return the counts in a text such as "{2=1283, 3=642}"; None if the text is not a histogram."""
    text = str(value.raw)
    if not re.fullmatch(r"\{(-?\d+=\d+(, -?\d+=\d+)*)?\}", text):
        return None
    return Counter({int(key): int(times) for key, times in re.findall(r"(-?\d+)=(\d+)", text)})


def _by_name(listed: Value) -> dict[str, Value]:
    return {str(accumulator["name"].raw): accumulator for accumulator in listed}


def _same_accumulators(one: dict[str, Value], other: dict[str, Value], listed: Value) -> Relations:
    """Relate the accumulators of two lists: both have the same names.

    Args:
        one, other: The accumulators by their names.
        listed: The list that `other` comes from. If a name is missing, this list may be wrong.
    """
    only_in_one = [accumulator["name"] for name, accumulator in one.items() if name not in other]
    only_in_other = [accumulator["name"] for name, accumulator in other.items() if name not in one]
    for names, suspects in ((only_in_one, only_in_other), (only_in_other, only_in_one)):
        for name in names:
            yield from require(False, f"only one of them has {name.raw}", name, *(suspects[:3] or [listed]))


def _combines(merged: Value, parts: list[Value]) -> Relations:
    """Relate an accumulator to the accumulators of the same name that Flink merges into it."""
    value, values = merged["value"], [part["value"] for part in parts]
    kind = merged["type"]
    for part in parts:
        yield from equal(kind, part["type"])
    if kind.raw in _SUMMED_TYPES:
        numbers = [number(part).raw for part in values]
        if all(is_number(part) for part in numbers) and number(value).exists:
            expected = sum(numbers)
            is_close = abs(number(value).raw - expected) <= 1e-9 * abs(expected)
            yield from require(is_close, f"the sum of its parts is {expected}", value, *values, exact=True)
    elif kind.raw == "Histogram":
        histograms = [_histogram(part) for part in values]
        if None not in histograms:
            expected = sum((histogram for histogram in histograms if histogram is not None), Counter[int]())
            yield from require(_histogram(value) == expected, "not the sum of its parts", value, *values, exact=True)
    elif kind.raw == "AverageAccumulator":
        numbers = [number(part).raw for part in values if is_number(number(part).raw)]
        if numbers and is_number(number(value).raw):
            slack = 1e-9 * max(abs(part) for part in numbers)
            is_between = min(numbers) - slack <= number(value).raw <= max(numbers) + slack
            text = "not between the averages of its parts"
            yield from require(is_between or 0 in numbers, text, value, *values)  # 0: a part may have no values yet
    elif kind.raw in ("IntMaximum", "LongMaximum", "DoubleMaximum", "IntMinimum", "LongMinimum", "DoubleMinimum"):
        numbers = [number(part).raw for part in values]
        if all(is_number(part) for part in numbers):
            expected = max(numbers) if kind.raw.endswith("Maximum") else min(numbers)
            text = f"the {'maximum' if kind.raw.endswith('Maximum') else 'minimum'} of its parts is {expected}"
            yield from require(number(value).raw == expected, text, value, *values, exact=True)
    elif kind.raw == "ListAccumulator":
        items = Counter(item for part in values for item in _items(part))
        yield from require(Counter(_items(value)) == items, "not the items of its parts", value, *values, exact=True)


def _items(value: Value) -> list[str]:
    return [item for item in str(value.raw).strip("[]").split(", ") if item]


@between(
    "vertex",
    text="The accumulators of a vertex combine those of its subtasks.",
    source=_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def vertex_accumulators(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    merged = _by_name(view.body("getJobVertexAccumulators", **ids)["user-accumulators"])
    subtasks = view.body("getSubtasksAllAccumulators", **ids)["subtasks"]
    accumulators_of_subtasks = [_by_name(subtask["user-accumulators"]) for subtask in subtasks]
    if not accumulators_of_subtasks:
        return
    listed = view.body("getJobVertexAccumulators", **ids)["user-accumulators"]
    for name, accumulator in merged.items():
        parts = [accumulators[name] for accumulators in accumulators_of_subtasks if name in accumulators]
        yield from require(bool(parts), "no subtask has this accumulator", accumulator["name"], subtasks, exact=True)
        if parts:
            yield from _combines(accumulator, parts)
    for accumulators in accumulators_of_subtasks:
        for name, accumulator in accumulators.items():
            yield from require(
                name in merged or not listed.exists, "the vertex lacks this accumulator", accumulator["name"], listed
            )


@between(
    "job",
    text="The accumulators of a job combine those of its vertices.",
    source=_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def job_accumulators(view: View, job_id: str) -> Relations:
    listed = view.body("getJobAccumulators", jobid=job_id)["user-task-accumulators"]
    merged = _by_name(listed)
    accumulators_of_vertices = []
    for vertex in view.body("getJobDetails", jobid=job_id)["vertices"]:
        body = view.body("getJobVertexAccumulators", jobid=job_id, vertexid=str(vertex["id"].raw))
        if not body.exists:
            return  # not all vertices were read
        accumulators_of_vertices.append(_by_name(body["user-accumulators"]))
    if not accumulators_of_vertices:
        return
    for name, accumulator in merged.items():
        parts = [accumulators[name] for accumulators in accumulators_of_vertices if name in accumulators]
        yield from require(bool(parts), "no vertex has this accumulator", accumulator["name"], listed, exact=True)
        if parts:
            yield from _combines(accumulator, parts)
    for accumulators in accumulators_of_vertices:
        for name, accumulator in accumulators.items():
            yield from require(name in merged, "the job lacks this accumulator", accumulator["name"], listed)


@between(
    "job",
    text="The accumulators of a job are the same with and without their serialized values.",
    source=_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def job_accumulators_twice(view: View, job_id: str) -> Relations:
    without_query = _by_name(view.body("getJobAccumulators", jobid=job_id)["user-task-accumulators"])
    for body in view.bodies_with_query("getJobAccumulators", jobid=job_id):
        with_query = _by_name(body["user-task-accumulators"])
        for name, accumulator in with_query.items():
            if name in without_query:
                yield from same_fields(accumulator, without_query[name])
        yield from _same_accumulators(without_query, with_query, body["user-task-accumulators"])


@between(
    "job",
    text="The execution result has the serialized accumulators of the job.",
    source="flink-behaviour.md#execution-result",
)
def result_accumulators(view: View, job_id: str) -> Relations:
    results = view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]["accumulator-results"]
    if not results.exists:
        return
    for body in view.bodies_with_query("getJobAccumulators", jobid=job_id):
        serialized = body["serialized-user-task-accumulators"]
        if body.response.query.get("includeSerializedValue") == ["true"]:
            yield from require(
                set(results.raw) == set(serialized.raw or ()), "other accumulators", results, serialized, exact=True
            )
            for name, value in results.items():
                yield from equal(value, serialized[name])


@between(
    "vertex",
    text="An attempt has the accumulators that its vertex lists for it, and all attempts have the same types.",
    source=_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def attempt_accumulators(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    details = view.body("getJobVertexDetails", **ids)["subtasks"]
    for entry in view.body("getSubtasksAllAccumulators", **ids)["subtasks"]:
        index, attempt = str(entry["subtask"].raw), str(entry["attempt"].raw)
        subtask = details[int(index)] if index.isdecimal() else Value(MISSING)
        for key in ("attempt", "endpoint", "host"):
            yield from equal(entry[key], subtask[key])
        body = view.body("getSubtaskExecutionAttemptAccumulators", **ids, subtaskindex=index, attempt=attempt)
        if body.exists:
            yield from equal(entry["attempt"], body["attempt"])
            yield from equal(entry["subtask"], body["subtask"])
            in_list, in_attempt = _by_name(entry["user-accumulators"]), _by_name(body["user-accumulators"])
            for name, accumulator in in_list.items():
                if name in in_attempt:
                    yield from same_fields(accumulator, in_attempt[name])
            yield from _same_accumulators(in_list, in_attempt, body["user-accumulators"])
    types: dict[str, Value] = {}
    for subject in view.subjects("attempt"):
        if subject[:2] == (job_id, vertex_id):
            body = view.body(
                "getSubtaskExecutionAttemptAccumulators", **dict(zip(ID_PARAMETERS["attempt"], subject, strict=True))
            )
            for accumulator in body["user-accumulators"]:
                kind, name = accumulator["type"], str(accumulator["name"].raw)
                if name in types:
                    yield from equal(kind, types[name])
                types.setdefault(name, kind)


@between(
    "job",
    text="The ids of a job's attempts begin with the id of its graph.",
    source="flink-behaviour.md#subtasks",
    since="1.16",
)
def attempt_ids_of_job(view: View, job_id: str) -> Relations:
    first: Value | None = None
    for subject in view.subjects("attempt"):
        if subject[0] == job_id:
            ids = dict(zip(ID_PARAMETERS["attempt"], subject, strict=True))
            attempt = view.body("getSubtaskExecutionAttemptAccumulators", **ids)["id"]
            if isinstance(attempt.raw, str) and attempt.raw.count("_") == 3:
                graph = computed(attempt.raw.partition("_")[0], f"the beginning of {attempt}", attempt)
                first = first or graph
                yield from require(graph.raw == first.raw, "attempts of two graphs", graph, first)


@within(
    "getSubtaskExecutionAttemptAccumulators",
    text="The id of an attempt ends with vertex, subtask and attempt.",
    source="flink-behaviour.md#subtasks",
    since="1.16",
)
def attempt_id(body: Value) -> Relations:
    parameters = body.response.parameters
    if isinstance(body["id"].raw, str):
        expected = f"_{parameters['vertexid']}_{body['subtask'].raw}_{body['attempt'].raw}"
        text = f"the id doesn't end with {expected}"
        yield from require(
            body["id"].raw.endswith(expected), text, body["id"], body["subtask"], body["attempt"], exact=True
        )
