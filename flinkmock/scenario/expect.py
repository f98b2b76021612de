"""The section `expect`: what clients must have done by the time the cluster closes."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.journal import CountRange, Expectation, Expected, InOrder, RequestMatcher, Unmatched
from flinkmock.journal.count_range import AT_LEAST_ONCE
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.quantities import whole
from flinkmock.scenario.request_patterns import RequestReader


@dataclass(frozen=True, slots=True)
class ExpectReader:
    requests: RequestReader
    mistakes: Diagnostics

    def read(self, nodes: list[YamlNode]) -> tuple[Expected, ...]:
        found: list[Expected] = []
        for node in nodes:
            if isinstance(node.value, str):
                found.append(
                    Expectation(RequestMatcher(self.requests.read(node.text, node.place)), place=str(node.place))
                )
            for key, value in node.items.items():
                place = node.key_place(key)
                match key:
                    case "unmatched":
                        found.append(Unmatched(self._times(value), str(place)))
                    case "in-order":
                        wanted = (self.requests.read(each.text, each.place) for each in value.elements)
                        found.append(InOrder(tuple(map(RequestMatcher, wanted)), str(place)))
                    case _:
                        found.append(self._expectation(key, value, place))
        return tuple(found)

    def _expectation(self, request: str, node: YamlNode, place: SourceLocation) -> Expectation:
        pattern = self.requests.read(request, place)
        if not node.items:
            return Expectation(RequestMatcher(pattern), self._times(node), str(place))
        body, query, status, times = node.get("body"), node.get("query"), node.get("status"), node.get("times")
        wanted = RequestMatcher(
            pattern,
            body.plain() if body else None,
            {key: value.text for key, value in query.items.items()} if query else {},
            whole(status, 0) if status else None,
        )
        return Expectation(wanted, self._times(times) if times else AT_LEAST_ONCE, str(place))

    def _times(self, node: YamlNode) -> CountRange:
        try:
            return CountRange.read(node.value if isinstance(node.value, int) else node.text)
        except ValueError as error:
            self.mistakes.add(node.place, str(error))
            return AT_LEAST_ONCE
