"""A request, as middlewares and the REST API handle it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from flinkmock.rest.error_responses import RestRequestRejected
from flinkmock.rest.response import NoResponse, Response

if TYPE_CHECKING:
    from flinkmock.contract import Operation
    from flinkmock.faults.selection import FaultHit
    from flinkmock.rest.call import UploadedFile
    from flinkmock.rest.resolver import ResolvedTarget

BASE_URL = "http://127.0.0.1:8081"
"""The base URL of requests that do not come from a socket."""
TOO_LARGE = Response(413, b"", content_type=None, has_cors_header=False, closes_connection=True)
"""The response of Netty's HttpObjectAggregator to a body that is too large."""


class RequestBody(Protocol):
    """Receives the body of a request as it arrives."""

    @property
    def content(self) -> bytes:
        """The JSON text: the whole body, or one part of a multipart form."""

    @property
    def files(self) -> Sequence[UploadedFile]:
        """The uploaded files, on disk until `close`."""

    def receive(self, chunk: bytes) -> None:
        """Receive the next chunk. Raises RestRequestRejected."""

    def complete(self) -> None:
        """Handle the end of the body. Raises RestRequestRejected."""

    def close(self) -> None:
        """Remove the files that no handler has moved."""


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

    `RestApi.open`, or `Proxy`, creates it from the head. The transport passes the body to `receive`, and calls
    `complete` after the body, even if there is none. Then a middleware or `RestApi` handles the request. `close`
    removes files of an upload.

    Attributes:
        method: The HTTP method.
        target: The target in the request line, without the base path of an ingress and the prefix of a hosted cluster;
            each byte is one character.
        headers: The headers; names are compared without regard to case.
        base_url: The URL at which the request arrived, without a path.
        resolved: The target, parsed and routed by the REST API; None in the proxy.
        max_body_bytes: The maximum size of the body; None: any size.
        path: The path of the target, decoded once; None if the target is rejected.
        operation: The operation to which the request is routed; None if there is none.
        path_parameters: Parameter name -> text, decoded twice (in the proxy once) and not converted.
        is_page: Whether the request is a GET of a page of the dashboard; False in the proxy.
        body: Receives the body.
        rejection: The response to a request that reaches no handler because of a malformed target, a request line or
            body that is too large, a multipart form that Flink doesn't accept, or the ingress.
        ends_at_ingress: Whether `rejection` comes from the ingress in front of the cluster.
        job_id: The job id in the path: as it was sent, and in lower case after the parameters are converted.
        arrived_at: The cluster time at which the request arrived (epoch ms). None: the request has not reached the
            cluster, and a clock in step mode has not advanced for it.
        fault: The fault that applies to the request.
        staleness_ms: The age of the state that the response shows, in ms.
        received_ms: The wall-clock time at which the head was received (epoch ms), set by the transport.
        received_ns: The same time, as a value of `time.perf_counter_ns`.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    base_url: str = BASE_URL
    max_body_bytes: int | None = 0
    resolved: ResolvedTarget | None = None
    path: str | None = None
    operation: Operation | None = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    is_page: bool = False
    body: RequestBody = field(default_factory=PlainBody)
    rejection: Response | None = None
    ends_at_ingress: bool = False
    job_id: str | None = None
    arrived_at: int | None = None
    fault: FaultHit | None = None
    staleness_ms: int = 0
    received_ms: int = 0
    received_ns: int = 0
    _size: int = 0

    def receive(self, chunk: bytes) -> bool:
        """Receive the next chunk of the body; return False if the request is rejected and needs no more of its body."""
        self._size += len(chunk)
        if self.max_body_bytes is not None and self._size > self.max_body_bytes:
            self.rejection = TOO_LARGE
        else:
            try:
                self.body.receive(chunk)
            except RestRequestRejected as error:
                self.rejection = error.response
        return self.rejection is None

    def complete(self) -> None:
        """Handle the end of the body; do nothing if the request is rejected."""
        if self.rejection is None:
            try:
                self.body.complete()
            except RestRequestRejected as error:
                self.rejection = error.response

    def close(self) -> None:
        self.body.close()


class RequestHandler(Protocol):
    """A middleware, or the REST API itself."""

    def handle(self, request: Request) -> Response | NoResponse: ...
