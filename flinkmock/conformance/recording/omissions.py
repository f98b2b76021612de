"""Describes what a recorded scenario lacks, as sentences."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.conformance.http_client import Json
from flinkmock.conformance.recording.graph import SUPPORTED_ACCUMULATORS, grows, ratios_by_subtask
from flinkmock.conformance.recording.observations import ClusterObservations, JobObservations, list_in
from flinkmock.conformance.recording.scenario import CLUSTER_DEFAULT, restart_strategy
from flinkmock.conformance.server_release import nearest_release
from flinkmock.tables import counted

UNEVEN_BACKPRESSURE = 0.1
"""Back pressure is reported if the ratios of two subtasks differ by at least this much."""


def omissions(observations: ClusterObservations) -> list[str]:
    """Return a sentence for each observation that the scenario lacks."""
    return [*_cluster(observations), *(omission for job in observations.jobs.values() for omission in _job(job))]


def _cluster(observations: ClusterObservations) -> Iterator[str]:
    release = nearest_release(observations.version)
    if release is not None and release.note:
        yield f"the version. {release.note}"
    if observations.failed_poll_count:
        yield f"{observations.failed_poll_count} of {observations.poll_count} polls: the cluster did not answer."
    gone = [job.name for job in observations.jobs.values() if job.is_gone]
    if gone:
        yield (
            f"{_names('job', gone)}: no longer listed at the end of the recording. The cluster was restarted, or "
            "dropped old jobs."
        )
    without_graph = [
        job.name for job in observations.jobs.values() if not job.is_gone and not list_in(job.details, "vertices")
    ]
    if without_graph:
        yield f"{_names('job', without_graph)}: the cluster did not show the graph."
    if observations.jars:
        yield f"{_names('uploaded jar', observations.jars)}: a scenario has no jars."
    process_sizes = {
        taskmanager.get("memoryConfiguration", {}).get("totalProcessMemory")
        for taskmanager in observations.taskmanagers
    }
    if len(process_sizes) > 1:
        yield "the memory of each TaskManager: in the scenario, all of them have the memory of the first."


def _job(job: JobObservations) -> Iterator[str]:
    if job.is_gone:
        return
    strategy = str(job.config.get("restart-strategy") or "")
    if strategy and CLUSTER_DEFAULT not in strategy and restart_strategy(strategy) is None:
        yield f"job {job.name}: the restart strategy ({strategy})."
    if metric_count := sum(job.metric_counts_after_end.values()):
        metrics = counted(metric_count, "metric")
        yield f"job {job.name}: {metrics}, which Flink keeps after the end of a job that it ran."
    for vertex_id, omitted_count in job.omitted_metric_counts.items():
        yield f"job {job.name}: {counted(omitted_count, 'more metric')} of {job.vertex_name(vertex_id) or 'the job'}."
    for vertex in list_in(job.details, "vertices"):
        for omission in _vertex(job, vertex):
            yield f"job {job.name}: vertex {vertex['name']}: {omission}"


def _vertex(job: JobObservations, details: Json) -> Iterator[str]:
    vertex, is_running = job.vertex(details["id"]), details["status"] == "RUNNING"
    custom = [
        accumulator["name"]
        for accumulator in vertex.accumulators
        if not SUPPORTED_ACCUMULATORS.fullmatch(accumulator["type"])
    ]
    if custom:
        yield f"{_names('accumulator', custom)} of the program's own type."
    supported = [
        accumulator for accumulator in vertex.accumulators if SUPPORTED_ACCUMULATORS.fullmatch(accumulator["type"])
    ]
    constant = [accumulator["name"] for accumulator in supported if not grows(accumulator, details, job)]
    if constant and is_running:
        yield f"the growth of {_names('accumulator', constant)}: the scenario keeps the values at the end."
    ratios = ratios_by_subtask(vertex)
    if is_running and vertex.details and not ratios:
        yield "busy times: the cluster shows none."
    backpressures = [ratios_of_subtask.backpressure for ratios_of_subtask in ratios.values()]
    if backpressures and max(backpressures) - min(backpressures) >= UNEVEN_BACKPRESSURE:
        lowest, highest = min(backpressures), max(backpressures)
        yield f"back pressure from {lowest:.0%} to {highest:.0%}, by subtask: a scenario has one value for all."


def _names(kind: str, names: list[str]) -> str:
    return f"{kind}{'s' if len(names) > 1 else ''} {', '.join(names)}"
