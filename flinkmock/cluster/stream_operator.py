"""The operators of a submitted StreamGraph, as `stream-graph` of a batch job shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamOperator:
    """An operator of a StreamGraph.

    Attributes:
        id: The number of the operator in the StreamGraph.
        parallelism: The parallelism; -1: the scheduler decides it when the vertex can start.
        vertex: The index of its vertex in the job's list.
        inputs: The ids of the operators that it reads from, each with ship strategy and exchange mode.
    """

    id: int
    name: str
    description: str
    parallelism: int
    vertex: int
    inputs: tuple[tuple[int, str, str], ...] = ()
