"""What changes for a client between two releases: operations, parameters, fields, values, statuses.

    for change in difference(Contract.load("1.20"), Contract.load("2.3")):
        print(change.breaking, change)

A change is breaking when a client that was right about the older release can be wrong about the newer one: something
it asks for or reads is gone or is another thing, an answer can hold a value that it has never seen, a request needs
what it does not send.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from flinkmock.contract.behaviour_changes import ALL, BEHAVIOURS
from flinkmock.contract.contract import Contract, known_releases
from flinkmock.contract.operation import Operation, Parameter
from flinkmock.contract.schema_fields import SchemaField, places
from flinkmock.errors import InvalidArgument

ANY = ALL
"""Stands for the operation when a change is of all of them."""
_ATTRIBUTES = ("status", "file_upload", "hidden", "api_versions", "session_cluster_only", "requires_config", "id")


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One thing that is different.

    `where`: "GET /jobs/:jobid", or `ANY`. `side`: "operation", "path parameter", "query parameter", "request",
    "response" or "behaviour" (of which `after` tells). `kind`: "added", "removed", "changed" or "order". `place`: the
    parameter, the place in the body (`.vertices[].status`), or the attribute of the operation ("status"); "" is the
    operation itself, or the whole body. `before`, `after`: what stood and stands there, "" for nothing. `since`: the
    minor release that has it first.
    """

    where: str
    side: str
    kind: str
    place: str
    before: str
    after: str
    breaking: bool
    since: str

    @property
    def what(self) -> str:
        """The place in words, without the operation."""
        if self.side == "operation":
            return self.place or "operation"
        if self.side == "behaviour":
            return self.side
        return f"{self.side} {self.place or 'as a whole'}"

    @property
    def words(self) -> str:
        """What happens at that place."""
        if self.side == "behaviour":
            return self.after
        match self.kind:
            case "added" | "removed":
                return f"{self.kind} ({self.after or self.before})"
            case "order":
                return f"order of fields changed, first at {self.after}"
        return _told(self.before, self.after)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.words}"


def difference(old: Contract, new: Contract) -> list[ContractChange]:
    """What is different in `new`; `since` is always that release. Operations are the same that have the same path."""
    before, after = _by_path(old), _by_path(new)
    return list(_difference(before, after, old, new))


def history(old: str, new: str) -> list[ContractChange]:
    """What is different between two minor releases, each change with the release in between that brought it.

    Raises UnknownRelease; ValueError when `new` is not later than `old`.
    """
    first, last = Contract.load(old), Contract.load(new)
    steps = steps_between(old, new)
    origin: dict[tuple[str, str, str], str] = {}
    for change in (change for step in steps for change in step):
        origin[change.where, change.side, change.place] = change.since
    return [
        replace(change, since=origin.get((change.where, change.side, change.place), change.since))
        for change in difference(first, last)
    ]


def behaviours_between(old: str, new: str) -> list[ContractChange]:
    """What is done differently beyond the schemas. Raises UnknownRelease; ValueError as `history` does."""
    later = [step.release.minor for step in contracts_between(old, new)[1:]]
    return [
        ContractChange(where, "behaviour", "changed", "", "", each.words, each.breaking, each.since)
        for each in BEHAVIOURS
        if each.since in later
        for where in each.where
    ]


def steps_between(old: str, new: str) -> list[list[ContractChange]]:
    """The changes of each release after `old` up to `new`. Raises UnknownRelease, InvalidArgument as `history` does."""
    way = contracts_between(old, new)
    return [_step(earlier.release.minor, later.release.minor) for earlier, later in pairwise(way)]


def contracts_between(old: str, new: str) -> list[Contract]:
    """All releases from `old` to `new`. Raises UnknownRelease, InvalidArgument as `history` does."""
    first, last = Contract.load(old).release, Contract.load(new).release
    if not first < last:
        raise InvalidArgument(f"Flink {last} is not later than {first}.")
    return [way for way in map(Contract.load, known_releases()) if first <= way.release <= last]


@cache
def _step(earlier: str, later: str) -> list[ContractChange]:
    return difference(Contract.load(earlier), Contract.load(later))


def _by_path(contract: Contract) -> dict[str, Operation]:
    return {str(operation): operation for operation in contract}


def _shape(operation: Operation) -> tuple[str, ...]:
    """A client can't tell two paths apart that only name their parameters differently."""
    return operation.method, *operation.shape


def _difference(
    before: dict[str, Operation], after: dict[str, Operation], old: Contract, new: Contract
) -> Iterator[ContractChange]:
    since = new.release.minor
    for name, value in new.request_mapper.items():
        was = old.request_mapper.get(name)
        if was != value:
            yield ContractChange(ANY, "request", "changed", name, str(was), str(value), value and "fail" in name, since)
    shapes = {_shape(operation) for operation in after.values()}
    for where in _sorted(before.keys() | after.keys()):
        if where not in before:
            yield ContractChange(where, "operation", "added", "", "", summary(after[where]), False, since)
        elif where not in after:
            gone = _shape(before[where]) not in shapes
            yield ContractChange(where, "operation", "removed", "", summary(before[where]), "", gone, since)
        else:
            for change in _operation(before[where], after[where], old, new):
                yield replace(change, where=where, since=since)


def by_operation(changes: Iterable[ContractChange]) -> list[ContractChange]:
    """The same, those of one operation together: what is of all requests first, then by path."""
    return sorted(changes, key=lambda change: _place(change.where))


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names, key=_place)


