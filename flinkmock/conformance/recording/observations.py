"""Collects observations of a cluster from its responses.

Their size grows with the number of jobs and of their restarts, not with that of polls. The exchanges that
`flinkmock record --raw` stores give the same observations as the cluster itself, except for the counts of polls and of
omitted metrics.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from flinkmock.cluster.states import TERMINAL_JOB_STATES
from flinkmock.conformance.http_client import Json
from flinkmock.conformance.recording.samples import Samples
from flinkmock.errors import FlinkMockError

MAX_HISTORY = 500
"""How many of the newest checkpoints, failures and watermarks are kept."""
UNINITIALIZED_WATERMARK = -(2**63)
"""The watermark of a subtask that has not received one: Long.MIN_VALUE."""


@dataclass
class Ratios:
    """How busy and how back-pressured a subtask was, on average over several responses.

    Attributes:
        poll_count: The number of polls in which the subtask had both ratios.
        busy_sum, backpressure_sum: The sums of the ratios in these polls.
    """

    poll_count: int = 0
    busy_sum: float = 0.0
    backpressure_sum: float = 0.0

    @property
    def busy(self) -> float:
        """The share of time that the subtask was busy, from 0 to 1."""
        return self.busy_sum / self.poll_count

    @property
    def backpressure(self) -> float:
        """The share of time that the subtask was back-pressured, from 0 to 1."""
        return self.backpressure_sum / self.poll_count

    def add(self, subtask: Json) -> None:
        """Add a subtask of a response. It is ignored if a ratio is not a number: a legacy source has no busy ratio."""
        busy, backpressure = subtask.get("busyRatio"), subtask.get("ratio")
        if isinstance(busy, int | float) and isinstance(backpressure, int | float):
            self.poll_count += 1
            self.busy_sum += busy
            self.backpressure_sum += backpressure


@dataclass
class VertexObservations:
    """Observations of one vertex in addition to the details of its job."""

    accumulators: list[Json] = field(default_factory=list)
    details: Json = field(default_factory=dict)
    """The body of /jobs/:jobid/vertices/:vertexid."""
    watermarks: list[tuple[int, int | None]] = field(default_factory=list)
    """(epoch ms, lowest watermark of the subtasks or None if there is none), oldest first."""
    ratios: dict[int, Ratios] = field(default_factory=dict)
    """Subtask -> its busy and back pressure ratios."""
    metrics: dict[str, dict[int, Samples]] = field(default_factory=dict)
    """Name -> subtask -> samples."""


class EnteredState(NamedTuple):
    """A state that a job entered, and when, in epoch ms."""

    at: int
    state: str


@dataclass
class JobObservations:
    """Observations of one job."""

    state: str = ""
    """The latest state."""
    name: str = ""
    is_gone: bool = False
    """Whether the cluster no longer lists the job."""
    details: Json = field(default_factory=dict)
    """The body of /jobs/:jobid."""
    entered_states: set[EnteredState] = field(default_factory=set)
    failures: dict[int, Json] = field(default_factory=dict)
    """Epoch ms -> entry of the exception history."""
    checkpoints: dict[int, Json] = field(default_factory=dict)
    """Id -> the latest entry of the checkpoint history."""
    latest: Json = field(default_factory=dict)
    """`latest` of the checkpoint statistics."""
    summary: Json = field(default_factory=dict)
    """`summary` of the checkpoint statistics."""
    checkpointing: Json = field(default_factory=dict)
    """The configuration of checkpoints."""
    config: Json = field(default_factory=dict)
    """`execution-config` of the job."""
    metrics: dict[str, Samples] = field(default_factory=dict)
    omitted_metric_counts: dict[str, int] = field(default_factory=dict)
    """Vertex id, or "" for the job -> number of metrics that are not recorded."""
    metric_counts_after_end: dict[str, int] = field(default_factory=dict)
    """Vertex id, or "" for the job -> number of metrics that the cluster still had when the job had ended."""
    by_vertex: dict[str, VertexObservations] = field(default_factory=dict)

    def vertex(self, vertex_id: str) -> VertexObservations:
        """Return the observations of a vertex, which are empty at first."""
        return self.by_vertex.setdefault(vertex_id, VertexObservations())

    def vertex_name(self, vertex_id: str) -> str:
        """Return the name of a vertex; "" if the job has no such vertex."""
        return next((vertex["name"] for vertex in list_in(self.details, "vertices") if vertex["id"] == vertex_id), "")


class ClusterObservations:
    """Observations of a cluster.

    Attributes:
        jobs: The jobs by id.
        version: The version of the cluster; "" if it is unknown.
        taskmanagers: The entries of /taskmanagers.
        configuration: The options of the cluster.
        jars: The names of uploaded jars.
        poll_count: The number of polls.
        failed_poll_count: The number of polls that the cluster did not answer.
    """

    def __init__(self) -> None:
        self.version = ""
        self.taskmanagers: list[Json] = []
        self.configuration: dict[str, str] = {}
        self.jobs: dict[str, JobObservations] = {}
        self.jars: list[str] = []
        self.poll_count = 0
        self.failed_poll_count = 0

    @property
    def now(self) -> int:
        """The latest `now` in the details of a job (epoch ms); 0 if there is none."""
        return max((job.details.get("now", 0) for job in self.jobs.values()), default=0)

    def add(self, target: str, body: Json) -> None:
        """Add the body of a success response; ignore {}, and targets that a recording doesn't use."""
        if not body:
            return
        path, _, query = target.partition("?")
        match path.strip("/").split("/"):
            case ["overview"]:
                self.version = str(body.get("flink-version", self.version))
            case ["taskmanagers"]:
                self.taskmanagers = list_in(body, "taskmanagers")
            case ["jobmanager", "config"] if isinstance(body, list):
                self.configuration = {entry["key"]: entry["value"] for entry in body}
            case ["jobs", "overview"]:
                listed = {entry["jid"]: entry for entry in list_in(body, "jobs")}
                for job_id, entry in listed.items():
                    job = self.jobs.setdefault(job_id, JobObservations())
                    job.state, job.name = entry["state"], entry["name"]
                for job_id, job in self.jobs.items():
                    job.is_gone = job_id not in listed
            case ["jars"]:
                self.jars = [str(entry.get("name")) for entry in list_in(body, "files")]
            case ["jobs", job_id, *tail] if job_id in self.jobs:
                self._add_to_job(self.jobs[job_id], tail, query, body)

    def _add_to_job(self, job: JobObservations, tail: list[str], query: str, body: Json) -> None:
        match tail:
            case []:
                job.details = body
                job.entered_states |= {
                    EnteredState(at, state) for state, at in body.get("timestamps", {}).items() if at
                }
                state = body.get("state")
                # a job without tasks has no timestamp for CREATED, CANCELLING and CANCELED
                if state and "now" in body and all(entered.state != state for entered in job.entered_states):
                    job.entered_states.add(EnteredState(body["now"], state))
            case ["exceptions"]:
                job.failures = newest(job.failures | failures(body))
            case ["checkpoints"]:
                history = {entry["id"]: entry for entry in list_in(body, "history")}
                job.checkpoints = newest(job.checkpoints | history)
                job.latest = body.get("latest") or {}
                job.summary = body.get("summary") or {}
            case ["checkpoints", "config"]:
                job.checkpointing = body
            case ["config"]:
                job.config = body.get("execution-config") or {}
            case ["metrics"] | ["vertices", _, "metrics"] if not query and job.state in TERMINAL_JOB_STATES:
                job.metric_counts_after_end["".join(tail[1:2])] = len(body)
            case ["metrics"] if query:
                for name, value in metric_values(body):
                    job.metrics.setdefault(name, Samples()).add(job.details["now"], value)
            case ["vertices", vertex_id, *vertex_tail]:
                self._add_to_vertex(job, job.vertex(vertex_id), vertex_tail, query, body)

    @staticmethod
    def _add_to_vertex(
        job: JobObservations, vertex: VertexObservations, tail: list[str], query: str, body: Json
    ) -> None:
        match tail:
            case []:
                vertex.details = body
            case ["accumulators"]:
                vertex.accumulators = list_in(body, "user-accumulators")
            case ["watermarks"] if isinstance(body, list):
                watermarks = [int(value) for _, value in metric_values(body)]
                initialized = [watermark for watermark in watermarks if watermark > UNINITIALIZED_WATERMARK]
                vertex.watermarks.append((job.details["now"], min(initialized, default=None)))
                del vertex.watermarks[:-MAX_HISTORY]
            case ["backpressure"]:
                for subtask in list_in(body, "subtasks"):
                    vertex.ratios.setdefault(subtask["subtask"], Ratios()).add(subtask)
            case ["metrics"] if query:
                for name, value in metric_values(body):
                    index, _, metric = name.partition(".")
                    samples = vertex.metrics.setdefault(metric, {}).setdefault(int(index), Samples())
                    samples.add(job.details["now"], value)


