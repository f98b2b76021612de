"""Reports how an upgrade affects a client, from its recorded requests (a journal as JSON lines, or a HAR file).

Each request is compared with every release between the current one and the new one, so that each effect is reported
with the release that introduces it. Requests don't show which fields of a response the client reads, so every change
of a response field that can break a client is reported.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flinkmock.contract import Contract, Operation
from flinkmock.contract.contract import cached_by_contracts
from flinkmock.contract.contract_change import ContractChange
from flinkmock.contract.difference import behaviour_changes_between, contracts_between, difference
from flinkmock.contract.operation import segments_without_names
from flinkmock.contract.schema_fields import schema_fields
from flinkmock.errors import FlinkMockError, unreadable_message
from flinkmock.journal.contract_review import which_fields_are_read

FAILS, IGNORED, MAY_READ, ALREADY_IGNORED = "fails", "ignored", "may read", "ignored already"
"""Effects of an upgrade: the request fails; Flink ignores a part of the request; the client may read a part of the
response that changes. `ALREADY_IGNORED`: the current release ignores a part of the request."""
EFFECTS = FAILS, IGNORED, MAY_READ, ALREADY_IGNORED
"""All effects, the worst first."""
EFFECTS_TO_FIX = FAILS, IGNORED
"""The effects that require a change of the client."""


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A request that a client sent.

    Attributes:
        method: The HTTP method.
        target: The path and the query.
        body: The parsed JSON; None if there was no JSON body.
        times: How many times the client sent it.
    """

    method: str
    target: str
    body: Any = None
    times: int = 1

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The decoded values of each query parameter."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


@dataclass
class UpgradeImpact:
    """One effect on the requests of one operation.

    Attributes:
        where: The operation, as the older release has it.
        effect: One of `EFFECTS`.
        what: The affected part of the request or the response.
        since: The first release with the effect; for `ALREADY_IGNORED`, the current release.
        example: One of the requests.
        request_count: How many requests are affected.
    """

    where: str
    effect: str
    what: str
    since: str
    example: str
    request_count: int = field(default=1, compare=False)

    def __str__(self) -> str:
        return f"{self.where}: {self.effect}: {self.what} (since {self.since})"


