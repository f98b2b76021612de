"""Compares the contracts of two releases: operations, parameters, fields, values, statuses.

    for change in difference(Contract.load("1.20"), Contract.load("2.3")):
        print(change.breaking, change)

A change is breaking if it can break a client that is correct for the older release: an operation or field is gone or
has another type, a response can have a new value, or a request needs a new value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, pairwise

from flinkmock.contract.behaviour_changes import ALL, BEHAVIOURS
from flinkmock.contract.change_meaning import json_type, of_attribute, of_field, of_jackson_feature, of_parameter
from flinkmock.contract.contract import Contract, known_releases, release_number
from flinkmock.contract.operation import ALIASES, Operation, Parameter
from flinkmock.contract.schema_fields import SchemaField, schema_fields
from flinkmock.errors import InvalidArgument

_ATTRIBUTES = ("status", "file_upload", "hidden", "api_versions", "session_cluster_only", "requires_config", "id")


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One change between two contracts.

    Attributes:
        where: "GET /jobs/:jobid", or `ALL` for a change that affects all operations.
        part: What changed: "operation", "path parameter", "query parameter", "request", "response" or "behaviour"
            (described by `after`).
        kind: "added", "removed", "changed" or "order".
        field: The name of a parameter, the path of a field (`.vertices[].status`), or an attribute of the operation
            ("status"); "" for the operation itself or the whole body.
        before, after: Descriptions of the old and of the new value; "" if there is none.
        breaking: Whether it can break a client of the older release.
        since: The first minor release with the change.
        meaning: What it means for a client, as a clause; "" if a client can't notice it.
    """

    where: str
    part: str
    kind: str
    field: str
    before: str
    after: str
    breaking: bool
    since: str
    meaning: str = ""

    @property
    def what(self) -> str:
        """The changed part of the operation, as text."""
        if self.part == "operation":
            return self.field or "operation"
        if self.part == "behaviour":
            return self.part
        return f"{self.part} {self.field or 'as a whole'}"

    @property
    def words(self) -> str:
        """The kind of change with the old and new values, as text."""
        if self.part == "behaviour":
            return self.after
        match self.kind:
            case "added" | "removed":
                return f"{self.kind} ({self.after or self.before})"
            case "order":
                return f"order of fields changed, first at {self.after}"
        return _difference_text(self.before, self.after)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.words}"


def difference(old: Contract, new: Contract) -> list[ContractChange]:
    """Return the changes from `old` to `new`; `since` is always `new`. Operations correspond by method and path."""
    before, after = _by_path(old), _by_path(new)
    return list(_difference(before, after, old, new))


def changes_between(old: str, new: str) -> list[ContractChange]:
    """Return the changes between two minor releases, each with the release that introduced it.

    Raises:
        UnknownRelease: A release is not known.
        InvalidArgument: `new` is not later than `old`.
    """
    first, last = Contract.load(old), Contract.load(new)
    origin: dict[tuple[str, ...], str] = {}
    for change in chain.from_iterable(changes_by_release(old, new)):
        field = change.where, change.part, change.field
        origin[field] = origin[*field, change.kind] = change.since

    def since(change: ContractChange) -> str:
        field = change.where, change.part, change.field
        # a field that was added and later changed counts as added
        return origin.get((*field, change.kind)) or origin.get(field, change.since)

    return [replace(change, since=since(change)) for change in difference(first, last)]


def behaviours_between(old: str, new: str) -> list[ContractChange]:
    """Return changes of behaviour that schemas don't show. Raises the same exceptions as `changes_between`."""
    later = [contract.release.minor for contract in contracts_between(old, new)[1:]]
    return [
        ContractChange(where, "behaviour", "changed", "", "", change.words, change.breaking, change.since, change.words)
        for change in BEHAVIOURS
        if change.since in later
        for where in change.where
    ]


def changes_by_release(old: str, new: str) -> list[list[ContractChange]]:
    """Return the changes of each release after `old` up to `new`, oldest release first.

    Raises the same exceptions as `changes_between`.
    """
    contracts = contracts_between(old, new)
    return [_between_adjacent(earlier.release.minor, later.release.minor) for earlier, later in pairwise(contracts)]


