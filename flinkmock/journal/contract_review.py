"""What a release thinks of a request beyond answering it.

Strict: real Flink refuses it, and so did the server. Advisory: it works today, but part of it is not read, or a later
release no longer knows it. All of it is read off the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from flinkmock.contract import Contract, Operation, Schema
from flinkmock.contract.contract import known_releases
from flinkmock.contract.one_of import alternatives, choose, resolve
from flinkmock.contract.operation import ALIASES, shape_of

if TYPE_CHECKING:
    from flinkmock.journal.exchange import Exchange


@dataclass(frozen=True, slots=True)
class ContractReview:
    """`refused`: what Flink holds against the request, None if it took it. `advice`: sentences."""

    rejection: str | None = None
    advice: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is nothing to say."""
        return self.rejection is None and not self.advice


def review(exchange: Exchange) -> ContractReview:
    operation, contract = exchange.contract_operation, exchange.contract
    refused = exchange.error_message if exchange.fault is None else None
    if operation is None or contract is None:
        return ContractReview(refused)
    flink = contract.release.minor
    gone = _vanishes(flink, operation.method, operation.path)
    advice = [f"{operation} is gone in Flink {gone}."] if gone else []
    asked = {name: name in _query(flink, operation.id) for name in exchange.query}
    sent = _fields(exchange.body, operation.request or {}, contract)
    for what, given in (("query parameter", asked), ("field", sent)):
        for name, is_read in given.items():
            if not is_read:
                advice.append(f"Flink {flink} does not read the {what} {name} of {operation}.")
            elif not gone and (later := _drops(flink, operation, what, name, exchange.body)):
                advice.append(f"the {what} {name} of {operation} is deprecated: Flink {later} no longer reads it.")
    return ContractReview(refused, tuple(advice))


@cache
def _query(flink: str, operation_id: str) -> frozenset[str]:
    """The query parameters that a release reads."""
    return frozenset(parameter.name for parameter in Contract.load(flink).operation(operation_id).query_parameters)


def _fields(body: Any, schema: Schema, contract: Contract) -> dict[str, bool]:
    """Field of the body, such as "jobArtifactFileNames.entryName" -> whether it is read, as far down as it is. The keys
    of a map ("*") are no fields."""
    found: dict[str, bool] = {}

    def walk(value: Any, schema: Schema, where: str) -> None:
        schema = resolve(schema, contract.definitions)
        if branches := alternatives(schema):
            walk(value, branches[choose(branches, value, contract.definitions)], where)
        elif isinstance(value, list):
            for item in value:
                walk(item, schema.get("items", {}), where)
        elif isinstance(value, dict) and isinstance(others := schema.get("additionalProperties"), Mapping):
            for child in value.values():
                walk(child, others, f"{where}*.")
        elif isinstance(value, dict):
            properties = schema.get("properties", {})
            for given, child in value.items():
                name = given if given in properties else ALIASES.get(given, given)
                found[where + given] = name in properties
                if name in properties:
                    walk(child, properties[name], f"{where}{given}.")

    walk(body, schema, "")
    return found


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


def _drops(flink: str, operation: Operation, what: str, name: str, body: Any) -> str | None:
    """The first later release that no longer reads it."""
    for later in _later(flink):
        same = _same(later, operation.method, operation.path)
        if same is None:
            continue
        if what == "query parameter":
            is_read = name in _query(later, same.id)
        else:
            # what stands in something that is no longer read is told of together with that
            is_read = _fields(body, same.request or {}, Contract.load(later)).get(name, True)
        if not is_read:
            return later
    return None