def read_raw(lines: Iterable[str], source: str) -> ClusterObservations:
    """Read the exchanges that `flinkmock record --raw` stored, one JSON object per line.

    Args:
        lines: The lines of the file.
        source: The name of the file, for messages.

    Raises:
        FlinkMockError: A line has another format.
    """
    observations = ClusterObservations()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            exchange = json.loads(line)
            if exchange["status"] == 200:
                observations.add(exchange["target"], json.loads(exchange["response"]))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise FlinkMockError(
                f"{source}:{number}: this is not an exchange that flinkmock record --raw wrote."
            ) from error
    return observations


def list_in(body: Json, key: str) -> list[Json]:
    """Return the list under a key of a body; [] if there is no list."""
    items = body.get(key) if isinstance(body, dict) else None
    return items if isinstance(items, list) else []


def metric_values(body: Json) -> list[tuple[str, str]]:
    """Return (name, value) of each metric that has a value."""
    metrics = body if isinstance(body, list) else []
    return [(metric["id"], metric["value"]) for metric in metrics if "value" in metric]


def failures(body: Json) -> dict[int, Json]:
    """Return failures in the format of the exception history, by their time in epoch ms.

    Flink 1.12 has no exception history. Until 1.18, the history contains a failure only after the
    tasks have restarted.
    """
    history = {entry["timestamp"]: entry for entry in list_in(body.get("exceptionHistory"), "entries")}
    if not body.get("root-exception"):
        return history
    tasks = [
        {"stacktrace": task_entry["exception"], "taskName": task_entry["task"], "timestamp": task_entry["timestamp"]}
        for task_entry in list_in(body, "all-exceptions")
    ]
    entry = {"stacktrace": body["root-exception"], "timestamp": body["timestamp"], "concurrentExceptions": tasks}
    return {body["timestamp"]: entry} | history


def newest(entries: dict[int, Json]) -> dict[int, Json]:
    """Return the MAX_HISTORY entries with the highest keys."""
    return {key: entries[key] for key in sorted(entries)[-MAX_HISTORY:]}
