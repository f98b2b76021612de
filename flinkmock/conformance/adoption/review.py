"""Compares one response of a hand-written fake with the contracts of Flink's releases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flinkmock.conformance.adoption.hand_written import WILDCARD, HandWrittenResponse
from flinkmock.conformance.invariants import invariant_violations
from flinkmock.conformance.report import generalize_pointer
from flinkmock.conformance.response_check import ERROR_STATUSES, NETTY_STATUSES
from flinkmock.contract import Contract, Operation
from flinkmock.journal.operation_hints import METHODS, methods_of_path
from flinkmock.rest.response import is_error_status

MAX_BASE_PATH_SEGMENTS = 4
"""The maximum number of segments of the base path of an ingress, which precede Flink's own path."""


@dataclass(frozen=True, slots=True)
class Review:
    """A comparison of one response with the contracts of several releases.

    Attributes:
        response: The reviewed response.
        operation: The operation of the newest compared release that has it; None if none of them has it.
        base_path: The part of the path before Flink's own: "/flink".
        deviations: For each compared release, the oldest first, the differences from Flink; empty if the release may
            send this response.
    """

    response: HandWrittenResponse
    operation: Operation | None
    base_path: str = ""
    deviations: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def releases(self) -> list[str]:
        """The compared releases that may send this response, the oldest first."""
        return [release for release, deviations in self.deviations.items() if not deviations]

    @property
    def deviates(self) -> bool:
        """Whether no compared release sends this response."""
        return not self.releases

    @property
    def nearest(self) -> str:
        """The compared release with the fewest deviations; the newest one if several have as few."""
        return min(reversed(list(self.deviations)), key=lambda release: len(self.deviations[release]))


def review(response: HandWrittenResponse, releases: Sequence[str]) -> Review:
    """Compare a response with releases, in any order. Raises UnknownRelease."""
    loaded = sorted(map(Contract.load, releases), key=lambda contract: contract.release.number)
    contracts = {contract.release.minor: contract for contract in loaded}
    base_path, path = _split_base_path(response, loaded)
    operation: Operation | None = None
    deviations: dict[str, list[str]] = {}
    for release, contract in contracts.items():
        route = contract.match_route(response.method, path)
        if route is None:
            deviations[release] = [_missing_operation_text(contract, path)]
        else:
            operation = route[0]
            deviations[release] = list(dict.fromkeys(_deviations(contract, *route, path, response)))
    return Review(response, operation, base_path, deviations)


def _split_base_path(response: HandWrittenResponse, contracts: Sequence[Contract]) -> tuple[str, str]:
    """Return the base path of an ingress, and Flink's own path; "" and the whole path if it is not one of Flink's.

    Flink's path is recognized even if the method is wrong.
    """
    segments = response.path.partition("?")[0].split("/")[1:]
    collections = _collections(contracts)
    for methods in ((response.method,), METHODS):
        for length in range(min(MAX_BASE_PATH_SEGMENTS, len(segments) - 1) + 1):
            base, path = segments[:length], "/" + "/".join(segments[length:])
            if collections.isdisjoint(base) and any(
                contract.match(method, path) for contract in contracts for method in methods
            ):
                return "/".join(["", *base]), path
    return "", response.path


def _collections(contracts: Sequence[Contract]) -> set[str]:
    """Return the first segments that an id can follow, such as "jobs".

    A base path does not contain them: `/jobs/ID/overview` is not `/overview` with the base path `/jobs/ID`.
    """
    return {
        operation.segments[0]
        for contract in contracts
        for operation in contract
        if len(operation.segments) > 1 and operation.segments[1].startswith(":")
    }


def _missing_operation_text(contract: Contract, path: str) -> str:
    methods = methods_of_path(path, contract)
    return "no such operation" + (f"; the path takes {' and '.join(methods)}" if methods else "")


def _deviations(
    contract: Contract, operation: Operation, parameters: dict[str, str], path: str, response: HandWrittenResponse
) -> Iterator[str]:
    if is_error_status(response.status):
        if response.status not in ERROR_STATUSES:
            yield f"status {response.status}: Flink never sends it"
        elif response.status in NETTY_STATUSES and response.body is None:
            return
        elif response.is_json:
            yield from (str(violation) for violation in contract.check_error(response.body))
        else:
            yield "the body is not JSON"
        return
    if response.status != operation.status:
        yield f"status {response.status}: Flink sends {operation.status}"
    if operation.returns_file:
        return
    if not response.is_json:
        yield "the body is not JSON"
        return
    violations = contract.check_response(operation, response.body)
    for violation in violations:
        pointer = generalize_pointer(violation.pointer) or "the body"
        expected = f": expected {violation.expected}, found {violation.found}"
        yield f"{pointer}: {violation.kind}{'' if violation.kind == 'missing' else expected}"
    if not violations and all(value != WILDCARD and not value.startswith(":") for value in parameters.values()):
        for contradiction in invariant_violations(contract, operation, path, response.body):
            yield f"{contradiction.pointer}: {contradiction.found} ({contradiction.expected})"
