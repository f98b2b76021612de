"""Answers the requests of the control API, without a socket."""

from __future__ import annotations

import inspect
import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from flinkmock.control.access import Access
from flinkmock.control.cluster_control import ClusterControl
from flinkmock.control.console import page_response
from flinkmock.control.host import ControlHost
from flinkmock.control.operation import OPERATIONS, YAML, ControlCall, ControlOperation, ControlResponse, QueryParameter
from flinkmock.control.rejection import RequestRejected, encode, rejection_of
from flinkmock.control.snapshot_store import SnapshotStore
from flinkmock.control.validation import invalid_values
from flinkmock.errors import FlinkMockError, did_you_mean

PREFIX = "/__flinkmock__"
"""The path below which the control API and the console are served."""
API_PREFIX = f"{PREFIX}/v1"
PAGES = ("/", PREFIX, f"{PREFIX}/")
"""The paths of the console, and the paths that redirect to it."""
MAX_DIGITS = 18
"""The maximum number of digits of an integer in the query."""
_LOG = logging.getLogger("flinkmock.control")


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """One request.

    Attributes:
        target: The target in the request line, without the base path.
        headers: The headers; names are compared without regard to case.
        body: The whole body.
        base_url: The URL at which the request arrived, without the path.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    base_url: str = ""


class ControlApi:
    """Answers the requests of the control API about one cluster.

    Args:
        control: The cluster.
        access: The rules for access.

    Attributes:
        snapshots: The snapshots that clients have taken.
        response_counts: The number of responses by operation id ("" if no operation matched) and status. Responses
            with the console are not counted.
    """

    def __init__(self, control: ClusterControl, access: Access | None = None) -> None:
        self.control = control
        self.snapshots = SnapshotStore(control)
        self.response_counts: Counter[tuple[str, int]] = Counter()
        self._access = access or Access()

    async def respond(self, request: ControlRequest, host: ControlHost) -> ControlResponse:
        """Return the response. Never raises.

        Args:
            host: The server that received the request.
        """
        operation: ControlOperation | None = None
        try:
            if request.target.partition("?")[0] in PAGES:
                self._access.check(request.headers, is_public=True)
                return page_response(request.method, request.target)
            operation, path_parameters = _route(request)
            self._access.check(request.headers, is_public=operation.is_public)
            response = await self._call(operation, path_parameters, request, host)
        except RequestRejected as error:
            response = error.response
        except FlinkMockError as error:
            response = rejection_of(error).response
        except Exception as error:
            _LOG.exception("%s %s", request.method, request.target)
            response = RequestRejected(500, "InternalError", f"flinkmock failed: {error!r}").response
        self.response_counts[operation.id if operation else "", response.status] += 1
        return response

    async def _call(
        self,
        operation: ControlOperation,
        path_parameters: Mapping[str, str],
        request: ControlRequest,
        host: ControlHost,
    ) -> ControlResponse:
        """Call the operation, and return its response. Raises RequestRejected, FlinkMockError."""
        query = _query_parameters(operation, request.target.partition("?")[2])
        if operation.takes_scenario:
            body: Any = _decoded(request.body)
        else:
            body = _checked_body(operation, request.body, request.headers.get("Content-Type", ""))
        accepts = request.headers.get("Accept", "*/*")
        result = operation.handler(ControlCall(self, host, path_parameters, query, body, accepts, request.base_url))
        if inspect.isawaitable(result):
            result = await result
        if isinstance(result, ControlResponse):
            return result
        if operation.returns is None:
            return ControlResponse(204, content_type=None)
        return ControlResponse(operation.status, encode(result))


@cache
def all_operations() -> tuple[ControlOperation, ...]:
    """Return all operations, in the order of the documentation."""
    from flinkmock.control import operations  # imported with the first request

    module_names = [module.__name__ for module in operations.MODULES]
    return tuple(sorted(OPERATIONS, key=lambda operation: module_names.index(operation.handler.__module__)))


@cache
def _operations_by_path() -> list[list[ControlOperation]]:
    """Return the operations of each path. Paths without parameters are first, because they take precedence."""
    by_path: dict[str, list[ControlOperation]] = {}
    for operation in all_operations():
        by_path.setdefault(operation.path, []).append(operation)
    return sorted(by_path.values(), key=lambda operations: len(operations[0].path_parameters))


def _route(request: ControlRequest) -> tuple[ControlOperation, dict[str, str]]:
    """Return the operation of a request and its path parameters. Raises RequestRejected: 404 or 405."""
    whole_path = request.target.partition("?")[0]
    if not f"{whole_path}/".startswith(f"{API_PREFIX}/"):
        raise RequestRejected(
            404, "NotFound", f"The paths of the control API begin with {API_PREFIX}/. {whole_path} does not."
        )
    path = "/" + whole_path.removeprefix(API_PREFIX).strip("/")
    segments = [unquote(segment, errors="replace") for segment in path[1:].split("/")]
    for operations in _operations_by_path():
        parameters = _path_parameters(operations[0].segments, segments)
        if parameters is not None:
            return _operation_of_method(operations, request.method, path), parameters
    hint = did_you_mean(path, sorted({operation.path for operation in all_operations()}), list_known=False)
    raise RequestRejected(
        404, "NotFound", f"The control API has no path {path}.{hint} GET {API_PREFIX}/openapi.json lists all paths."
    )


def _operation_of_method(operations: list[ControlOperation], method: str, path: str) -> ControlOperation:
    """Return the operation of a path that has this method. Raises RequestRejected: 405."""
    for operation in operations:
        if operation.method == ("GET" if method == "HEAD" else method):
            return operation
    allowed = ", ".join(sorted(operation.method for operation in operations))
    message = f"{method} is not allowed for {path}. Allowed: {allowed}."
    raise RequestRejected(405, "MethodNotAllowed", message, headers={"Allow": allowed})


def _path_parameters(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    """Return the path parameters of a request; None if its segments do not match the pattern of an operation."""
    if len(pattern) != len(segments):
        return None
    parameters = {}
    for part, segment in zip(pattern, segments, strict=True):
        if part.startswith("{"):
            if not segment:
                return None
            parameters[part[1:-1]] = segment
        elif part != segment:
            return None
    return parameters


def _query_parameters(operation: ControlOperation, text: str) -> dict[str, Any]:
    """Return the converted query parameters. Raises RequestRejected."""
    parameters = {parameter.name: parameter for parameter in operation.query}
    values = {name: parameter.default for name, parameter in parameters.items()}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in parameters:
            raise RequestRejected(
                400,
                "InvalidRequest",
                f'{operation.id} has no query parameter "{name}".{did_you_mean(name, parameters)}',
            )
        values[name] = _converted(parameters[name], value)
    return values


def _converted(parameter: QueryParameter, text: str) -> Any:
    """Convert the value of a query parameter. Raises RequestRejected."""
    value: Any = text
    type_name = parameter.schema.get("type")
    digits = text.removeprefix("-")
    if type_name == "integer" and digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS:
        value = int(text)
    elif type_name == "boolean" and text in ("true", "false"):
        value = text == "true"
    invalid = next(invalid_values(value, parameter.schema, f"/{parameter.name}"), None)
    if invalid is not None:
        raise RequestRejected(400, "InvalidRequest", f"Query parameter {invalid.message}")
    return value


def _checked_body(operation: ControlOperation, content: bytes, content_type: str) -> Any:
    """Return the parsed and checked body of a request; None if the operation takes no body.

    Raises:
        RequestRejected: The body is not JSON, or breaks the schema of the operation.
        ScenarioError: The content type is YAML, but the body is not.
    """
    if operation.body is None:
        if content.strip() not in (b"", b"{}"):
            raise RequestRejected(400, "InvalidRequest", f"{operation.id} takes no body.")
        return None
    is_yaml = YAML in operation.consumes and "yaml" in content_type.lower()
    value = _parse_yaml(content) if is_yaml else _parse_json(content)
    invalid = list(invalid_values(value, operation.body))
    if invalid:
        details = [{"path": part.path, "message": part.message} for part in invalid]
        raise RequestRejected(400, "InvalidRequest", " ".join(part.message for part in invalid), details)
    return value


def _parse_json(content: bytes) -> Any:
    """Parse a JSON body. Raises RequestRejected."""
    try:
        return json.loads(content.decode("utf-8-sig") or "{}", parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise RequestRejected(400, "InvalidJson", f"The body is not JSON: {error}.") from None


def _parse_yaml(content: bytes) -> Any:
    """Parse a YAML body. Raises RequestRejected, ScenarioError."""
    from flinkmock.scenario.diagnostics import Diagnostics
    from flinkmock.scenario.document import parse_yaml

    diagnostics = Diagnostics()
    value = parse_yaml(_decoded(content), "<body>", diagnostics).to_python()
    diagnostics.raise_if_any()
    return value


def _reject_constant(name: str) -> None:
    """Raise ValueError for NaN and Infinity, which Python's parser accepts by default."""
    raise ValueError(f"{name} is not a JSON value")


def _decoded(content: bytes) -> str:
    """Return the text of a body. Raises RequestRejected."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestRejected(400, "InvalidRequest", f"The body is not UTF-8: {error.reason}.") from None
