"""Invariants of plans: those of jobs, of jars, and the stream graphs of batch jobs."""

from __future__ import annotations

from collections.abc import Sequence

from flinkmock.conformance.coherence.cluster import options
from flinkmock.conformance.coherence.jobs import row_with
from flinkmock.conformance.coherence.registry import between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    counting_up,
    equal,
    is_listed,
    one_of,
    require,
    same_fields,
    unique,
    well_spelt,
)
from flinkmock.conformance.coherence.values import MISSING, Value, constant, is_number
from flinkmock.conformance.coherence.vertices import length_of
from flinkmock.conformance.coherence.view import View

_RULES = "flink-behaviour.md#rules-that-hold"
_PLANS = ("getJobDetails", "getJobPlan", "generatePlanFromJar", "generatePlanFromJarGet")
_EXCHANGES = (
    "pipelined",
    "pipelined_bounded",
    "pipelined_approximate",
    "blocking",
    "blocking_persistent",
    "hybrid_full",
    "hybrid_selective",
)
"""`ResultPartitionType`, in lower case."""
_STRATEGIES = ("FORWARD", "REBALANCE", "RESCALE", "HASH", "BROADCAST", "GLOBAL", "SHUFFLE", "CUSTOM")
"""What the classes of `StreamPartitioner` write; tables and user code have others."""
_STREAM_EXCHANGES = ("PIPELINED", "BATCH", "HYBRID_FULL", "HYBRID_SELECTIVE", "UNDEFINED")
"""`StreamExchangeMode`."""


@within(
    "getJobDetails",
    text="The nodes of the plan are the vertices of the job, with their parallelism.",
    source="flink-behaviour.md#job-details",
)
def plan_has_the_vertices(job: Value) -> Relations:
    nodes = job["plan"]["nodes"]
    if not nodes.raw:
        return
    vertices = {vertex["id"].raw: vertex for vertex in job["vertices"]}
    ids = {node["id"].raw: node for node in nodes}
    for vertex_id, vertex in vertices.items():
        yield from require(vertex_id in ids, "a vertex is not in the plan", vertex["id"], nodes, exact=True)
    for node_id, node in ids.items():
        yield from require(
            node_id in vertices, "a node of the plan is not a vertex", node["id"], job["vertices"], exact=True
        )
        if node_id in vertices and isinstance(node["parallelism"].raw, int) and node["parallelism"].raw > 0:
            # the adaptive batch scheduler decides late
            yield from equal(node["parallelism"], vertices[node_id]["parallelism"])


@within("getJobDetails", text="The plan of a job has its id, name and type.", source="flink-behaviour.md#job-details")
def plan_is_of_the_job(job: Value) -> Relations:
    plan = job["plan"]
    if plan["nodes"].raw:
        yield from equal(plan["jid"], job["jid"])
        yield from equal(plan["name"], job["name"])
        yield from equal(plan["type"], job["job-type"])


@within(
    *_PLANS,
    text="The inputs of a plan's nodes are other nodes, numbered from 0.",
    source="flink-behaviour.md#jar-plan",
)
def plan_is_a_graph(body: Value) -> Relations:
    yield from _is_graph(body["plan"]["nodes"])
    yield from _is_graph(body["stream-graph"]["nodes"])


def _is_graph(nodes: Value) -> Relations:
    ids = {node["id"].raw for node in nodes}
    yield from unique(nodes, "id")
    read = {edge["id"].raw for node in nodes for edge in node["inputs"]}
    unread = [node["id"] for node in nodes if node["id"].raw not in read]
    for node in nodes:
        yield from counting_up(node["inputs"], "num")
        for edge in node["inputs"]:
            inner = edge["id"].raw in ids and edge["id"].raw != node["id"].raw
            suspects = () if inner else unread[:3]
            yield from require(inner, "an input is not another node", edge["id"], *suspects, exact=True)


@within(
    *_PLANS,
    text="A plan lists nodes in a topological order or its reverse.",
    source=_RULES,
)
def plan_is_sorted(body: Value) -> Relations:
    nodes = body["plan"]["nodes"]
    order = {node["id"].raw: number for number, node in enumerate(nodes)}
    edges = [
        (order[edge["id"].raw] < number, edge)
        for number, node in enumerate(nodes)
        for edge in node["inputs"]
        if edge["id"].raw in order
    ]
    if edges:
        is_consistent = len({before for before, _ in edges}) == 1
        yield from require(is_consistent, "some inputs come before their node, others after it", nodes)


