"""One change between the contracts of two releases."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractChange:
    """One change between two contracts.

    Attributes:
        where: An operation such as "GET /jobs/:jobid", or `ALL_OPERATIONS`.
        part: What changed: "operation", "path parameter", "query parameter", "request", "response" or "behaviour"
            (described by `after`).
        kind: "added", "removed", "changed" or "order" (of the fields of a body).
        field: The name of a parameter, the path of a field (`.vertices[].status`), an attribute of the operation
            ("status"), or a Jackson feature ("fail_on_unknown_properties"); "" for the operation itself or the whole
            body.
        before, after: Descriptions of the old and of the new value; "" if there is none.
        breaking: Whether it can break a client of the older release.
        since: The first release with the change.
        meaning: What it means for a client, as a clause; "" if a client can't notice it.
    """

    where: str
    part: str
    kind: str
    field: str = ""
    before: str = ""
    after: str = ""
    breaking: bool = False
    since: str = ""
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
        """The change with the old and new values, as text."""
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


def _difference_text(before: str, after: str) -> str:
    """Describe a difference between two texts about values.

    For enums the added and removed values are listed, for maps with fixed keys the added and removed keys, followed by
    the other parts of both texts if those differ: "+C; enum, optional → enum or null". Otherwise both texts are
    returned.
    """
    for mark, label in (("enum ", ""), (" keyed by ", "keys ")):
        if mark in before and mark in after:
            (old_values, old_rest), (new_values, new_rest) = (
                _values_and_rest(mark, before),
                _values_and_rest(mark, after),
            )
            changed = [f"-{value}" for value in old_values if value not in new_values]
            changed += [f"+{value}" for value in new_values if value not in old_values]
            if changed:
                rest = f"; {old_rest} → {new_rest}" if old_rest != new_rest else ""
                return label + ", ".join(changed) + rest
    return f"{before} → {after}"


def _values_and_rest(mark: str, text: str) -> tuple[list[str], str]:
    """Return ["A", "B"] and "enum or null, optional" for the mark "enum " and the text "enum A|B or null, optional"."""
    head, _, tail = text.partition(mark)
    values = re.split(",| or ", tail)[0]
    return values.split("|"), (head or mark.strip()) + tail.removeprefix(values)
