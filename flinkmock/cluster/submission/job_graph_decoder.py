"""Decodes the job that a client submits: a serialized JobGraph (up to 1.20) or StreamGraph (since 2.0).

A JobGraph contains the vertices as they will run. A StreamGraph contains operators, which the JobManager chains to
vertices; `stream_graph.py` does the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flinkmock.cluster.spec import VertexSpec
from flinkmock.cluster.stream_operator import StreamOperator
from flinkmock.cluster.submission.java_values import Options, abstract_id, deserialized, is_a, pairs, text
from flinkmock.cluster.submission.job_graph import job_graph_vertices
from flinkmock.cluster.submission.job_settings import JobSettings, read_settings, source_parallelism
from flinkmock.cluster.submission.plan_vertices import vertex_specs
from flinkmock.cluster.submission.stream_graph import stream_graph_vertices
from flinkmock.flink.java_serialization.reader import JavaObject
from flinkmock.release import Release


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """The job that a plan describes; a field is None or empty where the plan does not contain it.

    Attributes:
        restore_path: The path to restore from.
        allow_non_restored_state: Whether state that the job has no operator for is left out.
        claims_state: Whether the job owns the state that it is restored from.
        is_stream_graph: Whether the JobManager makes the vertices.
        is_empty: Whether it is known to have no vertices.
        plan_order: The indexes of the vertices in the order of the plan.
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


def decode_job(plan: Any, release: Release | None = None) -> SubmittedJob:
    """Return the job that the first object of a stream describes; of an unknown class, at most id and name.

    Args:
        plan: The object.
        release: The release of the JobManager; None: the newest.

    Raises:
        BadStream: An object that is serialized inside of it can't be read.
    """
    fields = plan.fields if isinstance(plan, JavaObject) else {}
    restore = fields.get("savepointRestoreSettings")
    restored = restore.fields if isinstance(restore, JavaObject) else {}
    named = SubmittedJob(
        id=abstract_id(fields.get("jobID") or fields.get("jobId")),  # JobGraph, StreamGraph
        name=text(fields.get("jobName")),
        restore_path=text(restored.get("restorePath")),
        allow_non_restored_state=restored.get("allowNonRestoredState") is True,
        claims_state="CLAIM" in (restored.get("recoveryClaimMode"), restored.get("restoreMode")),
        type=text(fields.get("jobType")) or "STREAMING",
        is_stream_graph=is_a(plan, "StreamGraph"),
    )
    try:
        return _with_graph(named, fields, release)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
        return named


def _with_graph(job: SubmittedJob, fields: Mapping[str, Any], release: Release | None) -> SubmittedJob:
    options = Options(fields.get("jobConfiguration"))
    if "taskVertices" in fields:
        execution_config = deserialized(fields.get("serializedExecutionConfig"))
        settings = read_settings(options, execution_config, fields.get("snapshotSettings"))
        of_sources = source_parallelism(options, settings.parallelism, release)
        vertices, order = vertex_specs(job_graph_vertices(fields, of_sources))
    else:
        holder = fields["userDefinedObjectsHolder"].fields
        settings = read_settings(options, deserialized(holder.get("serializedExecutionConfig")), None)
        of_sources = source_parallelism(options, settings.parallelism, release)
        by_head, operators = stream_graph_vertices(fields, options, of_sources)
        vertices, order = vertex_specs(by_head)
        index = dict(zip(by_head, order, strict=True))
        operators = tuple(replace(operator, vertex=index[operator.vertex]) for operator in operators)
        job = replace(job, stream_operators=operators)
    return replace(job, vertices=vertices, plan_order=order, settings=settings, is_empty=_is_empty(fields))


def _is_empty(fields: Mapping[str, Any]) -> bool:
    """Return whether a plan has no vertices: `isEmpty` of a StreamGraph, the vertices of a JobGraph."""
    vertices = fields.get("taskVertices")
    written = isinstance(vertices, JavaObject) and bool(vertices.more)
    return fields.get("isEmpty") is True or (written and not pairs(vertices))
