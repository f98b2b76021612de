"""Compares the contracts of two releases: operations, parameters, fields, values, statuses.

    for change in difference(Contract.load("1.20"), Contract.load("2.3")):
        print(change.breaking, change)

A change is breaking if it can break a client that is correct for the older release. For example, an operation or field
is gone, a field has another type or a new value in responses, or a request needs another field or parameter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, pairwise

from flinkmock.contract.behaviour_changes import ALL_OPERATIONS, BEHAVIOUR_CHANGES
from flinkmock.contract.body_changes import body_changes
from flinkmock.contract.change_meaning import meaning_of_attribute, meaning_of_jackson_feature, meaning_of_parameter
from flinkmock.contract.contract import Contract, cached_by_contracts, known_releases, release_number
from flinkmock.contract.contract_change import ContractChange
from flinkmock.contract.operation import Operation, Parameter
from flinkmock.contract.schema_fields import schema_fields
from flinkmock.errors import InvalidArgument

_COMPARED_ATTRIBUTES = (
    "status",
    "file_upload",
    "hidden",
    "api_versions",
    "session_cluster_only",
    "requires_config",
    "id",
)
"""The attributes of an Operation that are compared."""
_ONLY_NAMES_CHANGED = "only the names of path parameters changed"


def difference(old: Contract, new: Contract) -> list[ContractChange]:
    """Return the changes from `old` to `new`. Their `since` is the release of `new`.

    Operations are compared if they have the same method and path.
    """
    return [replace(change, since=new.release.minor) for change in _changes(old, new)]


def changes_between(old: str, new: str) -> list[ContractChange]:
    """Return the changes between two minor releases, each with the release that introduced it.

    Raises:
        UnknownRelease: A release is not known.
        InvalidArgument: `new` is not later than `old`.
    """
    first, last = Contract.load(old), Contract.load(new)
    last_release: dict[tuple[str, ...], str] = {}  # field -> the last release that changed it
    last_release_of_kind: dict[tuple[str, ...], str] = {}  # field and kind of change -> the last release with it
    for change in chain.from_iterable(changes_by_release(old, new)):
        field_key = change.where, change.part, change.field
        last_release[field_key] = last_release_of_kind[*field_key, change.kind] = change.since

    def since(change: ContractChange) -> str:
        field_key = change.where, change.part, change.field
        # A field that was added and later changed is new since the release that added it. One that was removed and
        # added again is "changed" in no single release: its last change counts.
        return last_release_of_kind.get((*field_key, change.kind)) or last_release.get(field_key, change.since)

    return [replace(change, since=since(change)) for change in difference(first, last)]


def behaviour_changes_between(old: str, new: str) -> list[ContractChange]:
    """Return changes of behaviour that schemas don't show. Raises the same exceptions as `changes_between`."""
    later_releases = [contract.release.minor for contract in contracts_between(old, new)[1:]]
    return [
        ContractChange(
            where=where,
            part="behaviour",
            kind="changed",
            after=change.description,
            breaking=change.breaking,
            since=change.since,
            meaning=change.description,
        )
        for change in BEHAVIOUR_CHANGES
        if change.since in later_releases
        for where in change.operations
    ]


def changes_by_release(old: str, new: str) -> list[list[ContractChange]]:
    """Return the changes of each release after `old` up to `new`, oldest release first.

    Raises the same exceptions as `changes_between`.
    """
    contracts = contracts_between(old, new)
    return [_adjacent_difference(earlier.release.minor, later.release.minor) for earlier, later in pairwise(contracts)]


def contracts_between(old: str, new: str) -> list[Contract]:
    """Return the contracts of all releases from `old` to `new`. Raises the same exceptions as `changes_between`."""
    first, last = Contract.load(old).release, Contract.load(new).release
    if not first < last:
        raise InvalidArgument(f"Flink {last} is not later than {first}.")
    # The files of other releases are not read, because an imported file may be broken.
    return [Contract.load(minor) for minor in known_releases() if first.number <= release_number(minor) <= last.number]


@cached_by_contracts
def _adjacent_difference(earlier: str, later: str) -> list[ContractChange]:
    return difference(Contract.load(earlier), Contract.load(later))


def _by_method_and_path(contract: Contract) -> dict[str, Operation]:
    return {str(operation): operation for operation in contract}


def _method_and_segments(operation: Operation) -> tuple[str, ...]:
    """Return the method and the path without the names of its parameters, which clients don't see."""
    return operation.method, *operation.segments_without_names


def _changes(old: Contract, new: Contract) -> Iterator[ContractChange]:
    """Yield all changes, without `since`."""
    yield from _jackson_changes(old, new)
    before, after = _by_method_and_path(old), _by_method_and_path(new)
    old_segments, new_segments = (set(map(_method_and_segments, operations.values())) for operations in (before, after))
    for where in sorted(before.keys() | after.keys(), key=_sort_key):
        if where not in before:
            text = summary(after[where])
            is_new = _method_and_segments(after[where]) not in old_segments
            meaning = f"new ({text})" if is_new else _ONLY_NAMES_CHANGED
            yield ContractChange(where=where, part="operation", kind="added", after=text, meaning=meaning)
        elif where not in after:
            is_gone = _method_and_segments(before[where]) not in new_segments
            yield ContractChange(
                where=where,
                part="operation",
                kind="removed",
                before=summary(before[where]),
                breaking=is_gone,
                meaning="removed: 404 for every request" if is_gone else _ONLY_NAMES_CHANGED,
            )
        else:
            yield from _operation_changes(before[where], after[where], old, new)


