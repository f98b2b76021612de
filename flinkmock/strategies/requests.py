"""Strategies for requests that a release accepts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from flinkmock.contract import LATEST, Contract, Operation
from flinkmock.jar import small_jar
from flinkmock.strategies.parameters import KnownValues, parameter_texts, query_parameter_texts
from flinkmock.strategies.values import values_of

BOUNDARY = "flinkmock-0f1e2d3c"
JSON_HEADERS = {"Content-Type": "application/json"}
FORM_HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@dataclass(frozen=True)
class Request:
    """A request for any HTTP client.

    For requests: `requests.request(r.method, r.url(base), headers=r.headers, data=r.body)`. For httpx:
    `httpx.request(..., content=r.body)`. For urllib: `Request(r.url(base), r.body, r.headers, method=r.method)`.

    Attributes:
        method: The HTTP method.
        path: The quoted path.
        query: The names and values of query parameters, unquoted.
        headers: The headers.
        body: The body; None if there is none.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def target(self) -> str:
        """The path and the query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def url(self, base: str) -> str:
        """Return the URL of the request. `base` is the URL of a cluster, such as `FlinkMock.url`."""
        return base + self.target


def requests(operation: str, *, flink: str = LATEST, known: KnownValues | None = None) -> SearchStrategy[Request]:
    """Generate well-formed requests for an operation: Flink can parse path, query and body.

    The jobs and other objects in the requests need not exist.

    Args:
        operation: "POST /jobs/:jobid/stop", or an operation id ("triggerStopWithSavepoint").
        flink: The minor release.
        known: The values of parameters by name, for requests about existing objects:
            {"jobid": [job.id], "get": ["numRestarts"]}.

    Raises:
        NotFound: The release has no such operation.
        UnknownRelease: There is no contract for the release.
    """
    contract = Contract.load(flink)
    requested_operation = contract.find(operation)
    # a generated path parameter may equal a fixed segment of another operation's path
    strategy = _requests(contract, requested_operation, known)
    return strategy.filter(lambda request: contract.match(request.method, request.path) is requested_operation)


@st.composite
def _requests(draw: DrawFn, contract: Contract, operation: Operation, known: KnownValues | None) -> Request:
    path, query = draw(paths(operation, known)), draw(_queries(operation, known))
    headers, body = draw(_bodies(contract, operation))
    return Request(operation.method, path, query, headers, body)


def paths(operation: Operation, known: KnownValues | None = None) -> SearchStrategy[str]:
    """Generate quoted paths of an operation."""
    declared = {f":{parameter.name}": parameter for parameter in operation.path_parameters}
    segments = (
        parameter_texts(declared[segment], known) if segment in declared else st.just(segment)
        for segment in operation.segments
    )
    return st.tuples(*segments).map(lambda parts: "".join(f"/{quote(part, safe='')}" for part in parts))


def _queries(operation: Operation, known: KnownValues | None) -> SearchStrategy[tuple[tuple[str, str], ...]]:
    required = {
        query_parameter.name: query_parameter_texts(query_parameter, known)
        for query_parameter in operation.query_parameters
        if query_parameter.required
    }
    optional = {
        query_parameter.name: query_parameter_texts(query_parameter, known)
        for query_parameter in operation.query_parameters
        if not query_parameter.required
    }
    drawn: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(required, optional=optional)
    return drawn.map(lambda values: tuple(values.items()))


def _bodies(contract: Contract, operation: Operation) -> SearchStrategy[tuple[Mapping[str, str], bytes | None]]:
    """Generate headers and body."""
    if operation.file_upload:
        return _forms(contract, operation)
    if operation.request is None:
        return st.just(({}, None))
    bodies = values_of(contract.release.minor).of(operation.request)
    return bodies.map(lambda body: (JSON_HEADERS, json.dumps(body).encode()))


def _forms(contract: Contract, operation: Operation) -> SearchStrategy[tuple[Mapping[str, str], bytes]]:
    """Generate uploads: a jar, or a job graph with the JSON that contains the name of its file."""
    if operation.request is None:
        names = st.text("abcdefgh", min_size=1, max_size=8).map(lambda name: f"{name}.jar")
        return names.map(lambda name: (FORM_HEADERS, _form(_part("jarfile", small_jar(), name))))
    field_name = next(iter(contract.definitions[operation.request["$ref"].removeprefix("#/$defs/")]["properties"]))
    request = _part("request", json.dumps({field_name: "plan.bin"}).encode())
    return st.binary().map(lambda plan: (FORM_HEADERS, _form(request, _part("file_0", plan, "plan.bin"))))


def _part(name: str, content: bytes, file_name: str | None = None) -> bytes:
    file = f'; filename="{file_name}"' if file_name else ""
    return f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content


def _form(*parts: bytes) -> bytes:
    delimiter = f"--{BOUNDARY}".encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"
