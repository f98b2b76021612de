"""The table of operations of the control API.

Each module of `flinkmock/control/operations/` registers functions with `operation`. Routing, the checks of requests and
the OpenAPI document are derived from this table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flinkmock.control.api import ControlApi
    from flinkmock.control.cluster_control import ClusterControl
    from flinkmock.control.host import ControlHost

JSON = "application/json"
YAML = "application/yaml"
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One checked request to the control API.

    Attributes:
        path_parameters: The decoded path parameters.
        query: The converted query parameters; missing ones have their defaults.
        body: The parsed JSON or YAML; if the operation takes a scenario, the text of the body.
        accepts: The header `Accept`.
        base_url: The URL at which the request arrived, without the path.
    """

    api: ControlApi
    host: ControlHost
    path_parameters: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    accepts: str
    base_url: str

    @property
    def control(self) -> ClusterControl:
        """The cluster that the request is about."""
        return self.api.control


@dataclass(frozen=True, slots=True)
class ControlResponse:
    """A response of the control API."""

    status: int
    body: bytes = b""
    content_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """A query parameter. `default` is the value for requests without the parameter."""

    name: str
    schema: Schema
    description: str
    default: Any = None


Handler = Callable[[ControlCall], Any | Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ControlOperation:
    """One operation of the control API.

    Attributes:
        path: The path below `API_PREFIX`, with parameters in braces: "/jobs/{job}/fail".
        body: The schema of the parsed body; None: there is no body, or it is a scenario.
        consumes: The content types of the body. YAML is parsed as in scenarios.
        takes_scenario: Whether the body is a scenario, in YAML or JSON.
        returns: The schema of the response; None: status 204 without a body.
        produces: The content types of the response.
        errors: The statuses of errors besides 400, 403 and 413, which every operation may return, and 401, which every
            operation that is not public may return.
        python_equivalents: What does the same in the Python API, such as "ClusterControl.advance".
        is_public: Whether the operation can be called without the control token.
    """

    id: str
    method: str
    path: str
    summary: str
    handler: Handler
    status: int
    tag: str
    description: str = ""
    body: Schema | None = None
    consumes: tuple[str, ...] = (JSON,)
    takes_scenario: bool = False
    query: tuple[QueryParameter, ...] = ()
    returns: Schema | None = None
    produces: tuple[str, ...] = (JSON,)
    errors: tuple[int, ...] = ()
    python_equivalents: tuple[str, ...] = ()
    is_public: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        """The path, split at slashes."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """The names of the parameters of the path."""
        return tuple(segment[1:-1] for segment in self.segments if segment.startswith("{"))


OPERATIONS: list[ControlOperation] = []
"""The table of operations, filled by the decorator `operation`."""


def operation(
    method: str,
    path: str,
    *,
    summary: str,
    body: Schema | None = None,
    consumes: tuple[str, ...] = (JSON,),
    takes_scenario: bool = False,
    query: tuple[QueryParameter, ...] = (),
    returns: Schema | None = None,
    produces: tuple[str, ...] = (JSON,),
    status: int = 200,
    errors: tuple[int, ...] = (),
    python_equivalents: tuple[str, ...] = (),
    is_public: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a function as an operation: the function's name in camel case is the id, its docstring the description.

    The other arguments are those of `ControlOperation`. The status is 204 if `returns` is None.
    """

    def register(handler: Handler) -> Handler:
        first_word, *other_words = str(handler.__name__).split("_")
        OPERATIONS.append(
            ControlOperation(
                id=first_word + "".join(map(str.title, other_words)),
                method=method,
                path=path,
                summary=summary,
                handler=handler,
                status=204 if returns is None else status,
                tag=path.strip("/").split("/")[0],
                description=" ".join((handler.__doc__ or "").split()),
                body=body,
                consumes=consumes,
                takes_scenario=takes_scenario,
                query=query,
                returns=returns,
                produces=produces,
                errors=errors,
                python_equivalents=python_equivalents,
                is_public=is_public,
            )
        )
        return handler

    return register
