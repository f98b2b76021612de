"""The report of requests that matched no operation, with the most likely mistake of the client."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flinkmock.contract import Contract
from flinkmock.contract.pattern import Pattern
from flinkmock.errors import InvalidArgument
from flinkmock.journal import Exchange
from flinkmock.journal.operation_hints import operation_hints
from flinkmock.tables import counted

MAX_REQUESTS = 5
"""The maximum number of requests in the report."""


def unmatched_report(exchanges: Sequence[Exchange], contract: Contract) -> str:
    """Return up to MAX_REQUESTS of the requests, with hints, and the ways for a test to allow them."""
    lines = [f"{counted(len(exchanges), 'request')} matched no operation of Flink {contract.release.version}:"]
    for exchange in exchanges[:MAX_REQUESTS]:
        lines += [f"    {exchange}", *(f"         {hint}" for hint in operation_hints(exchange, contract))]
    if len(exchanges) > MAX_REQUESTS:
        lines.append(f"    … and {len(exchanges) - MAX_REQUESTS} more")
    marker = '@pytest.mark.flinkmock(unexpected="allow")'
    pattern = next(filter(None, map(_pattern_of, exchanges)), None)
    if pattern is None:
        lines += ["  If the test intends this, allow the requests:", f"    {marker}."]
    else:
        call = f"flinkmock.requests.expect({json.dumps(pattern, ensure_ascii=False)})"
        lines += ["  If the test intends this, expect the requests or allow them:", f"    {call} or {marker}."]
    return "\n".join(lines)


def _pattern_of(exchange: Exchange) -> str | None:
    """Return the method and path of a request if they are a pattern that matches it; else None."""
    text = f"{exchange.method} {exchange.path}"
    try:
        pattern = Pattern.parse(text)
    except InvalidArgument:
        return None
    return text if pattern.matches(exchange.method, exchange.path, exchange.contract_operation) else None
