"""Creates exchanges and journals without a server."""

from __future__ import annotations

import json
from typing import Any

from flinkmock.contract import Contract
from flinkmock.journal import Exchange, Journal

JOB_ID = "2451d76ab8aa473ba87000eb834231f1"
CLUSTER_TIME = 1_767_225_600_000
"""The cluster time of the requests, in ms since the epoch."""


def make_exchange(
    method: str, target: str, body: Any = None, status: int = 200, release: str = "2.3", **attributes: Any
) -> Exchange:
    """Create an exchange with a JSON body and further attributes of `Exchange`."""
    contract = Contract.load(release)
    operation = contract.match(method, target)
    content = b"" if body is None else json.dumps(body).encode()
    exchange = Exchange(method, target, CLUSTER_TIME, status, operation.id if operation else None, body_bytes=content)
    exchange.contract = contract
    for name, value in attributes.items():
        setattr(exchange, name, value)
    return exchange


def make_journal(*exchanges: Exchange, limit: int = 10_000) -> Journal:
    journal = Journal(limit)
    for exchange in exchanges:
        journal.add(exchange)
    return journal
