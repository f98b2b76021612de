"""The requests that come nearest to what was wanted, and why they are not it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from flinkmock.journal.exchange import Exchange

if TYPE_CHECKING:
    from flinkmock.journal.expectation import RequestMatcher

MOST = 3


def near_misses(wanted: RequestMatcher, exchanges: Sequence[Exchange]) -> list[str]:
    """Lines for people; says so if nothing comes near."""
    if not exchanges:
        return ["  no request came at all."]
    missed = [(exchange, reasons) for exchange in exchanges if (reasons := wanted.mismatches(exchange))]
    scored = sorted(missed, key=lambda one: (-_likeness(wanted, one[0]), len(one[1]), one[0].number))
    shown = [one for one in scored[:MOST] if _likeness(wanted, one[0]) >= 0.5]
    if not missed:
        return []
    if not shown:
        none = (
            f"none of the {len(missed)} other requests comes" if missed[1:] else "the only other request does not come"
        )
        return [f"  {none} near."]
    lines = ["  nearest:"]
    for exchange, reasons in shown:
        lines += [f"    {exchange}", f"         {'; '.join(reasons)}"]
    return lines


def _likeness(wanted: RequestMatcher, exchange: Exchange) -> float:
    """Between 0 and 1: the path counts most."""
    operation = exchange.contract_operation
    theirs = operation.segments if operation is not None else tuple(exchange.path.strip("/").split("/"))
    mine = wanted.pattern.segments
    plain = [":" if segment.startswith(":") else segment for segment in mine]
    other = [":" if segment.startswith(":") else segment for segment in theirs]
    if operation is None and len(other) == len(plain):  # any text may be what the parameter stands for
        other = [":" if name == ":" else segment for name, segment in zip(plain, other, strict=True)]
    path = SequenceMatcher(None, "/".join(plain), "/".join(other)).ratio()
    return 0.8 * path + (0.2 if exchange.method == wanted.pattern.method else 0)
