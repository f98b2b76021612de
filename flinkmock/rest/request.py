"""One request on its way through the middlewares to the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from flinkmock.rest.error_responses import RequestRejected
from flinkmock.rest.response import NoResponse, Response

if TYPE_CHECKING:
    from flinkmock.contract import Operation
    from flinkmock.faults.decide import FaultHit
    from flinkmock.rest.call import UploadedFile
    from flinkmock.rest.resolver import ResolvedTarget

BASE_URL = "http://127.0.0.1:8081"
TOO_LARGE = Response(413, b"", content_type=None, cors=False, close=True)
"""Netty's HttpObjectAggregator."""


class RequestBody(Protocol):
    """Takes the body of a request as it arrives."""

    @property
    def content(self) -> bytes:
        """The JSON text: the whole body, or one part of a multipart form."""

    @property
    def files(self) -> Sequence[UploadedFile]:
        """The uploaded files, on disk until `close`."""

    def receive(self, chunk: bytes) -> None:
        """Raises RequestRejected."""

    def complete(self) -> None:
        """The body ends here. Raises RequestRejected."""

    def close(self) -> None:
        """Remove the files that no handler has taken."""


class PlainBody:
    """A body that is not a multipart form."""

    __slots__ = ("_chunks",)
    files: Sequence[UploadedFile] = ()

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    @property
    def content(self) -> bytes:
        if len(self._chunks) > 1:
            self._chunks = [b"".join(self._chunks)]  # a long body is not kept twice
        return self._chunks[0] if self._chunks else b""

    def receive(self, chunk: bytes) -> None:
        self._chunks.append(chunk)

    def complete(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass(slots=True)
class Request:
    """One request.

    `RestApi.open` makes it from the head. The transport passes the body to `receive` and calls `complete` at its end,
    even if there is no body; then a middleware or `RestApi` handles it. `close` removes what is left of an upload.

    Attributes:
        target: What the request line holds, each byte as one character.
        headers: The headers; names are compared without regard to case.
        base_url: The address at which the request arrived, without a final slash.
        resolved: The target, parsed and routed by the REST API; None in the proxy.
        max_body: The size of the largest body, in bytes; None: any size.
        path: The path of the target, decoded once; None if it can't be decoded.
        operation: The operation to which the request is routed; None: there is none.
        path_parameters: Parameter name -> text, decoded twice and not converted.
        rejection: The response to a request that is not even looked at: a malformed target, a body that is too large
            or a multipart form that Flink doesn't accept.
        ends_at_ingress: Whether `rejection` comes from a proxy in front of the cluster.
        job_id: The job that the request names, as written until the parameters are converted.
        arrived_at: Cluster time at which the request arrived (epoch ms). None: it has not reached the cluster, and a
            clock that moves one step per request has not moved for it.
        fault: The fault that applies to the request.
        staleness_ms: How old the state is that the response shows.
        received_at_ms: Wall clock when the head arrived (epoch ms); set by the transport, like `received_ns`.
        received_ns: The same moment as `time.perf_counter_ns` shows it.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    base_url: str = BASE_URL
    max_body: int | None = 0
    resolved: ResolvedTarget | None = None
    path: str | None = None
    operation: Operation | None = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    body: RequestBody = field(default_factory=PlainBody)
    rejection: Response | None = None
    ends_at_ingress: bool = False
    job_id: str | None = None
    arrived_at: int | None = None
    fault: FaultHit | None = None
    staleness_ms: int = 0
    received_at_ms: int = 0
    received_ns: int = 0
    _size: int = 0

    def receive(self, chunk: bytes) -> bool:
        """Take the next chunk of the body. False: the request is rejected, and the rest of the body is not needed."""
        self._size += len(chunk)
        if self.max_body is not None and self._size > self.max_body:
            self.rejection = TOO_LARGE
        else:
            try:
                self.body.receive(chunk)
            except RequestRejected as error:
                self.rejection = error.response
        return self.rejection is None

    def complete(self) -> None:
        """The body ends here. Does nothing for a rejected request."""
        if self.rejection is None:
            try:
                self.body.complete()
            except RequestRejected as error:
                self.rejection = error.response

    def close(self) -> None:
        self.body.close()


class RequestHandler(Protocol):
    """A middleware, or the REST API itself."""

    def handle(self, request: Request) -> Response | NoResponse: ...
