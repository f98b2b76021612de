"""Jobs whose jar is run with another parallelism, which may split the chains of their operators."""

from __future__ import annotations

import dataclasses

from flinkmock.cluster.spec import Input, VertexSpec
from flinkmock.cluster.submission.parallelism import with_parallelism
from tests.cluster.cluster_factory import job

NUMBERS = VertexSpec(
    ("Source: Sequence Source", "Timestamps/Watermarks", "numbers"), has_own_parallelism=True, id="c" * 32,
    selectivity=2.0, operators_with_request_parallelism=frozenset({"Source: Sequence Source"}),
    accumulators={"seen": "LongCounter"},
)  # fmt: skip
TOKENIZE = VertexSpec(("tokenize",), 2, has_own_parallelism=True, inputs=(Input(0, "REBALANCE"),))
SINK = VertexSpec(("Sink: print",), inputs=(Input(1),))
WORDS = dataclasses.replace(job(name="words"), vertices=(NUMBERS, TOKENIZE, SINK))


def test_a_chain_is_split_where_the_parallelism_of_its_operators_differs():
    """The same vertices as in the plan of the recorded word count with parallelism 3 (1.20.5, Flink's client)."""
    spec = with_parallelism(WORDS, 3)
    assert [(vertex.name, vertex.parallelism) for vertex in spec.vertices] == [
        ("Source: Sequence Source", 3),
        ("Timestamps/Watermarks -> numbers", 1),
        ("tokenize", 2),
        ("Sink: print", 3),
    ]
    edges = [[(edge.source, edge.ship_strategy) for edge in vertex.inputs] for vertex in spec.vertices]
    assert edges == [[], [(0, "REBALANCE")], [(1, "REBALANCE")], [(2, "FORWARD")]]
    first_part, last_part = spec.vertices[:2]
    assert (first_part.id, first_part.accumulators, first_part.selectivity) == ("c" * 32, {}, 1.0)
    assert (last_part.id, last_part.accumulators, last_part.selectivity) == ("", {"seen": "LongCounter"}, 2.0)


def test_a_parallelism_of_minus_one_runs_as_one_and_is_shown_in_plans():
    """Observed with the word count on 2.3.0 and 1.12.5."""
    spec = with_parallelism(WORDS, -1)
    assert spec.parallelism == -1
    assert [(vertex.name, vertex.parallelism, vertex.planned_parallelism) for vertex in spec.vertices] == [
        ("Source: Sequence Source", 1, -1),
        ("Timestamps/Watermarks -> numbers", 1, None),
        ("tokenize", 2, None),
        ("Sink: print", 1, -1),
    ]


def test_the_same_parallelism_keeps_the_chain():
    assert [vertex.name for vertex in with_parallelism(WORDS, 1).vertices] == [NUMBERS.name, "tokenize", "Sink: print"]
