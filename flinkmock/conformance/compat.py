"""What a client will feel in an upgrade, judged by its own requests (a journal as JSON lines, or a HAR).

Each request is held against every release between the one it was made for and the one to come, so that each effect is
told with the release that brings it. What a client reads of an answer can't be seen in its requests; a field that
changes in the answer to a request is told as one that it may be reading.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flinkmock.contract import Contract, Operation
from flinkmock.contract.difference import ContractChange, behaviours_between, contracts_between, difference
from flinkmock.contract.operation import ALIASES, shape_of
from flinkmock.contract.schema_fields import places
from flinkmock.errors import FlinkMockError

FAILS, IGNORED, READS = "fails", "ignored", "may read"
"""Effects: the call is refused; a part of it has no effect any more; its answer is another one."""
EFFECTS = FAILS, IGNORED, READS


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent. `body` is the parsed JSON, None if there was none; `times`: so often."""

    method: str
    target: str
    body: Any = None
    times: int = 1

    @property
    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


@dataclass
class UpgradeImpact:
    """One effect on one kind of request. `where`: the operation, as the older release has it."""

    where: str
    effect: str
    what: str
    since: str
    example: str
    requests: int = field(default=1, compare=False)

    def __str__(self) -> str:
        return f"{self.where}: {self.effect}: {self.what} (since {self.since})"


def read_requests(file: Path) -> list[Request]:
    """Raises FlinkMockError for a file that is neither a journal nor a HAR."""
    try:
        text = file.read_text(encoding="utf-8-sig")  # some programs put a mark before a HAR
    except (OSError, UnicodeDecodeError) as error:
        raise FlinkMockError(f"{file}: {error}") from error
    try:
        return list(_har(text) if '"log"' in text[:200] else _json_lines(text))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FlinkMockError(f"{file} is neither a journal as JSON lines nor a HAR: {error}") from error


def _json_lines(text: str) -> Iterator[Request]:
    for line in filter(str.strip, text.splitlines()):
        told = json.loads(line)
        yield Request(told["method"], told["target"], told.get("body"))


def _har(text: str) -> Iterator[Request]:
    for entry in json.loads(text)["log"]["entries"]:
        told = entry["request"]
        parts = urlsplit(told["url"])
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        yield Request(told["method"], target, _json_or_none(told.get("postData", {}).get("text")))


def _json_or_none(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def compat(requests: Iterable[Request], old: str, new: str) -> list[UpgradeImpact]:
    """What is felt between two releases, the worst first.

    Raises UnknownRelease; ValueError when `new` is not later than `old`.
    """
    way = contracts_between(old, new)
    found: dict[tuple[str, str, str], UpgradeImpact] = {}
    for request in requests:
        for impact in _impacts(request, way):
            known = found.setdefault((impact.where, impact.effect, impact.what), impact)
            if known is not impact:
                known.requests += request.times
    return sorted(found.values(), key=lambda each: (EFFECTS.index(each.effect), each.where))


def strange(requests: Iterable[Request], old: str) -> int:
    """How many are no calls of the older release, so that nothing can be said of them. Raises UnknownRelease."""
    contract = Contract.load(old)
    return sum(each.times for each in requests if contract.match(each.method, each.target) is None)


def _impacts(request: Request, way: list[Contract]) -> Iterator[UpgradeImpact]:
    operation = way[0].match(request.method, request.target)
    if operation is None:
        return  # no call of the older release either
    where = str(operation)
    told: set[str] = set()
    readable = places(operation.response, way[0].definitions)
    for old, new in pairwise(way):
        before, after = (contract.match(request.method, request.target) for contract in (old, new))
        if before is None:
            continue
        for effect, what in _step(request, before, after, old, new, readable):
            if what not in told:
                told.add(what)
                yield UpgradeImpact(where, effect, what, new.release.minor, str(request), request.times)


def _step(
    request: Request,
    before: Operation,
    after: Operation | None,
    old: Contract,
    new: Contract,
    readable: Collection[str],
) -> Iterator[tuple[str, str]]:
    """`readable`: places of the answer that the client can know of."""
    if after is None:
        yield FAILS, "there is no such operation any more"
        return
    if after.id == "submitJob":
        yield FAILS, "the plan is a Java object that only its own release can read"
    yield from _query(request, before, after)
    yield from _body(request, before, after, old, new)
    if after.status != before.status:
        yield READS, f"its status is {after.status}, it was {before.status}"
    for change in _changes(str(before), str(after), old, new):
        if change.side == "response" and change.breaking and change.place in readable:
            yield READS, f"{change.place or 'the whole answer'}: {change.words}"
    for change in behaviours_between(old.release.minor, new.release.minor):
        if change.breaking and after.id != "submitJob" and _is_of(change, after):
            yield READS, change.words


def _is_of(change: ContractChange, operation: Operation) -> bool:
    method, _, path = change.where.partition(" ")
    return method == operation.method and shape_of(path) == operation.shape


def _query(request: Request, before: Operation, after: Operation) -> Iterator[tuple[str, str]]:
    known = {parameter.name: parameter for parameter in before.query_parameters}
    stays = {parameter.name: parameter for parameter in after.query_parameters}
    for name, values in request.parameters.items():
        if name in known and name not in stays:
            yield IGNORED, f"query parameter {name}"
        elif name in known and stays[name].enum:
            gone = {
                value for value in values if _means(known[name].enum, value) and not _means(stays[name].enum, value)
            }
            if gone:
                yield FAILS, f"query parameter {name} knows no {', '.join(sorted(gone))}"
    for name, parameter in stays.items():
        if parameter.required and name not in request.parameters and not (name in known and known[name].required):
            yield FAILS, f"query parameter {name} is mandatory"


def _means(values: tuple[str, ...], text: str) -> bool:
    return text.lower() in (value.lower() for value in values)


def _body(
    request: Request, before: Operation, after: Operation, old: Contract, new: Contract
) -> Iterator[tuple[str, str]]:
    if request.body is None or before.request is None:
        return
    fields = _names(request.body)
    strict = new.request_mapper["fail_on_unknown_properties"]
    for change in _changes(str(before), str(after), old, new):
        name = change.place.lstrip(".")
        if change.side == "request" and change.kind == "removed" and name in fields and name not in ALIASES:
            yield (FAILS if strict else IGNORED), f"field {name} of the body"
    known = {str(deviation) for deviation in old.check_request(before, request.body)}
    for deviation in new.check_request(after, request.body):
        if str(deviation) not in known and deviation.kind != "extra":
            yield FAILS, f"the body is refused: {deviation.pointer or 'all of it'}: {deviation.kind}"


def _names(body: Any, at: str = "") -> set[str]:
    """The fields that a body has, as the contract's places name them, without the first dot."""
    if not isinstance(body, Mapping):
        return set()
    names = {f"{at}{name}" for name in body}
    return names.union(*(_names(value, f"{at}{name}.") for name, value in body.items())) if names else names


_KNOWN: dict[tuple[str, str], dict[str, list[ContractChange]]] = {}


def _changes(before: str, after: str, old: Contract, new: Contract) -> list[ContractChange]:
    """The changes of one operation between two neighbouring releases."""
    pair = old.release.minor, new.release.minor
    if pair not in _KNOWN:
        grouped: dict[str, list[ContractChange]] = {}
        for change in difference(old, new):
            grouped.setdefault(change.where, []).append(change)
        _KNOWN[pair] = grouped
    return _KNOWN[pair].get(before, []) if before == after else []
