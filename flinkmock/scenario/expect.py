"""Reads the section `expect`: what clients must have done when the cluster closes."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.journal import CountRange, Expectation, Expected, InOrder, RequestMatcher, Unmatched
from flinkmock.journal.count_range import AT_LEAST_ONCE
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.quantities import as_int
from flinkmock.scenario.request_patterns import RequestReader


@dataclass(frozen=True, slots=True)
class ExpectReader:
    """Reads expectations. Each of them contains its source location as text, for reports."""

    request_reader: RequestReader
    diagnostics: Diagnostics

    def read(self, nodes: list[YamlNode]) -> tuple[Expected, ...]:
        expected: list[Expected] = []
        for node in nodes:
            if isinstance(node.value, str):
                matcher = RequestMatcher(self.request_reader.read(node.text, node.location))
                expected.append(Expectation(matcher, location=str(node.location)))
            expected += (self._read(key, value, node.key_location(key)) for key, value in node.items.items())
        return tuple(expected)

    def _read(self, key: str, value: YamlNode, location: SourceLocation) -> Expected:
        match key:
            case "unmatched":
                return Unmatched(self._count_range(value), str(location))
            case "in-order":
                patterns = (self.request_reader.read(element.text, element.location) for element in value.elements)
                return InOrder(tuple(map(RequestMatcher, patterns)), str(location))
            case _:
                return self._expectation(key, value, location)

    def _expectation(self, request: str, node: YamlNode, location: SourceLocation) -> Expectation:
        pattern = self.request_reader.read(request, location)
        if not node.items:
            return Expectation(RequestMatcher(pattern), self._count_range(node), str(location))
        body, status, times = node.get("body"), node.get("status"), node.get("times")
        matcher = RequestMatcher(
            pattern,
            body.to_python() if body else None,
            {key: value.text for key, value in node.items_of("query").items()},
            as_int(status, 0) if status else None,
        )
        return Expectation(matcher, self._count_range(times) if times else AT_LEAST_ONCE, str(location))

    def _count_range(self, node: YamlNode) -> CountRange:
        try:
            return CountRange.parse(node.value if isinstance(node.value, int) else node.text)
        except ValueError as error:
            self.diagnostics.add(node.location, str(error))
            return AT_LEAST_ONCE
