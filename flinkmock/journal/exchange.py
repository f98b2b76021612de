"""One request and its response, as the journal records them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from flinkmock.contract import Contract
from flinkmock.journal.contract_review import ContractReview, review

if TYPE_CHECKING:
    from flinkmock.contract import Operation

MAX_BODY_BYTES = 16 * 1024
"""The maximum size of a recorded request body, in bytes."""


def _loads(content: bytes) -> Any:
    """Parse JSON. Raises ValueError, also for NaN, infinities and floating-point numbers that are too large."""

    def finite(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise ValueError
        return value

    return json.loads(content, parse_float=finite, parse_constant=finite)


@dataclass
class Exchange:
    """One request and its response. All attributes except `number` are set before it is added to the journal.

    Attributes:
        method: HTTP method.
        target: Request target as the client sent it: path and query.
        time: Cluster time at which the request arrived, in ms since the epoch; in the proxy, wall-clock time.
        status: Status of the response; 0 if there was none.
        operation: Operation id in the contract; None if no operation matched.
        job_id: Job id of the path, in lower case if the cluster has handled the request.
        number: Number of the request in the journal, from 1.
        wall_time: Wall-clock time at which the request was received, in ms since the epoch.
        duration_us: From receiving the head until the response was ready, in microseconds; in the proxy, until a
            response that no fault changes was forwarded. The delay of a fault does not count.
        job: Name of the job with the id `job_id`; None if there is no such job.
        parameters: Path parameters, decoded but not converted.
        headers: Headers of the request, in order.
        body_bytes: Body of the request as sent (of an upload, its JSON part); None if it has more than 16 KiB. Empty if
            the request was rejected because of its target, size or form, or by the ingress.
        files: Names of the uploaded files.
        response_size: Size of the response body, in bytes.
        content_type: Content type of the response.
        error_message: The line of an error response that names the mistake or exception, or its status if there is
            none; None if the response is not an error.
        fault: Name of the fault that was applied; None if there was none.
        contract: The contract of the served release.
        is_page: Whether the request is a GET of a page of the dashboard.
    """

    method: str
    target: str
    time: int = 0
    status: int = 0
    operation: str | None = None
    job_id: str | None = None
    number: int = field(default=0, compare=False)
    wall_time: int = field(default=0, compare=False)
    duration_us: int = field(default=0, compare=False)
    job: str | None = field(default=None, compare=False)
    parameters: Mapping[str, str] = field(default_factory=dict, compare=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)
    body_bytes: bytes | None = field(default=b"", compare=False, repr=False)
    files: tuple[str, ...] = field(default=(), compare=False)
    response_size: int = field(default=0, compare=False)
    content_type: str | None = field(default=None, compare=False)
    error_message: str | None = field(default=None, compare=False, repr=False)
    fault: str | None = field(default=None, compare=False)
    contract: Contract | None = field(default=None, compare=False, repr=False)
    is_page: bool = field(default=False, compare=False, repr=False)

    @property
    def path(self) -> str:
        """The decoded path, without the query."""
        return unquote(self.target.partition("?")[0])

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.target.partition("?")[2], keep_blank_values=True)

    @cached_property
    def body(self) -> Any:
        """The JSON body of the request; None if there is no body, or if Python can't parse it or write it again."""
        try:
            return _loads(self.body_bytes) if self.body_bytes else None
        except (ValueError, RecursionError):
            return None

    @property
    def contract_operation(self) -> Operation | None:
        """The operation that the request matched; None if it matched none."""
        if self.contract is None or self.operation is None:
            return None
        return self.contract.operation(self.operation)

    @property
    def matched(self) -> bool:
        """Whether the request matched an operation or a page of the dashboard."""
        return self.operation is not None or self.is_page

    @cached_property
    def contract_review(self) -> ContractReview:
        """The review of the request by the contract."""
        return review(self)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Sentences about fields and query parameters that the served release does not read."""
        return self.contract_review.ignored

    def __str__(self) -> str:
        """Return one line: number, status, request, body, files, fault."""
        parts = [f"{self.number:4}", str(self.status or "---"), self.method, self.target]
        if self.body_bytes:
            text = " ".join(self.body_bytes.decode("utf-8", errors="replace").split())
            parts.append(text if len(text) <= 100 else f"{text[:99]}…")
        parts.extend(f"[{name}]" for name in self.files)
        if self.fault:
            parts.append(f"({self.fault})")
        return " ".join(parts)
