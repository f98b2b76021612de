"""Finds operations by pattern or id. If an operation is not found, the message suggests a similar one."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from flinkmock.contract import LATEST, Contract
from flinkmock.contract.contract import known_releases
from flinkmock.contract.operation import Operation
from flinkmock.contract.pattern import Pattern
from flinkmock.errors import InvalidArgument


def operations_of(release: str | None) -> Iterator[Operation]:
    """Yield the operations of a release. For None, yield the operations of all releases, the newest release first."""
    for minor in [release] if release else reversed(known_releases()):
        yield from Contract.load(minor)


def unknown_operation_message(pattern: Pattern, release: str | None = None) -> str | None:
    """Return a message if no operation matches a pattern, otherwise None.

    Args:
        pattern: The pattern of requests.
        release: The release; None if any release may have the operation.
    """
    if any(pattern.may_match(operation) for operation in operations_of(release)):
        return None
    return f'{_message_start(release)} operation "{pattern}".{_hint(pattern, release)}'


def pattern_of_id(operation_id: str, release: str | None = None) -> Pattern:
    """Return the pattern of the operation with this id. Raises InvalidArgument if there is none."""
    for operation in operations_of(release):
        if operation.id == operation_id:
            return Pattern(operation.method, operation.segments)
    raise InvalidArgument(_capitalized(unknown_id_message(operation_id, release)))


def unknown_id_message(name: str, release: str | None = None) -> str:
    """Return the message for a name that is not an operation id."""
    similar_ids = get_close_matches(name, {operation.id for operation in operations_of(release)}, n=1)
    hint = f' Did you mean "{similar_ids[0]}"?' if similar_ids else ""
    return f'{_message_start(release)} operation "{name}".{hint}'


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _message_start(release: str | None) -> str:
    return f"Flink {release} has no" if release else "no Flink release has an"


def _hint(pattern: Pattern, release: str | None) -> str:
    """Return a question about an operation with the same path and another method, or else with a similar path."""
    operations = Contract.load(release or LATEST).operations
    for operation in operations:
        if Pattern(operation.method, pattern.segments).may_match(operation):
            return f' Did you mean "{operation}"?'
    similar = get_close_matches(str(pattern), map(str, operations), n=1, cutoff=0.6)
    return f' Did you mean "{similar[0]}"?' if similar else ""
