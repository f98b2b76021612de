"""Reads requests such as `POST /jobs/:jobid/stop` or `triggerSavepoint`, and checks that Flink has them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from flinkmock.contract import LATEST, Contract, Operation
from flinkmock.contract.contract import known_releases
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
        self._flink = flink if flink in known_releases() else None
        self._diagnostics = diagnostics

    def read(self, text: str, location: SourceLocation) -> Pattern:
        if "/" not in text:
            return self._by_operation_id(text, location)
        pattern = Pattern.parse(text)
        if not any(pattern.may_match(operation) for operation in self._operations()):
            self._diagnostics.add(location, f'{self._without} operation "{pattern}".{self._hint(pattern)}')
        return pattern

    @property
    def _without(self) -> str:
        return f"Flink {self._flink} has no" if self._flink else "no Flink release has an"

    def _by_operation_id(self, name: str, location: SourceLocation) -> Pattern:
        known = {operation.id: operation for operation in self._operations()}
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            self._diagnostics.add(location, f'{self._without} operation "{name}".{hint}')
            return Pattern("GET", ())
        return Pattern(known[name].method, known[name].segments)

    def read_list(self, node: YamlNode | None) -> tuple[Pattern, ...]:
        """Read one request or a list of requests."""
        if node is None:
            return ()
        return tuple(self.read(each.text, each.location) for each in node.elements or [node])

    def _operations(self) -> Iterator[Operation]:
        releases = [self._flink] if self._flink else [LATEST, *reversed(known_releases()[:-1])]
        for release in releases:
            yield from Contract.load(release)

    def _hint(self, pattern: Pattern) -> str:
        known = {str(operation): operation for operation in Contract.load(self._flink or LATEST)}
        for name, operation in known.items():
            if Pattern(operation.method, pattern.segments).may_match(operation):
                return f' Did you mean "{name}"?'
        close = get_close_matches(str(pattern), known, n=1, cutoff=0.6)
        return f' Did you mean "{close[0]}"?' if close else ""
