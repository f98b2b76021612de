"""The sink of `collect()` in a job graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CollectSink:
    """The sink of `collect()` and of SELECT, from which a client fetches rows.

    Attributes:
        accumulator_name: The name of the accumulator that has the rows when the job has finished.
        serializer: Flink's serializer of a row, as the plan contains it; None after the rows were serialized.
        operator_id: The id of the sink's operator, 32 hex digits.
        rows: The serialized rows.
        batch_bytes: The maximum size of the rows in one response, in bytes. A single larger row is sent alone.
    """

    accumulator_name: str
    serializer: Any
    operator_id: str = ""
    rows: tuple[bytes, ...] = ()
    batch_bytes: int = 0
