"""Requests that a release takes."""

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
from flinkmock.strategies.parameters import Known, lists, texts
from flinkmock.strategies.values import values_of

BOUNDARY = "flinkmock-0f1e2d3c"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@dataclass(frozen=True)
class Request:
    """A request for any client to send: `requests.request(r.method, r.url(base), headers=r.headers, data=r.body)`,
    `httpx.request(..., content=r.body)`, `urllib.request.Request(r.url(base), r.body, r.headers, method=r.method)`.

    `path` is quoted; `query` holds names and values that are not; `body` is None for none.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def url(self, base: str) -> str:
        """The target at a cluster's address, `FlinkMock.url`."""
        return base + self.target


def requests(operation: str, *, flink: str = LATEST, known: Known | None = None) -> SearchStrategy[Request]:
    """Requests for an operation that no release refuses for their form: path and query satisfy Flink's converters, the
    body its Jackson. What they are about need not exist; `known` says what does.

    Args:
        operation: "POST /jobs/:jobid/stop", or an operation id ("triggerStopWithSavepoint").
        flink: minor release.
        known: values for parameters by name: {"jobid": [job.id], "get": ["numRestarts"]}.

    Raises:
        NotFound: the release has no such operation.
        UnknownRelease: there is no contract of it.
    """
    contract = Contract.load(flink)
    found = contract.find(operation)
    # a name that was made up for a parameter may happen to be a word of another path
    drawn = _requests(contract, found, known)
    return drawn.filter(lambda request: contract.match(request.method, request.path) is found)


@st.composite
def _requests(draw: DrawFn, contract: Contract, operation: Operation, known: Known | None) -> Request:
    path, query = draw(paths(operation, known)), draw(_queries(operation, known))
    headers, body = draw(_sent(contract, operation))
    return Request(operation.method, path, query, headers, body)


def paths(operation: Operation, known: Known | None = None) -> SearchStrategy[str]:
    """Concrete paths of an operation, quoted."""
    declared = {f":{parameter.name}": parameter for parameter in operation.path_parameters}
    segments = (
        texts(declared[segment], known) if segment in declared else st.just(segment) for segment in operation.segments
    )
    return st.tuples(*segments).map(lambda parts: "".join(f"/{quote(part, safe='')}" for part in parts))


def _queries(operation: Operation, known: Known | None) -> SearchStrategy[tuple[tuple[str, str], ...]]:
    always = {each.name: lists(each, known) for each in operation.query_parameters if each.required}
    sometimes = {each.name: lists(each, known) for each in operation.query_parameters if not each.required}
    drawn: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(always, optional=sometimes)
    return drawn.map(lambda values: tuple(values.items()))


def _sent(contract: Contract, operation: Operation) -> SearchStrategy[tuple[Mapping[str, str], bytes | None]]:
    """Headers and body."""
    if operation.file_upload:
        return _forms(contract, operation)
    if operation.request is None:
        return st.just(({}, None))
    bodies = values_of(contract.release.minor).of(operation.request)
    return bodies.map(lambda body: (JSON, json.dumps(body).encode()))


def _forms(contract: Contract, operation: Operation) -> SearchStrategy[tuple[Mapping[str, str], bytes]]:
    """What is uploaded: a jar, or a plan and the JSON that names its file."""
    if operation.request is None:
        names = st.text("abcdefgh", min_size=1, max_size=8).map(lambda name: f"{name}.jar")
        return names.map(lambda name: (FORM, _form(_part("jarfile", small_jar(), name))))
    named = next(iter(contract.definitions[operation.request["$ref"].removeprefix("#/$defs/")]["properties"]))
    told = _part("request", json.dumps({named: "plan.bin"}).encode())
    return st.binary().map(lambda plan: (FORM, _form(told, _part("file_0", plan, "plan.bin"))))


def _part(name: str, content: bytes, file_name: str | None = None) -> bytes:
    file = f'; filename="{file_name}"' if file_name else ""
    return f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content


def _form(*parts: bytes) -> bytes:
    delimiter = f"--{BOUNDARY}".encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"
