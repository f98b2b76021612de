"""One request and its answer, as the journal keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from flinkmock.contract import Contract
from flinkmock.journal.contract_review import ContractReview, judged

if TYPE_CHECKING:
    from flinkmock.contract import Operation

MAX_KEPT = 16 * 1024
"""Bytes of a request's body that are kept."""


@dataclass
class Exchange:
    """Filled in while a request is under way, and left alone afterwards.

    `now` is the cluster's time at which it was answered (epoch ms), `wall` the wall's at which it arrived (epoch ms).
    `target` is what the client wrote. `operation` is an operation id of the contract, None where there is none;
    `parameters` are those of the path, as written; `job_id` as written, `job` the name of that job, if there is one.
    `content` is the body as it was sent (of an upload: its JSON part), None if more than 16 KiB; `files` are the names
    of uploaded files. `status` is what was answered, 0 if nothing was; `answered` the bytes of the answer's body;
    `refusal` what a refused client was told. `fault` names the fault that touched it.
    """

    method: str
    target: str
    now: int = 0
    status: int = 0
    operation: str | None = None
    job_id: str | None = None
    number: int = field(default=0, compare=False)
    """From 1, in the order in which the journal was told."""
    wall: int = field(default=0, compare=False)
    took: int = field(default=0, compare=False)
    """Microseconds of the wall until the answer was ready, held back or not."""
    job: str | None = field(default=None, compare=False)
    parameters: Mapping[str, str] = field(default_factory=dict, compare=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)
    content: bytes | None = field(default=b"", compare=False, repr=False)
    files: tuple[str, ...] = field(default=(), compare=False)
    answered: int = field(default=0, compare=False)
    content_type: str | None = field(default=None, compare=False)
    refusal: str | None = field(default=None, compare=False, repr=False)
    fault: str | None = field(default=None, compare=False)
    contract: Contract | None = field(default=None, compare=False, repr=False)

    @property
    def path(self) -> str:
        """Without the query, unescaped."""
        return unquote(self.target.partition("?")[0])

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.target.partition("?")[2], keep_blank_values=True)

    @cached_property
    def body(self) -> Any:
        """The parsed JSON of the request; None if there is none, or none that can be read."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError:
            return None

    @property
    def declared(self) -> Operation | None:
        """The contract's operation that it was taken for."""
        if self.contract is None or self.operation is None:
            return None
        return self.contract.operation(self.operation)

    @property
    def matched(self) -> bool:
        """Whether it was a request for something that the cluster serves; the dashboard's pages count as such."""
        return self.operation is not None or (self.method in ("GET", "HEAD") and 0 < self.status < 400)

    @cached_property
    def verdict(self) -> ContractReview:
        """What the contract says of the request."""
        return judged(self)

    def __str__(self) -> str:
        """A line for people: number, status, request, body, fault."""
        parts = [f"{self.number:4}", str(self.status or "---"), self.method, self.target]
        if self.content:
            text = self.content.decode("utf-8", errors="replace")
            parts.append(text if len(text) <= 100 else f"{text[:99]}…")
        parts.extend(f"[{name}]" for name in self.files)
        if self.fault:
            parts.append(f"({self.fault})")
        return " ".join(parts)
