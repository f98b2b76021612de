"""Guesses which operation returns a JSON body."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from flinkmock.contract import LATEST, Contract, Operation
from flinkmock.contract.contract import cached_by_contracts, known_releases

MIN_SHARE = 0.5
"""The minimum share of keys that a body has in common with the response of an operation, from 0 to 1."""
ARRAY_SHARE = 0.6
"""The assumed share if both are arrays, whose items are not compared."""
MANY_VIOLATIONS = 99
"""The assumed number of schema violations if the share is too low."""
ERROR_STATUS = 500
"""The assumed status of a body with errors."""


class GuessedRequest(NamedTuple):
    """A request that probably gets a response.

    Attributes:
        method: The HTTP method; "" if no operation fits.
        path: The path of the operation, such as "/jobs/:jobid"; "" if no operation fits.
        status: The status of the response.
    """

    method: str
    path: str
    status: int


class _Score(NamedTuple):
    """How well an operation fits a body. The best operation has the highest score.

    Attributes:
        share: The share of common keys, from 0 to 1.
        minus_violations: The negated number of schema violations.
        name_similarity: How similar the name of the file is to the operation, from 0 to 1; for a GET, 1 is added.
    """

    share: float
    minus_violations: int
    name_similarity: float


def guess_request(body: Any, name: str) -> GuessedRequest:
    """Return the request to which a body is probably the response.

    Args:
        body: Parsed JSON.
        name: The name of the file, without its suffix. It decides between operations that fit equally well.
    """
    if isinstance(body, dict) and body.keys() == {"errors"}:
        return GuessedRequest("", "", ERROR_STATUS)
    scores = {operation: _score(operation, contract, body, name) for operation, contract in _operations()}
    operation = max(scores, key=lambda candidate: scores[candidate])
    if scores[operation].share < MIN_SHARE:
        return GuessedRequest("", "", 200)
    return GuessedRequest(operation.method, operation.path, operation.status)


@cached_by_contracts
def _operations() -> tuple[tuple[Operation, Contract], ...]:
    """Return all operations with a JSON response, each with the contract of the newest release that has it.

    The bundled releases come before imported ones.
    """
    operations: dict[str, tuple[Operation, Contract]] = {}
    for release in dict.fromkeys([LATEST, *reversed(known_releases())]):
        contract = Contract.load(release)
        for operation in contract:
            if operation.response and not operation.returns_file:
                operations.setdefault(str(operation), (operation, contract))
    return tuple(operations.values())


def _score(operation: Operation, contract: Contract, body: Any, name: str) -> _Score:
    share = _share(operation, contract, body)
    violations = len(contract.check_response(operation, body)) if share >= MIN_SHARE else MANY_VIOLATIONS
    words_of_file = " ".join(re.findall(r"[a-z]+", name.lower()))
    words_of_operation = " ".join(re.findall(r"[a-z]+", f"{operation.path} {operation.id}".lower()))
    similarity = SequenceMatcher(None, words_of_file, words_of_operation).ratio()
    bonus = 1.0 if operation.method == "GET" else 0.0  # most fakes are of reads
    return _Score(share, -violations, similarity + bonus)


def _share(operation: Operation, contract: Contract, body: Any) -> float:
    """Return the share of keys that are both in the body and in the schema, from 0 to 1."""
    schema = operation.response or {}
    while "$ref" in schema:
        schema = contract.definitions[schema["$ref"].rpartition("/")[2]]
    if isinstance(body, list):
        return ARRAY_SHARE if schema.get("type") == "array" else 0.0
    keys = set(schema.get("properties", {}))
    if not isinstance(body, dict) or not keys:
        return 0.0
    return len(keys & body.keys()) / len(keys | body.keys())
