"""Reads requests such as `POST /jobs/:jobid/stop` or `triggerSavepoint`, and checks that Flink has them."""

from __future__ import annotations

from flinkmock.contract import Operation
from flinkmock.contract.contract import known_releases
from flinkmock.contract.known_operations import operations_of, unknown_operation, unknown_operation_id
from flinkmock.contract.pattern import Pattern
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import YamlNode


class RequestReader:
    """Reads the requests of one scenario.

    Args:
        flink: The release that the scenario names. None: any release may have the operation, because the scenario
            works with all of them.
        diagnostics: Collects the mistakes.
    """

    def __init__(self, flink: str | None, diagnostics: Diagnostics) -> None:
        self.flink = flink if flink in known_releases() else None
        self._diagnostics = diagnostics

    def read(self, text: str, location: SourceLocation) -> Pattern:
        if "/" not in text:
            return self._by_operation_id(text, location)
        pattern = Pattern.parse(text)
        unknown = unknown_operation(pattern, self.flink)
        if unknown is not None:
            self._diagnostics.add(location, unknown)
        return pattern

    def _by_operation_id(self, name: str, location: SourceLocation) -> Pattern:
        for operation in operations_of(self.flink):
            if operation.id == name:
                return Pattern(operation.method, operation.segments)
        self._diagnostics.add(location, unknown_operation_id(name, self.flink))
        return Pattern("GET", ())

    def read_list(self, node: YamlNode | None) -> tuple[Pattern, ...]:
        """Read one request or a list of requests."""
        if node is None:
            return ()
        return tuple(self.read(each.text, each.location) for each in node.elements or [node])

    def operations(self, patterns: tuple[Pattern, ...]) -> list[Operation]:
        """Return the operations that any of the patterns matches; all of them if there is no pattern."""
        return [
            operation
            for operation in operations_of(self.flink)
            if not patterns or any(pattern.may_match(operation) for pattern in patterns)
        ]
