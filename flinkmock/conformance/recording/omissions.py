"""Describes what a recorded scenario lacks, as sentences."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.conformance.http_client import Json
from flinkmock.conformance.recording.graph import SUPPORTED_ACCUMULATORS, grows, ratios_by_subtask
from flinkmock.conformance.recording.observations import ClusterObservations, JobObservations, rows
from flinkmock.conformance.recording.scenario import CLUSTER_DEFAULT, restart_strategy
from flinkmock.conformance.server_release import nearest_release
from flinkmock.tables import counted

UNEVEN_BACKPRESSURE = 0.1
"""The difference between the back pressure ratios of subtasks from which on it is reported."""


def omissions(observations: ClusterObservations) -> list[str]:
    """Return a sentence for each observation that the scenario lacks."""
    return [*_cluster(observations), *(omission for job in observations.jobs.values() for omission in _job(job))]


def _cluster(observations: ClusterObservations) -> Iterator[str]:
    release = nearest_release(observations.version)
    if release is not None and release.note:
        yield f"the version. {release.note}"
    if observations.failed_polls:
        yield f"{observations.failed_polls} of {observations.polls} polls: the cluster did not answer."
    gone = [job.name for job in observations.jobs.values() if job.gone]
    if gone:
        yield (
            f"{_names('job', gone)}: no longer listed at the end of the recording. The cluster was restarted, or "
            "dropped old jobs."
        )
    without_graph = [
        job.name for job in observations.jobs.values() if not job.gone and not rows(job.details, "vertices")
    ]
    if without_graph:
        yield f"{_names('job', without_graph)}: the cluster did not show the graph."
    if observations.jars:
        yield f"{_names('uploaded jar', observations.jars)}: a scenario has no jars."
    for key, quantity in (("slotsNumber", "slots"), ("totalProcessMemory", "memory")):
        sizes = {row.get(key) or row.get("memoryConfiguration", {}).get(key) for row in observations.taskmanagers}
        if len(sizes) > 1:
            yield f"TaskManagers with different {quantity}: a scenario has equal ones."


def _job(job: JobObservations) -> Iterator[str]:
    if job.gone:
        return
    strategy = str(job.config.get("restart-strategy") or "")
    if strategy and CLUSTER_DEFAULT not in strategy and restart_strategy(strategy) is None:
        yield f"job {job.name}: the restart strategy ({strategy})."
    if metrics := sum(job.metrics_after_end.values()):
        yield f"job {job.name}: {counted(metrics, 'metric')}, which Flink keeps after the end of a job that it ran."
    for path, count in job.omitted_metrics.items():
        yield f"job {job.name}: {count} more metrics of {job.vertex_name(path) or 'the job'}."
    for vertex in rows(job.details, "vertices"):
        for omission in _vertex(job, vertex):
            yield f"job {job.name}: vertex {vertex['name']}: {omission}"


def _vertex(job: JobObservations, details: Json) -> Iterator[str]:
    vertex, is_running = job.vertex(details["id"]), details["status"] == "RUNNING"
    custom = [row["name"] for row in vertex.accumulators if not SUPPORTED_ACCUMULATORS.fullmatch(row["type"])]
    if custom:
        yield f"{_names('accumulator', custom)} of the program's own type."
    supported = [row for row in vertex.accumulators if SUPPORTED_ACCUMULATORS.fullmatch(row["type"])]
    constant = [row["name"] for row in supported if not grows(row, details, job)]
    if constant and is_running:
        yield f"the growth of {_names('accumulator', constant)}: it keeps the value that it had at the end."
    ratios = ratios_by_subtask(vertex)
    if is_running and vertex.details and not ratios:
        yield "busy times: the cluster shows none."
    backpressures = [ratios_of_subtask.backpressure for ratios_of_subtask in ratios.values()]
    if backpressures and max(backpressures) - min(backpressures) >= UNEVEN_BACKPRESSURE:
        yield f"back pressure from {min(backpressures):.0%} to {max(backpressures):.0%}, by subtask: a vertex has one."


def _names(kind: str, names: list[str]) -> str:
    return f"{kind}{'s' if len(names) > 1 else ''} {', '.join(names)}"
