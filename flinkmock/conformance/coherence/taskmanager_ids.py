"""Invariants of the ids of TaskManagers, also of those that are gone."""

from __future__ import annotations

import re

from flinkmock.conformance.coherence.registry import between
from flinkmock.conformance.coherence.relations import Relations, require
from flinkmock.conformance.coherence.values import Value
from flinkmock.conformance.coherence.view import SUBJECTS, View

_SUFFIX = re.compile(r"-[0-9a-f]{6}$")
"""The end of the id of a TaskManager, if it is not configured: random digits."""


def nearly_registered(taskmanager_id: Value, listed: Value) -> Relations:
    """Relate the id of a TaskManager to those that are registered: the random end of an id is never used twice."""
    ids = [row["id"] for row in listed]
    if isinstance(taskmanager_id.raw, str) and (match := _SUFFIX.search(taskmanager_id.raw)):
        alike = [each for each in ids if str(each.raw).endswith(match[0])]
        right = not alike or any(each.raw == taskmanager_id.raw for each in alike)
        yield from require(right, "nearly the id of a TaskManager", taskmanager_id, *alike)


@between(
    "job",
    text="Earlier attempts were on TaskManagers whose ids are not those of registered ones at another address.",
    source="flink-behaviour.md#task-managers",
)
def attempts_on_taskmanagers(view: View, job_id: str) -> Relations:
    listed = view.body("getTaskManagers")["taskmanagers"]
    for subject in view.subjects("attempt"):
        if subject[0] == job_id:
            attempt = dict(zip(SUBJECTS["attempt"], subject, strict=True))
            body = view.body("getSubtaskExecutionAttemptDetails", **attempt)
            yield from nearly_registered(body["taskmanager-id"], listed)
