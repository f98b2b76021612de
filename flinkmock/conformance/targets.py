"""What there is to ask on a server: an operation's path with every value of its parameters that the server names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol
from urllib.parse import quote

from flinkmock.contract import Operation, Parameter

PER_PARAMETER = 12
"""A server with 1000 jobs is asked about so many of them."""
METRICS_AT_ONCE = 40
ASKED_OTHERWISE = frozenset({"get", "agg", "jobs", "taskmanagers", "subtasks", "subtaskindex"})
"""Query parameters that make no sense alone."""


class Source(Protocol):
    """Whom the lists are asked of."""

    def json(self, target: str) -> Any:
        """The body of a good answer, {} if there is none."""


class Targets:
    """Finds ids on the server, up to `most` of a kind; each list is asked for once."""

    def __init__(self, fetch: Source, most: int = PER_PARAMETER) -> None:
        self._fetch = fetch
        self._most = most
        self._known: dict[str, Any] = {}
        self._finders: dict[str, Callable[[str], list[Any]]] = {
            "jobid": lambda _: self._column("/jobs", "jobs", "id"),
            "taskmanagerid": lambda _: self._column("/taskmanagers", "taskmanagers", "id"),
            "applicationid": lambda _: self._column("/applications/overview", "applications", "id"),
            "jarid": lambda _: self._column("/jars", "files", "id"),
            "vertexid": lambda path: self._column(job(path), "vertices", "id"),
            "subtaskindex": self._subtasks,
            "attempt": self._attempts,
            "checkpointid": lambda path: self._column(f"{job(path)}/checkpoints", "history", "id"),
            "filename": lambda path: [
                *self._column(path, "logs", "name"),
                *filter(None, self._column(path, "profilingList", "outputFile")),
            ],
            "rescaleuuid": lambda path: self._rescales(f"{job(path)}/rescales/history"),
        }

    def paths(self, operation: Operation) -> list[str]:
        """Every concrete path; none if the server names no value for a parameter (trigger ids, for one)."""
        paths = [""]
        for segment in operation.segments:
            if segment.startswith(":"):
                name = segment[1:]
                paths = [f"{path}/{quote(str(value), safe='')}" for path in paths for value in self._values(name, path)]
            else:
                paths = [f"{path}/{segment}" for path in paths]
        return paths

    def queries(self, operation: Operation, path: str) -> Iterator[str]:
        """Query strings worth asking with, the empty one first."""
        yield ""
        parameters = {parameter.name: parameter for parameter in operation.query_parameters}
        if "get" in parameters:
            yield from self._metric_queries(path, parameters.get("agg"))
        for parameter in parameters.values():
            if parameter.name not in ASKED_OTHERWISE:
                yield from (f"?{parameter.name}={value}" for value in examples(parameter))

    def _metric_queries(self, path: str, agg: Parameter | None) -> Iterator[str]:
        listed = self._ask(path)
        told = [metric.get("id") for metric in listed if isinstance(metric, dict)] if isinstance(listed, list) else []
        names = [quote(name) for name in told[:METRICS_AT_ONCE] if isinstance(name, str)]
        if names:
            yield "?get=" + ",".join(names)
            for way in agg.enum if agg else ():
                yield f"?get={names[0]}&agg={way}"

    def _values(self, name: str, path: str) -> list[Any]:
        find = self._finders.get(name)
        return some(find(path), self._most) if find else []

    def _ask(self, path: str) -> Any:
        if path not in self._known:
            self._known[path] = self._fetch.json(path)
        return self._known[path]

    def _column(self, path: str, rows: str, key: str) -> list[Any]:
        body = self._ask(path)
        found = body.get(rows) if isinstance(body, dict) else None
        return [row[key] for row in found if isinstance(row, dict) and key in row] if isinstance(found, list) else []

    def _subtasks(self, path: str) -> list[Any]:
        return self._column(path.removesuffix("/subtasks"), "subtasks", "subtask")

    def _attempts(self, path: str) -> list[Any]:
        """All attempts up to the present one: earlier ones may be gone, see `check.REFUSALS`."""
        body = self._ask(path.removesuffix("/attempts"))
        present = body.get("attempt") if isinstance(body, dict) else None
        return list(range(present, -1, -1)) if isinstance(present, int) else []

    def _rescales(self, path: str) -> list[Any]:
        body = self._ask(path)
        rows = body if isinstance(body, list) else []
        return [row["rescaleUuid"] for row in rows if isinstance(row, dict) and "rescaleUuid" in row]


def job(path: str) -> str:
    """ "/jobs/abc/vertices/def" -> "/jobs/abc" """
    return "/".join(path.split("/")[:3])


def some(values: list[Any], most: int = PER_PARAMETER) -> list[Any]:
    """Not too many: the first ones and the last ones."""
    half = most // 2
    return values if len(values) <= most else values[:half] + values[-half:]


def examples(parameter: Parameter) -> tuple[str, ...]:
    if parameter.enum:
        return parameter.enum
    return {"integer": ("1",), "boolean": ("true", "false")}.get(parameter.type, ())
