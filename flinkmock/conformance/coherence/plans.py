"""Invariants of plans: those of jobs, of jars, and the stream graphs of batch jobs."""

from __future__ import annotations

from collections.abc import Sequence

from flinkmock.conformance.coherence.cluster import options
from flinkmock.conformance.coherence.jobs import entry_with
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
    well_spelled,
)
from flinkmock.conformance.coherence.schedulers import has_default_scheduler
from flinkmock.conformance.coherence.values import MISSING, Value, constant, is_number
from flinkmock.conformance.coherence.vertices import length_of
from flinkmock.conformance.coherence.view import View

_RULES = "flink-behaviour.md#rules-that-hold"
_PLAN_OPERATIONS = ("getJobDetails", "getJobPlan", "generatePlanFromJar", "generatePlanFromJarGet")
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
_SHIP_STRATEGIES = ("FORWARD", "REBALANCE", "RESCALE", "HASH", "BROADCAST", "GLOBAL", "SHUFFLE", "CUSTOM")
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
    nodes_by_id = {node["id"].raw: node for node in nodes}
    for vertex_id, vertex in vertices.items():
        yield from require(vertex_id in nodes_by_id, "a vertex is not in the plan", vertex["id"], nodes, exact=True)
    for node_id, node in nodes_by_id.items():
        yield from require(
            node_id in vertices, "a node of the plan is not a vertex", node["id"], job["vertices"], exact=True
        )
        if node_id in vertices and isinstance(node["parallelism"].raw, int) and node["parallelism"].raw > 0:
            # 0 or -1 as long as the adaptive batch scheduler has not decided
            yield from equal(node["parallelism"], vertices[node_id]["parallelism"])


@within("getJobDetails", text="The plan of a job has its id, name and type.", source="flink-behaviour.md#job-details")
def plan_is_of_the_job(job: Value) -> Relations:
    plan = job["plan"]
    if plan["nodes"].raw:
        yield from equal(plan["jid"], job["jid"])
        yield from equal(plan["name"], job["name"])
        yield from equal(plan["type"], job["job-type"])


@within(
    *_PLAN_OPERATIONS,
    text="Each node of a plan is listed once. Its inputs are other nodes, and are numbered from 0.",
    source="flink-behaviour.md#jar-plan",
)
def plan_is_a_graph(body: Value) -> Relations:
    yield from _edges_connect_nodes(body["plan"]["nodes"])
    yield from _edges_connect_nodes(body["stream-graph"]["nodes"])


def _edges_connect_nodes(nodes: Value) -> Relations:
    ids = {node["id"].raw for node in nodes}
    yield from unique(nodes, "id")
    input_ids = {edge["id"].raw for node in nodes for edge in node["inputs"]}
    without_consumer = [node["id"] for node in nodes if node["id"].raw not in input_ids]
    for node in nodes:
        yield from counting_up(node["inputs"], "num")
        for edge in node["inputs"]:
            is_other_node = edge["id"].raw in ids and edge["id"].raw != node["id"].raw
            suspects = () if is_other_node else without_consumer[:3]
            yield from require(is_other_node, "an input is not another node", edge["id"], *suspects, exact=True)


@within(
    *_PLAN_OPERATIONS,
    text="A plan lists nodes in a topological order or its reverse.",
    source=_RULES,
)
def plan_is_sorted(body: Value) -> Relations:
    nodes = body["plan"]["nodes"]
    positions = {node["id"].raw: position for position, node in enumerate(nodes)}
    input_first_flags = {
        positions[edge["id"].raw] < position
        for position, node in enumerate(nodes)
        for edge in node["inputs"]
        if edge["id"].raw in positions
    }
    if input_first_flags:
        is_consistent = len(input_first_flags) == 1
        yield from require(is_consistent, "some inputs come before their node, others after it", nodes)


@between("job", text="/jobs/:jobid/plan returns the plan in the details of the job.", source=_RULES)
def job_plan(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)["plan"]
    plan = view.body("getJobPlan", jobid=job_id)["plan"]
    if plan["nodes"].raw and details["nodes"].raw:
        yield from same_fields(plan, details)


@within(
    *_PLAN_OPERATIONS,
    text="The exchanges of a plan are of the kinds that Flink has.",
    source="flink-behaviour.md#jar-plan",
)
def plan_exchanges(body: Value) -> Relations:
    for nodes, kinds in ((body["plan"]["nodes"], _EXCHANGES), (body["stream-graph"]["nodes"], _STREAM_EXCHANGES)):
        for node in nodes:
            for edge in node["inputs"]:
                yield from one_of(edge["exchange"], kinds, "the kinds of exchanges")