def _place(where: str) -> list[str]:
    return where.split(" ")[::-1]


def _operation(before: Operation, after: Operation, old: Contract, new: Contract) -> Iterator[ContractChange]:
    """Changes with `where` and `since` still to be filled in."""
    for name in _ATTRIBUTES:
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            breaking = name in ("status", "file_upload") or (name == "requires_config" and bool(now))
            yield ContractChange("", "operation", "changed", name, _plain(was), _plain(now), breaking, "")
    for side in ("path", "query"):
        attribute = f"{side}_parameters"
        yield from _parameters(f"{side} parameter", getattr(before, attribute), getattr(after, attribute))
    for side in ("request", "response"):
        was, now = places(getattr(before, side), old.definitions), places(getattr(after, side), new.definitions)
        yield from _body(side, was, now)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _parameters(side: str, old: Iterable[Parameter], new: Iterable[Parameter]) -> Iterator[ContractChange]:
    before, after = ({parameter.name: parameter for parameter in each} for each in (old, new))
    for name in [name for name in before if name not in after]:
        yield ContractChange("", side, "removed", name, parameter_words(before[name]), "", side.startswith("query"), "")
    for name, parameter in after.items():
        told = parameter_words(parameter)
        if name not in before:
            yield ContractChange("", side, "added", name, "", told, parameter.required and side.startswith("query"), "")
        elif parameter_words(before[name]) != told:
            was = before[name]
            narrower = bool(set(was.enum) - set(parameter.enum)) or was.type != parameter.type
            narrower |= parameter.required and not was.required
            yield ContractChange("", side, "changed", name, parameter_words(was), told, narrower, "")


def _body(side: str, before: dict[str, SchemaField], after: dict[str, SchemaField]) -> Iterator[ContractChange]:
    if not before and not after:
        return
    if not before or not after:
        kind = "added" if after else "removed"
        yield ContractChange(
            "", side, kind, "", "a body" if before else "", "a body" if after else "", side == "response", ""
        )
        return
    for place in _outermost(before, after):
        yield ContractChange("", side, "removed", place, str(before[place]), "", True, "")
    for place in _outermost(after, before):
        needed = side == "request" and not after[place].optional
        yield ContractChange("", side, "added", place, "", str(after[place]), needed, "")
    for place, now in after.items():
        was = before.get(place, now)
        if was != now:
            breaking = _wider(was, now) if side == "response" else _wider(now, was)
            yield ContractChange("", side, "changed", place, str(was), str(now), breaking, "")
    common = [place for place in before if place in after], [place for place in after if place in before]
    if common[0] != common[1]:
        first = next(now for was, now in zip(*common, strict=True) if was != now)
        yield ContractChange("", side, "order", first, "", first, False, "")


def _outermost(mine: dict[str, SchemaField], theirs: dict[str, SchemaField]) -> Iterator[str]:
    """Places only I have, without those inside of one only I have."""
    only = [place for place in mine if place not in theirs]
    for place in only:
        if not any(other and other != place and place.startswith(other) for other in only):
            yield place


def _wider(known: SchemaField, now: SchemaField) -> bool:
    """Whether `now` takes in what `known` does not."""
    if now.kind != known.kind and now.kind not in ("any", "enum"):
        return (known.kind, now.kind) not in (("int64", "int32"), ("string", "hex32"))
    if now.kind == "enum" and known.kind != "enum":
        return known.kind not in ("string", "any")
    gone = set(known.keys) - set(now.keys)
    new = set(now.values) - set(known.values) if known.values else set()
    lost = (now.nullable and not known.nullable) or (now.optional and not known.optional)
    return bool(gone or new) or lost or (now.kind == "any" and known.kind != "any")


def parameter_words(parameter: Parameter) -> str:
    """What a parameter takes."""
    text = f"enum {'|'.join(parameter.enum)}" if parameter.enum else parameter.format or parameter.type
    text += f", at least {parameter.minimum}" if parameter.minimum is not None else ""
    return text + (", mandatory" if parameter.required else "")


def summary(operation: Operation) -> str:
    """An operation in one line: "status 200; query get (string)"."""
    parts = [f"status {operation.status}"]
    parts += ["hidden"] if operation.hidden else []
    for key, value in operation.requires_config.items():
        parts.append(f"needs {key}={str(value).lower()}")
    parts += [f"query {each.name} ({parameter_words(each)})" for each in operation.query_parameters]
    for side, body in (("request", operation.request), ("response", operation.response)):
        told = body or {}
        if "$ref" in told:
            parts.append(f"{side} {told['$ref'].removeprefix('#/$defs/')}")
        elif "contentType" in told:
            parts.append(f"{side} {told['contentType']}")
        elif "items" in told:
            parts.append(f"{side} array of {told['items'].get('$ref', '?').removeprefix('#/$defs/')}")
    return "; ".join(parts)


def _told(before: str, after: str) -> str:
    """Of two enums, or two maps of known keys, only what came and went."""
    for mark, label in (("enum ", ""), (" keyed by ", "keys ")):
        if mark in before and mark in after:
            was, now = (text.partition(mark)[2].split(",")[0].split(" or ")[0].split("|") for text in (before, after))
            moved = [f"-{value}" for value in was if value not in now]
            moved += [f"+{value}" for value in now if value not in was]
            if moved:
                return label + ", ".join(moved)
    return f"{before} → {after}"
