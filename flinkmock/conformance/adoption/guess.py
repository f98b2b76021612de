"""Guesses the operation to which a JSON body is the response."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from typing import Any

from flinkmock.contract import LATEST, Contract, Operation
from flinkmock.contract.contract import known_releases

MIN_SHARE = 0.5
"""The share of keys that a body has to have in common with the response of an operation, from 0 to 1."""
ERROR_STATUS = 500
"""The assumed status of a body with errors."""


def guess(body: Any, name: str) -> tuple[str, int]:
    """Return the request and the status of a response.

    Args:
        body: Parsed JSON.
        name: The name of the file, without its suffix. It decides between operations that fit equally well.

    Returns:
        The request and the status, such as ("GET /jobs/overview", 200). The request is "" if no operation fits.
    """
    if isinstance(body, dict) and body.keys() == {"errors"}:
        return "", ERROR_STATUS
    scored = [(_score(operation, body, name), operation) for operation in _operations()]
    score, operation = max(scored, key=lambda candidate: candidate[0])
    if score[0] < MIN_SHARE:
        return "", 200
    return f"{operation.method} {operation.path}", operation.status


@cache
def _operations() -> tuple[Operation, ...]:
    """Return all operations with a JSON response, each as the newest release that has it describes it."""
    operations: dict[str, Operation] = {}
    for release in dict.fromkeys([LATEST, *reversed(known_releases())]):
        for operation in Contract.load(release):
            if operation.response and not operation.returns_file:
                operations.setdefault(str(operation), operation)
    return tuple(operations.values())


def _score(operation: Operation, body: Any, name: str) -> tuple[float, float, float]:
    contract = next(
        Contract.load(release) for release in reversed(known_releases()) if operation.id in Contract.load(release)
    )
    violations = len(contract.check_response(operation, body)) if _share(operation, contract, body) >= MIN_SHARE else 99
    words = " ".join(re.findall(r"[a-z]+", name.lower()))
    path = " ".join(re.findall(r"[a-z]+", f"{operation.path} {operation.id}".lower()))
    is_get = 1.0 if operation.method == "GET" else 0.0
    return _share(operation, contract, body), -violations, SequenceMatcher(None, words, path).ratio() + is_get


def _share(operation: Operation, contract: Contract, body: Any) -> float:
    """Return the share of keys that are both in the body and in the schema, from 0 to 1."""
    schema = operation.response or {}
    while "$ref" in schema:
        schema = contract.definitions[schema["$ref"].rpartition("/")[2]]
    if isinstance(body, list):
        return 0.6 if schema.get("type") == "array" else 0.0
    keys = set(schema.get("properties", {}))
    if not isinstance(body, dict) or not keys:
        return 0.0
    return len(keys & body.keys()) / len(keys | body.keys())
