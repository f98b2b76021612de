"""Reads requests such as `POST /jobs/:jobid/stop` or `triggerSavepoint`, and checks that Flink has them."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.contract import Contract, Operation
from flinkmock.contract.contract import known_releases
from flinkmock.contract.known_operations import operations_of, unknown_id_message, unknown_operation_message
from flinkmock.contract.pattern import Pattern
from flinkmock.contract.value_path import ValuePath
from flinkmock.contract.variation import Change, find_variable_value
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import YamlNode


class RequestReader:
    """Reads the requests of one scenario.

    Args:
        release: The release that the scenario specifies. None if it specifies none: a request is accepted if any
            release has its operation.
        diagnostics: Collects the mistakes.
    """

    def __init__(self, release: str | None, diagnostics: Diagnostics) -> None:
        self._release = release if release in known_releases() else None
        self._diagnostics = diagnostics

    def read(self, text: str, location: SourceLocation) -> Pattern:
        """Read one request: a method and a path, or the id of an operation."""
        if "/" not in text:
            return self._by_operation_id(text, location)
        pattern = Pattern.parse(text)
        problem = unknown_operation_message(pattern, self._release)
        if problem is not None:
            self._diagnostics.add(location, problem)
        return pattern

    def _by_operation_id(self, operation_id: str, location: SourceLocation) -> Pattern:
        for operation in operations_of(self._release):
            if operation.id == operation_id:
                return Pattern(operation.method, operation.segments)
        self._diagnostics.add(location, unknown_id_message(operation_id, self._release))
        return Pattern("GET", ())

    def read_list(self, node: YamlNode | None) -> tuple[Pattern, ...]:
        """Read one request or a list of requests."""
        if node is None:
            return ()
        return tuple(self.read(element.text, element.location) for element in node.elements or [node])

    def problem_with_path(self, path: ValuePath, patterns: tuple[Pattern, ...]) -> str | None:
        """Return a message if no JSON response to matching requests can have a value at a path, otherwise None.

        Without patterns, all requests match.
        """
        if path.steps[0] == "errors":  # in an error response
            return None
        reasons: dict[str, str] = {}
        for contract in self._contracts():
            for operation in _operations_with_json(contract, patterns):
                assert operation.response is not None
                reason = path.unknown_step_message(operation.response, contract.definitions)
                if reason is None:
                    return None
                reasons.setdefault(str(operation), reason)
        if len(reasons) == 1:
            ((operation_name, reason),) = reasons.items()
            return f"no response to {operation_name} has {path}: {reason}"
        return f"no response to {'these requests' if patterns else 'any request'} has {path}."

    def problem_with_change(self, path: ValuePath, change: Change, patterns: tuple[Pattern, ...]) -> str | None:
        """Return a message if the contract allows no such change in responses to matching requests, else None."""
        existing_path = path.text
        if change is Change.ADDED_FIELD:
            if self.problem_with_path(path, patterns) is None:
                return f"{path} is a field that Flink has. Write the name of another one."
            existing_path = path.text.rpartition(".")[0]
        problem = self.problem_with_path(ValuePath.parse(existing_path), patterns) if existing_path else None
        if problem is not None:
            return problem
        possible: dict[Change, None] = {}  # has an order, unlike a set
        for contract in self._contracts():
            for operation in _operations_with_json(contract, patterns):
                for allowed in Change:
                    if find_variable_value(contract.release.minor, operation.id, path, allowed) is not None:
                        possible[allowed] = None
            if change in possible:
                return None
        listed = ", ".join(allowed for allowed in possible if allowed is not Change.ADDED_FIELD)
        return f"the contract does not allow {change} at {path}. Possible: {listed or 'nothing'}."

    def _contracts(self) -> Iterator[Contract]:
        """Yield the contracts of the releases with which the scenario works, the newest first."""
        return map(Contract.load, [self._release] if self._release else reversed(known_releases()))


def _operations_with_json(contract: Contract, patterns: tuple[Pattern, ...]) -> Iterator[Operation]:
    """Yield the operations that match the patterns and respond with JSON. Without patterns, all operations match."""
    for operation in _operations(contract, patterns) if patterns else contract:
        if operation.response is not None and not operation.returns_file:
            yield operation


def _operations(contract: Contract, patterns: tuple[Pattern, ...]) -> Iterator[Operation]:
    """Yield the operations that match the patterns.

    The pattern `GET /jobs/overview` matches only the operation with this path, not `GET /jobs/:jobid`.
    """
    for pattern in patterns:
        exact = contract.match(pattern.method, f"/{'/'.join(pattern.segments)}")
        if exact is not None:
            yield exact
        else:
            yield from (operation for operation in contract if pattern.may_match(operation))
