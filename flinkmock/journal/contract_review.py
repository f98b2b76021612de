"""Reviews a request against the contracts of all releases.

A rejection is an error response of Flink. Advice is about requests that succeed: the release ignores a part of them,
or a later release lacks that part.
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
    """The review of one request.

    Attributes:
        rejection: Flink's error message; None if the request was accepted.
        ignored: Sentences about parts that this release does not read.
        later: Sentences about parts that a later release no longer reads.
    """

    rejection: str | None = None
    ignored: tuple[str, ...] = ()
    later: tuple[str, ...] = ()

    @property
    def advice(self) -> tuple[str, ...]:
        """All sentences about a request that succeeded."""
        return self.ignored + self.later

    def __bool__(self) -> bool:
        """Return whether there is neither rejection nor advice."""
        return self.rejection is None and not self.advice


def review(exchange: Exchange) -> ContractReview:
    """Review a request against the contract of its release and of later releases."""
    operation, contract = exchange.contract_operation, exchange.contract
    rejection = exchange.error_message if exchange.fault is None else None
    if operation is None or contract is None:
        return ContractReview(rejection)
    flink = contract.release.minor
    removed_in = _removed_in(flink, operation.method, operation.path)
    later = [f"Flink {removed_in} has no {operation}."] if removed_in else []
    ignored = []
    query = {name: name in _query(flink, operation.id) for name in exchange.query}
    fields = read_fields(exchange.body, operation.request or {}, contract)
    for kind, names in (("query parameter", query), ("field", fields)):
        for name, is_read in names.items():
            if not is_read:
                ignored.append(f"Flink {flink} does not read the {kind} {name} of {operation}.")
            elif not removed_in and (dropped := _unread_since(flink, operation, kind, name, exchange.body)):
                later.append(f"the {kind} {name} of {operation} is deprecated: Flink {dropped} no longer reads it.")
    return ContractReview(rejection, tuple(ignored), tuple(later))


@cache
def _query(flink: str, operation_id: str) -> frozenset[str]:
    """Return the query parameters that a release reads."""
    return frozenset(parameter.name for parameter in Contract.load(flink).operation(operation_id).query_parameters)


def read_fields(body: Any, schema: Schema, contract: Contract) -> dict[str, bool]:
    """Return the fields of a body, such as "jobArtifactFileNames.entryName", and whether the release reads them.

    Fields below a field that is not read are left out. The keys of a map ("*") are not fields.
    """
    fields: dict[str, bool] = {}

    def walk(value: Any, schema: Schema, prefix: str) -> None:
        schema = resolve(schema, contract.definitions)
        if branches := alternatives(schema):
            walk(value, branches[choose(branches, value, contract.definitions)], prefix)
        elif isinstance(value, list):
            for item in value:
                walk(item, schema.get("items", {}), prefix)
        elif isinstance(value, dict) and isinstance(others := schema.get("additionalProperties"), Mapping):
            for child in value.values():
                walk(child, others, f"{prefix}*.")
        elif isinstance(value, dict):
            properties = schema.get("properties", {})
            for key, child in value.items():
                name = key if key in properties else ALIASES.get(key, key)
                fields[prefix + key] = name in properties
                if name in properties:
                    walk(child, properties[name], f"{prefix}{key}.")

    walk(body, schema, "")
    return fields


def _later(flink: str) -> tuple[str, ...]:
    releases = known_releases()
    return releases[releases.index(flink) + 1 :]


@cache
def _removed_in(flink: str, method: str, path: str) -> str | None:
    """Return the first later release without the operation; None if all have it."""
    for later in _later(flink):
        if _find_operation(later, method, path) is None:
            return later
    return None


@cache
def _find_operation(flink: str, method: str, path: str) -> Operation | None:
    """Return the operation with a method and a path, in which the names of path parameters may differ; None if none."""
    shape = shape_of(path)
    return next(
        (operation for operation in Contract.load(flink) if operation.method == method and operation.shape == shape),
        None,
    )


def _unread_since(flink: str, operation: Operation, kind: str, name: str, body: Any) -> str | None:
    """Return the first later release that does not read a query parameter or field; None if all read it."""
    for later in _later(flink):
        same = _find_operation(later, operation.method, operation.path)
        if same is None:
            continue
        if kind == "query parameter":
            is_read = name in _query(later, same.id)
        else:
            # fields below a field that is no longer read are reported with that field
            is_read = read_fields(body, same.request or {}, Contract.load(later)).get(name, True)
        if not is_read:
            return later
    return None