@between("job", text="/plan returns the plan of the details.", source=_RULES)
def job_plan(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)["plan"]
    plan = view.body("getJobPlan", jobid=job_id)["plan"]
    if plan["nodes"].raw and details["nodes"].raw:
        yield from same_fields(plan, details)


@within(*_PLANS, text="A plan names kinds of exchanges that there are.", source="flink-behaviour.md#jar-plan")
def plan_exchanges(body: Value) -> Relations:
    for nodes, kinds in ((body["plan"]["nodes"], _EXCHANGES), (body["stream-graph"]["nodes"], _STREAM_EXCHANGES)):
        for node in nodes:
            for edge in node["inputs"]:
                yield from one_of(edge["exchange"], kinds, "there are no others")


@within(*_PLANS, text="Ship strategies are spelt as Flink spells them.", source="flink-behaviour.md#jar-plan")
def ship_strategies(body: Value) -> Relations:
    for nodes in (body["plan"]["nodes"], body["stream-graph"]["nodes"]):
        for node in nodes:
            for edge in node["inputs"]:
                yield from well_spelt(edge["ship_strategy"], _STRATEGIES)


@within(
    *_PLANS,
    text="The keys of a plan that only the DataSet API filled are empty since it is gone.",
    source="flink-behaviour.md#jar-plan",
    since="2.0",
)
def plan_has_no_data_sets(body: Value) -> Relations:
    for node in body["plan"]["nodes"]:
        for key in ("operator", "operator_strategy"):
            if node[key].exists:
                yield from require(node[key].raw == "", "only the DataSet API named it", node[key], exact=True)


@within(
    *_PLANS,
    text="A node with the ship strategy FORWARD has the parallelism of its input.",
    source="flink-behaviour.md#jar-plan",
)
def forward_keeps_the_parallelism(body: Value) -> Relations:
    if body["schedulerType"].raw not in (MISSING, "Default"):
        return  # other schedulers decide on the parallelism of each vertex
    nodes = {node["id"].raw: node for node in body["plan"]["nodes"]}
    for node in nodes.values():
        for edge in node["inputs"]:
            one, other = node["parallelism"], nodes.get(edge["id"].raw, Value(MISSING))["parallelism"]
            if edge["ship_strategy"].raw == "FORWARD" and is_number(other.raw) and one.raw > 0 and other.raw > 0:
                text = "FORWARD between vertices of different parallelism"
                yield from require(one.raw == other.raw, text, edge["ship_strategy"], one, other)


@between(
    "jar",
    text="The plans of a jar differ only in their job and their parallelism.",
    source="flink-behaviour.md#jar-plan",
)
def plans_of_jar(view: View, jar_id: str) -> Relations:
    plan = view.body("generatePlanFromJarGet", jarid=jar_id)["plan"]
    row = row_with(view.body("getJarList")["files"], "id", jar_id)
    if plan.exists and row.exists:
        text = "a plan without entry-class needs exactly one entry class in the jar"
        yield from require(len(row["entry"].raw or ()) == 1, text, row["entry"], exact=True)
    default = options(view).get("parallelism.default", constant("1"))
    for body in view.with_query("generatePlanFromJarGet", jarid=jar_id):
        other = body["plan"]
        if set(body.response.query) != {"parallelism"} or not plan["nodes"].raw:
            continue
        yield from same_fields(plan, other, without=("jid", "nodes"))
        nodes = [{str(node["id"].raw): node for node in each["nodes"]} for each in (plan, other)]
        if nodes[0].keys() != nodes[1].keys():
            unknown = [
                [node["id"] for node_id, node in nodes[one].items() if node_id not in nodes[1 - one]] for one in (0, 1)
            ]
            if len(unknown[0]) == len(unknown[1]) == 1:
                yield from require(False, "only one plan has this vertex", unknown[0][0], unknown[1][0])
            continue  # with another parallelism, other operators are chained
        yield from equal(length_of(plan["nodes"]), length_of(other["nodes"]))
        same = all(
            node["parallelism"].raw == nodes[1][node_id]["parallelism"].raw for node_id, node in nodes[0].items()
        )
        for node_id, node in nodes[0].items():
            twin = nodes[1][node_id]
            yield from same_fields(node, twin, without=("parallelism", "ship_strategy", "exchange"))
            one, two = node["parallelism"], twin["parallelism"]
            follows = [str(one.raw), str(two.raw)] == [str(default.raw), body.response.query["parallelism"][0]]
            right = one.raw == two.raw or follows
            yield from require(right, "neither the same nor the default", one, two, exact=True)
            if same:
                yield from same_fields(node["inputs"], twin["inputs"])


