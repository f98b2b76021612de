"""Polls a cluster for a recording, with requests that change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from flinkmock.cluster.states import TERMINAL_JOB_STATES
from flinkmock.conformance.http_client import JsonReader
from flinkmock.conformance.recording.observations import ClusterObservations, JobObservations, list_in
from flinkmock.errors import ServerUnreachable
from flinkmock.flink.metrics import METRIC_SUFFIXES
from flinkmock.tables import counted

POLLS_PER_LISTING = 10
"""After how many polls the lists of metrics are requested again. They are long, and Flink refreshes them every 10 s."""
MAX_FINAL_POLLS = 5
"""The maximum number of polls at the end, one per second. Flink caches job details for 3 s (web.refresh-interval)."""
MAX_METRICS = 40
"""The maximum number of recorded metrics of a job, or of all subtasks of a vertex together."""


class Poller:
    """Polls a cluster and adds its responses to `observations`.

    Args:
        reader: The reader of the cluster.
        observations: The observations to fill.
        wait: Waits for a number of milliseconds.
    """

    def __init__(self, reader: JsonReader, observations: ClusterObservations, wait: Callable[[int], None]) -> None:
        self._reader = reader
        self._observations = observations
        self._wait = wait
        self._metric_names: dict[str, list[str]] = {}
        """Path of a job or vertex -> names of its recorded metrics."""

    def poll(self, duration_ms: int, interval_ms: int, progress: Callable[[int, int, str], None] | None = None) -> None:
        """Poll the cluster repeatedly, at least once. A KeyboardInterrupt ends the recording early.

        Args:
            duration_ms: The length of the recording in ms.
            interval_ms: The pause between two polls, in ms.
            progress: Called after each poll with its number, the number of all polls, and a text.

        Raises:
            ServerUnreachable: A request before the first poll of jobs fails. Later failures are ignored, because a
                cluster may come back.
        """
        with suppress(KeyboardInterrupt):
            self._poll_cluster()
            poll_count = max(1, duration_ms // interval_ms)
            self._read("/jars")
            for poll in range(poll_count):
                if poll:
                    self._wait(interval_ms)
                self._observations.poll_count += 1
                try:
                    self._poll_jobs(lists_metrics=poll % POLLS_PER_LISTING == 0)
                except ServerUnreachable:
                    self._observations.failed_poll_count += 1
                if progress is not None:
                    progress(poll + 1, poll_count, f"polls, {counted(len(self._observations.jobs), 'job')}")
        with suppress(ServerUnreachable, KeyboardInterrupt):
            self._finish()

    def _read(self, target: str) -> Any:
        body = self._reader.json(target)
        self._observations.add(target, body)
        return body

    def _poll_jobs(self, *, lists_metrics: bool) -> None:
        self._read("/jobs/overview")
        for job_id, job in self._observations.jobs.items():
            if job.is_gone or job.details.get("state") in TERMINAL_JOB_STATES:
                continue  # the job no longer changes
            base = f"/jobs/{job_id}"
            self._read(base)
            self._read(f"{base}/exceptions")
            self._read(f"{base}/checkpoints")
            if not job.config:  # the configuration never changes
                self._read(f"{base}/config")
                self._read(f"{base}/checkpoints/config")
            if job.details.get("state") == "RUNNING":
                self._poll_metrics(base, job, lists_metrics=lists_metrics)

    def _poll_cluster(self) -> None:
        for target in ("/overview", "/taskmanagers", "/jobmanager/config"):
            self._read(target)

    def _poll_metrics(self, base: str, job: JobObservations, *, lists_metrics: bool) -> None:
        since_1_13 = self._observations.version and not self._observations.version.startswith("1.12")
        for path in [base, *(f"{base}/vertices/{vertex['id']}" for vertex in job.details["vertices"])]:
            if lists_metrics:
                metrics = self._reader.json(f"{path}/metrics")
                names = [metric["id"] for metric in metrics if "id" in metric] if isinstance(metrics, list) else []
                selected = user_metrics(names, in_subtasks=path != base)
                self._metric_names[path] = selected[:MAX_METRICS]
                if len(selected) > MAX_METRICS:
                    vertex_id = path.removeprefix(base).rpartition("/")[2]
                    job.omitted_metric_counts[vertex_id] = len(selected) - MAX_METRICS
            if recorded_names := self._metric_names.get(path):
                self._read(f"{path}/metrics?get={','.join(map(quote, recorded_names))}")
            if path != base:
                self._read(f"{path}/watermarks")
                if since_1_13:  # before 1.13, the request triggers sampling of stack traces
                    self._read(f"{path}/backpressure")

    def _finish(self) -> None:
        """Read the final states, and the details of vertices, which are read only once."""
        for poll in range(MAX_FINAL_POLLS):
            if poll:
                self._wait(1000)
            self._poll_jobs(lists_metrics=False)
            listed = [job for job in self._observations.jobs.values() if not job.is_gone]
            if all(job.state == job.details.get("state", job.state) for job in listed):
                break  # the cached details are up to date
        self._poll_cluster()
        for job_id, job in self._observations.jobs.items():
            if job.is_gone:
                continue
            base, has_ended = f"/jobs/{job_id}", job.state in TERMINAL_JOB_STATES
            if has_ended:
                self._read(f"{base}/metrics")
            for vertex in list_in(job.details, "vertices"):
                self._read(f"{base}/vertices/{vertex['id']}")
                self._read(f"{base}/vertices/{vertex['id']}/accumulators")
                if has_ended:
                    self._read(f"{base}/vertices/{vertex['id']}/metrics")


def user_metrics(names: Iterable[str], *, in_subtasks: bool) -> list[str]:
    """Return the metrics of a program or a connector, without Flink's own, which the fake provides itself.

    Args:
        names: The names of metrics.
        in_subtasks: Whether each name begins with the index of a subtask.
    """
    selected = []
    for name in names:
        metric = name.partition(".")[2] if in_subtasks else name
        if metric and metric.rpartition(".")[2] not in METRIC_SUFFIXES and ".watermark." not in metric:
            selected.append(name)
    return sorted(selected)