@within(*_PLAN_OPERATIONS, text="Ship strategies are spelled as in Flink.", source="flink-behaviour.md#jar-plan")
def ship_strategies(body: Value) -> Relations:
    for nodes in (body["plan"]["nodes"], body["stream-graph"]["nodes"]):
        for node in nodes:
            for edge in node["inputs"]:
                yield from well_spelled(edge["ship_strategy"], _SHIP_STRATEGIES)


@within(
    *_PLAN_OPERATIONS,
    text="The fields of a plan that only the DataSet API set are empty, because Flink 2.0 removed this API.",
    source="flink-behaviour.md#jar-plan",
    since="2.0",
)
def plan_has_no_data_sets(body: Value) -> Relations:
    for node in body["plan"]["nodes"]:
        for key in ("operator", "operator_strategy"):
            if node[key].exists:
                yield from require(node[key].raw == "", "only the DataSet API set this field", node[key], exact=True)


@within(
    "generatePlanFromJar",
    "generatePlanFromJarGet",
    text="In the plan of a jar, a node with the ship strategy FORWARD has the parallelism of its input.",
    source="flink-behaviour.md#jar-plan",
)
def forward_keeps_the_parallelism(body: Value) -> Relations:
    yield from _forward_edges_keep_the_parallelism(body)


@between(
    "job",
    text="With the default scheduler, a node with the ship strategy FORWARD has the parallelism of its input.",
    source="flink-behaviour.md#jar-plan",
)
def forward_keeps_the_parallelism_of_the_job(view: View, job_id: str) -> Relations:
    if has_default_scheduler(view, job_id):  # other schedulers decide on the parallelism of each vertex
        for operation_id in ("getJobDetails", "getJobPlan"):
            yield from _forward_edges_keep_the_parallelism(view.body(operation_id, jobid=job_id))


def _forward_edges_keep_the_parallelism(body: Value) -> Relations:
    nodes = {node["id"].raw: node for node in body["plan"]["nodes"]}
    for node in nodes.values():
        for edge in node["inputs"]:
            parallelism, input_parallelism = (
                node["parallelism"],
                nodes.get(edge["id"].raw, Value(MISSING))["parallelism"],
            )
            if (
                edge["ship_strategy"].raw == "FORWARD"
                and is_number(input_parallelism.raw)
                and parallelism.raw > 0
                and input_parallelism.raw > 0
            ):
                text = "FORWARD between vertices of different parallelism"
                yield from require(
                    parallelism.raw == input_parallelism.raw,
                    text,
                    edge["ship_strategy"],
                    parallelism,
                    input_parallelism,
                )


@between(
    "jar",
    text="The plans of a jar differ only in their job id, their parallelism and what follows from it. A plan without "
    "entry-class needs exactly one entry class in the jar.",
    source="flink-behaviour.md#jar-plan",
)
def plans_of_jar(view: View, jar_id: str) -> Relations:
    plan = view.body("generatePlanFromJarGet", jarid=jar_id)["plan"]
    jar = entry_with(view.body("getJarList")["files"], "id", jar_id)
    if plan.exists and jar.exists:
        text = "a plan without entry-class needs exactly one entry class in the jar"
        yield from require(len(jar["entry"].raw or ()) == 1, text, jar["entry"], exact=True)
    default_parallelism = options(view).get("parallelism.default", constant("1"))
    for body in view.bodies_with_query("generatePlanFromJarGet", jarid=jar_id):
        other = body["plan"]
        if set(body.response.query) != {"parallelism"} or not plan["nodes"].raw:
            continue
        yield from same_fields(plan, other, without=("jid", "nodes"))
        nodes, other_nodes = (
            {str(node["id"].raw): node for node in listed} for listed in (plan["nodes"], other["nodes"])
        )
        if nodes.keys() != other_nodes.keys():
            only_in_plan = [node["id"] for node_id, node in nodes.items() if node_id not in other_nodes]
            only_in_other = [node["id"] for node_id, node in other_nodes.items() if node_id not in nodes]
            if len(only_in_plan) == len(only_in_other) == 1:
                yield from require(False, "only one plan has this vertex", only_in_plan[0], only_in_other[0])
            continue  # with another parallelism, other operators are chained
        yield from equal(length_of(plan["nodes"]), length_of(other["nodes"]))
        have_same_parallelism = all(
            node["parallelism"].raw == other_nodes[node_id]["parallelism"].raw for node_id, node in nodes.items()
        )
        for node_id, node in nodes.items():
            other_node = other_nodes[node_id]
            yield from same_fields(node, other_node, without=("parallelism", "ship_strategy", "exchange"))
            parallelism, other_parallelism = node["parallelism"], other_node["parallelism"]
            is_default = str(parallelism.raw) == str(default_parallelism.raw)
            is_requested = str(other_parallelism.raw) == body.response.query["parallelism"][0]
            holds = parallelism.raw == other_parallelism.raw or (is_default and is_requested)
            text = "neither the same nor the default"
            yield from require(holds, text, parallelism, other_parallelism, exact=True)
            if have_same_parallelism:
                yield from same_fields(node["inputs"], other_node["inputs"])


