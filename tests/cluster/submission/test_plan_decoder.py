"""Decoding of submitted plans.

The plans in plans/ were written by Flink's clients. A file without a release in its name comes from the client of
2.3.0. The files `jobgraph*` and `streamgraph*` are plans of one program, as JobGraph and as StreamGraph, streaming and
batch. The program has forks, a union, connected streams, operators with and without uid, slot sharing groups and all
kinds of settings. The tests expect the values that a JobManager of 2.3.0 shows for these plans.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from flinkmock.cluster.chain_names import chained_operators
from flinkmock.cluster.spec import CheckpointSpec, RestartStrategy, RestartStrategyKind
from flinkmock.cluster.submission.plan_decoder import SubmittedPlan, decode_plan
from flinkmock.cluster.submission.plan_vertices import default_max_parallelism
from flinkmock.contract import Contract
from flinkmock.flink.java_serialization.reader import JavaObject, read_object

JOB_ID = JavaObject("org.apache.flink.api.common.JobID", {"lowerPart": 1, "upperPart": -1})
PLANS_FOLDER = Path(__file__).parent / "plans"


def decode_file(name: str, release: str = "2.3") -> SubmittedPlan:
    """Return the plan in a file of plans/ as a JobManager of the release reads it."""
    data = gzip.decompress((PLANS_FOLDER / f"{name}.bin.gz").read_bytes())
    return decode_plan(read_object(data), Contract.load(release).release)


@pytest.mark.parametrize(("name", "operators"), [
    ("tokenize", ("tokenize",)),
    ("Source: a -> b -> Sink: c", ("Source: a", "b", "Sink: c")),
    ("a -> (b -> c, Sink: d)", ("a", "(b -> c, Sink: d)")),
    ("a -> (b -> (c, d), Sink: e)", ("a", "(b -> (c, d), Sink: e)")),
    ("a (really) -> b", ("a (really)", "b")),
    ("a :) -> (b -> c, d)", ("a :)", "(b -> c, d)")),
    ("", ("",)),
])  # fmt: skip
def test_the_operators_of_a_vertex_are_read_from_its_name(name, operators):
    assert chained_operators(name) == operators


@pytest.mark.parametrize(
    ("parallelism", "max_parallelism"), [(1, 128), (85, 128), (86, 256), (200, 512), (30_000, 32_768)]
)
def test_the_default_maximum_parallelism_depends_on_the_parallelism(parallelism, max_parallelism):
    assert default_max_parallelism(parallelism) == max_parallelism


@pytest.mark.parametrize("fields", [
    {},
    {"taskVertices": None, "snapshotSettings": JavaObject("x")},
    {"taskVertices": JavaObject("java.util.HashMap", annotations=[b"", JOB_ID, JavaObject("no.Vertex")])},
    {"userDefinedObjectsHolder": None},
    {"userDefinedObjectsHolder": JavaObject("Holder")},
])  # fmt: skip
def test_id_and_name_are_read_from_plans_whose_graph_cannot_be_read(fields):
    unknown = JavaObject("some.Plan", {"jobId": JOB_ID, "jobName": "orders", **fields})
    assert decode_plan(unknown) == SubmittedPlan("0000000000000001ffffffffffffffff", "orders")


def test_other_objects_are_decoded_to_an_empty_plan():
    assert decode_plan("a text") == SubmittedPlan()
    assert decode_plan(None) == SubmittedPlan()


@pytest.mark.parametrize("name", ["streamgraph", "jobgraph"])
def test_vertices_are_listed_depth_first_with_the_ids_that_flink_computes(name):
    vertices = decode_file(name).vertices
    assert [(vertex.name, vertex.id[:6], vertex.parallelism, vertex.max_parallelism) for vertex in vertices] == [
        ("Source: left -> slowly -> fork a -> Sink: sink a", "b8959c", 2, 64),
        ("Source: right", "feca28", 1, 64),
        ("fork b", "7c85b4", 2, 64),
        ("Sink: sink b", "a69562", 1, 64),
        ("both", "827b6f", 2, 32),
        ("keyed", "c54a71", 2, 64),
        ("shuffled", "961637", 2, 64),
        ("Sink: sink c", "9396cf", 1, 64),
        ("united -> Sink: sink d", "1524a7", 2, 64),
    ]


@pytest.mark.parametrize("name", ["streamgraph", "jobgraph"])
def test_vertices_have_their_inputs_and_slot_sharing_groups(name):
    vertices = decode_file(name).vertices
    assert [
        [(edge.source, edge.ship_strategy, edge.exchange) for edge in vertex.inputs] for vertex in vertices[4:6]
    ] == [
        [(0, "FORWARD", "pipelined_bounded"), (1, "BROADCAST", "pipelined_bounded")],
        [(4, "HASH", "pipelined_bounded")],
    ]
    groups = [vertex.slot_sharing_group for vertex in vertices]
    assert groups[5] == groups[6] == groups[7] != groups[0]
    assert {*groups[:5], groups[8]} == {"default"}


@pytest.mark.parametrize("name", ["streamgraph", "jobgraph"])
def test_vertices_have_their_descriptions_and_their_order_in_the_plan(name):
    plan = decode_file(name)
    assert [plan.vertices[index].description for index in plan.plan_order] == [
        "Sink: sink b\n",
        "fork b\n",
        "Sink: sink c\n",
        "shuffled\n",
        "a described operator\n",
        "both\n",
        "united\n+- Sink: sink d\n",
        "Source: left\n+- slowly\n   +- fork a\n      +- Sink: sink a\n",
        "Source: right\n",
    ]


@pytest.mark.parametrize("name", ["streamgraph", "jobgraph"])
def test_all_settings_are_read(name):
    plan = decode_file(name)
    settings = plan.settings
    assert settings.checkpoints == CheckpointSpec(
        every=7000, timeout=90_000, min_pause=2000, max_concurrent=3, mode="at_least_once", tolerable_failures=4,
        retained="retain",
    )  # fmt: skip
    assert settings.restart == RestartStrategy(attempts=7, delay=5000)
    assert (settings.parallelism, settings.max_parallelism, settings.object_reuse) == (2, 64, True)
    assert settings.user_config == {"tier": "b", "team": "a"}
    assert (plan.type, plan.is_stream_graph, plan.is_empty) == ("STREAMING", name == "streamgraph", False)


@pytest.mark.parametrize(("name", "release"), [
    ("failure-rate-jobgraph-1.12", "1.12"), ("failure-rate-jobgraph-1.20", "1.20"), ("failure-rate-streamgraph", "2.3"),
])  # fmt: skip
def test_a_failure_rate_strategy_is_read(name, release):
    """Set by `RestartStrategies.failureRateRestart(3, 5 min, 10 s)` in 1.12.5 and 1.20.5, by options in 2.3.0."""
    assert decode_file(name, release).settings.restart == RestartStrategy(
        RestartStrategyKind.FAILURE_RATE, 3, 10_000, 300_000
    )


def test_the_parallelism_of_vertices_of_a_batch_job_is_decided_late():
    plan = decode_file("jobgraph-batch")
    assert plan.type == "BATCH"
    assert [vertex.name for vertex in plan.vertices if vertex.parallelism_is_decided_late] == [
        "fork b", "united -> Sink: sink d", "both", "keyed", "shuffled",
    ]  # fmt: skip
    assert [vertex.parallelism for vertex in plan.vertices][:2] == [2, 1]
    assert {edge.exchange for vertex in plan.vertices for edge in vertex.inputs} == {"blocking"}
    assert decode_file("jobgraph-batch", "1.18").vertices[0].parallelism == 1  # 1.18.1, with Flink's client


def test_operators_of_a_batch_job_are_hashed_in_the_order_in_which_vertices_are_created():
    plan = decode_file("streamgraph-batch")
    ids = {vertex.name: vertex.id for vertex in plan.vertices}
    assert ids["Source: left -> slowly -> fork a -> Sink: sink a"] == "b8959cb54b876fc2db6948c3086a7f95"
    assert ids["Source: right"].startswith("f05783")


def test_a_batch_job_has_all_operators_and_the_ship_strategies_of_its_partitioners():
    plan = decode_file("streamgraph-batch")
    assert sum(vertex.operator_count for vertex in plan.vertices) == 13
    strategies = {vertex.name: [edge.ship_strategy for edge in vertex.inputs] for vertex in plan.vertices}
    assert strategies["fork b"] == ["RESCALE"]
    assert strategies["united -> Sink: sink d"] == ["RESCALE", "REBALANCE"]


def test_a_plan_without_vertices_is_empty():
    assert decode_file("empty").is_empty


def test_restore_settings_are_read():
    plan = decode_file("lost-savepoint")
    assert (plan.restore_path, plan.allow_non_restored_state, plan.claims_state) == ("file:///nowhere/sp", False, False)


def test_the_operators_of_a_batch_select_are_chained_as_in_flink():
    """Undecided partitioners become FORWARD within a chain, and an operator after a union begins a new chain."""
    plan = decode_file("select-batch-streamgraph")
    assert [(vertex.name, vertex.id, vertex.max_parallelism) for vertex in plan.vertices] == [
        ("Source: Values[4] -> (Calc[5], Calc[6])", "e3dfc0d7e9ecd8a43f85f0b68ebf3b80", 1),
        ("ConstraintEnforcer[8] -> Sink: Collect table sink", "a3603f093ea43c43504d1a05f8673e75", 128),
    ]
    assert [edge.ship_strategy for edge in plan.vertices[1].inputs] == ["RESCALE", "RESCALE"]
    assert plan.vertices[0].description == (
        "[4]:Values(tuples=[[{ 0 }]], values=[ZERO])\n"
        ":- [5]:Calc(select=[1 AS EXPR$0, CAST('a' AS VARCHAR(2147483647)) AS EXPR$1])\n"
        "+- [6]:Calc(select=[2 AS EXPR$0, null:VARCHAR(2147483647) AS EXPR$1])\n"
    )
    (sink,) = plan.vertices[1].collect_sinks
    assert (sink.operator_id, sink.accumulator_name) == ("c2081ffb34a8619383df1103d3153794", "*anonymous_collect$2*")
