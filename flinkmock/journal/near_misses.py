"""Near misses: the recorded requests that are most similar to an expected one, and why they don't match."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from flinkmock.contract.known_operations import unknown_operation
from flinkmock.journal.exchange import Exchange

if TYPE_CHECKING:
    from flinkmock.journal.expectation import RequestMatcher

MAX_NEAR_MISSES = 3


def near_misses(matcher: RequestMatcher, exchanges: Sequence[Exchange]) -> list[str]:
    """Return lines for a message: the most similar requests, or a sentence if there are none."""
    unknown = unknown_operation(matcher.pattern)
    hint = [f"  {unknown}"] if unknown is not None else []
    return [*hint, *_nearest(matcher, exchanges)]


def _nearest(matcher: RequestMatcher, exchanges: Sequence[Exchange]) -> list[str]:
    if not exchanges:
        return ["  no requests were sent."]
    missed = [(exchange, reasons) for exchange in exchanges if (reasons := matcher.mismatches(exchange))]
    scored = sorted(missed, key=lambda miss: (-_similarity(matcher, miss[0]), len(miss[1]), miss[0].number))
    nearest = [miss for miss in scored[:MAX_NEAR_MISSES] if _similarity(matcher, miss[0]) >= 0.5]
    if not missed:
        return []
    if not nearest:
        if len(missed) == 1:
            return ["  the only other request is not similar."]
        return [f"  none of the {len(missed)} other requests is similar."]
    lines = ["  nearest:"]
    for exchange, reasons in nearest:
        lines += [f"    {exchange}", f"         {'; '.join(reasons)}"]
    return lines


def _similarity(matcher: RequestMatcher, exchange: Exchange) -> float:
    """Return the similarity from 0 to 1. The path has the most weight."""
    operation = exchange.contract_operation
    actual = operation.segments if operation is not None else tuple(exchange.path.strip("/").split("/"))
    plain = [":" if segment.startswith(":") else segment for segment in matcher.pattern.segments]
    other = [":" if segment.startswith(":") else segment for segment in actual]
    if operation is None and len(other) == len(plain):  # a parameter can be any text
        other = [":" if name == ":" else segment for name, segment in zip(plain, other, strict=True)]
    path = SequenceMatcher(None, "/".join(plain), "/".join(other)).ratio()
    return 0.8 * path + (0.2 if exchange.method == matcher.pattern.method else 0)
