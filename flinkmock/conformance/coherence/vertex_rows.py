"""Relations within a row about a vertex, which describes all its tasks or those on one TaskManager."""

from __future__ import annotations

from flinkmock.conformance.coherence.jobs import aggregate_status
from flinkmock.conformance.coherence.relations import Relations, equal, require
from flinkmock.conformance.coherence.values import Value


def status_of_tasks(row: Value, tasks: Value) -> Relations:
    """Relate the status of a row to the number of tasks in each state."""
    counts = {state: number.raw for state, number in tasks.items()}
    if row["status"].exists and counts and all(isinstance(count, int) for count in counts.values()):
        expected = aggregate_status(counts)
        present = [number for _, number in tasks.items() if number.raw]
        text = f"a vertex with these tasks is {expected}"
        yield from require(row["status"].raw == expected, text, row["status"], *present, exact=True)


def duration_of_span(row: Value, now: Value) -> Relations:
    """Relate the duration of a row to its start-time and end-time, or to `now` while it has not ended."""
    start, end = row["start-time"], row["end-time"]
    if start.raw == -1:
        yield from require(row["duration"].raw == -1, "a duration without a start", row["duration"], start)
    else:
        yield from equal(row["duration"], (now if end.raw == -1 else end) - start)
