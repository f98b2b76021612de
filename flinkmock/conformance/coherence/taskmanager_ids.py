"""Invariants of the ids of TaskManagers, also of those that are no longer registered."""

from __future__ import annotations

import re

from flinkmock.conformance.coherence.registry import between
from flinkmock.conformance.coherence.relations import Relations, require
from flinkmock.conformance.coherence.values import Value
from flinkmock.conformance.coherence.view import ID_PARAMETERS, View

_SUFFIX = re.compile(r"-[0-9a-f]{6}$")
"""How the id of a TaskManager ends if `taskmanager.resource-id` does not set it: with random hexadecimal digits."""


def id_with_same_suffix_is_equal(taskmanager_id: Value, listed: Value) -> Relations:
    """Relate the id of a TaskManager to the registered ids: if one has the same suffix, one is equal."""
    if isinstance(taskmanager_id.raw, str) and (suffix := _SUFFIX.search(taskmanager_id.raw)):
        same_suffix = [taskmanager["id"] for taskmanager in listed if str(taskmanager["id"].raw).endswith(suffix[0])]
        holds = not same_suffix or any(registered.raw == taskmanager_id.raw for registered in same_suffix)
        yield from require(holds, "nearly the id of a TaskManager", taskmanager_id, *same_suffix)


@between(
    "job",
    text="If the TaskManager of an attempt has an id with the suffix of a registered TaskManager, the two ids are "
    "equal.",
    source="flink-behaviour.md#task-managers",
)
def attempts_on_taskmanagers(view: View, job_id: str) -> Relations:
    listed = view.body("getTaskManagers")["taskmanagers"]
    for subject in view.subjects("attempt"):
        if subject[0] == job_id:
            attempt = dict(zip(ID_PARAMETERS["attempt"], subject, strict=True))
            body = view.body("getSubtaskExecutionAttemptDetails", **attempt)
            yield from id_with_same_suffix_is_equal(body["taskmanager-id"], listed)
