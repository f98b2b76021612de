"""The sink of `collect()` in a job graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CollectSink:
    """The sink of `collect()` and of SELECT, from which a client fetches rows.

    Attributes:
        accumulator: The accumulator that has the rows when the job has finished.
        serializer: Flink's serializer of a row, as the plan contains it; None when the rows are serialized.
        operator_id: 32 hex digits.
        rows: The rows, serialized.
        batch_bytes: The size that a response does not exceed, but for its last row.
    """

    accumulator: str
    serializer: Any
    operator_id: str = ""
    rows: tuple[bytes, ...] = ()
    batch_bytes: int = 0