def _jackson_changes(old: Contract, new: Contract) -> Iterator[ContractChange]:
    for name, is_on in new.jackson_features.items():
        was_on = old.jackson_features.get(name)
        if was_on != is_on:
            yield ContractChange(
                where=ALL_OPERATIONS,
                part="request",
                kind="changed",
                field=name,
                before=_attribute_text(was_on),
                after=_attribute_text(is_on),
                breaking=is_on == name.startswith("fail"),  # the other features accept more
                meaning=meaning_of_jackson_feature(name, is_on=is_on),
            )


def sorted_by_path(changes: Iterable[ContractChange]) -> list[ContractChange]:
    """Sort changes by path. Changes that affect all operations come first."""
    return sorted(changes, key=lambda change: _sort_key(change.where))


def _sort_key(where: str) -> list[str]:
    """Return path and method."""
    return where.split(" ")[::-1]


def _operation_changes(before: Operation, after: Operation, old: Contract, new: Contract) -> Iterator[ContractChange]:
    """Yield the changes of an operation that both releases have."""
    where = str(after)
    for name in _COMPARED_ATTRIBUTES:
        old_value, new_value = getattr(before, name), getattr(after, name)
        if old_value != new_value:
            yield ContractChange(
                where=where,
                part="operation",
                kind="changed",
                field=name,
                before=_attribute_text(old_value),
                after=_attribute_text(new_value),
                breaking=name in ("status", "file_upload") or (name == "requires_config" and bool(new_value)),
                meaning=meaning_of_attribute(name, old_value, new_value),
            )
    yield from _parameter_changes(where, "path parameter", before.path_parameters, after.path_parameters)
    yield from _parameter_changes(where, "query parameter", before.query_parameters, after.query_parameters)
    is_strict = new.jackson_features["fail_on_unknown_properties"]
    for part in ("request", "response"):
        old_fields = schema_fields(getattr(before, part), old.definitions)
        new_fields = schema_fields(getattr(after, part), new.definitions)
        yield from body_changes(where, part, old_fields, new_fields, is_strict=is_strict)


def _attribute_text(value: object) -> str:
    """Return the text of the value of an attribute."""
    if isinstance(value, tuple):
        return ", ".join(map(_attribute_text, value))
    return value if isinstance(value, str) else json.dumps(value, default=dict)


def _parameter_changes(
    where: str, part: str, old: Iterable[Parameter], new: Iterable[Parameter]
) -> Iterator[ContractChange]:
    """Yield the changes of path or query parameters.

    In an imported file, the path parameters may have other names than in the path. Clients don't see these names.
    """
    before, after = ({parameter.name: parameter for parameter in parameters} for parameters in (old, new))
    is_query = part == "query parameter"
    for name, parameter in before.items():
        if name not in after:
            yield ContractChange(
                where=where,
                part=part,
                kind="removed",
                field=name,
                before=parameter_text(parameter),
                breaking=is_query,
                meaning="no longer read: Flink ignores it" if is_query else "",
            )
    for name, parameter in after.items():
        text = parameter_text(parameter)
        if name not in before:
            breaking = parameter.required and is_query
            yield ContractChange(
                where=where,
                part=part,
                kind="added",
                field=name,
                after=text,
                breaking=breaking,
                meaning=f"{'mandatory' if breaking else 'new'} ({text})" if is_query else "",
            )
        elif parameter_text(before[name]) != text:
            yield ContractChange(
                where=where,
                part=part,
                kind="changed",
                field=name,
                before=parameter_text(before[name]),
                after=text,
                breaking=_accepts_less(before[name], parameter),
                meaning=meaning_of_parameter(before[name], parameter),
            )


def _accepts_less(before: Parameter, after: Parameter) -> bool:
    """Return whether a value that was accepted may be rejected. A parameter without an enum accepts any text."""
    lacks_values = bool(after.enum) and (not before.enum or not set(before.enum) <= set(after.enum))
    has_higher_minimum = after.minimum is not None and (before.minimum is None or after.minimum > before.minimum)
    became_mandatory = after.required and not before.required
    return lacks_values or has_higher_minimum or before.type != after.type or became_mandatory


def parameter_text(parameter: Parameter) -> str:
    """Describe the values of a parameter: "enum cancel|stop, mandatory"."""
    text = f"enum {'|'.join(parameter.enum)}" if parameter.enum else parameter.format or parameter.type
    text += f", at least {parameter.minimum}" if parameter.minimum is not None else ""
    return text + (", mandatory" if parameter.required else "")


def summary(operation: Operation) -> str:
    """Describe an operation in one line: "status 200; query get (string)"."""
    parts = [f"status {operation.status}"]
    parts += ["hidden"] if operation.hidden else []
    for key, value in operation.requires_config.items():
        parts.append(f"needs {key}={str(value).lower()}")
    parts += [
        f"query {query_parameter.name} ({parameter_text(query_parameter)})"
        for query_parameter in operation.query_parameters
    ]
    for part, body in (("request", operation.request), ("response", operation.response)):
        schema = body or {}
        if "$ref" in schema:
            parts.append(f"{part} {schema['$ref'].removeprefix('#/$defs/')}")
        elif "contentType" in schema:
            parts.append(f"{part} {schema['contentType']}")
        elif "items" in schema:
            parts.append(f"{part} array of {schema['items'].get('$ref', '?').removeprefix('#/$defs/')}")
    return "; ".join(parts)
