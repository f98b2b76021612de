"""Expectations: the requests that clients must have sent, and the messages if they have not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from flinkmock.contract.known_operations import pattern_of_id, unknown_operation_message
from flinkmock.contract.pattern import WILDCARD, Pattern
from flinkmock.journal.count_range import AT_LEAST_ONCE, NEVER, CountRange, format_count
from flinkmock.journal.exchange import Exchange
from flinkmock.journal.near_misses import near_misses


@dataclass(frozen=True, slots=True)
class RequestMatcher:
    """Matches requests. In strings, `*` is a wildcard as in file names; other JSON values must be equal.

    Attributes:
        pattern: Method and path.
        body: Part of the JSON body, which may contain more.
        query: Query parameters and their values.
        status: Status of the response.
    """

    pattern: Pattern
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None

    @classmethod
    def parse(cls, request: str | RequestMatcher, body: Any = None, query: Mapping[str, Any] | None = None,
              status: int | None = None) -> RequestMatcher:  # fmt: skip
        """Parse "POST /jobs/:jobid/stop", or the id of an operation.

        Raises:
            InvalidArgument: The text is not a request.
        """
        if isinstance(request, RequestMatcher):
            return request
        pattern = pattern_of_id(request) if request.isalnum() else Pattern.parse(request)
        return cls(pattern, body, query or {}, status)

    def mismatches(self, exchange: Exchange) -> list[str]:
        """Return the reasons why the request does not match; empty if it matches."""
        if not self.pattern.matches(exchange.method, exchange.path, exchange.contract_operation):
            return [self._pattern_mismatch(exchange)]
        reasons = []
        if self.body is not None:
            reasons += _differences("body", self.body, exchange.body)
        for name, value in self.query.items():
            actual = exchange.query.get(name)
            expected = _query_text(value)
            if actual is None:
                reasons.append(f"no query parameter {name}")
            elif not any(_equal(expected, text) for text in actual):
                reasons.append(f"query parameter {name} is {', '.join(actual)}, not {expected}")
        if self.status is not None and exchange.status != self.status:
            reasons.append(f"answered with {exchange.status or 'nothing'}, not {self.status}")
        return reasons

    def _pattern_mismatch(self, exchange: Exchange) -> str:
        """Return why the pattern does not match a request."""
        if self.pattern.method in (exchange.method, WILDCARD):
            return "another path"
        pattern = Pattern(exchange.method, self.pattern.segments)
        if pattern.matches(exchange.method, exchange.path, exchange.contract_operation):
            return f"the method is {exchange.method}"
        return "another method and path"

    def __str__(self) -> str:
        parts = [str(self.pattern)]
        if self.query:
            parts.append("with " + " and ".join(f"{name}={_query_text(value)}" for name, value in self.query.items()))
        if self.body is not None:
            parts.append(f"with a body like {_as_text(self.body, limit=200)}")
        if self.status is not None:
            parts.append(f"answered with {self.status}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Expectation:
    """Expects a number of matching requests. `location` is the source location; "" if it is not from a scenario."""

    matcher: RequestMatcher
    times: CountRange = AT_LEAST_ONCE
    location: str = ""

    def __str__(self) -> str:
        return f"{self.matcher} {self.times}"

    def matches(self, exchange: Exchange) -> bool:
        return not self.matcher.mismatches(exchange)

    def failure_message(self, exchanges: Sequence[Exchange]) -> str | None:
        matching = [exchange for exchange in exchanges if self.matches(exchange)]
        if len(matching) in self.times:
            return None
        if self.matcher.status is None:
            outcome = f"it {_times_sent(matching)}"
        else:  # the request may have been sent, and answered with another status
            outcome = f"that happened {format_count(len(matching))}" if matching else "that never happened"
        summary = f"expected {self.matcher} {self.times}, but {outcome}"
        hints = near_misses(self.matcher, exchanges) if len(matching) < self.times.low else []
        return "\n".join([_with_location(self.location, summary) + ".", *_listed(matching), *hints])

    def impossible_message(self, release: str) -> str | None:
        """Return why no request to a release can match; None if one can."""
        problem = unknown_operation_message(self.matcher.pattern, release)
        if problem is None:
            return None
        return f"{_with_location(self.location, str(self))}: it can never match, because {problem}"


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Expects a number of requests that match no operation of the cluster, and no page of the dashboard."""

    times: CountRange = NEVER
    location: str = ""

    def __str__(self) -> str:
        return f"requests that match no operation: {self.times}"

    def matches(self, exchange: Exchange) -> bool:
        return not exchange.matched

    def failure_message(self, exchanges: Sequence[Exchange]) -> str | None:
        matching = [exchange for exchange in exchanges if self.matches(exchange)]
        if len(matching) in self.times:
            return None
        summary = (
            f"requests that match no operation: expected {self.times}, but they {_times_sent(matching, verb='were')}"
        )
        return "\n".join([_with_location(self.location, summary) + ".", *_listed(matching)])


