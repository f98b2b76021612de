"""Explains that no operation matches a pattern, and suggests the one that was probably meant."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from flinkmock.contract import LATEST, Contract
from flinkmock.contract.contract import known_releases
from flinkmock.contract.operation import Operation
from flinkmock.contract.pattern import Pattern
from flinkmock.errors import InvalidArgument


def operations_of(flink: str | None) -> Iterator[Operation]:
    """Yield the operations of a release or, for None, of all releases, the newest first."""
    for release in [flink] if flink else reversed(known_releases()):
        yield from Contract.load(release)


def unknown_operation(pattern: Pattern, flink: str | None = None) -> str | None:
    """Return a message if no operation matches a pattern, otherwise None.

    Args:
        pattern: The pattern of requests.
        flink: The release; None if any release may have the operation.
    """
    if any(pattern.may_match(operation) for operation in operations_of(flink)):
        return None
    return f'{_without(flink)} operation "{pattern}".{_hint(pattern, flink)}'


def find_by_id(name: str, flink: str | None = None) -> Pattern:
    """Return the pattern of the operation with this id. Raises InvalidArgument if there is none."""
    for operation in operations_of(flink):
        if operation.id == name:
            return Pattern(operation.method, operation.segments)
    raise InvalidArgument(_capitalized(unknown_operation_id(name, flink)))


def unknown_operation_id(name: str, flink: str | None = None) -> str:
    """Return the message for a name that is not the id of an operation."""
    close = get_close_matches(name, {operation.id for operation in operations_of(flink)}, n=1)
    hint = f' Did you mean "{close[0]}"?' if close else ""
    return f'{_without(flink)} operation "{name}".{hint}'


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _without(flink: str | None) -> str:
    return f"Flink {flink} has no" if flink else "no Flink release has an"


def _hint(pattern: Pattern, flink: str | None) -> str:
    known = {str(operation): operation for operation in Contract.load(flink or LATEST)}
    for name, operation in known.items():
        if Pattern(operation.method, pattern.segments).may_match(operation):
            return f' Did you mean "{name}"?'
    close = get_close_matches(str(pattern), known, n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""
