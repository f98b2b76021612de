"""A client in the same process, whose requests go through `RestApi` without a socket."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict

from flinkmock.rest.api import RestApi
from flinkmock.rest.call import Payload, UploadedFile
from flinkmock.rest.error_responses import RestRequestRejected
from flinkmock.rest.request import Request
from flinkmock.rest.response import JSON, Response, is_error_status

if TYPE_CHECKING:
    from flinkmock.engine import Engine


_BOUNDARY = "b3f1c9d07ae24856a1d40be8c6f97235"
"""A random text, which uploaded files are not expected to contain."""


class OperationNotFound(Exception):
    """The release has no such operation, or it is not enabled in the cluster's configuration."""


class InProcessClient:
    """Sends requests to `engine`.

    Arguments of the methods:
        target: As in a request line: "/jobs/overview?a=b".
        body: A JSON value; None: the request has no body.
        files: Sent as a multipart form, whose part "request" is then the body.
    """

    def __init__(self, engine: Engine, api: RestApi | None = None) -> None:
        self.engine = engine
        self.api = api or RestApi(engine)

    def send(self, method: str, target: str, body: Any = None, files: Sequence[UploadedFile] = ()) -> Response:
        """Return the response, whatever its status."""
        request = self.create_request(method, target, body, files)
        try:
            return self.api.handle(request)
        finally:
            request.close()

    def json(self, method: str, target: str, body: Any = None, files: Sequence[UploadedFile] = ()) -> Any:
        """Return the JSON of a success response, or the bytes if it is a file.

        Raises:
            OperationNotFound: There is no such operation.
            RestRequestRejected: The REST API rejects the request.
            ClusterError: The cluster rejects the request.
        """
        return _body_of(self._success_response(method, target, body, files, counts_as_poll=True))

    def peek(self, target: str) -> Any:
        """Return the same as `json`, for a GET that doesn't count as a poll. Raises the same errors."""
        return _body_of(self._success_response("GET", target, None, (), counts_as_poll=False))

    def payload(self, method: str, target: str, body: Any = None, files: Sequence[UploadedFile] = ()) -> Payload:
        """Return the handler's payload, before rendering. Raises the same errors as `json`."""
        request = self.create_request(method, target, body, files)
        try:
            _check_routed(request)
            return self.api.payload(request)
        finally:
            request.close()

    def create_request(self, method: str, target: str, body: Any = None, files: Sequence[UploadedFile] = ()) -> Request:
        """Return a complete request that can be handled. The caller closes it."""
        headers: CIMultiDict[str] = CIMultiDict()
        content = b"" if body is None else json.dumps(body).encode()
        if files:
            headers["Content-Type"] = f"multipart/form-data; boundary={_BOUNDARY}"
            content = _multipart_form(content, files)
        request = self.api.open(method, target, headers)
        if content:
            request.receive(content)
        request.complete()
        return request

    def _success_response(
        self, method: str, target: str, body: Any, files: Sequence[UploadedFile], *, counts_as_poll: bool
    ) -> Response:
        """Return the response to a request that succeeds. Raises the same errors as `json`."""
        request = self.create_request(method, target, body, files)
        try:
            _check_routed(request)
            response = self.api.respond(request, counts_as_poll=counts_as_poll)
        finally:
            request.close()
        if is_error_status(response.status):
            raise RestRequestRejected(response)
        return response


def _check_routed(request: Request) -> None:
    if request.rejection is not None:
        raise RestRequestRejected(request.rejection)
    if request.operation is None:
        raise OperationNotFound(f"{request.method} {request.target} is not registered")


def _body_of(response: Response) -> Any:
    return json.loads(response.body) if response.content_type == JSON else response.body


def _multipart_form(json_text: bytes, files: Sequence[UploadedFile]) -> bytes:
    parts = [("request", "", json_text)] if json_text else []
    parts += [("file", f'; filename="{file.name}"', file.path.read_bytes()) for file in files]
    form = b""
    for name, filename_parameter, content in parts:
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{filename_parameter}\r\n\r\n'
        form += head.encode() + content + b"\r\n"
    return form + f"--{_BOUNDARY}--\r\n".encode()
