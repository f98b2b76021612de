"""Finds the targets of an operation on a server, with the parameter values that the server lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from flinkmock.conformance.http_client import JsonReader
from flinkmock.contract import Operation, Parameter

VALUES_PER_PARAMETER = 12
"""How many values of one path parameter are used at most: 12 of a server's 1000 jobs."""
METRICS_PER_REQUEST = 40
"""The maximum number of metrics of one list that are requested."""
COMPARED_METRICS = (
    *(f"num{kind}{direction}" for kind in ("Records", "Bytes", "Buffers") for direction in ("In", "Out")),
    *(f"num{kind}{direction}" for kind in ("Bytes", "Buffers") for direction in ("InLocal", "InRemote")),
    "accumulateBusyTimeMs",
    "accumulateIdleTimeMs",
    "accumulateBackPressuredTimeMs",
    "busyTimeMsPerSecond",
    "idleTimeMsPerSecond",
    "backPressuredTimeMsPerSecond",
    "currentInputWatermark",
)
"""The ends of the names of metrics whose values are also in other responses. They are requested before others."""
DEPENDENT_PARAMETERS = frozenset({"get", "agg", "jobs", "taskmanagers", "subtasks", "subtaskindex"})
"""Query parameters that only work with other parameters, or with a value from the server."""


class Targets:
    """Finds the values of parameters on a server. It requests each list of values once.

    Args:
        reader: The reader that sends GET requests.
        values_per_parameter: How many values of one path parameter are used at most.
    """

    def __init__(self, reader: JsonReader, values_per_parameter: int = VALUES_PER_PARAMETER) -> None:
        self._reader = reader
        self._values_per_parameter = values_per_parameter
        self._bodies: dict[str, Any] = {}
        self._finders: dict[str, Callable[[str], list[Any]]] = {
            # a partial fake, or a proxy that filters, may have only one of the two lists
            "jobid": lambda _: self._column("/jobs", "jobs", "id") or self._column("/jobs/overview", "jobs", "jid"),
            "taskmanagerid": lambda _: self._column("/taskmanagers", "taskmanagers", "id"),
            "applicationid": lambda _: self._column("/applications/overview", "applications", "id"),
            "jarid": lambda _: self._column("/jars", "files", "id"),
            "vertexid": lambda path: self._column(job_path(path), "vertices", "id"),
            "subtaskindex": self._subtasks,
            "attempt": self._attempts,
            "checkpointid": lambda path: self._column(f"{job_path(path)}/checkpoints", "history", "id"),
            "filename": lambda path: [
                *self._column(path, "logs", "name"),
                *filter(None, self._column(path, "profilingList", "outputFile")),
            ],
            "rescaleuuid": lambda path: self._rescales(f"{job_path(path)}/rescales/history"),
        }

    def paths(self, operation: Operation) -> list[str]:
        """Return a path for each combination of parameter values; [] if the server lists no value of a parameter."""
        paths = [""]
        for segment in operation.segments:
            if segment.startswith(":"):
                name = segment[1:]
                paths = [f"{path}/{path_segment(value)}" for path in paths for value in self._values(name, path)]
            else:
                paths = [f"{path}/{segment}" for path in paths]
        return paths

    def example_path(self, operation: Operation) -> str:
        """Return the path of an operation with one value of each parameter: a listed one, otherwise an example."""
        parameters = {parameter.name: parameter for parameter in operation.path_parameters}
        path = ""
        for segment in operation.segments:
            if segment.startswith(":"):
                name = segment[1:]
                values = self._values(name, path) or [example_value(parameters[name]) if name in parameters else "1"]
                path += f"/{path_segment(values[0])}"
            else:
                path += f"/{segment}"
        return path

    def queries(self, operation: Operation, path: str) -> Iterator[str]:
        """Yield query strings for a path, the empty one first."""
        yield ""
        parameters = {parameter.name: parameter for parameter in operation.query_parameters}
        if "get" in parameters:
            yield from self._metric_queries(path, parameters.get("agg"))
        for parameter in parameters.values():
            if parameter.name not in DEPENDENT_PARAMETERS:
                yield from (f"?{parameter.name}={value}" for value in query_values(parameter))

    def _metric_queries(self, path: str, agg: Parameter | None) -> Iterator[str]:
        metrics = self._body(path)
        ids = [metric.get("id") for metric in metrics if isinstance(metric, dict)] if isinstance(metrics, list) else []
        metric_ids = sorted((metric_id for metric_id in ids if isinstance(metric_id, str)), key=_metric_sort_key)
        names = [quote(metric_id) for metric_id in metric_ids[:METRICS_PER_REQUEST]]
        if names:
            yield "?get=" + ",".join(names)
            for aggregation in agg.enum if agg else ():
                yield f"?get={names[0]}&agg={aggregation}"

    def _values(self, name: str, path: str) -> list[Any]:
        find = self._finders.get(name)
        return first_and_last(find(path), self._values_per_parameter) if find else []

    def _body(self, path: str) -> Any:
        if path not in self._bodies:
            self._bodies[path] = self._reader.json(path)
        return self._bodies[path]

    def _column(self, path: str, list_key: str, key: str) -> list[Any]:
        """Return the value under `key` of each entry of a list in a response."""
        body = self._body(path)
        entries = body.get(list_key) if isinstance(body, dict) else None
        return (
            [entry[key] for entry in entries if isinstance(entry, dict) and key in entry]
            if isinstance(entries, list)
            else []
        )

    def _subtasks(self, path: str) -> list[Any]:
        return self._column(path.removesuffix("/subtasks"), "subtasks", "subtask")

    def _attempts(self, path: str) -> list[Any]:
        """Return the numbers of all attempts, the current one first; the server may have dropped old attempts."""
        body = self._body(path.removesuffix("/attempts"))
        current = body.get("attempt") if isinstance(body, dict) else None
        return list(range(current, -1, -1)) if isinstance(current, int) else []

    def _rescales(self, path: str) -> list[Any]:
        body = self._body(path)
        rescales = body if isinstance(body, list) else []
        return [
            rescale["rescaleUuid"] for rescale in rescales if isinstance(rescale, dict) and "rescaleUuid" in rescale
        ]