def read_requests(file: Path) -> list[ClientRequest]:
    """Read the requests of a journal or a HAR file.

    Raises:
        FlinkMockError: The file can't be read or has another format.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")  # some programs begin a HAR file with a byte order mark
    except (OSError, UnicodeDecodeError) as error:
        raise FlinkMockError(unreadable_message(file, error)) from error
    if not text.strip():
        raise FlinkMockError(f"{file} is empty: it contains no requests.")
    try:
        return list(_har_requests(text) if '"log"' in text[:200] else _journal_requests(text))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FlinkMockError(f"{file} is neither a journal as JSON lines nor a HAR file: {error}") from error


def _journal_requests(text: str) -> Iterator[ClientRequest]:
    for line in filter(str.strip, text.split("\n")):  # splitlines() also splits at U+2028, which JSON does not escape
        exchange = json.loads(line)
        yield ClientRequest(exchange["method"], exchange["target"], exchange.get("body"))


def _har_requests(text: str) -> Iterator[ClientRequest]:
    for entry in json.loads(text)["log"]["entries"]:
        request = entry["request"]
        parts = urlsplit(request["url"])
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        yield ClientRequest(request["method"], target, _json_or_none(request.get("postData", {}).get("text")))


def _json_or_none(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def detect_base_path(requests: Iterable[ClientRequest], release: str) -> str:
    """Return the path under which an ingress serves Flink for the client: "/flink/prod".

    Returns:
        The most frequent prefix of targets that precedes the path of an operation; "" if a request matches an operation
        without removing a prefix, or if no prefix makes any request match.

    Raises:
        UnknownRelease: The release is not known.
    """
    contract = Contract.load(release)
    prefixes: Counter[str] = Counter()
    for request in requests:
        if contract.match(request.method, request.target):
            return ""
        segments = urlsplit(request.target).path.strip("/").split("/")
        for prefix_length in range(1, len(segments)):
            if contract.match(request.method, "/" + "/".join(segments[prefix_length:])):
                prefixes["/" + "/".join(segments[:prefix_length])] += request.times
                break
    return prefixes.most_common(1)[0][0] if prefixes else ""


def without_base_path(requests: Iterable[ClientRequest], base_path: str) -> list[ClientRequest]:
    """Return the requests without the base path at the beginning of their targets."""
    return [
        replace(request, target=request.target.removeprefix(base_path))
        if request.target.startswith(f"{base_path}/")
        else request
        for request in requests
    ]


def compat(requests: Iterable[ClientRequest], old: str, new: str) -> list[UpgradeImpact]:
    """Return the effects of an upgrade, the worst first.

    Args:
        requests: The requests of the client.
        old: The release that the client uses now.
        new: The release that the client will use.

    Raises:
        UnknownRelease: A release is not known.
        InvalidArgument: `new` is not later than `old`.
    """
    contracts = contracts_between(old, new)
    impacts: dict[tuple[str, str, str], UpgradeImpact] = {}
    for request in requests:
        for impact in _impacts(request, contracts):
            key = impact.where, impact.effect, impact.what
            if key in impacts:
                impacts[key].request_count += request.times
            else:
                impacts[key] = impact
    return sorted(impacts.values(), key=lambda impact: (EFFECTS.index(impact.effect), impact.where))


def count_unmatched(requests: Iterable[ClientRequest], release: str) -> int:
    """Count the requests that match no operation of a release, so that `compat` skips them. Raises UnknownRelease."""
    contract = Contract.load(release)
    return sum(request.times for request in requests if contract.match(request.method, request.target) is None)


def _impacts(request: ClientRequest, contracts: list[Contract]) -> Iterator[UpgradeImpact]:
    operation = contracts[0].match(request.method, request.target)
    if operation is None:
        return
    where = str(operation)
    reported: set[str] = set()
    for what in _already_ignored(request, operation, contracts[0]):
        yield UpgradeImpact(where, ALREADY_IGNORED, what, contracts[0].release.minor, str(request), request.times)
    old_response_fields = schema_fields(operation.response, contracts[0].definitions)
    for old_contract, new_contract in pairwise(contracts):
        old_operation, new_operation = (
            contract.match(request.method, request.target) for contract in (old_contract, new_contract)
        )
        if old_operation is None:
            continue
        for effect, what in _release_impacts(
            request, old_operation, new_operation, old_contract, new_contract, old_response_fields
        ):
            if what not in reported:
                reported.add(what)
                yield UpgradeImpact(where, effect, what, new_contract.release.minor, str(request), request.times)


def _already_ignored(request: ClientRequest, operation: Operation, contract: Contract) -> Iterator[str]:
    """Yield the parts of a request that the older release does not read."""
    parameter_names = {parameter.name for parameter in operation.query_parameters}
    yield from (f"query parameter {name}" for name in request.parameters if name not in parameter_names)
    if request.body is not None and operation.request is not None:
        fields = which_fields_are_read(request.body, operation.request, contract)
        yield from (f"field {name} of the body" for name, is_read in fields.items() if not is_read)


def _release_impacts(
    request: ClientRequest,
    old_operation: Operation,
    new_operation: Operation | None,
    old_contract: Contract,
    new_contract: Contract,
    old_response_fields: Collection[str],
) -> Iterator[tuple[str, str]]:
    """Yield (effect, affected part) for the upgrade from one release to the next."""
    if new_operation is None:
        yield FAILS, "the operation no longer exists"
        return
    if new_operation.id == "submitJob":
        yield FAILS, "the plan is a Java object that only its own release can read"
    yield from _query_impacts(request, old_operation, new_operation)
    yield from _body_impacts(request, old_operation, new_operation, old_contract, new_contract)
    if new_operation.status != old_operation.status:
        yield MAY_READ, f"the status is {new_operation.status} instead of {old_operation.status}"
    changes = _changes_by_operation(old_contract.release.minor, new_contract.release.minor)
    # operations whose paths differ only in names of parameters have no entry in common
    for change in changes.get(str(old_operation), ()) if str(old_operation) == str(new_operation) else ():
        if change.part == "response" and change.breaking and change.field in old_response_fields:
            yield MAY_READ, f"{change.field or 'the whole response'}: {change.meaning}"
    for change in behaviour_changes_between(old_contract.release.minor, new_contract.release.minor):
        if change.breaking and new_operation.id != "submitJob" and _affects(change, new_operation):
            yield MAY_READ, change.words


def _affects(change: ContractChange, operation: Operation) -> bool:
    method, _, path = change.where.partition(" ")
    return method == operation.method and segments_without_names(path) == operation.segments_without_names


def _query_impacts(
    request: ClientRequest, old_operation: Operation, new_operation: Operation
) -> Iterator[tuple[str, str]]:
    old_parameters = {parameter.name: parameter for parameter in old_operation.query_parameters}
    new_parameters = {parameter.name: parameter for parameter in new_operation.query_parameters}
    for name, values in request.parameters.items():
        if name in old_parameters and name not in new_parameters:
            yield IGNORED, f"query parameter {name}"
        elif name in old_parameters and new_parameters[name].enum:
            removed = {
                value
                for text in values
                for value in (text.split(",") if old_parameters[name].list else [text])
                if _contains(old_parameters[name].enum, value) and not _contains(new_parameters[name].enum, value)
            }
            if removed:
                yield FAILS, f"query parameter {name} no longer accepts {', '.join(sorted(removed))}"
    for name, parameter in new_parameters.items():
        was_required = name in old_parameters and old_parameters[name].required
        if parameter.required and name not in request.parameters and not was_required:
            yield FAILS, f"query parameter {name} is mandatory"


def _contains(enum: tuple[str, ...], text: str) -> bool:
    """Return whether an enum contains a text, in upper or lower case."""
    return text.lower() in (value.lower() for value in enum)


def _body_impacts(
    request: ClientRequest,
    old_operation: Operation,
    new_operation: Operation,
    old_contract: Contract,
    new_contract: Contract,
) -> Iterator[tuple[str, str]]:
    if request.body is None or old_operation.request is None:
        return
    effect = FAILS if new_contract.jackson_features["fail_on_unknown_properties"] else IGNORED
    old_fields = which_fields_are_read(request.body, old_operation.request, old_contract)
    new_fields = which_fields_are_read(request.body, new_operation.request or {}, new_contract)
    # a field that `new_fields` lacks is below one that is not read; only that one is reported
    yield from (
        (effect, f"field {name} of the body")
        for name, is_read in old_fields.items()
        if is_read and not new_fields.get(name, True)
    )
    old_violations = {str(violation) for violation in old_contract.check_request(old_operation, request.body)}
    for violation in new_contract.check_request(new_operation, request.body):
        if str(violation) not in old_violations and violation.kind != "extra":
            where = violation.pointer or "the whole body"
            yield FAILS, f"the body is rejected: {where}: expected {violation.expected}, found {violation.found}"


@cached_by_contracts
def _changes_by_operation(old: str, new: str) -> Mapping[str, list[ContractChange]]:
    """Return the changes between two adjacent releases by operation."""
    grouped: dict[str, list[ContractChange]] = {}
    for change in difference(Contract.load(old), Contract.load(new)):
        grouped.setdefault(change.where, []).append(change)
    return grouped
