"""The counters of one subtask."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class IoCounters:
    """One subtask's counters since its attempt began: records, bytes, buffers, and ms busy, idle and back-pressured."""

    records_in: int = 0
    records_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    buffers_in: int = 0
    buffers_out: int = 0
    busy_ms: int = 0
    idle_ms: int = 0
    backpressured_ms: int = 0

    def __add__(self, other: IoCounters) -> IoCounters:
        return IoCounters(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))
