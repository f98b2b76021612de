"""Sends generated requests, valid and invalid, to every operation and checks the responses.

The requests change nothing on the server: operations that change something are only called for ids that don't exist.
The module needs hypothesis (`pip install flinkmock[fuzz]`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from flinkmock.conformance.http_client import HttpRequest
from flinkmock.conformance.report import Finding
from flinkmock.conformance.response_check import ERROR_STATUSES
from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from flinkmock.conformance.check import Check
    from flinkmock.contract import Contract, Operation, Parameter

EXCLUDED_OPERATIONS = frozenset(
    {
        "shutdownCluster",
        "uploadJar",
        "submitJob",
        "postJobManagerProfiling",  # a real profile of a minute
        "postTaskManagerProfiling",
        "triggerSavepointDisposal",  # accepts any path
        "getYarnCancelJobTermination",
        "getYarnStopJobTermination",
    }
)
"""Operations that could change the server, or take too long."""


class _GeneratedRequest(NamedTuple):
    request: HttpRequest
    is_invalid: bool
    """Whether a query parameter has a value that Flink rejects."""


class _GeneratedParameter(NamedTuple):
    name: str
    text: str | None
    """The value; None: the request lacks the parameter."""
    is_invalid: bool


@dataclass(frozen=True)
class FuzzChecks:
    """Sends generated requests to each operation.

    Args:
        requests_per_operation: How many requests each operation gets.
        seed: The seed of the generator: equal seeds send equal requests to equal clusters.
    """

    requests_per_operation: int
    seed: int = 0

    def __call__(self, check: Check) -> None:
        """Run the checks.

        Raises:
            FlinkMockError: hypothesis is not installed.
            ServerUnreachable: The server does not answer.
        """
        try:
            import hypothesis
        except ImportError as error:
            raise FlinkMockError("--fuzz needs hypothesis: pip install 'flinkmock[fuzz]'.") from error
        settings = hypothesis.settings(
            max_examples=self.requests_per_operation,
            database=None,
            deadline=None,
            phases=(hypothesis.Phase.generate,),
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        operations = [operation for operation in check.contract if operation.id not in EXCLUDED_OPERATIONS]
        for done, operation in enumerate(operations):
            check.progress(done, len(operations), f"generated requests: {operation}")
            paths = check.targets.paths(operation) if operation.method == "GET" else []
            generated = hypothesis.given(_requests(check.contract, operation, paths))
            settings(hypothesis.seed(self.seed)(generated(_sender(check, operation))))()


def _sender(check: Check, operation: Operation) -> Callable[[_GeneratedRequest], None]:
    """Return a function that sends a request and checks the response."""

    def send(generated: _GeneratedRequest) -> None:
        response = check.send(operation, generated.request, ERROR_STATUSES)
        if generated.is_invalid and response.status < 300:
            finding = Finding(operation, "", "status", "400 for an invalid parameter", str(response.status))
            check.report.add(finding, generated.request.target)

    return send


def _requests(contract: Contract, operation: Operation, existing_paths: list[str]) -> SearchStrategy[_GeneratedRequest]:
    """Generate requests to an operation; `existing_paths` are its paths with parameter values from the server."""
    from hypothesis import strategies as st

    parameters = {f":{parameter.name}": parameter for parameter in operation.path_parameters}
    segments: list[SearchStrategy[str]] = [
        _path_values(parameters[segment]) if segment in parameters else st.just(segment)
        for segment in operation.segments
    ]
    generated_paths = st.tuples(*segments).map(lambda parts: "".join(f"/{quote(text, safe='')}" for text in parts))
    paths = st.one_of(st.sampled_from(existing_paths), generated_paths) if existing_paths else generated_paths
    queries = st.tuples(*(_query_parameters(query_parameter) for query_parameter in operation.query_parameters))
    bodies = _bodies(contract, operation) if operation.method != "GET" else st.none()

    def build(path: str, query: tuple[_GeneratedParameter, ...], body: bytes | None) -> _GeneratedRequest:
        pairs = [(parameter.name, parameter.text) for parameter in query if parameter.text is not None]
        target = path + (f"?{urlencode(pairs)}" if pairs else "")
        # invalid values in the path don't count, because they may be literal segments of another operation
        is_invalid = any(parameter.is_invalid for parameter in query)
        return _GeneratedRequest(HttpRequest(target, operation.method, body), is_invalid)

    return st.builds(build, paths, queries, bodies)


def _path_values(parameter: Parameter) -> SearchStrategy[str]:
    """Generate values of a path parameter that the server does not have, valid and invalid ones."""
    from hypothesis import strategies as st

    from flinkmock.strategies.parameters import parameter_texts

    valid = parameter_texts(parameter)
    if parameter.type == "string" and not parameter.pattern:
        valid = valid.map("no-{}".format)
    return st.one_of(valid, st.text(min_size=1, max_size=12).filter(_encodable).map("x{}".format), st.just("-1"))


def _query_parameters(parameter: Parameter) -> SearchStrategy[_GeneratedParameter]:
    from hypothesis import strategies as st

    from flinkmock.strategies.parameters import query_parameter_texts

    is_validated = bool(parameter.enum or parameter.type == "integer" or parameter.pattern)
    free_text = st.text(max_size=12).filter(_encodable)
    unusual = query_parameter_texts(parameter) if is_validated or parameter.type == "boolean" else free_text
    invalid = st.text("xyz-!", min_size=1, max_size=6)
    name = parameter.name
    return st.one_of(
        st.just(_GeneratedParameter(name, None, is_invalid=False)),
        st.one_of(query_parameter_texts(parameter), unusual).map(
            lambda text: _GeneratedParameter(name, text, is_invalid=False)
        ),
        invalid.map(lambda text: _GeneratedParameter(name, text, is_invalid=is_validated)),
    )


def _bodies(contract: Contract, operation: Operation) -> SearchStrategy[bytes | None]:
    from hypothesis import strategies as st

    from flinkmock.strategies.values import values_of

    leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8).filter(_encodable))
    values = st.recursive(leaves, lambda inner: st.one_of(st.lists(inner, max_size=3), _objects(inner)), max_leaves=6)
    if operation.request is not None:
        values = st.one_of(values_of(contract.release.minor).of(operation.request), values)
    return st.one_of(st.none(), values.map(lambda value: json.dumps(value).encode()), st.binary(max_size=20))


def _objects(inner: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    from hypothesis import strategies as st

    keys = st.sampled_from(["target-directory", "cancel-job", "drain", "programArgsList", "parallelism", "x"])
    return st.dictionaries(keys, inner, max_size=3)


def _encodable(text: str) -> bool:
    return not any(0xD800 <= ord(character) < 0xE000 for character in text)
