"""Reconstructs the lifecycle of a job, its states and their durations, from timestamps and exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from statistics import median_low
from typing import Any

from flinkmock.cluster.states import TERMINAL_JOB_STATES, legal_transitions
from flinkmock.conformance.recording.exceptions import ExceptionCatalog
from flinkmock.conformance.recording.observations import JobObservations
from flinkmock.units import format_duration

ORDER = (
    *("INITIALIZING", "CREATED", "RECONCILING", "RUNNING", "RESTARTING", "FAILING", "CANCELLING"),
    *("FINISHED", "FAILED", "CANCELED", "SUSPENDED"),
)
"""The order of states with the same timestamp."""
NEXT = {
    "INITIALIZING": "CREATED",
    "CREATED": "RUNNING",
    "RECONCILING": "RUNNING",
    "RESTARTING": "RUNNING",
    "FAILING": "FAILED",
    "CANCELLING": "CANCELED",
}
"""Transient state -> the state that follows if the recording ends in the transient state."""
MAX_FAILURE_LAG_MS = 500
"""How far the timestamps of a failure and of the following restart may differ, in ms."""
DEFAULT_TRANSIENT_MS = 1000
"""The assumed duration, in ms, of a transient state that the recording does not show."""
Entry = tuple[int, str]
"""(epoch ms, state that was entered)."""


def lifecycle(
    job: JobObservations, now: int, scheduler: str, exceptions: ExceptionCatalog, labels: Mapping[str, str]
) -> list[Any]:
    """Return the states of a job with their durations.

    Args:
        job: The recorded job.
        now: The end of the recording (epoch ms).
        scheduler: "default" or "adaptive".
        exceptions: Collects the exceptions of failures.
        labels: Names of vertices in the scenario, by their names in the cluster.
    """
    entries = _entries(job, scheduler)
    typical = {state: durations for state in NEXT if (durations := _durations(entries, state))}
    ends = [at for at, _ in entries[1:]]
    while entries[-1][1] in NEXT and entries[-1][1] in legal_transitions(scheduler):
        entered_at, state = entries[-1]
        following = "CREATED" if (scheduler, state) == ("adaptive", "RESTARTING") else NEXT[state]
        duration = median_low(typical[state]) if state in typical else DEFAULT_TRANSIENT_MS
        ends.append(max(entered_at + duration, now + DEFAULT_TRANSIENT_MS))
        entries.append((ends[-1], following))
    steps: list[Any] = []
    for number, (at, state) in enumerate(entries):
        duration_text = format_duration(max(ends[number] - at, 0)) if number < len(ends) else None
        failure = _failure(job, at) if state in ("RESTARTING", "FAILING") else None
        if failure is not None and duration_text is not None:
            steps.append({state: {"duration": duration_text, "exception": exceptions.name(failure, labels)}})
        else:
            steps.append({state: duration_text} if duration_text is not None else state)
    return steps


def _entries(job: JobObservations, scheduler: str) -> list[Entry]:
    """Return the entries in order, without transitions that the scheduler does not have, because some are unknown."""
    all_entries = sorted(
        job.entered | _overwritten(job, scheduler), key=lambda entry: (entry[0], ORDER.index(entry[1]))
    )
    legal_entries = all_entries[:1]
    for at, state in all_entries[1:]:
        if state in legal_transitions(scheduler)[legal_entries[-1][1]]:
            legal_entries.append((at, state))
    if legal_entries[-1][1] not in TERMINAL_JOB_STATES and all_entries[-1][1] in TERMINAL_JOB_STATES:
        legal_entries.append(all_entries[-1])
    return legal_entries


def _durations(entries: list[Entry], state: str) -> list[int]:
    return [after - at for (at, entered_at), (after, _) in pairwise(entries) if entered_at == state]


def _overwritten(job: JobObservations, scheduler: str) -> set[Entry]:
    """Return entries that only the exceptions show: timestamps have the last entry of each state, not earlier ones."""
    times: dict[str, set[int]] = {
        state: {at for at, entered_at in job.entered if entered_at == state} for state in ORDER
    }
    if not times["RESTARTING"]:
        return set()
    failures = times["RESTARTING"] | times["FAILING"]
    last = max(failures)
    for at in sorted(job.failures):
        if at < last and all(abs(at - other) > MAX_FAILURE_LAG_MS for other in failures):
            failures.add(at)
    missing = {(at, "RESTARTING") for at in failures - times["FAILING"]}
    spans = list(pairwise(sorted(failures)))
    restarts = [min(within) - at for at, after in spans if (within := _between(times["RUNNING"], at, after))]
    typical = median_low(restarts) if restarts else DEFAULT_TRANSIENT_MS
    first_entered_at, first = min(at for at, _ in job.entered), min(failures)
    # between two failures there is RUNNING, and CREATED with the adaptive scheduler
    for since, until, delay in [(first_entered_at, first, 1), *((at, after, typical) for at, after in spans)]:
        created = max(_between(times["CREATED"], since, until), default=None)
        ready = since + delay if created is None else max(created + 1, since + delay)
        running = min(_between(times["RUNNING"], since, until), default=min(ready, until - 1))
        missing.add((running, "RUNNING"))
        if created is None and (scheduler == "adaptive" or since == first_entered_at):
            missing.add((running, "CREATED"))
    return missing - job.entered


def _between(times: set[int], since: int, until: int) -> list[int]:
    return [at for at in times if since <= at < until]


def _failure(job: JobObservations, at: int) -> Any:
    """Return the failure closest to a time; None if there is none."""
    return job.failures[min(job.failures, key=lambda time: abs(time - at))] if job.failures else None
