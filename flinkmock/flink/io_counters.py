"""The counters of one subtask."""

from __future__ import annotations

from dataclasses import dataclass


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
        return IoCounters(
            self.records_in + other.records_in,
            self.records_out + other.records_out,
            self.bytes_in + other.bytes_in,
            self.bytes_out + other.bytes_out,
            self.buffers_in + other.buffers_in,
            self.buffers_out + other.buffers_out,
            self.busy_ms + other.busy_ms,
            self.idle_ms + other.idle_ms,
            self.backpressured_ms + other.backpressured_ms,
        )
