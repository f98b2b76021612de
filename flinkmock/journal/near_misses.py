"""Near misses: the recorded requests that are most similar to an expected one, and why they don't match."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from flinkmock.contract.known_operations import unknown_operation_message
from flinkmock.journal.exchange import Exchange

if TYPE_CHECKING:
    from flinkmock.journal.expectation import RequestMatcher

MAX_NEAR_MISSES = 3
MIN_SIMILARITY = 0.5
"""The similarity, from 0 to 1, that a request needs to be listed."""


class _Miss(NamedTuple):
    """A request that does not match, with the reasons and its similarity to the expected one."""

    exchange: Exchange
    reasons: list[str]
    similarity: float


def near_misses(matcher: RequestMatcher, exchanges: Sequence[Exchange]) -> list[str]:
    """Return lines for a message: the most similar requests, or a sentence if there are none.

    If no release has a matching operation, the first line says so.
    """
    problem = unknown_operation_message(matcher.pattern)
    hints = [f"  {problem}"] if problem is not None else []
    return [*hints, *_nearest(matcher, exchanges)]


def _nearest(matcher: RequestMatcher, exchanges: Sequence[Exchange]) -> list[str]:
    if not exchanges:
        return ["  no requests were sent."]
    misses = [
        _Miss(exchange, reasons, _similarity(matcher, exchange))
        for exchange in exchanges
        if (reasons := matcher.mismatches(exchange))
    ]
    if not misses:
        return []
    misses.sort(key=lambda miss: (-miss.similarity, len(miss.reasons), miss.exchange.number))
    nearest = [miss for miss in misses[:MAX_NEAR_MISSES] if miss.similarity >= MIN_SIMILARITY]
    if not nearest:
        if len(misses) == 1:
            return ["  the only other request is not similar."]
        return [f"  none of the {len(misses)} other requests is similar."]
    lines = ["  nearest:"]
    for miss in nearest:
        lines += [f"    {miss.exchange}", f"         {'; '.join(miss.reasons)}"]
    return lines


def _similarity(matcher: RequestMatcher, exchange: Exchange) -> float:
    """Return the similarity from 0 to 1. The path has more weight than the method."""
    operation = exchange.contract_operation
    segments = operation.segments if operation is not None else tuple(exchange.path.strip("/").split("/"))
    # the names of parameters don't matter
    expected = [":" if segment.startswith(":") else segment for segment in matcher.pattern.segments]
    sent = [":" if segment.startswith(":") else segment for segment in segments]
    if operation is None and len(sent) == len(expected):  # a parameter can be any text
        sent = [":" if name == ":" else segment for name, segment in zip(expected, sent, strict=True)]
    path_similarity = SequenceMatcher(None, "/".join(expected), "/".join(sent)).ratio()
    return 0.8 * path_similarity + (0.2 if exchange.method == matcher.pattern.method else 0)
