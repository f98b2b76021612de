"""The operators of a submitted StreamGraph, as `stream-graph` of a batch job shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class OperatorInput(NamedTuple):
    """An edge to an operator. `source` is the id of the operator that sends."""

    source: int
    ship_strategy: str
    exchange_mode: str


@dataclass(frozen=True, slots=True)
class StreamOperator:
    """An operator of a StreamGraph.

    Attributes:
        id: The number of the operator in the StreamGraph.
        parallelism: The parallelism; -1: the scheduler decides it when the vertex can start.
        vertex: The index of its vertex in `JobSpec.vertices`.
        inputs: The edges that lead to it.
    """

    id: int
    name: str
    description: str
    parallelism: int
    vertex: int
    inputs: tuple[OperatorInput, ...] = ()
