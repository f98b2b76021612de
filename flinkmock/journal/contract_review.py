"""Reviews a request against the contracts of all releases.

A rejection is an error response of Flink. Advice is about parts of the request that the release ignores, and about
parts that a later release lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flinkmock.contract import Contract, Operation, Schema
from flinkmock.contract.contract import cached_by_contracts, known_releases
from flinkmock.contract.operation import CURRENT_FIELD_NAMES, segments_without_names
from flinkmock.contract.schema_branches import alternatives, best_branch, resolve

if TYPE_CHECKING:
    from flinkmock.journal.exchange import Exchange


@dataclass(frozen=True, slots=True)
class ContractReview:
    """The review of one request.

    Attributes:
        rejection: Flink's error message; None if there is none, or if a fault caused it.
        ignored: Sentences about parts that this release does not read.
        removed_later: Sentences about the operation or parts of the request that a later release lacks.
    """

    rejection: str | None = None
    ignored: tuple[str, ...] = ()
    removed_later: tuple[str, ...] = ()

    @property
    def advice(self) -> tuple[str, ...]:
        """All sentences about parts without effect, in this release or in a later one."""
        return self.ignored + self.removed_later

    @property
    def is_clean(self) -> bool:
        """Whether there is neither rejection nor advice."""
        return self.rejection is None and not self.advice


def review(exchange: Exchange) -> ContractReview:
    """Review a request against the contract of its release and of later releases."""
    operation, contract = exchange.contract_operation, exchange.contract
    rejection = exchange.error_message if exchange.fault is None else None
    if operation is None or contract is None:
        return ContractReview(rejection)
    release = contract.release.minor
    removed_in = _removed_in(release, operation.method, operation.path)
    removed_later = [f"Flink {removed_in} has no {operation}."] if removed_in else []
    ignored = []
    parameters_read = {name: name in _query_parameters(release, operation.id) for name in exchange.query}
    fields_read = which_fields_are_read(exchange.body, operation.request or {}, contract)
    for kind, is_read_by_name in (("query parameter", parameters_read), ("field", fields_read)):
        for name, is_read in is_read_by_name.items():
            if not is_read:
                ignored.append(f"Flink {release} does not read the {kind} {name} of {operation}.")
            elif not removed_in and (
                release_without_it := _unread_since(release, operation, kind, name, exchange.body)
            ):
                removed_later.append(f"Flink {release_without_it} no longer reads the {kind} {name} of {operation}.")
    return ContractReview(rejection, tuple(ignored), tuple(removed_later))


@cached_by_contracts
def _query_parameters(release: str, operation_id: str) -> frozenset[str]:
    """Return the query parameters that a release reads."""
    return frozenset(parameter.name for parameter in Contract.load(release).operation(operation_id).query_parameters)


def which_fields_are_read(body: Any, schema: Schema, contract: Contract) -> dict[str, bool]:
    """Return the fields of a body, such as "jobArtifactFileNames.entryName", and whether the release reads them.

    Fields below a field that is not read are omitted. The keys of a map are not fields: a "*" stands for them in the
    names of the fields below.
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
                name = key if key in properties else CURRENT_FIELD_NAMES.get(key, key)
                fields[prefix + key] = name in properties
                if name in properties:
                    walk(child, properties[name], f"{prefix}{key}.")

    walk(body, schema, "")
    return fields


def _later_releases(release: str) -> tuple[str, ...]:
    releases = known_releases()
    return releases[releases.index(release) + 1 :]


@cached_by_contracts
def _removed_in(release: str, method: str, path: str) -> str | None:
    """Return the first later release without the operation; None if all have it."""
    for later_release in _later_releases(release):
        if _find_operation(later_release, method, path) is None:
            return later_release
    return None


@cached_by_contracts
def _find_operation(release: str, method: str, path: str) -> Operation | None:
    """Return the operation with a method and a path, whatever its path parameters are called; None if there is none."""
    segments = segments_without_names(path)
    return next(
        (
            operation
            for operation in Contract.load(release)
            if operation.method == method and operation.segments_without_names == segments
        ),
        None,
    )


def _unread_since(release: str, operation: Operation, kind: str, name: str, body: Any) -> str | None:
    """Return the first later release that does not read a query parameter or field; None if all read it."""
    for later_release in _later_releases(release):
        later_operation = _find_operation(later_release, operation.method, operation.path)
        if later_operation is None:
            continue
        if kind == "query parameter":
            is_read = name in _query_parameters(later_release, later_operation.id)
        else:
            # a missing field is below one that is not read; only that one is reported
            is_read = which_fields_are_read(body, later_operation.request or {}, Contract.load(later_release)).get(
                name, True
            )
        if not is_read:
            return later_release
    return None