def _metric_sort_key(metric_id: str) -> tuple[bool, str]:
    """Return a sort key that puts compared metrics first.

    The key ignores the index of a subtask in the id, so that the same metrics of a subtask, its vertex and all subtasks
    together are requested.
    """
    index, _, name = metric_id.partition(".")
    return not metric_id.endswith(COMPARED_METRICS), name if index.isdecimal() else metric_id


def path_segment(value: object) -> str:
    """Return a value as a segment of a path. Flink decodes segments twice (docs/flink-behaviour.md#path-parameters)."""
    return quote(str(value).replace("%", "%25").replace("+", "%2B"), safe="")


def job_path(path: str) -> str:
    """Return the part of a path that names the job: "/jobs/abc" of "/jobs/abc/vertices/def"."""
    return "/".join(path.split("/")[:3])


def first_and_last(values: list[Any], limit: int = VALUES_PER_PARAMETER) -> list[Any]:
    """Return the first and the last values, at most `limit` in all."""
    last_count = limit // 2
    return values if len(values) <= limit else values[: limit - last_count] + values[len(values) - last_count :]


def query_values(parameter: Parameter) -> tuple[str, ...]:
    """Return all values of an enum or a boolean parameter, one value of an integer, and none of a text."""
    if parameter.enum:
        return parameter.enum
    return {"integer": ("1",), "boolean": ("true", "false")}.get(parameter.type, ())


def example_value(parameter: Parameter) -> str:
    """Return one value that the parameter's converter accepts."""
    if parameter.format == "hex32":
        return "0" * 32
    return next(iter(query_values(parameter)), "1")