def contracts_between(old: str, new: str) -> list[Contract]:
    """Return the contracts of all releases from `old` to `new`. Raises the same exceptions as `changes_between`."""
    first, last = Contract.load(old).release, Contract.load(new).release
    if not first < last:
        raise InvalidArgument(f"Flink {last} is not later than {first}.")
    between = [minor for minor in known_releases() if first.number <= release_number(minor) <= last.number]
    return [Contract.load(minor) for minor in between]  # other files are not read, since they may be broken


@cache
def _between_adjacent(earlier: str, later: str) -> list[ContractChange]:
    return difference(Contract.load(earlier), Contract.load(later))


def _by_path(contract: Contract) -> dict[str, Operation]:
    return {str(operation): operation for operation in contract}


def _shape(operation: Operation) -> tuple[str, ...]:
    """Return the method and the path without the names of its parameters, which clients don't see."""
    return operation.method, *operation.shape


def _difference(
    before: dict[str, Operation], after: dict[str, Operation], old: Contract, new: Contract
) -> Iterator[ContractChange]:
    since = new.release.minor
    for name, value in new.jackson_features.items():
        before_value = old.jackson_features.get(name)
        if before_value != value:
            breaking = value and "fail" in name
            meaning = of_jackson_feature(name, value)
            yield ContractChange(
                ALL, "request", "changed", name, _plain(before_value), _plain(value), breaking, since, meaning
            )
    shapes = {_shape(operation) for operation in after.values()}
    for where in _sorted(before.keys() | after.keys()):
        if where not in before:
            text = summary(after[where])
            yield ContractChange(where, "operation", "added", "", "", text, False, since, f"new ({text})")
        elif where not in after:
            gone = _shape(before[where]) not in shapes
            meaning = "removed: 404 for every request" if gone else "only the names of path parameters changed"
            text = summary(before[where])
            yield ContractChange(where, "operation", "removed", "", text, "", gone, since, meaning)
        else:
            for change in _operation(before[where], after[where], old, new):
                yield replace(change, where=where, since=since)


def by_operation(changes: Iterable[ContractChange]) -> list[ContractChange]:
    """Sort changes by path, those that affect all operations first."""
    return sorted(changes, key=lambda change: _sort_key(change.where))


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names, key=_sort_key)


def _sort_key(where: str) -> list[str]:
    return where.split(" ")[::-1]


def _operation(before: Operation, after: Operation, old: Contract, new: Contract) -> Iterator[ContractChange]:
    """Yield changes with empty `where` and `since`, which the caller fills in."""
    for name in _ATTRIBUTES:
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            breaking = name in ("status", "file_upload") or (name == "requires_config" and bool(now))
            meaning = of_attribute(name, was, now)
            yield ContractChange("", "operation", "changed", name, _plain(was), _plain(now), breaking, "", meaning)
    for part in ("path", "query"):
        attribute = f"{part}_parameters"
        yield from _parameters(f"{part} parameter", getattr(before, attribute), getattr(after, attribute))
    for part in ("request", "response"):
        was = schema_fields(getattr(before, part), old.definitions)
        now = schema_fields(getattr(after, part), new.definitions)
        yield from _body(part, was, now, strict=new.jackson_features["fail_on_unknown_properties"])


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value))
    return value if isinstance(value, str) else json.dumps(value, default=dict)


def _parameters(part: str, old: Iterable[Parameter], new: Iterable[Parameter]) -> Iterator[ContractChange]:
    before, after = ({parameter.name: parameter for parameter in parameters} for parameters in (old, new))
    for name in [name for name in before if name not in after]:
        breaking = part.startswith("query")
        meaning = "no longer read: Flink ignores it" if breaking else ""  # clients don't see names in paths
        yield ContractChange("", part, "removed", name, parameter_text(before[name]), "", breaking, "", meaning)
    for name, parameter in after.items():
        text = parameter_text(parameter)
        if name not in before:
            breaking = parameter.required and part.startswith("query")
            meaning = f"{'mandatory' if breaking else 'new'} ({text})" if part.startswith("query") else ""
            yield ContractChange("", part, "added", name, "", text, breaking, "", meaning)
        elif parameter_text(before[name]) != text:
            was = before[name]
            narrower = bool(set(was.enum) - set(parameter.enum)) or was.type != parameter.type
            narrower |= parameter.required and not was.required
            meaning = of_parameter(was, parameter)
            yield ContractChange("", part, "changed", name, parameter_text(was), text, narrower, "", meaning)


