"""Finds faults that never apply, because earlier faults apply to all of their requests."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flinkmock.faults import Fault, FaultTrigger

MAX_REQUESTS = 10_000
"""The maximum number of requests that are simulated to find hidden faults."""


def hiding_faults(fault: Fault, earlier: Sequence[Fault]) -> list[Fault]:
    """Return the earlier faults that together apply to all requests of a fault; empty if it can apply."""
    for other in earlier:
        if _hides(other, fault.trigger):
            return [other]
    return _hiding_by_numbers(fault, earlier)


# -- conditions


def _hides(earlier: Fault, later: FaultTrigger) -> bool:
    """Return whether an earlier fault applies to every request that a later one matches."""
    trigger = earlier.trigger
    if earlier.serve_stale is not None and not (
        later.patterns and all(pattern.method == "GET" for pattern in later.patterns)
    ):
        return False  # only responses to reads can be stale
    has_wider_conditions = (
        trigger.job in (None, later.job)
        and trigger.headers.items() <= later.headers.items()
        and trigger.job_state in (None, later.job_state)
        and trigger.every == 1
        and not trigger.nth
        and trigger.chance >= 1
        and trigger.times is None
        and _covers(trigger.during, later.during)
    )
    covers_patterns = not trigger.patterns or (bool(later.patterns) and set(later.patterns) <= set(trigger.patterns))
    return has_wider_conditions and covers_patterns


def _covers(outer: tuple[int, int | None] | None, inner: tuple[int, int | None] | None) -> bool:
    """Return whether the period `outer` contains `inner`. None stands for all time, an end of None for no end."""
    outer_start, outer_end = outer or (0, None)
    inner_start, inner_end = inner or (0, None)
    return outer_start <= inner_start and (outer_end is None or (inner_end is not None and inner_end <= outer_end))


# -- numbers of requests


def _hiding_by_numbers(fault: Fault, earlier: Sequence[Fault]) -> list[Fault]:
    """Simulate requests; return the earlier faults that apply to all requests to which `fault` would apply.

    `every`, `nth` and `times` depend on the number of a request. Only faults with the same other conditions are
    compared, since they count the same requests. Faults that apply by chance are omitted.
    """
    comparable = [other for other in earlier if _conditions(other) == _conditions(fault) and other.trigger.chance >= 1]
    request_count = _request_count([*comparable, fault])
    if not comparable or request_count > MAX_REQUESTS:
        return []
    hit_counts = [0] * len(comparable)
    hiding: dict[str, Fault] = {}
    for number in range(1, request_count + 1):
        index = next((i for i, other in enumerate(comparable) if _selects(other, number, hit_counts[i])), None)
        if index is not None:
            hit_counts[index] += 1
        if _selects(fault, number, 0):
            if index is None:
                return []
            hiding[comparable[index].name] = comparable[index]
    return list(hiding.values())


def _conditions(fault: Fault) -> object:
    """Return the conditions that determine which requests a fault counts."""
    trigger = fault.trigger
    headers = tuple(sorted(trigger.headers.items()))
    reads_only = fault.serve_stale is not None
    return frozenset(trigger.patterns), trigger.job, headers, trigger.during, trigger.job_state, reads_only


def _selects(fault: Fault, number: int, hit_count: int) -> bool:
    """Return whether a fault that has had `hit_count` hits applies to the request with this number."""
    trigger = fault.trigger
    has_number = number % trigger.every == 0 and (not trigger.nth or number in trigger.nth)
    return has_number and (trigger.times is None or hit_count < trigger.times)


def _request_count(faults: Sequence[Fault]) -> int:
    """Return how many requests to simulate: enough for all `nth`, all `times`, and one common period of all `every`."""
    triggers = [fault.trigger for fault in faults]
    last_nth = max((max(trigger.nth, default=0) for trigger in triggers), default=0)
    last_limited_hit = sum(trigger.times * trigger.every for trigger in triggers if trigger.times is not None)
    return last_nth + min(last_limited_hit, MAX_REQUESTS) + math.lcm(*(trigger.every for trigger in triggers))
