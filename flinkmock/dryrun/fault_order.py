"""Finds faults that never apply, because earlier ones apply to the same numbers of requests."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flinkmock.faults import Fault

MAX_REQUESTS = 10_000
"""The highest number of requests after which the numbers of examined faults repeat."""


def selected_before(fault: Fault, earlier: Sequence[Fault]) -> list[Fault]:
    """Return the earlier faults that together apply to all requests that a fault selects; empty if it can apply.

    Only faults with the same conditions are compared, since they count the same requests. Faults that apply by chance
    are omitted.
    """
    rivals = [other for other in earlier if _conditions(other) == _conditions(fault) and other.trigger.chance >= 1]
    horizon = _horizon([*rivals, fault])
    if not rivals or horizon > MAX_REQUESTS:
        return []
    hits = [0] * len(rivals)
    hiding: dict[str, Fault] = {}
    for n in range(1, horizon + 1):
        first = next((i for i, rival in enumerate(rivals) if _selects(rival, n, hits[i])), None)
        if first is not None:
            hits[first] += 1
        if _selects(fault, n, 0):
            if first is None:
                return []
            hiding[rivals[first].name] = rivals[first]
    return list(hiding.values())


def _conditions(fault: Fault) -> object:
    """Return the conditions that determine which requests a fault counts."""
    trigger = fault.trigger
    headers = tuple(sorted(trigger.headers.items()))
    reads_only = fault.serve_stale is not None
    return frozenset(trigger.patterns), trigger.job, headers, trigger.during, trigger.job_state, reads_only


def _selects(fault: Fault, n: int, hits: int) -> bool:
    trigger = fault.trigger
    numbered = n % trigger.every == 0 and (not trigger.nth or n in trigger.nth)
    return numbered and (trigger.times is None or hits < trigger.times)


def _horizon(faults: Sequence[Fault]) -> int:
    """Return the number of requests after which the faults apply to the same numbers again."""
    triggers = [fault.trigger for fault in faults]
    last = max((max(trigger.nth, default=0) for trigger in triggers), default=0)
    limited = sum(trigger.times * trigger.every for trigger in triggers if trigger.times is not None)
    return last + min(limited, MAX_REQUESTS) + math.lcm(*(trigger.every for trigger in triggers))
