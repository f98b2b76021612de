"""Compares the fields of a request or response body in two releases."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.contract.change_meaning import json_type, meaning_of_field
from flinkmock.contract.contract_change import ContractChange
from flinkmock.contract.operation import CURRENT_FIELD_NAMES
from flinkmock.contract.schema_fields import SchemaField


def body_changes(
    where: str, part: str, before: dict[str, SchemaField], after: dict[str, SchemaField], *, is_strict: bool
) -> Iterator[ContractChange]:
    """Yield the changes of a body.

    Args:
        where: The operation, such as "GET /jobs/:jobid".
        part: "request" or "response".
        before: The fields of the older release by path; empty if there is no body.
        after: The fields of the newer release by path; empty if there is no body.
        is_strict: Whether the newer release rejects unknown fields of a request.
    """
    if not before and not after:
        return
    if not before or not after:
        yield ContractChange(
            where=where,
            part=part,
            kind="added" if after else "removed",
            before="a body" if before else "",
            after="a body" if after else "",
            breaking=part == "response",
            meaning="has a body" if after else "no longer has a body",
        )
        return
    for path in _outermost(before, after):
        yield _removed_field(where, part, path, before[path], is_strict=is_strict)
    for path in _outermost(after, before):
        is_mandatory = part == "request" and not after[path].optional
        yield ContractChange(
            where=where,
            part=part,
            kind="added",
            field=path,
            after=str(after[path]),
            breaking=is_mandatory,
            meaning=f"{'mandatory' if is_mandatory else 'new'} ({after[path]})",
        )
    for path, new_field in after.items():
        old_field = before.get(path, new_field)
        if old_field != new_field:
            written, read = (new_field, old_field) if part == "response" else (old_field, new_field)
            yield ContractChange(
                where=where,
                part=part,
                kind="changed",
                field=path,
                before=str(old_field),
                after=str(new_field),
                breaking=_can_break_reader(read=read, written=written),
                meaning=meaning_of_field(old_field, new_field, is_request=part == "request"),
            )
    old_order, new_order = [path for path in before if path in after], [path for path in after if path in before]
    if old_order != new_order:
        first = next(path for old_path, path in zip(old_order, new_order, strict=True) if old_path != path)
        meaning = f"fields in another order, from {first} on" if part == "response" else ""
        yield ContractChange(where=where, part=part, kind="order", field=first, after=first, meaning=meaning)


def _removed_field(where: str, part: str, path: str, field: SchemaField, *, is_strict: bool) -> ContractChange:
    current_name = CURRENT_FIELD_NAMES.get(path.lstrip(".")) if part == "request" else None
    if current_name is not None:
        meaning = f"renamed to {current_name}; Flink still reads the old name"
    elif part == "request":
        meaning = "no longer read: " + ("400" if is_strict else "Flink ignores it")
    else:
        meaning = f"removed (was {field})"
    return ContractChange(
        where=where,
        part=part,
        kind="removed",
        field=path,
        before=str(field),
        breaking=current_name is None,
        meaning=meaning,
    )


def _outermost(fields: dict[str, SchemaField], others: dict[str, SchemaField]) -> Iterator[str]:
    """Yield the paths of the fields that `others` lacks, except for fields inside another such field."""
    missing = [path for path in fields if path not in others]
    for path in missing:
        if not any(other and other != path and path.startswith(other) for other in missing):
            yield path


def _can_break_reader(*, read: SchemaField, written: SchemaField) -> bool:
    """Return whether a side that reads a field by one schema may fail if the other side writes it by another schema.

    Another Java type for the same JSON type does not count: Flink changes the class that it writes, such as an enum to
    a String, and writes the same values. Null in place of a missing field does not count either.
    """
    has_other_type = written.kind != "any" and json_type(written.kind) != json_type(read.kind)
    became_any = written.kind == "any" and read.kind != "any"
    has_fewer_keys = bool(set(read.keys) - set(written.keys))
    has_new_values = bool(read.values and written.values and set(written.values) - set(read.values))
    may_become_absent = (written.nullable or written.optional) and not (read.nullable or read.optional)
    return has_other_type or became_any or has_fewer_keys or has_new_values or may_become_absent
