"""The report of requests that matched no operation, with the most likely mistake of the client."""

from __future__ import annotations

from collections.abc import Sequence

from flinkmock.contract import Contract
from flinkmock.journal import Exchange
from flinkmock.journal.operation_hints import operation_hints
from flinkmock.tables import counted

MAX_REQUESTS = 5
"""The maximum number of requests in the report."""


def unmatched_report(exchanges: Sequence[Exchange], contract: Contract) -> str:
    """Return the requests with a hint for each, and the ways for a test to allow them."""
    lines = [f"{counted(len(exchanges), 'request')} matched no operation of Flink {contract.release.version}:"]
    for exchange in exchanges[:MAX_REQUESTS]:
        lines += [f"    {exchange}", *(f"         {hint}" for hint in operation_hints(exchange, contract))]
    if len(exchanges) > MAX_REQUESTS:
        lines.append(f"    … and {len(exchanges) - MAX_REQUESTS} more")
    first = exchanges[0]
    lines += [
        "  If the test intends this, expect the requests or allow them:",
        f'    flinkmock.requests.expect("{first.method} {first.path}") or @pytest.mark.flinkmock(unexpected="allow").',
    ]
    return "\n".join(lines)
