"""A job's states with their lengths, from its timestamps and its exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from statistics import median_low
from typing import Any

from flinkmock.cluster.states import TERMINAL_JOB_STATES, legal_transitions
from flinkmock.conformance.recording.exceptions import Causes
from flinkmock.conformance.recording.observations import JobNotes
from flinkmock.units import format_duration

ORDER = (
    *("INITIALIZING", "CREATED", "RECONCILING", "RUNNING", "RESTARTING", "FAILING", "CANCELLING"),
    *("FINISHED", "FAILED", "CANCELED", "SUSPENDED"),
)
"""Within one millisecond a job goes on in the order of its life."""
NEXT = {
    "INITIALIZING": "CREATED",
    "CREATED": "RUNNING",
    "RECONCILING": "RUNNING",
    "RESTARTING": "RUNNING",
    "FAILING": "FAILED",
    "CANCELLING": "CANCELED",
}
"""What follows if the recording ended in a state that no job stays in."""
SAME_MS = 500
"""A failure and the restart that follows it bear times so far apart at most."""
PASSING_MS = 1000
"""How long such a state lasts on, if the job has not shown it."""
Moment = tuple[int, str]


def lifecycle(job: JobNotes, now: int, scheduler: str, causes: Causes, labels: Mapping[str, str]) -> list[Any]:
    """Each state that was entered, with the time until the next one. `now`: when the recording ended (epoch ms);
    `labels`: vertex name -> what the file calls it."""
    moments = _moments(job, scheduler)
    usual = {state: stays for state in NEXT if (stays := _stays(moments, state))}
    ends = [at for at, _ in moments[1:]]
    while moments[-1][1] in NEXT and moments[-1][1] in legal_transitions(scheduler):
        entered, state = moments[-1]
        following = "CREATED" if (scheduler, state) == ("adaptive", "RESTARTING") else NEXT[state]
        lasts = median_low(usual[state]) if state in usual else PASSING_MS
        ends.append(max(entered + lasts, now + PASSING_MS))
        moments.append((ends[-1], following))
    steps: list[Any] = []
    for number, (at, state) in enumerate(moments):
        stay = format_duration(max(ends[number] - at, 0)) if number < len(ends) else None
        entry = _failure(job, at) if state in ("RESTARTING", "FAILING") else None
        if entry is not None and stay is not None:
            steps.append({state: {"duration": stay, "exception": causes.name(entry, labels)}})
        else:
            steps.append({state: stay} if stay is not None else state)
    return steps


def _moments(job: JobNotes, scheduler: str) -> list[Moment]:
    """When which state was entered, without what no scheduler does: a state may have passed unseen."""
    found = sorted(job.entered | _forgotten(job, scheduler), key=lambda each: (each[0], ORDER.index(each[1])))
    kept = found[:1]
    for at, state in found[1:]:
        if state in legal_transitions(scheduler)[kept[-1][1]]:
            kept.append((at, state))
    if kept[-1][1] not in TERMINAL_JOB_STATES and found[-1][1] in TERMINAL_JOB_STATES:
        kept.append(found[-1])
    return kept


def _stays(moments: list[Moment], state: str) -> list[int]:
    return [after - at for (at, entered), (after, _) in pairwise(moments) if entered == state]


def _forgotten(job: JobNotes, scheduler: str) -> set[Moment]:
    """Restarts that the timestamps have forgotten (they keep the last one of each) but the exceptions have not."""
    seen: dict[str, set[int]] = {state: {at for at, entered in job.entered if entered == state} for state in ORDER}
    if not seen["RESTARTING"]:
        return set()
    broken = seen["RESTARTING"] | seen["FAILING"]
    last = max(broken)
    for at in sorted(job.failures):
        if at < last and all(abs(at - other) > SAME_MS for other in broken):
            broken.add(at)
    found = {(at, "RESTARTING") for at in broken - seen["FAILING"]}
    spans = list(pairwise(sorted(broken)))
    restarts = [min(within) - at for at, after in spans if (within := _between(seen["RUNNING"], at, after))]
    usual = median_low(restarts) if restarts else PASSING_MS
    born, first = min(at for at, _ in job.entered), min(broken)
    # each life, the first one too, has to have its RUNNING, and with the adaptive scheduler its CREATED
    for since, until, takes in [(born, first, 1), *((at, after, usual) for at, after in spans)]:
        created = max(_between(seen["CREATED"], since, until), default=None)
        ready = since + takes if created is None else max(created + 1, since + takes)
        running = min(_between(seen["RUNNING"], since, until), default=min(ready, until - 1))
        found.add((running, "RUNNING"))
        if created is None and (scheduler == "adaptive" or since == born):
            found.add((running, "CREATED"))
    return found - job.entered


def _between(moments: set[int], since: int, until: int) -> list[int]:
    return [at for at in moments if since <= at < until]


def _failure(job: JobNotes, at: int) -> Any:
    """The failure nearest to the moment; None if none is known."""
    return job.failures[min(job.failures, key=lambda each: abs(each - at))] if job.failures else None
