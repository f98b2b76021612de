"""Generated requests, right and wrong ones, for every operation: no answer may be anything but Flink's.

Nothing on the server is changed: what changes something is only asked of things that do not exist. Needs hypothesis
(`pip install flinkmock[fuzz]`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flinkmock.conformance.http_client import HttpRequest
from flinkmock.conformance.report import Finding
from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from flinkmock.conformance.check import Check
    from flinkmock.contract import Contract, Operation, Parameter

NEVER = frozenset(
    {
        "shutdownCluster",
        "uploadJar",
        "submitJob",
        "postJobManagerProfiling",  # a real profile of a minute
        "postTaskManagerProfiling",
        "triggerSavepointDisposal",  # takes any path
        "getYarnCancelJobTermination",
        "getYarnStopJobTermination",
    }
)
REFUSALS = 308, 400, 404, 405, 409, 413, 500, 503
"""Every status of an error response. See docs/flink-behaviour.md#statuses."""


@dataclass(frozen=True)
class FuzzChecks:
    """`requests` for each operation; the same `seed` asks the same of the same cluster."""

    requests: int
    seed: int = 0

    def __call__(self, check: Check) -> None:
        """Raises FlinkMockError without hypothesis, ServerUnreachable."""
        try:
            import hypothesis
        except ImportError as error:
            raise FlinkMockError("--fuzz needs hypothesis: pip install 'flinkmock[fuzz]'.") from error
        settings = hypothesis.settings(
            max_examples=self.requests,
            database=None,
            deadline=None,
            phases=(hypothesis.Phase.generate,),
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        operations = [operation for operation in check.contract if operation.id not in NEVER]
        for done, operation in enumerate(operations):
            check.progress(done, len(operations), f"generated requests: {operation}")
            known = check.targets.paths(operation) if operation.method == "GET" else []
            drawn = hypothesis.given(_questions(check.contract, operation, known))
            settings(hypothesis.seed(self.seed)(drawn(_asker(check, operation))))()


def _asker(check: Check, operation: Operation) -> Callable[[tuple[HttpRequest, bool]], None]:
    def ask(drawn: tuple[HttpRequest, bool]) -> None:
        question, wrong = drawn
        answer = check.put(operation, question, REFUSALS)
        if wrong and answer.status < 300:
            finding = Finding(operation, "", "status", "400 for a wrong parameter", str(answer.status))
            check.report.add(finding, question.target)

    return ask


def _questions(contract: Contract, operation: Operation, known: list[str]) -> SearchStrategy[tuple[HttpRequest, bool]]:
    """(a request, whether it has a parameter that can't be converted)"""
    from hypothesis import strategies as st

    names = {parameter.name: parameter for parameter in operation.path_parameters}
    segments: list[SearchStrategy[tuple[str, bool]]] = [
        _path_value(names[segment[1:]]) if segment[1:] in names and segment[0] == ":" else st.just((segment, False))
        for segment in operation.segments
    ]
    made = st.tuples(*segments).map(
        lambda parts: ("".join(f"/{quote(text, safe='')}" for text, _ in parts), any(wrong for _, wrong in parts))
    )
    paths = st.one_of(st.sampled_from([(path, False) for path in known]), made) if known else made
    queries = st.tuples(*(_query_value(each) for each in operation.query_parameters))
    bodies = _bodies(contract, operation) if operation.method != "GET" else st.none()

    def put_together(path: tuple[str, bool], query: tuple[Any, ...], body: bytes | None) -> tuple[HttpRequest, bool]:
        given = [(name, text) for name, text, _ in query if text is not None]
        target = path[0] + (f"?{urlencode(given)}" if given else "")
        # a wrong id in a path can be a right literal of another operation, a wrong query can not
        return HttpRequest(target, operation.method, body), any(wrong for _, _, wrong in query)

    return st.builds(put_together, paths, queries, bodies)


def _path_value(parameter: Parameter) -> SearchStrategy[tuple[str, bool]]:
    from hypothesis import strategies as st

    from flinkmock.strategies.parameters import texts

    right = texts(parameter)
    if parameter.type == "string" and not parameter.pattern:
        right = right.map("no-{}".format)
    wrong = st.one_of(st.text(min_size=1, max_size=12).filter(_encodable).map("x{}".format), st.just("-1"))
    return st.one_of(right.map(lambda text: (text, False)), wrong.map(lambda text: (text, bool(parameter.pattern))))


def _query_value(parameter: Parameter) -> SearchStrategy[tuple[str, str | None, bool]]:
    from hypothesis import strategies as st

    from flinkmock.strategies.parameters import lists

    refused = bool(parameter.enum or parameter.type == "integer" or parameter.pattern)
    odd = lists(parameter) if refused or parameter.type == "boolean" else st.text(max_size=12).filter(_encodable)
    wrong = st.text("xyz-!", min_size=1, max_size=6)
    name = parameter.name
    return st.one_of(
        st.just((name, None, False)),
        st.one_of(lists(parameter), odd).map(lambda text: (name, text, False)),
        wrong.map(lambda text: (name, text, refused)),
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
    return not any(0xD800 <= ord(letter) < 0xE000 for letter in text)
