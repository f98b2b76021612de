"""What a release thinks of a request beyond answering it.

Strict: real Flink refuses it, and so did the server. Advisory: it works today, but part of it is not read, or a later
release no longer knows it. All of it is read off the contracts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from flinkmock.contract import Contract, Operation
from flinkmock.contract.contract import known_releases
from flinkmock.contract.operation import shape_of

if TYPE_CHECKING:
    from flinkmock.journal.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Verdict:
    """`refused`: what Flink holds against the request, None if it took it. `advice`: sentences."""

    refused: str | None = None
    advice: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is nothing to say."""
        return self.refused is None and not self.advice


def judged(exchange: Exchange) -> Verdict:
    operation, contract = exchange.declared, exchange.contract
    refused = exchange.refusal if exchange.fault is None else None
    if operation is None or contract is None:
        return Verdict(refused)
    sent = exchange.body.keys() if isinstance(exchange.body, dict) else ()
    mine = _names(contract.release.minor, operation.id)
    advice = []
    if gone := _vanishes(contract.release.minor, operation.method, operation.path):
        advice.append(f"{operation} is gone in Flink {gone}.")
    for what, given, known in (("query parameter", exchange.query, mine.query), ("field", sent, mine.fields)):
        for name in given:
            if name not in known:
                advice.append(f"Flink {contract.release.minor} does not read the {what} {name} of {operation}.")
            elif not gone and (later := _drops(contract.release.minor, operation, what, name)):
                advice.append(f"the {what} {name} of {operation} is deprecated: Flink {later} no longer reads it.")
    return Verdict(refused, tuple(advice))


@dataclass(frozen=True, slots=True)
class _Names:
    query: frozenset[str]
    fields: frozenset[str]


@cache
def _names(flink: str, operation_id: str) -> _Names:
    """What a release reads of an operation's requests."""
    contract = Contract.load(flink)
    operation = contract.operation(operation_id)
    fields = _resolved(operation.request or {}, contract).get("properties", {})
    return _Names(frozenset(parameter.name for parameter in operation.query_parameters), frozenset(fields))


def _resolved(schema: Any, contract: Contract) -> Any:
    reference = schema.get("$ref")
    return contract.definitions[reference.removeprefix("#/$defs/")] if reference else schema


def _later(flink: str) -> tuple[str, ...]:
    releases = known_releases()
    return releases[releases.index(flink) + 1 :]


@cache
def _vanishes(flink: str, method: str, path: str) -> str | None:
    """The first later release without the operation."""
    for later in _later(flink):
        if _same(later, method, path) is None:
            return later
    return None


@cache
def _same(flink: str, method: str, path: str) -> Operation | None:
    """The operation of that method and path, whatever its parameters are called."""
    wanted = shape_of(path)
    return next((one for one in Contract.load(flink) if one.method == method and one.shape == wanted), None)


def _drops(flink: str, operation: Operation, what: str, name: str) -> str | None:
    """The first later release that no longer reads it."""
    for later in _later(flink):
        same = _same(later, operation.method, operation.path)
        if same is not None:
            names = _names(later, same.id)
            if name not in (names.query if what == "query parameter" else names.fields):
                return later
    return None