def _body(
    part: str, before: dict[str, SchemaField], after: dict[str, SchemaField], *, strict: bool
) -> Iterator[ContractChange]:
    """Yield the changes of a body; `strict` is whether the newer release rejects unknown fields of a request."""
    if not before and not after:
        return
    if not before or not after:
        kind, breaking = ("added" if after else "removed"), part == "response"
        body = "a body" if before else "", "a body" if after else ""
        yield ContractChange("", part, kind, "", *body, breaking, "", "has a body" if after else "no longer has a body")
        return
    for path in _outermost(before, after):
        meaning = f"removed (was {before[path]})"
        current_name = ALIASES.get(path.lstrip(".")) if part == "request" else None
        if current_name is not None:
            meaning = f"renamed to {current_name}; Flink still reads the old name"
        elif part == "request":
            meaning = "no longer read: " + ("400" if strict else "Flink ignores it")
        breaking = current_name is None
        yield ContractChange("", part, "removed", path, str(before[path]), "", breaking, "", meaning)
    for path in _outermost(after, before):
        needed = part == "request" and not after[path].optional
        meaning = f"{'mandatory' if needed else 'new'} ({after[path]})"
        yield ContractChange("", part, "added", path, "", str(after[path]), needed, "", meaning)
    for path, now in after.items():
        was = before.get(path, now)
        if was != now:
            breaking = _wider(was, now) if part == "response" else _wider(now, was)
            meaning = of_field(was, now, is_request=part == "request")
            yield ContractChange("", part, "changed", path, str(was), str(now), breaking, "", meaning)
    common = [path for path in before if path in after], [path for path in after if path in before]
    if common[0] != common[1]:
        first = next(now for was, now in zip(*common, strict=True) if was != now)
        meaning = f"fields in another order, from {first} on" if part == "response" else ""
        yield ContractChange("", part, "order", first, "", first, False, "", meaning)


def _outermost(fields: dict[str, SchemaField], others: dict[str, SchemaField]) -> Iterator[str]:
    """Yield the fields that `others` lacks, without those that are inside another such field."""
    only = [path for path in fields if path not in others]
    for path in only:
        if not any(other and other != path and path.startswith(other) for other in only):
            yield path


def _wider(before: SchemaField, after: SchemaField) -> bool:
    """Return whether `after` allows values that `before` doesn't.

    Another Java type for the same JSON type does not count: Flink changes the class that it writes, such as an enum to
    a String, and writes the same values as before. Null in place of a missing field does not count either.
    """
    if json_type(after.kind) != json_type(before.kind) and after.kind != "any":
        return True
    gone = set(before.keys) - set(after.keys)
    new = set(after.values) - set(before.values) if before.values and after.values else set()
    could_be_absent = before.nullable or before.optional
    lost = (after.nullable and not could_be_absent) or (after.optional and not could_be_absent)
    return bool(gone or new) or lost or (after.kind == "any" and before.kind != "any")


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


def _difference_text(before: str, after: str) -> str:
    """Show what was added and removed for enums and maps with fixed keys, both texts otherwise."""
    for mark, label in (("enum ", ""), (" keyed by ", "keys ")):
        if mark in before and mark in after:
            was, now = (text.partition(mark)[2].split(",")[0].split(" or ")[0].split("|") for text in (before, after))
            changed = [f"-{value}" for value in was if value not in now]
            changed += [f"+{value}" for value in now if value not in was]
            if changed:
                return label + ", ".join(changed)
    return f"{before} → {after}"