@within(
    "getJobDetails",
    text="The operators in the stream graph of a batch job belong to its vertices, or are pending.",
    source="flink-behaviour.md#batch-jobs",
    since="2.0",
)
def stream_graph_has_the_vertices(job: Value) -> Relations:
    nodes = list(job["stream-graph"]["nodes"])
    if not nodes:
        return
    vertices = {vertex["id"].raw: vertex for vertex in job["vertices"]}
    without_vertex = [node["id"] for node in nodes if not node["job_vertex_id"].raw]
    pending = job["pending-operators"]
    if pending.exists:
        text = f"{len(without_vertex)} operators have no vertex"
        holds = pending.raw == len(without_vertex)
        yield from require(holds, text, pending, job["stream-graph"]["nodes"], exact=True)
    vertices_with_operators = {node["job_vertex_id"].raw for node in nodes}
    for vertex_id, vertex in vertices.items():
        yield from require(
            vertex_id in vertices_with_operators,
            "no operator is in this vertex",
            vertex["id"],
            job["stream-graph"]["nodes"],
        )
    for node in nodes:
        vertex_id = node["job_vertex_id"]
        if not vertex_id.raw:
            continue
        yield from require(vertex_id.raw in vertices, "no vertex has this id", vertex_id, job["vertices"], exact=True)
        if vertex_id.raw not in vertices:
            continue
        vertex = vertices[vertex_id.raw]
        if isinstance(vertex["name"].raw, str) and isinstance(node["operator"].raw, str):
            holds = node["operator"].raw in vertex["name"].raw
            text = "the vertex has no such operator"
            yield from require(holds, text, node["operator"], vertex_id, vertex["name"])
        if is_number(node["parallelism"].raw) and node["parallelism"].raw > 0 and vertex["parallelism"].raw > 0:
            yield from equal(node["parallelism"], vertex["parallelism"])


@within(
    "getJobDetails",
    text="The edges of a stream graph connect the operators of each vertex, and include the edges of the plan.",
    source="flink-behaviour.md#batch-jobs",
    since="2.0",
)
def stream_graph_has_the_edges(job: Value) -> Relations:
    nodes = {node["id"].raw: node for node in job["stream-graph"]["nodes"]}
    vertex_ids = {node_id: node["job_vertex_id"].raw for node_id, node in nodes.items()}
    edges = [
        (edge["id"].raw, node_id)
        for node_id, node in nodes.items()
        for edge in node["inputs"]
        if edge["id"].raw in vertex_ids
    ]
    connected_vertices = {(vertex_ids[source_id], vertex_ids[target_id]) for source_id, target_id in edges}
    plan_edges = {
        (edge["id"].raw, node["id"].raw): edge["id"] for node in job["plan"]["nodes"] for edge in node["inputs"]
    }
    for (source, target), source_id in plan_edges.items():
        if source in vertex_ids.values() and target in vertex_ids.values():
            inputs = [node["inputs"] for node_id, node in nodes.items() if vertex_ids[node_id] == target]
            connected_sources = [first for first, second in connected_vertices if second == target]
            yield from is_listed(source_id, connected_sources, "no stream edge", *inputs)
    for vertex_id in dict.fromkeys(filter(None, vertex_ids.values())):
        chain = [node_id for node_id, owner in vertex_ids.items() if owner == vertex_id]
        edges_of_chain = [edge for edge in edges if edge[0] in chain and edge[1] in chain]
        inputs = [nodes[node_id]["inputs"] for node_id in chain]
        yield from require(_is_connected(chain, edges_of_chain), "operators of a vertex are not connected", *inputs)


def _is_connected(nodes: Sequence[object], edges: Sequence[tuple[object, object]]) -> bool:
    """Return whether the edges, in any direction, lead from the first node to all others."""
    reached, pending = {nodes[0]}, [nodes[0]]
    while pending:
        node = pending.pop()
        for edge in edges:
            if node in edge:
                pending += [other for other in edge if other not in reached]
                reached |= {*edge}
    return len(reached) == len(nodes)
