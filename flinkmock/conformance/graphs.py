"""A job's graph as the vertices of a scenario, with the rates that were seen."""

from __future__ import annotations

from typing import Any

Json = Any
SHIPS = frozenset({"FORWARD", "REBALANCE", "HASH", "RESCALE", "BROADCAST", "SHUFFLE", "GLOBAL", "CUSTOM"})


class Names:
    """Names of jobs and vertices; scrubbed, each is replaced by a number, the same each time."""

    def __init__(self, scrub: bool) -> None:
        self._scrub = scrub
        self._jobs: dict[str, str] = {}
        self._vertices: dict[str, str] = {}

    def job(self, name: str) -> str:
        return self._jobs.setdefault(name, f"job-{len(self._jobs) + 1}") if self._scrub else name

    def vertex(self, name: str) -> str:
        """A source stays one to be seen by its name, as Flink's dashboard does."""
        if not self._scrub:
            return name
        head = next((word for word in ("Source: ", "Sink: ") if name.startswith(word)), "")
        return self._vertices.setdefault(name, f"{head}vertex-{len(self._vertices) + 1}")


def vertices(details: Json, names: Names, seconds: float) -> list[dict[str, Any]]:
    """The vertices of /jobs/:jobid in its order. `seconds`: how long the job has run."""
    nodes = {node["id"]: node for node in details.get("plan", {}).get("nodes", ())}
    known = {vertex["id"]: vertex for vertex in details["vertices"]}
    told = []
    for vertex in details["vertices"]:
        inputs = [edge for edge in nodes.get(vertex["id"], {}).get("inputs", ()) if edge["id"] in known]
        entry: dict[str, Any] = {
            "name": names.vertex(vertex["name"]),
            "id": vertex["id"],
            "parallelism": max(1, vertex["parallelism"]),
        }
        if vertex.get("maxParallelism", 0) > 0:
            entry["max-parallelism"] = vertex["maxParallelism"]
        entry["inputs"] = [_input(edge, names.vertex(known[edge["id"]]["name"])) for edge in inputs]
        told.append(entry | _rates(vertex["metrics"], bool(inputs), seconds))
    return told


def _input(edge: Json, name: str) -> dict[str, Any]:
    told = {"from": name}
    if edge.get("ship_strategy") in SHIPS:
        told["ship"] = edge["ship_strategy"]
    return told


def _rates(metrics: Json, reads: bool, seconds: float) -> dict[str, Any]:
    """What flows: records per second of a source, records out for each one in, bytes for each record."""
    read, written, size = metrics["read-records"], metrics["write-records"], metrics["write-bytes"]
    told: dict[str, Any] = {}
    if reads and read:
        told["selectivity"] = round(written / read, 3)
    elif not reads and written:
        told["rate"] = round(written / seconds, 3)
    if written and size:
        told["record-size"] = f"{max(1, round(size / written))}B"
    return told
