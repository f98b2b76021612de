"""What clients must have done, and what to say if they have not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from flinkmock.contract.pattern import ANY, Pattern
from flinkmock.journal.count_range import AT_LEAST_ONCE, NEVER, CountRange, said
from flinkmock.journal.exchange import Exchange
from flinkmock.journal.near_misses import near_misses


@dataclass(frozen=True, slots=True)
class RequestMatcher:
    """Requests of a kind. `body`: what must be in the JSON, which may hold more; `query`: parameters and their values;
    `status`: what they were answered. Text with a `*` is a pattern, as for file names; the other JSON values are
    compared as they are."""

    pattern: Pattern
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None

    @classmethod
    def read(cls, request: str | RequestMatcher, body: Any = None, query: Mapping[str, Any] | None = None,
             status: int | None = None) -> RequestMatcher:  # fmt: skip
        """From "POST /jobs/:jobid/stop". Raises InvalidArgument."""
        return (
            request if isinstance(request, RequestMatcher) else cls(Pattern.parse(request), body, query or {}, status)
        )

    def mismatches(self, exchange: Exchange) -> list[str]:
        """Why the request is not one of these; empty if it is."""
        if not self.pattern.matches(exchange.method, exchange.path, exchange.contract_operation):
            return [self._other_request(exchange)]
        reasons = []
        if self.body is not None:
            reasons += _differences("body", self.body, exchange.body)
        for name, value in self.query.items():
            given = exchange.query.get(name)
            if given is None:
                reasons.append(f"no query parameter {name}")
            elif not any(_equal(_in_query(value), one) for one in given):
                reasons.append(f"query parameter {name} is {', '.join(given)}, not {_in_query(value)}")
        if self.status is not None and exchange.status != self.status:
            reasons.append(f"answered with {exchange.status or 'nothing'}, not {self.status}")
        return reasons

    def _other_request(self, exchange: Exchange) -> str:
        if self.pattern.method not in (exchange.method, ANY):
            same = Pattern(exchange.method, self.pattern.segments).matches(
                exchange.method, exchange.path, exchange.contract_operation
            )
            return f"the method is {exchange.method}" if same else "another method and path"
        return "another path"

    def __str__(self) -> str:
        parts = [str(self.pattern)]
        if self.query:
            parts.append("with " + " and ".join(f"{name}={_in_query(value)}" for name, value in self.query.items()))
        if self.body is not None:
            parts.append(f"with a body like {_shown(self.body, most=200)}")
        if self.status is not None:
            parts.append(f"answered with {self.status}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Expectation:
    """Such requests came so often. `place` is where a scenario says so."""

    wanted: RequestMatcher
    times: CountRange = AT_LEAST_ONCE
    location: str = ""

    def __str__(self) -> str:
        return f"{self.wanted} {self.times}"

    def matches(self, exchange: Exchange) -> bool:
        return not self.wanted.mismatches(exchange)

    def failure_message(self, exchanges: Sequence[Exchange]) -> str | None:
        found = [exchange for exchange in exchanges if self.matches(exchange)]
        if len(found) in self.times:
            return None
        head = f"expected {self.wanted} {self.times}, but it {_came(found)}"
        near = near_misses(self.wanted, exchanges) if len(found) < self.times.low else []
        return "\n".join([_with_location(self.location, head) + ".", *_those(found), *near])


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Requests for which there is no operation came so often."""

    times: CountRange = NEVER
    location: str = ""

    def __str__(self) -> str:
        return f"requests that match no operation {self.times}"

    def matches(self, exchange: Exchange) -> bool:
        return not exchange.matched

    def failure_message(self, exchanges: Sequence[Exchange]) -> str | None:
        found = [exchange for exchange in exchanges if self.matches(exchange)]
        if len(found) in self.times:
            return None
        head = f"expected requests that match no operation {self.times}, but they {_came(found)}"
        return "\n".join([_with_location(self.location, head) + ".", *_those(found)])


@dataclass(frozen=True, slots=True)
class InOrder:
    """Such requests came one after the other; others may have come in between."""

    wanted: tuple[RequestMatcher, ...]
    location: str = ""

    def __str__(self) -> str:
        return ", then ".join(map(str, self.wanted))

    def matches(self, exchange: Exchange) -> bool:
        return not all(wanted.mismatches(exchange) for wanted in self.wanted)

    def failure_message(self, exchanges: Sequence[Exchange]) -> str | None:
        rest = iter(exchanges)
        lines: list[str] = []
        for wanted in self.wanted:
            found = next((exchange for exchange in rest if not wanted.mismatches(exchange)), None)
            if found is None:
                after = f"after number {lines[-1].split()[0]}" if lines else "at all"
                head = f"expected {', then '.join(map(str, self.wanted))}, but {wanted} did not come {after}"
                seen = ["  found so far:", *(f"    {line}" for line in lines)] if lines else []
                before = [exchange for exchange in exchanges if not wanted.mismatches(exchange)]
                other = _those(before, head="before that:") or near_misses(wanted, exchanges)
                return "\n".join([_with_location(self.location, head) + ".", *seen, *other])
            lines.append(str(found))
        return None


def _with_location(location: str, text: str) -> str:
    return f"{location}: {text}" if location else text


def _came(found: Sequence[Exchange]) -> str:
    return f"came {said(len(found))}" if found else "never came"


def _those(found: Iterable[Exchange], most: int = 10, head: str = "these came:") -> list[str]:
    lines = [f"    {exchange}" for exchange in found]
    more = [f"    … and {len(lines) - most} more"] if len(lines) > most else []
    return [f"  {head}", *lines[:most], *more] if lines else []


def _differences(where: str, wanted: Any, found: Any) -> list[str]:
    """Where `found` does not hold what is wanted."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return [f"{where} is {_shown(found)}, not an object"]
        reasons = []
        for name, value in wanted.items():
            if name not in found:
                reasons.append(f"{where} has no {name}")
            else:
                reasons += _differences(f"{where}.{name}", value, found[name])
        return reasons
    if isinstance(wanted, list | tuple):
        if not isinstance(found, list) or len(found) != len(wanted):
            return [f"{where} is {_shown(found)}, not {_shown(list(wanted))}"]
        return [text for i, one in enumerate(wanted) for text in _differences(f"{where}[{i}]", one, found[i])]
    return [] if _equal(wanted, found) else [f"{where} is {_shown(found)}, not {_shown(wanted)}"]


def _equal(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, str) and "*" in wanted and isinstance(found, str):
        return fnmatchcase(found, wanted)
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


def _in_query(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(value: Any, most: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= most else f"{text[: most - 1]}…"
