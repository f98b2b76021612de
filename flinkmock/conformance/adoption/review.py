"""Compares one response of a hand-written fake with the contracts of Flink's releases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flinkmock.conformance.adoption.hand_written import WILDCARD, HandWrittenResponse
from flinkmock.conformance.invariants import invariant_violations
from flinkmock.conformance.report import generalize_pointer
from flinkmock.conformance.response_check import ERROR_STATUSES
from flinkmock.contract import Contract, Operation
from flinkmock.journal.operation_hints import METHODS

MAX_BASE_PATH_SEGMENTS = 4
"""The maximum number of segments of the base path of an ingress, which precede Flink's own path."""


@dataclass(frozen=True, slots=True)
class Review:
    """A comparison of one response with the contracts of several releases.

    Attributes:
        response: The reviewed response.
        operation: The operation of the newest release that has it; None if no release has it.
        base_path: The part of the path before Flink's own: "/flink".
        deviations: For each release, the differences from Flink; empty if the release may send this response.
    """

    response: HandWrittenResponse
    operation: Operation | None
    base_path: str = ""
    deviations: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def releases(self) -> list[str]:
        """The releases that may send this response."""
        return [release for release, deviations in self.deviations.items() if not deviations]

    @property
    def deviates(self) -> bool:
        """Whether no release sends this response."""
        return not self.releases

    @property
    def nearest(self) -> str:
        """The release with the fewest deviations; the newest one if several have as few."""
        return min(reversed(list(self.deviations)), key=lambda release: len(self.deviations[release]))


def review(response: HandWrittenResponse, releases: Sequence[str]) -> Review:
    """Compare a response with releases. Raises UnknownRelease."""
    contracts = {release: Contract.load(release) for release in releases}
    base_path, path = _split_base_path(response, list(contracts.values()))
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
    """Return the base path of an ingress, and Flink's own path."""
    segments = response.path.partition("?")[0].split("/")[1:]
    for length in range(min(MAX_BASE_PATH_SEGMENTS, len(segments) - 1) + 1):
        path = "/" + "/".join(segments[length:])
        if any(contract.match(response.method, path) for contract in contracts):
            return "/".join(["", *segments[:length]]), path
    return "", response.path


def _missing_operation_text(contract: Contract, path: str) -> str:
    methods = [method for method in METHODS if contract.match(method, path)]
    return "no such operation" + (f"; the path takes {' and '.join(methods)}" if methods else "")


def _deviations(
    contract: Contract, operation: Operation, parameters: dict[str, str], path: str, response: HandWrittenResponse
) -> Iterator[str]:
    if response.status >= 400:
        if response.status not in ERROR_STATUSES:
            yield f"status {response.status}: Flink never sends it"
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
