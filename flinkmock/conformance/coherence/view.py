"""The responses of a server by operation and parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from flinkmock.conformance.coherence.values import MISSING, Json, SuccessResponse, Value, number
from flinkmock.contract import Operation
from flinkmock.contract.pattern import path_parameters

_Key = tuple[str, tuple[tuple[str, str], ...]]
"""(operation id, sorted path parameters)."""


def success_response(
    operation: Operation, target: str, body: Json, sent_at: float = 0, received_at: float = 0, number: int = 0
) -> SuccessResponse:
    """Return a response with the parameters that are parsed from the target of its request; times are in ms."""
    parts = urlsplit(target)
    parameters = {name: unquote(value) for name, value in path_parameters(operation, parts.path).items()}
    query = {
        name: [value for text in values for value in text.split(",")]
        for name, values in parse_qs(parts.query, keep_blank_values=True).items()
    }
    return SuccessResponse(operation.id, target, parts.path, parameters, query, body, sent_at, received_at, number)


class View:
    """The newest response to each request.

    Args:
        responses: The responses in the order of their requests.
    """

    def __init__(self, responses: Iterable[SuccessResponse] = ()) -> None:
        self._responses: dict[_Key, dict[str, SuccessResponse]] = {}  # by target, for each key
        self._subjects: dict[str, list[tuple[str, ...]]] = {}
        self.responses_in_order: list[SuccessResponse] = []
        """All responses, in the order of their requests."""
        for response in responses:
            self.add(response)

    def add(self, response: SuccessResponse) -> None:
        """Add a response, which replaces the earlier one to the same request."""
        self._subjects.clear()
        self.responses_in_order.append(response)
        self._responses.setdefault(_key(response.operation_id, response.parameters), {})[response.target] = response

    def __iter__(self) -> Iterator[SuccessResponse]:
        """Yield the newest response to each request."""
        for targets in self._responses.values():
            yield from targets.values()

    def body(self, operation_id: str, **parameters: str) -> Value:
        """Return the body of the response to a request without query; a missing value if there was no such request."""
        for response in self.responses_of(operation_id, parameters):
            if not response.query:
                return Value.of(response)
        return Value(MISSING)

    def bodies_with_query(self, operation_id: str, **parameters: str) -> list[Value]:
        """Return the bodies of the responses to requests with a query."""
        return [Value.of(response) for response in self.responses_of(operation_id, parameters) if response.query]

    def metrics(self, operation_id: str, **parameters: str) -> dict[str, Value]:
        """Return the values of the metrics of an operation by their ids; texts that are numbers, as numbers."""
        values: dict[str, Value] = {}
        for entry in self._metric_entries(operation_id, parameters):
            if entry["value"].exists:
                as_number = number(entry["value"])
                values.setdefault(entry["id"].raw, as_number if as_number.exists else entry["value"])
        return values

    def aggregated_metrics(self, operation_id: str, **parameters: str) -> dict[str, Value]:
        """Return the entries of aggregated metrics by their ids."""
        entries: dict[str, Value] = {}
        for entry in self._metric_entries(operation_id, parameters):
            entries.setdefault(entry["id"].raw, entry)
        return entries

    def _metric_entries(self, operation_id: str, parameters: dict[str, str]) -> Iterator[Value]:
        """Yield the metrics in responses to requests whose only query parameter is `get`, which names the metrics."""
        for body in self.bodies_with_query(operation_id, **parameters):
            if set(body.response.query) == {"get"}:
                yield from (entry for entry in body if isinstance(entry["id"].raw, str))

    def subjects(self, kind: str) -> list[tuple[str, ...]]:
        """Return the ids of all subjects of a kind that path parameters of the requests name."""
        names = ID_PARAMETERS[kind]
        if not names:
            return [()]
        if kind not in self._subjects:
            subjects: dict[tuple[str, ...], None] = {}  # a set in the order of insertion
            for _, parameters in self._responses:
                values = dict(parameters)
                if all(name in values for name in names):
                    subjects[tuple(values[name] for name in names)] = None
            self._subjects[kind] = list(subjects)
        return self._subjects[kind]

    def responses_of(self, operation_id: str, parameters: dict[str, str]) -> Iterable[SuccessResponse]:
        """Return the newest response to each request to an operation with these path parameters."""
        return list(self._responses.get(_key(operation_id, parameters), {}).values())


ID_PARAMETERS: dict[str, tuple[str, ...]] = {
    "cluster": (),
    "job": ("jobid",),
    "vertex": ("jobid", "vertexid"),
    "subtask": ("jobid", "vertexid", "subtaskindex"),
    "attempt": ("jobid", "vertexid", "subtaskindex", "attempt"),
    "checkpoint": ("jobid", "checkpointid"),
    "taskmanager": ("taskmanagerid",),
    "application": ("applicationid",),
    "jar": ("jarid",),
}
"""Kind of subject -> the path parameters with the ids of such a subject."""


def _key(operation_id: str, parameters: dict[str, str]) -> _Key:
    return operation_id, tuple(sorted(parameters.items()))


class RepeatedView(View):
    """Requests the responses of an earlier view again, each when it is read for the first time.

    Args:
        earlier: The earlier view.
        fetch: Requests a target; None if the response isn't a success.
    """

    def __init__(self, earlier: View, fetch: Callable[[str], SuccessResponse | None]) -> None:
        super().__init__()
        self._earlier = earlier
        self._fetch = fetch
        self._repeated: dict[str, SuccessResponse | None] = {}  # by target

    def subjects(self, kind: str) -> list[tuple[str, ...]]:
        return self._earlier.subjects(kind)

    def responses_of(self, operation_id: str, parameters: dict[str, str]) -> Iterable[SuccessResponse]:
        for response in self._earlier.responses_of(operation_id, parameters):
            if response.target not in self._repeated:
                self._repeated[response.target] = self._fetch(response.target)
            repeated = self._repeated[response.target]
            if repeated is not None:
                yield repeated
