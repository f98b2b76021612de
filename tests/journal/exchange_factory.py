"""Creates exchanges and journals without a server."""

from __future__ import annotations

import json
from typing import Any

from flinkmock.contract import Contract
from flinkmock.journal import Exchange, Journal

JOB = "2451d76ab8aa473ba87000eb834231f1"


def exchange(method: str, target: str, body: Any = None, status: int = 200, flink: str = "2.3",
             **attributes: Any) -> Exchange:  # fmt: skip
    contract = Contract.load(flink)
    operation = contract.match(method, target)
    content = b"" if body is None else json.dumps(body).encode()
    new = Exchange(method, target, 1_767_225_600_000, status, operation.id if operation else None, raw_body=content)
    new.contract = contract
    for name, value in attributes.items():
        setattr(new, name, value)
    return new


def journal(*exchanges: Exchange, limit: int = 10_000) -> Journal:
    new = Journal(limit)
    for recorded in exchanges:
        new.add(recorded)
    return new
