"""What is noted of a cluster while it is watched: a fold over its answers, so that a long look costs no more memory.

It does not matter who asked: the notes of kept exchanges (`--raw`) are those of the cluster itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flinkmock.conformance.recording.samples import Samples
from flinkmock.errors import FlinkMockError

Json = Any
HISTORY = 500
"""So many checkpoints of a job are kept, and so many of its failures: the newest."""


@dataclass
class VertexNotes:
    """What was seen of one vertex besides what its job's details tell."""

    accumulators: list[Json] = field(default_factory=list)
    details: Json = field(default_factory=dict)
    watermarks: list[tuple[int, int | None]] = field(default_factory=list)
    """(epoch ms, the least of its subtasks' watermarks; None: there is none), newest last."""
    pressures: list[float] = field(default_factory=list)
    """The share of its time that it was held up, look by look; thinned out like metrics."""
    metrics: dict[str, dict[int, Samples]] = field(default_factory=dict)
    """Name -> subtask -> values."""


@dataclass
class JobNotes:
    """What was seen of one job. `state`: the present one; `entered`: (epoch ms, state), each once."""

    state: str = ""
    details: Json = field(default_factory=dict)
    entered: set[tuple[int, str]] = field(default_factory=set)
    failures: dict[int, Json] = field(default_factory=dict)
    """Epoch ms -> entry of the exception history."""
    checkpoints: dict[int, Json] = field(default_factory=dict)
    """Id -> entry of the checkpoint history, the last time it was seen."""
    latest: Json = field(default_factory=dict)
    """The newest checkpoints, by kind."""
    checkpointing: Json = field(default_factory=dict)
    config: Json = field(default_factory=dict)
    metrics: dict[str, Samples] = field(default_factory=dict)
    by_vertex: dict[str, VertexNotes] = field(default_factory=dict)

    def vertex(self, vertex_id: str) -> VertexNotes:
        return self.by_vertex.setdefault(vertex_id, VertexNotes())


class Notes:
    """Everything noted. `jobs`: by id."""

    def __init__(self) -> None:
        self.version = ""
        self.taskmanagers: list[Json] = []
        self.configuration: dict[str, str] = {}
        self.jobs: dict[str, JobNotes] = {}

    @property
    def now(self) -> int:
        """When the cluster last told the time (epoch ms); 0: never."""
        return max((job.details.get("now", 0) for job in self.jobs.values()), default=0)

    def note(self, target: str, body: Json) -> None:
        """Takes down a good answer; of an empty one, and of what a recording does not ask, nothing is noted."""
        if not body:
            return
        path, _, query = target.partition("?")
        match path.strip("/").split("/"):
            case ["overview"]:
                self.version = str(body.get("flink-version", self.version))
            case ["taskmanagers"]:
                self.taskmanagers = rows(body, "taskmanagers")
            case ["jobmanager", "config"] if isinstance(body, list):
                self.configuration = {entry["key"]: entry["value"] for entry in body}
            case ["jobs", "overview"]:
                for row in rows(body, "jobs"):
                    self.jobs.setdefault(row["jid"], JobNotes()).state = row["state"]
            case ["jobs", job_id, *rest] if job_id in self.jobs:
                self._job(self.jobs[job_id], rest, query, body)

    def _job(self, job: JobNotes, rest: list[str], query: str, body: Json) -> None:
        match rest:
            case []:
                job.details = body
                job.entered |= {(at, state) for state, at in body.get("timestamps", {}).items() if at}
            case ["exceptions"]:
                job.failures = newest(job.failures | failures(body))
            case ["checkpoints"]:
                found = {entry["id"]: entry for entry in rows(body, "history")}
                job.checkpoints = newest(job.checkpoints | found)
                job.latest = body.get("latest") or {}
            case ["checkpoints", "config"]:
                job.checkpointing = body
            case ["config"]:
                job.config = body.get("execution-config") or {}
            case ["metrics"] if query:
                for name, value in values(body):
                    job.metrics.setdefault(name, Samples()).add(job.details["now"], value)
            case ["vertices", vertex_id, *tail]:
                self._vertex(job, job.vertex(vertex_id), tail, query, body)

    @staticmethod
    def _vertex(job: JobNotes, vertex: VertexNotes, tail: list[str], query: str, body: Json) -> None:
        match tail:
            case []:
                vertex.details = body
            case ["accumulators"]:
                vertex.accumulators = rows(body, "user-accumulators")
            case ["watermarks"] if isinstance(body, list):
                told = [int(value) for _, value in values(body)]
                real = [mark for mark in told if mark > -(2**63)]
                vertex.watermarks = [*vertex.watermarks, (job.details["now"], min(real, default=None))][-HISTORY:]
            case ["backpressure"]:
                held = [row["ratio"] for row in rows(body, "subtasks") if isinstance(row.get("ratio"), int | float)]
                if held:
                    vertex.pressures = [*vertex.pressures, max(held)][-HISTORY:]
            case ["metrics"] if query:
                for name, value in values(body):
                    subtask, _, rest = name.partition(".")
                    samples = vertex.metrics.setdefault(rest, {}).setdefault(int(subtask), Samples())
                    samples.add(job.details["now"], value)


def read_raw(lines: Iterable[str]) -> Notes:
    """The notes of exchanges that were kept, one as JSON in each line. Raises FlinkMockError for anything else."""
    notes = Notes()
    for line in filter(str.strip, lines):
        try:
            told = json.loads(line)
            if told["status"] == 200:
                notes.note(told["target"], json.loads(told["answer"]))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise FlinkMockError(f"These are no exchanges that flinkmock record has kept: {error!r}") from error
    return notes


def rows(body: Json, key: str) -> list[Json]:
    found = body.get(key) if isinstance(body, dict) else None
    return found if isinstance(found, list) else []


def values(body: Json) -> list[tuple[str, str]]:
    """Names and values of metrics."""
    listed = body if isinstance(body, list) else []
    return [(metric["id"], metric["value"]) for metric in listed if "value" in metric]


def failures(body: Json) -> dict[int, Json]:
    """Epoch ms -> a failure in the form of the exception history, which 1.12 has not got, and in which up to 1.18 a
    failure stands only when the tasks have been restarted."""
    history = {entry["timestamp"]: entry for entry in rows(body.get("exceptionHistory"), "entries")}
    if not body.get("root-exception"):
        return history
    tasks = [
        {"stacktrace": each["exception"], "taskName": each["task"], "timestamp": each["timestamp"]}
        for each in rows(body, "all-exceptions")
    ]
    entry = {"stacktrace": body["root-exception"], "timestamp": body["timestamp"], "concurrentExceptions": tasks}
    return {body["timestamp"]: entry} | history


def newest(known: dict[int, Json]) -> dict[int, Json]:
    return {key: known[key] for key in sorted(known)[-HISTORY:]}
