"""Decodes the plan that a client submits: a serialized JobGraph (up to 1.20) or StreamGraph (since 2.0).

A JobGraph contains the vertices. A StreamGraph contains operators, which the JobManager chains into vertices;
`stream_graph.py` does the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flinkmock.cluster.spec import VertexSpec
from flinkmock.cluster.stream_operator import StreamOperator
from flinkmock.cluster.submission.java_values import (
    Options,
    abstract_id,
    deserialized,
    is_a,
    map_entries,
    non_empty_text,
)
from flinkmock.cluster.submission.job_graph import job_graph_vertices
from flinkmock.cluster.submission.job_settings import JobSettings, read_settings, source_parallelism
from flinkmock.cluster.submission.plan_vertices import vertex_specs
from flinkmock.cluster.submission.stream_graph import StreamGraphVertices
from flinkmock.flink.java_serialization.reader import JavaObject
from flinkmock.release import Release


@dataclass(frozen=True, slots=True)
class SubmittedPlan:
    """The contents of a plan. Fields that the plan lacks are None or empty.

    Attributes:
        id: The id of the job, 32 hex digits.
        name: The name of the job.
        restore_path: The path of the savepoint or checkpoint from which the job is restored.
        allow_non_restored_state: Whether state without an operator in the job is skipped.
        claims_state: Whether the job owns the state from which it is restored.
        type: STREAMING or BATCH.
        is_stream_graph: Whether the plan is a StreamGraph, for which the JobManager creates the vertices.
        is_empty: Whether the plan certainly has no vertices.
        vertices: The vertices, sorted from the sources.
        plan_order: The indexes of the vertices in the order of the plan.
        stream_operators: The operators of a StreamGraph.
        settings: Checkpoints, restart strategy and other settings.
    """

    id: str | None = None
    name: str | None = None
    restore_path: str | None = None
    allow_non_restored_state: bool = False
    claims_state: bool = False
    type: str = "STREAMING"
    is_stream_graph: bool = False
    is_empty: bool = False
    vertices: tuple[VertexSpec, ...] = ()
    plan_order: tuple[int, ...] = ()
    stream_operators: tuple[StreamOperator, ...] = ()
    settings: JobSettings = field(default_factory=JobSettings)


def decode_plan(plan: Any, release: Release | None = None) -> SubmittedPlan:
    """Return the contents of a plan. If the graph can't be read, the fields from `is_empty` on have their defaults.

    Args:
        plan: The deserialized JobGraph or StreamGraph.
        release: The release of the JobManager; None: the newest one.

    Raises:
        BadStream: An object that is serialized within the plan can't be read.
    """
    fields = plan.fields if isinstance(plan, JavaObject) else {}
    restore_settings = fields.get("savepointRestoreSettings")
    restore_fields = restore_settings.fields if isinstance(restore_settings, JavaObject) else {}
    without_graph = SubmittedPlan(
        id=abstract_id(fields.get("jobID") or fields.get("jobId")),  # JobGraph, StreamGraph
        name=non_empty_text(fields.get("jobName")),
        restore_path=non_empty_text(restore_fields.get("restorePath")),
        allow_non_restored_state=restore_fields.get("allowNonRestoredState") is True,
        claims_state="CLAIM" in (restore_fields.get("recoveryClaimMode"), restore_fields.get("restoreMode")),
        type=non_empty_text(fields.get("jobType")) or "STREAMING",
        is_stream_graph=is_a(plan, "StreamGraph"),
    )
    try:
        return _with_graph(without_graph, fields, release)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
        return without_graph


def _with_graph(plan: SubmittedPlan, fields: Mapping[str, Any], release: Release | None) -> SubmittedPlan:
    options = Options(fields.get("jobConfiguration"))
    if "taskVertices" in fields:  # a JobGraph
        execution_config = deserialized(fields.get("serializedExecutionConfig"))
        settings = read_settings(options, execution_config, fields.get("snapshotSettings"))
        parallelism_of_sources = source_parallelism(options, settings.parallelism, release)
        vertices, plan_order = vertex_specs(job_graph_vertices(fields, parallelism_of_sources))
    else:
        holder = fields["userDefinedObjectsHolder"].fields
        settings = read_settings(options, deserialized(holder.get("serializedExecutionConfig")), None)
        parallelism_of_sources = source_parallelism(options, settings.parallelism, release)
        stream_graph = StreamGraphVertices(fields, options, parallelism_of_sources)
        vertex_by_head = stream_graph.build()
        vertices, plan_order = vertex_specs(vertex_by_head)
        index_by_head = dict(zip(vertex_by_head, plan_order, strict=True))
        plan = replace(plan, stream_operators=stream_graph.operators(index_by_head))
    return replace(plan, vertices=vertices, plan_order=plan_order, settings=settings, is_empty=_is_empty(fields))


def _is_empty(fields: Mapping[str, Any]) -> bool:
    """Return whether a plan certainly has no vertices, by `isEmpty` of a StreamGraph or the vertices of a JobGraph."""
    vertices = fields.get("taskVertices")
    # even an empty Java map has an annotation: its size
    is_readable = isinstance(vertices, JavaObject) and bool(vertices.annotations)
    return fields.get("isEmpty") is True or (is_readable and not map_entries(vertices))
