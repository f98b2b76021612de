"""Relations within an entry about a vertex. The entry describes all subtasks, or those on one TaskManager."""

from __future__ import annotations

from flinkmock.conformance.coherence.jobs import aggregate_status
from flinkmock.conformance.coherence.relations import Relations, equal, require
from flinkmock.conformance.coherence.values import Value


def status_of_tasks(entry: Value, tasks: Value) -> Relations:
    """Relate the status of a vertex to the number of its subtasks in each state (`tasks`)."""
    counts = {state: number.raw for state, number in tasks.items()}
    if entry["status"].exists and counts and all(isinstance(count, int) for count in counts.values()):
        expected = aggregate_status(counts)
        present = [number for _, number in tasks.items() if number.raw]
        text = f"a vertex with these tasks is {expected}"
        yield from require(entry["status"].raw == expected, text, entry["status"], *present, exact=True)


def duration_of_vertex(entry: Value, now: Value) -> Relations:
    """Relate the duration of a vertex to its start-time and its end-time, or `now` if it has not ended."""
    start, end = entry["start-time"], entry["end-time"]
    if start.raw == -1:
        yield from require(entry["duration"].raw == -1, "a duration without a start", entry["duration"], start)
    else:
        yield from equal(entry["duration"], (now if end.raw == -1 else end) - start)
