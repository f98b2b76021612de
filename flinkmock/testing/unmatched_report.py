"""What a test is told of requests that met no operation: where the client most likely went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from flinkmock.contract import Contract, Operation, known_releases
from flinkmock.journal import Exchange

MOST = 5
"""So many requests are shown."""
LIKELY = 0.75
"""Operations that are less like a request than this are not what its client meant."""


def complaint(exchanges: Sequence[Exchange], contract: Contract) -> str:
    """Lines for people: the requests, each with what is known about it, and how to say that they are meant."""
    number = f"{len(exchanges)} requests" if len(exchanges) > 1 else "a request"
    lines = [f"{number} met no operation of Flink {contract.release.version}:"]
    for exchange in exchanges[:MOST]:
        lines += [f"    {exchange}", *(f"         {text}" for text in _hints(exchange, contract))]
    if len(exchanges) > MOST:
        lines.append(f"    … and {len(exchanges) - MOST} more")
    first = exchanges[0]
    lines += [
        "  Where that is what is tested, say so, by",
        f'    flinkmock.requests.expect("{first.method} {first.path}") or @pytest.mark.flinkmock(unexpected="allow").',
    ]
    return "\n".join(lines)


def _hints(exchange: Exchange, contract: Contract) -> list[str]:
    own = contract.match(exchange.method, exchange.target)
    if own is not None and own.requires_config:
        needed = ", ".join(f"{key}: {str(value).lower()}" for key, value in own.requires_config.items())
        return [f"this cluster is without it; it is there with the configuration {needed}"]
    having = [flink for flink in known_releases() if Contract.load(flink).match(exchange.method, exchange.target)]
    if having:
        return [f"there is one in Flink {having[0] if len(having) == 1 else f'{having[0]} to {having[-1]}'}"]
    methods = [
        method for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if contract.match(method, exchange.target)
    ]
    if methods:
        return [f"the path is right, and takes {' and '.join(methods)}"]
    near = max(contract, key=lambda operation: _likeness(operation, exchange), default=None)
    return [f"nearest: {near}"] if near is not None and _likeness(near, exchange) >= LIKELY else []


def _likeness(operation: Operation, exchange: Exchange) -> float:
    """Between 0 and 1: how many segments of the path are alike, and a little for the method."""
    asked = [segment for segment in exchange.path.split("/") if segment]
    if asked[:1] == ["v1"]:
        del asked[0]
    pairs = zip(operation.segments, asked, strict=False)
    alike = sum(0.9 if mine.startswith(":") else SequenceMatcher(None, mine, theirs).ratio() for mine, theirs in pairs)
    path = alike / max(len(operation.segments), len(asked), 1)
    return 0.9 * path + (0.1 if operation.method == exchange.method else 0)
