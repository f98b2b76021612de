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
from flinkmock.contract.operation import ALIASES, shape_of
from flinkmock.contract.schema_branches import alternatives, best_branch, resolve

if TYPE_CHECKING:
    from flinkmock.journal.exchange import Exchange


@dataclass(frozen=True, slots=True)
class ContractReview:
    """The review of one request.

    Attributes:
        rejection: Flink's error message; None if the request was accepted.
        ignored: Sentences about parts that this release does not read.
        deprecated: Sentences about parts that a later release no longer reads.
    """

    rejection: str | None = None
    ignored: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()

    @property
    def advice(self) -> tuple[str, ...]:
        """All sentences about a request that succeeded."""
        return self.ignored + self.deprecated

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
    deprecated = [f"Flink {removed_in} has no {operation}."] if removed_in else []
    ignored = []
    query = {name: name in _query_parameters(flink, operation.id) for name in exchange.query}
    fields = read_fields(exchange.body, operation.request or {}, contract)
    for kind, names in (("query parameter", query), ("field", fields)):
        for name, is_read in names.items():
            if not is_read:
                ignored.append(f"Flink {flink} does not read the {kind} {name} of {operation}.")
            elif not removed_in and (release := _unread_since(flink, operation, kind, name, exchange.body)):
                message = f"the {kind} {name} of {operation} is deprecated: Flink {release} no longer reads it."
                deprecated.append(message)
    return ContractReview(rejection, tuple(ignored), tuple(deprecated))


@cache
def _query_parameters(flink: str, operation_id: str) -> frozenset[str]:
    """Return the query parameters that a release reads."""
    return frozenset(parameter.name for parameter in Contract.load(flink).operation(operation_id).query_parameters)


def read_fields(body: Any, schema: Schema, contract: Contract) -> dict[str, bool]:
    """Return the fields of a body, such as "jobArtifactFileNames.entryName", and whether the release reads them.

    Fields below a field that is not read are omitted. The keys of a map ("*") are not fields.
    """
    fields: dict[str, bool] = {}

    def walk(value: Any, schema: Schema, prefix: str) -> None:
        schema = resolve(schema, contract.definitions)
        if branches := alternatives(schema):
            walk(value, branches[best_branch(branches, value, contract.definitions)], prefix)
        elif isinstance(value, list):
            for item in value:
                walk(item, schema.get("items", {}), prefix)
        elif isinstance(value, dict) and isinstance(value_schema := schema.get("additionalProperties"), Mapping):
            for child in value.values():
                walk(child, value_schema, f"{prefix}*.")
        elif isinstance(value, dict):
            properties = schema.get("properties", {})
            for key, child in value.items():
                name = key if key in properties else ALIASES.get(key, key)
                fields[prefix + key] = name in properties
                if name in properties:
                    walk(child, properties[name], f"{prefix}{key}.")

    walk(body, schema, "")
    return fields


def _later_releases(flink: str) -> tuple[str, ...]:
    releases = known_releases()
    return releases[releases.index(flink) + 1 :]


@cache
def _removed_in(flink: str, method: str, path: str) -> str | None:
    """Return the first later release without the operation; None if all have it."""
    for release in _later_releases(flink):
        if _find_operation(release, method, path) is None:
            return release
    return None


@cache
def _find_operation(flink: str, method: str, path: str) -> Operation | None:
    """Return the operation with a method and a path, except for the names of path parameters; None if there is none."""
    shape = shape_of(path)
    return next(
        (operation for operation in Contract.load(flink) if operation.method == method and operation.shape == shape),
        None,
    )


def _unread_since(flink: str, operation: Operation, kind: str, name: str, body: Any) -> str | None:
    """Return the first later release that does not read a query parameter or field; None if all read it."""
    for release in _later_releases(flink):
        later_operation = _find_operation(release, operation.method, operation.path)
        if later_operation is None:
            continue
        if kind == "query parameter":
            is_read = name in _query_parameters(release, later_operation.id)
        else:
            # fields below a field that is no longer read are reported with that field
            is_read = read_fields(body, later_operation.request or {}, Contract.load(release)).get(name, True)
        if not is_read:
            return release
    return None