@within(
    "getJobDetails",
    text="The operators of a batch job are its stream graph; those without a vertex are pending.",
    source="flink-behaviour.md#batch-jobs",
    since="2.0",
)
def stream_graph_has_the_vertices(job: Value) -> Relations:
    nodes = list(job["stream-graph"]["nodes"])
    if not nodes:
        return
    vertices = {vertex["id"].raw: vertex for vertex in job["vertices"]}
    waiting = [node["id"] for node in nodes if not node["job_vertex_id"].raw]
    pending = job["pending-operators"]
    if pending.exists:
        text = f"{len(waiting)} operators have no vertex"
        yield from require(pending.raw == len(waiting), text, pending, job["stream-graph"]["nodes"], exact=True)
    used = {node["job_vertex_id"].raw for node in nodes}
    for vertex_id, vertex in vertices.items():
        yield from require(
            vertex_id in used, "no operator is in this vertex", vertex["id"], job["stream-graph"]["nodes"]
        )
    for node in nodes:
        owner = node["job_vertex_id"]
        if not owner.raw:
            continue
        yield from require(owner.raw in vertices, "no vertex has this id", owner, job["vertices"], exact=True)
        vertex = vertices.get(owner.raw, Value(MISSING))
        if isinstance(vertex["name"].raw, str) and isinstance(node["operator"].raw, str):
            inside = node["operator"].raw in vertex["name"].raw
            yield from require(inside, "the vertex has no such operator", node["operator"], owner, vertex["name"])
        if is_number(node["parallelism"].raw) and node["parallelism"].raw > 0 and vertex["parallelism"].raw > 0:
            yield from equal(node["parallelism"], vertex["parallelism"])


@within(
    "getJobDetails",
    text="The edges of a stream graph are those of the plan between vertices, and connect the operators of a vertex.",
    source="flink-behaviour.md#batch-jobs",
    since="2.0",
)
def stream_graph_has_the_edges(job: Value) -> Relations:
    nodes = {node["id"].raw: node for node in job["stream-graph"]["nodes"]}
    owners = {node_id: node["job_vertex_id"].raw for node_id, node in nodes.items()}
    edges = [(edge, node_id) for node_id, node in nodes.items() for edge in node["inputs"] if edge["id"].raw in owners]
    crossing = {(owners[edge["id"].raw], owners[node_id]): edge["id"] for edge, node_id in edges}
    planned = {(edge["id"].raw, node["id"].raw): edge["id"] for node in job["plan"]["nodes"] for edge in node["inputs"]}
    graph = job["stream-graph"]["nodes"]
    for pair, edge in planned.items() if nodes else ():
        if pair[0] in owners.values() and pair[1] in owners.values():
            inputs = [node["inputs"] for node_id, node in nodes.items() if owners[node_id] == pair[1]]
            yield from is_listed(edge, [edge.raw] if pair in crossing else [], "no stream edge", *(inputs or [graph]))
    for vertex_id in {owner for owner in owners.values() if owner}:
        chain = [node_id for node_id, owner in owners.items() if owner == vertex_id]
        inner = [(edge["id"].raw, node_id) for edge, node_id in edges if edge["id"].raw in chain and node_id in chain]
        inputs = [nodes[node_id]["inputs"] for node_id in chain]
        yield from require(_is_connected(chain, inner), "operators of a vertex are not connected", *inputs)


def _is_connected(nodes: Sequence[object], edges: Sequence[tuple[object, object]]) -> bool:
    reached, pending = {nodes[0]}, [nodes[0]]
    while pending:
        node = pending.pop()
        for edge in edges:
            if node in edge:
                pending += [other for other in edge if other not in reached]
                reached |= {*edge}
    return len(reached) == len(nodes)
