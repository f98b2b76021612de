"""Reconstructs the lifecycle of a job, its states and their durations, from timestamps and exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from statistics import median_low
from typing import Any

from flinkmock.cluster.states import TERMINAL_JOB_STATES, legal_transitions
from flinkmock.conformance.recording.exceptions import ExceptionCatalog
from flinkmock.conformance.recording.observations import EnteredState, JobObservations
from flinkmock.units import format_duration

STATES_IN_ORDER = (
    *("INITIALIZING", "CREATED", "RECONCILING", "RUNNING", "RESTARTING", "FAILING", "CANCELLING"),
    *("FINISHED", "FAILED", "CANCELED", "SUSPENDED"),
)
"""The order of states with the same timestamp."""
NEXT_STATES = {
    "INITIALIZING": "CREATED",
    "CREATED": "RUNNING",
    "RECONCILING": "RUNNING",
    "RESTARTING": "RUNNING",
    "FAILING": "FAILED",
    "CANCELLING": "CANCELED",
}
"""Transient state -> the state that follows in the scenario if the recording ends in the transient state."""
MAX_FAILURE_LAG_MS = 500
"""How far the timestamps of a failure and of the following restart may differ, in ms."""
DEFAULT_TRANSIENT_MS = 1000
"""The assumed duration, in ms, of a transient state that the recording does not show."""


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
    states = _states_in_order(job, scheduler)
    typical_durations_ms = {
        state: median_low(_durations(states, state) or [DEFAULT_TRANSIENT_MS]) for state in NEXT_STATES
    }
    while states[-1].state in NEXT_STATES and states[-1].state in legal_transitions(scheduler):
        last = states[-1]
        next_state = "CREATED" if (scheduler, last.state) == ("adaptive", "RESTARTING") else NEXT_STATES[last.state]
        states.append(
            EnteredState(max(last.at + typical_durations_ms[last.state], now + DEFAULT_TRANSIENT_MS), next_state)
        )
    steps: list[Any] = []
    for entered, following in pairwise(states):
        duration = format_duration(max(following.at - entered.at, 0))
        failure = _failure(job, entered.at) if entered.state in ("RESTARTING", "FAILING") else None
        if failure is not None:
            steps.append({entered.state: {"duration": duration, "exception": exceptions.add(failure, labels)}})
        else:
            steps.append({entered.state: duration})
    return [*steps, states[-1].state]


def _states_in_order(job: JobObservations, scheduler: str) -> list[EnteredState]:
    """Return the states in order, without those that the scheduler does not allow after the previous one.

    Such a state occurs if the state before it is unknown.
    """
    states = sorted(
        job.entered_states | _overwritten(job, scheduler),
        key=lambda entered: (entered.at, STATES_IN_ORDER.index(entered.state)),
    )
    legal_states = states[:1]
    for entered in states[1:]:
        if entered.state in legal_transitions(scheduler)[legal_states[-1].state]:
            legal_states.append(entered)
    if legal_states[-1].state not in TERMINAL_JOB_STATES and states[-1].state in TERMINAL_JOB_STATES:
        legal_states.append(states[-1])
    return legal_states


def _durations(states: list[EnteredState], state: str) -> list[int]:
    """Return the durations of a state in ms."""
    return [following.at - entered.at for entered, following in pairwise(states) if entered.state == state]


def _overwritten(job: JobObservations, scheduler: str) -> set[EnteredState]:
    """Return entered states that only the exceptions show, because a timestamp has only the last time of a state."""
    times: dict[str, set[int]] = {
        state: {entered.at for entered in job.entered_states if entered.state == state} for state in STATES_IN_ORDER
    }
    if not times["RESTARTING"]:
        return set()
    failure_times = times["RESTARTING"] | times["FAILING"]
    last_restart_at = max(times["RESTARTING"])
    for at in sorted(job.failures):
        if at < last_restart_at and all(abs(at - other) > MAX_FAILURE_LAG_MS for other in failure_times):
            failure_times.add(at)
    missing = {EnteredState(at, "RESTARTING") for at in failure_times - times["FAILING"]}
    spans = list(pairwise(sorted(failure_times)))
    restart_durations_ms = []
    for since, until in spans:
        if running_times := _between(times["RUNNING"], since, until):
            restart_durations_ms.append(min(running_times) - since)
    typical_restart_ms = median_low(restart_durations_ms) if restart_durations_ms else DEFAULT_TRANSIENT_MS
    first_entered_at = min(entered.at for entered in job.entered_states)
    spans_with_delay = [(first_entered_at, min(failure_times), 1)]
    spans_with_delay += [(since, until, typical_restart_ms) for since, until in spans]
    # Between two failures there is RUNNING, and CREATED with the adaptive scheduler. A restart can also fail for good.
    for since, until, delay_ms in spans_with_delay:
        if since == last_restart_at and until in times["FAILING"] and not _between(times["RUNNING"], since, until):
            continue
        created = max(_between(times["CREATED"], since, until), default=None)
        ready = since + delay_ms if created is None else max(created + 1, since + delay_ms)
        running = min(_between(times["RUNNING"], since, until), default=min(ready, until - 1))
        missing.add(EnteredState(running, "RUNNING"))
        if created is None and (scheduler == "adaptive" or since == first_entered_at):
            missing.add(EnteredState(running, "CREATED"))
    return missing - job.entered_states


def _between(times: set[int], since: int, until: int) -> list[int]:
    """Return the times from `since` to before `until`."""
    return [at for at in times if since <= at < until]


def _failure(job: JobObservations, at: int) -> Any:
    """Return the failure closest to a time; None if there is none."""
    return job.failures[min(job.failures, key=lambda time: abs(time - at))] if job.failures else None
