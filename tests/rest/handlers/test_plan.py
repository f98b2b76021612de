"""Plans have Flink's order and descriptions of vertices."""

from __future__ import annotations

import dataclasses

import pytest

from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.spec import Input, VertexSpec
from flinkmock.contract import Contract
from flinkmock.rest.handlers.plan import description, plan_payload, topological_plan_order
from tests.cluster.cluster_factory import job
from tests.scenario.scenario_helpers import scenario_harness

JOIN = (
    VertexSpec(("left",)),
    VertexSpec(("right",), 2),
    VertexSpec(("join",), 2, inputs=(Input(0, "HASH"), Input(1, "HASH"))),
    VertexSpec(("sink",), inputs=(Input(2, "REBALANCE"),)),
)


@pytest.mark.parametrize(("release", "text"), [
    ("1.12", "Source: &lt;a&gt; -&gt; b &amp; c -&gt; d"),
    ("1.14", "Source: &lt;a&gt; -&gt; b &amp; c -&gt; d"),
    ("1.15", "Source: &lt;a&gt;<br/>+- b &amp; c<br/>   +- d<br/>"),
    ("2.3", "Source: &lt;a&gt;<br/>+- b &amp; c<br/>   +- d<br/>"),
])  # fmt: skip
def test_the_description_of_a_chain_is_html(release, text):
    assert description(VertexSpec(("Source: <a>", "b & c", "d")), Contract.load(release).release) == text


def test_a_submitted_vertex_has_the_description_of_the_plan():
    vertex = VertexSpec(("a", "b"), description="[1]:Scan(table=[[`a`]], fields=[\\x])\n+- [2]:Calc(select=[a > 1])\n")
    text = "[1]:Scan(table=[[`a`]], fields=[&#92;x])<br/>+- [2]:Calc(select=[a &gt; 1])<br/>"
    assert description(vertex, Contract.load("2.3").release) == text


def test_a_plan_has_the_recorded_order():
    """Suite jars, `plan query entry-class`: sink, join, then the sources in the order of the program."""
    graph = JobGraph(dataclasses.replace(job(), vertices=JOIN))
    assert [vertex.name for vertex in topological_plan_order(graph)] == ["sink", "join", "left", "right"]
    payload = plan_payload("id", "two", "STREAMING", graph, Contract.load("2.3").release, graph.vertices)
    assert [node["description"] for node in payload["nodes"]] == ["left<br/>", "right<br/>", "join<br/>", "sink<br/>"]
    assert "inputs" not in payload["nodes"][0]
    assert [(edge["num"], edge["id"]) for edge in payload["nodes"][2]["inputs"]] == [
        (0, graph.vertices[0].id),
        (1, graph.vertices[1].id),
    ]


def test_a_long_chain_of_vertices_does_not_exceed_the_recursion_limit():
    vertices = tuple(VertexSpec((f"v{i}",), inputs=(Input(i - 1),) if i else ()) for i in range(3_000))
    graph = JobGraph(dataclasses.replace(job(), vertices=vertices))
    assert [vertex.index for vertex in topological_plan_order(graph)] == list(reversed(range(3_000)))


@pytest.mark.parametrize(("release", "not_subset"), [("2.3", "&nsub;"), ("1.12", "⊄")])
def test_descriptions_have_the_html_entities_of_the_release(release, not_subset):
    """As StringEscapeUtils.escapeHtml4 of the Commons library in Flink's jar; only ⊄ differs between releases."""
    text = """jobs: {orders: {vertices: [{name: v, operators: ["Source: a", "é → € ⊄ <&> 'q'"]}]}}"""
    with scenario_harness(text, flink=release) as harness:
        harness.advance_to(1_000)
        (node,) = harness.get(f"/jobs/{harness.job().id}/plan")["plan"]["nodes"]
        assert f"&eacute; &rarr; &euro; {not_subset} &lt;&amp;&gt; 'q'" in node["description"]
