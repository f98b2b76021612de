"""The section `expect`: what clients must have done by the time the cluster closes."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.journal import Expectation, Expected, InOrder, Times, Unmatched, Wanted
from flinkmock.journal.times import AT_LEAST_ONCE
from flinkmock.scenario.amounts import whole
from flinkmock.scenario.document import Node
from flinkmock.scenario.mistakes import Mistakes, Place
from flinkmock.scenario.requests import RequestReader


@dataclass(frozen=True, slots=True)
class ExpectReader:
    requests: RequestReader
    mistakes: Mistakes

    def read(self, nodes: list[Node]) -> tuple[Expected, ...]:
        found: list[Expected] = []
        for node in nodes:
            if isinstance(node.value, str):
                found.append(Expectation(Wanted(self.requests.read(node.text, node.place)), place=str(node.place)))
            for key, value in node.items.items():
                place = node.key_place(key)
                match key:
                    case "unmatched":
                        found.append(Unmatched(self._times(value), str(place)))
                    case "in-order":
                        wanted = (self.requests.read(each.text, each.place) for each in value.elements)
                        found.append(InOrder(tuple(map(Wanted, wanted)), str(place)))
                    case _:
                        found.append(self._expectation(key, value, place))
        return tuple(found)

    def _expectation(self, request: str, node: Node, place: Place) -> Expectation:
        pattern = self.requests.read(request, place)
        if not node.items:
            return Expectation(Wanted(pattern), self._times(node), str(place))
        body, query, status, times = node.get("body"), node.get("query"), node.get("status"), node.get("times")
        wanted = Wanted(
            pattern,
            body.plain() if body else None,
            {key: value.text for key, value in query.items.items()} if query else {},
            whole(status, 0) if status else None,
        )
        return Expectation(wanted, self._times(times) if times else AT_LEAST_ONCE, str(place))

    def _times(self, node: Node) -> Times:
        try:
            return Times.read(node.value if isinstance(node.value, int) else node.text)
        except ValueError as error:
            self.mistakes.add(node.place, str(error))
            return AT_LEAST_ONCE
