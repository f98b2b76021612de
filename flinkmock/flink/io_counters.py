"""The input and output counters of an execution, that is, one attempt of a subtask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class IoCounters(NamedTuple):
    """The records, bytes and buffers of an execution, and how many ms it was busy, idle and back-pressured."""

    records_in: int = 0
    records_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    buffers_in: int = 0
    buffers_out: int = 0
    busy_ms: int = 0
    idle_ms: int = 0
    backpressured_ms: int = 0

    @classmethod
    def total(cls, counters: Iterable[IoCounters]) -> IoCounters:
        """Return the sum of the counters of several executions, field by field."""
        return cls._make(map(sum, zip(cls(), *counters, strict=True)))
