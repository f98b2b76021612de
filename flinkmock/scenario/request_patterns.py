"""`POST /jobs/:jobid/stop` or `triggerSavepoint`: requests that a scenario names, checked against what Flink serves."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from flinkmock.contract import LATEST, Contract, Operation
from flinkmock.contract.contract import known_releases
from flinkmock.contract.pattern import Pattern
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import YamlNode


class RequestReader:
    """Reads the requests of one scenario. `flink` is the release that it names, if it does: then no other is looked at;
    otherwise any release may have the operation, since the scenario can be played on all of them."""

    def __init__(self, flink: str | None, mistakes: Diagnostics) -> None:
        self._flink = flink if flink in known_releases() else None
        self._mistakes = mistakes

    def read(self, text: str, place: SourceLocation) -> Pattern:
        if "/" not in text:
            return self._of_operation(text, place)
        pattern = Pattern.parse(text)
        if not any(pattern.may_match(operation) for operation in self._operations()):
            has = f"Flink {self._flink} has no" if self._flink else "no release of Flink has an"
            self._mistakes.add(place, f'{has} operation "{pattern}".{self._hint(pattern)}')
        return pattern

    def _of_operation(self, name: str, place: SourceLocation) -> Pattern:
        """By the id that Flink's OpenAPI document gives it: `triggerSavepoint`."""
        known = {operation.id: operation for operation in self._operations()}
        if name not in known:
            has = f"Flink {self._flink} has no" if self._flink else "no release of Flink has an"
            close = get_close_matches(name, known, n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            self._mistakes.add(place, f'{has} operation "{name}".{hint}')
            return Pattern("GET", ())
        return Pattern(known[name].method, known[name].segments)

    def listed(self, node: YamlNode | None) -> tuple[Pattern, ...]:
        """One, or a list of them; none if nothing is given."""
        if node is None:
            return ()
        return tuple(self.read(each.text, each.place) for each in node.elements or [node])

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
