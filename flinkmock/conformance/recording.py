"""A live cluster, watched read-only for a while and written down as an ordinary scenario.

States come from the jobs' own timestamps and exception histories, so that a state that nobody saw is there too; graphs
from the plan; cadence, length and size of checkpoints from their history.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from flinkmock.conformance.coherence import TERMINAL
from flinkmock.conformance.graphs import Names, vertices

Json = Any
OFF = 2**63 - 1
"""The interval of a job without periodic checkpoints, where Flink tells one at all."""


ORDER = (
    *("INITIALIZING", "CREATED", "RECONCILING", "RUNNING", "RESTARTING", "FAILING", "CANCELLING"),
    *("FINISHED", "FAILED", "CANCELED", "SUSPENDED"),
)
SUPPRESSED = "org.apache.flink.runtime.JobException: Recovery is suppressed"


class Source(Protocol):
    def json(self, target: str) -> Any:
        """The body of a good answer, {} if there is none."""


@dataclass
class Watched:
    """What was seen of one job. `entered`: (epoch ms, state), each once."""

    details: Json = field(default_factory=dict)
    entered: set[tuple[int, str]] = field(default_factory=set)
    failures: dict[int, Json] = field(default_factory=dict)
    """Epoch ms -> entry of the exception history."""
    checkpoints: dict[int, Json] = field(default_factory=dict)
    """Id -> entry of the checkpoint history, the last time it was seen."""


class Recorder:
    """Watches one cluster through `source`. `wait(ms)` lets time pass between two looks."""

    def __init__(self, source: Source, wait: Callable[[int], None]) -> None:
        self._source = source
        self._wait = wait
        self._jobs: dict[str, Watched] = {}

    def watch(self, length_ms: int, every_ms: int = 1000) -> None:
        """Looks at everything every `every_ms`, at least once."""
        for look in range(max(1, length_ms // every_ms)):
            if look:
                self._wait(every_ms)
            self._look()

    def _look(self) -> None:
        for row in _rows(self._source.json("/jobs/overview"), "jobs"):
            seen = self._jobs.setdefault(row["jid"], Watched())
            base = f"/jobs/{row['jid']}"
            seen.details = self._source.json(base) or seen.details
            seen.entered |= {(at, state) for state, at in seen.details.get("timestamps", {}).items() if at}
            exceptions = self._source.json(f"{base}/exceptions")
            history = exceptions.get("exceptionHistory", {}) if isinstance(exceptions, dict) else {}
            if history:
                seen.failures.update({entry["timestamp"]: entry for entry in _rows(history, "entries")})
            elif isinstance(exceptions, dict) and exceptions.get("root-exception"):  # 1.12 tells the last one only
                seen.failures[exceptions["timestamp"]] = {"stacktrace": exceptions["root-exception"]}
            for entry in _rows(self._source.json(f"{base}/checkpoints"), "history"):
                seen.checkpoints[entry["id"]] = entry

    def scenario(self, *, scrub: bool = False) -> dict[str, Any]:
        """What was seen, in the form of a scenario file. `scrub`: without names, messages and configuration."""
        task_managers = _rows(self._source.json("/taskmanagers"), "taskmanagers")
        version = str(self._source.json("/overview").get("flink-version", ""))
        names = Names(scrub)
        scenario: dict[str, Any] = {"name": "recorded"} | (
            {"flink": ".".join(version.split(".")[:2])} if version else {}
        )
        slots = {row["slotsNumber"] for row in task_managers}
        scenario["cluster"] = {"taskmanagers": len(task_managers), "slots": max(slots, default=1)}
        jobs: dict[str, Any] = {}
        known = [(job_id, seen) for job_id, seen in self._jobs.items() if seen.details.get("vertices")]
        for job_id, seen in sorted(known, key=lambda each: each[1].details["start-time"]):
            name = names.job(seen.details["name"])
            key = name if name not in jobs else f"{name} {job_id[:6]}"
            jobs[key] = self._job(job_id, seen, name, names, scrub)
        return scenario | ({"jobs": jobs} if jobs else {})

    def _job(self, job_id: str, seen: Watched, name: str, names: Names, scrub: bool) -> dict[str, Any]:
        details = seen.details
        config = self._source.json(f"/jobs/{job_id}/config").get("execution-config", {})
        checkpoints = self._source.json(f"/jobs/{job_id}/checkpoints/config")
        ran = max(1, details["duration"]) / 1000
        told: dict[str, Any] = {"name": name, "id": job_id}
        if scrub:
            del told["id"]
        kind = details.get("job-type") or details.get("plan", {}).get("type")
        told["type"] = "batch" if kind == "BATCH" else "streaming"
        started = (details["now"] - details["start-time"]) // 1000
        if started:
            told["started"] = f"{started}s ago"
        told["vertices"] = vertices(details, names, ran)
        told["lifecycle"] = lifecycle(seen, names, scrub)
        told["checkpoints"] = checkpoint_spec(checkpoints, seen.checkpoints) if checkpoints else "none"
        if not scrub and config.get("user-config"):
            told["user-config"] = config["user-config"]
        return told


def lifecycle(seen: Watched, names: Names, scrub: bool) -> list[Any]:
    """Each state that was entered, with the time until the next one."""
    # within one millisecond a job goes on in the order of its life
    moments = sorted(seen.entered | _restarts(seen), key=lambda each: (each[0], ORDER.index(each[1])))
    moments = [one for one, before in zip(moments, [(0, ""), *moments], strict=False) if one[1] != before[1]]
    steps: list[Any] = []
    for (at, state), following in itertools.zip_longest(moments, moments[1:]):
        cause = _cause(seen, at, names, scrub) if state in ("RESTARTING", "FAILING") else None
        length = (f"{following[0] - at}ms" if following[0] > at else 0) if following else None
        if state in TERMINAL or (length is None and cause is None):
            steps.append(state)
        elif cause:
            steps.append({state: {"for": "forever" if length is None else length, "because": cause}})
        else:
            steps.append({state: length})
    return steps


def _restarts(seen: Watched) -> set[tuple[int, str]]:
    """Restarts that the timestamps have forgotten (they keep the last one of each) but the exceptions have not."""
    stamps = {state: at for state, at in seen.details["timestamps"].items() if at}
    restarting, running = stamps.get("RESTARTING"), stamps.get("RUNNING", 0)
    if restarting is None:
        return set()
    known = {at for at, state in seen.entered if state in ("RESTARTING", "FAILING")}
    delay = running - restarting if running > restarting else 1000
    found = set()
    for at in seen.failures:
        if all(abs(at - other) > delay for other in known) and at < max(known):
            found |= {(at, "RESTARTING"), (at + delay, "RUNNING")}
    first = min(at for at, state in seen.entered | found if state == "RESTARTING")
    created = stamps.get("CREATED")
    if created is not None and not any(state == "RUNNING" and at < first for at, state in seen.entered):
        found.add((created + 1, "RUNNING"))  # the first time it ran has been overwritten
    return found


def _cause(seen: Watched, at: int, names: Names, scrub: bool) -> dict[str, Any] | None:
    """The failure nearest to the moment."""
    if not seen.failures:
        return None
    entry = seen.failures[min(seen.failures, key=lambda each: abs(each - at))]
    trace = [line.strip() for line in str(entry.get("stacktrace", "")).split("\n")]
    head = trace[0]
    if head.startswith(SUPPRESSED):  # Flink's own words around the failure of a job that may not restart
        head = next((line.removeprefix("Caused by: ") for line in trace if line.startswith("Caused by: ")), head)
    name, _, message = head.partition(": ")
    cause: dict[str, Any] = {"class": name or "java.lang.RuntimeException"}
    if message and not scrub:
        cause["message"] = message
    task = entry.get("taskName") or ""
    by_name = {vertex["name"]: vertex for vertex in seen.details["vertices"]}
    vertex = next((each for each in by_name if task.startswith(f"{each} (")), None)
    if vertex is None:
        cause["global"] = True
    else:
        cause["vertex"] = names.vertex(vertex)
        number = task[len(vertex) + 2 :].partition("/")[0]
        if number.isdecimal():
            cause["subtask"] = int(number) - 1
    return cause


def checkpoint_spec(config: Mapping[str, Json], history: Mapping[int, Json]) -> dict[str, Any] | str:
    """How checkpoints are configured, and how long they took and how large they were."""
    if not 0 < config["interval"] < OFF:
        return "none"
    externalized = config.get("externalization", {})
    told: dict[str, Any] = {
        "every": f"{config['interval']}ms",
        "timeout": f"{config['timeout']}ms",
        "min-pause": f"{config['min_pause']}ms",
        "max-concurrent": config["max_concurrent"],
        "mode": str(config["mode"]).lower().replace("_", "-"),
    }
    done = [entry for entry in history.values() if entry["status"] == "COMPLETED" and not entry["is_savepoint"]]
    if done:
        took = sorted(entry["end_to_end_duration"] for entry in done)
        sizes = sorted(entry["state_size"] for entry in done)
        told["takes"] = f"{took[0]}ms..{took[-1]}ms"
        told["size"] = f"{sizes[0]}B..{sizes[-1]}B"
    if failed := sorted(number for number, entry in history.items() if entry["status"] == "FAILED"):
        told["fail"] = failed
    if config.get("unaligned_checkpoints"):
        told["unaligned"] = True
    if config.get("tolerable_failed_checkpoints"):
        told["tolerable-failures"] = config["tolerable_failed_checkpoints"]
    if externalized.get("enabled"):
        told["retained"] = "delete" if externalized.get("delete_on_cancellation") else "retain"
    return told


def _rows(body: Json, key: str) -> list[Json]:
    rows = body.get(key) if isinstance(body, dict) else None
    return rows if isinstance(rows, list) else []