@dataclass(frozen=True, slots=True)
class InOrder:
    """Expects requests in an order. Other requests may be sent in between."""

    matchers: tuple[RequestMatcher, ...]
    location: str = ""

    def __str__(self) -> str:
        return ", then ".join(map(str, self.matchers))

    def matches(self, exchange: Exchange) -> bool:
        """Return whether the request matches any of the matchers."""
        return not all(matcher.mismatches(exchange) for matcher in self.matchers)

    def failure_message(self, exchanges: Sequence[Exchange]) -> str | None:
        remaining = iter(exchanges)
        matching: list[Exchange] = []
        for matcher in self.matchers:
            exchange = next((exchange for exchange in remaining if not matcher.mismatches(exchange)), None)
            if exchange is None:
                return self._missing_message(matcher, matching, exchanges)
            matching.append(exchange)
        return None

    def _missing_message(self, matcher: RequestMatcher, matching: list[Exchange], exchanges: Sequence[Exchange]) -> str:
        """Return the message for a request that was not sent.

        Args:
            matcher: The request.
            matching: The requests that match the earlier matchers.
            exchanges: All requests.
        """
        when = f"after number {matching[-1].number}" if matching else "at all"
        summary = f"expected {self}, but {matcher} was not sent {when}"
        matching_lines = ["  found so far:", *(f"    {exchange}" for exchange in matching)] if matching else []
        earlier = [exchange for exchange in exchanges if not matcher.mismatches(exchange)]
        hints = _listed(earlier, title="before that:") or near_misses(matcher, exchanges)
        return "\n".join([_with_location(self.location, summary) + ".", *matching_lines, *hints])


def _with_location(location: str, text: str) -> str:
    return f"{location}: {text}" if location else text


def _times_sent(exchanges: Sequence[Exchange], verb: str = "was") -> str:
    """Return "was sent once", "was sent 2 times", "was never sent"."""
    return f"{verb} sent {format_count(len(exchanges))}" if exchanges else f"{verb} never sent"


def _listed(exchanges: Iterable[Exchange], limit: int = 10, title: str = "sent requests:") -> list[str]:
    lines = [f"    {exchange}" for exchange in exchanges]
    more = [f"    … and {len(lines) - limit} more"] if len(lines) > limit else []
    return [f"  {title}", *lines[:limit], *more] if lines else []


def _differences(path: str, expected: Any, actual: Any) -> list[str]:
    """Return the differences between the expected part of a value and the actual value."""
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            return [f"{path} is {_as_text(actual)}, not an object"]
        reasons = []
        for name, value in expected.items():
            if name not in actual:
                reasons.append(f"{path} has no {name}")
            else:
                reasons += _differences(f"{path}.{name}", value, actual[name])
        return reasons
    if isinstance(expected, list | tuple):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return [f"{path} is {_as_text(actual)}, not {_as_text(list(expected))}"]
        pairs = enumerate(zip(expected, actual, strict=True))
        return [text for index, pair in pairs for text in _differences(f"{path}[{index}]", *pair)]
    return [] if _equal(expected, actual) else [f"{path} is {_as_text(actual)}, not {_as_text(expected)}"]


def _equal(expected: Any, actual: Any) -> bool:
    """Return whether a scalar equals the expected one, or matches its wildcards. Unlike in Python, true is not 1."""
    if isinstance(expected, str) and "*" in expected and isinstance(actual, str):
        return fnmatchcase(actual, expected)
    return bool(expected == actual) and isinstance(expected, bool) == isinstance(actual, bool)


def _query_text(value: Any) -> str:
    """Return a value as it is written in a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_text(value: Any, limit: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
