"""What a request that matches no operation was probably meant to be."""

from __future__ import annotations

from difflib import SequenceMatcher

from flinkmock.contract import Contract, Operation
from flinkmock.contract.contract import known_releases
from flinkmock.journal.exchange import Exchange

MIN_SIMILARITY = 0.75
"""An operation that is less similar to the request, from 0 to 1, is not suggested."""


def operation_hints(exchange: Exchange, contract: Contract) -> list[str]:
    """Return hints for a request without an operation; empty if there are none."""
    operation = contract.match(exchange.method, exchange.target)
    if operation is not None and operation.requires_config:
        options = ", ".join(f"{key}: {str(value).lower()}" for key, value in operation.requires_config.items())
        return [f"the operation requires the configuration {options}"]
    releases = [flink for flink in known_releases() if Contract.load(flink).match(exchange.method, exchange.target)]
    if releases:
        return [f"Flink {releases[0] if len(releases) == 1 else f'{releases[0]} to {releases[-1]}'} has this operation"]
    methods = [
        method for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if contract.match(method, exchange.target)
    ]
    if methods:
        return [f"the path exists with the method {' and '.join(methods)}"]
    nearest = max(contract, key=lambda operation: _similarity(operation, exchange), default=None)
    if nearest is None or _similarity(nearest, exchange) < MIN_SIMILARITY:
        return []
    return [f"did you mean {nearest}?"]


def _similarity(operation: Operation, exchange: Exchange) -> float:
    """Return how similar an operation is to a request, from 0 to 1: by path segments, and a little by the method."""
    segments = [segment for segment in exchange.path.split("/") if segment]
    if segments[:1] == ["v1"]:
        del segments[0]
    pairs = zip(operation.segments, segments, strict=False)
    matching = sum(0.9 if own.startswith(":") else SequenceMatcher(None, own, sent).ratio() for own, sent in pairs)
    path = matching / max(len(operation.segments), len(segments), 1)
    return 0.9 * path + (0.1 if operation.method == exchange.method else 0)
