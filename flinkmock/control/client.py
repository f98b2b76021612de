"""A client of the control API, for `flinkmock ctl`."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from flinkmock.control.api import API_PREFIX, PREFIX
from flinkmock.control.operation import JSON, YAML
from flinkmock.errors import InvalidArgument, ServerUnreachable
from flinkmock.server_url import split_server_url

TIMEOUT_S = 75.0
"""The timeout of a request in wall-clock seconds, in addition to the time that the server may wait."""


class ControlApiError(Exception):
    """The control API has responded with an error.

    Attributes:
        status: The status of the response.
        message: The error message.
        details: A mapping for each mistake: `message`, and `path`, `file`, `line` and `column` if they are known.
    """

    def __init__(self, status: int, message: str, details: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.details = status, message, details


class ControlClient:
    """Sends requests to the control API of one cluster.

    Args:
        url: The URL of the cluster, or of its control API.
        token: The control token; None: none is sent.
        context: The SSL context for TLS; None: the default one.

    Raises:
        InvalidArgument: The URL is not a valid HTTP URL.
    """

    def __init__(self, url: str, token: str | None = None, context: ssl.SSLContext | None = None) -> None:
        try:
            parts = split_server_url(url)
        except ValueError as error:
            raise InvalidArgument(f'"{url}" is not the URL of a cluster: {error}.') from None
        base_path = parts.path.partition(PREFIX)[0].rstrip("/")
        self.url = f"{parts.scheme}://{parts.netloc}{base_path}"
        self._api_path = base_path + API_PREFIX
        self._is_tls, self._tls_context = parts.scheme == "https", context
        self._host, self._port = parts.hostname or "", parts.port
        self._token = token

    def request(
        self,
        method: str,
        *segments: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        yaml: str | None = None,
        accept: str = JSON,
        server_wait_s: float = 0,
    ) -> Any:
        """Send a request; return the JSON of the response, its text if it is not JSON, or None if it is empty.

        Args:
            segments: The segments of the path below `API_PREFIX`.
            query: The query parameters; values of None are left out.
            body: A body that is sent as JSON; None: no body.
            yaml: A YAML body, instead of `body`.
            accept: The header `Accept`.
            server_wait_s: How long the server may wait before it responds, in wall-clock seconds.

        Raises:
            ControlApiError: The response is an error.
            ServerUnreachable: There is no response, or the response is a redirect, or an error response that is not
                from a control API.
        """
        target = f"{self._api_path}/{'/'.join(quote(segment, safe='') for segment in segments)}"
        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        if parameters:
            target += f"?{urlencode(parameters)}"
        headers = {"Accept": accept, **({"Authorization": f"Bearer {self._token}"} if self._token else {})}
        request_body: bytes | None = None
        if yaml is not None:
            headers["Content-Type"], request_body = YAML, yaml.encode()
        elif body is not None:
            headers["Content-Type"], request_body = JSON, json.dumps(body).encode()
        connection = self._connection(TIMEOUT_S + server_wait_s)
        try:
            connection.request(method, target, request_body, headers)
            response = connection.getresponse()
            response_body = response.read()
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ServerUnreachable(f"No response from {self.url}: {reason}.") from None
        finally:
            connection.close()
        if 300 <= response.status < 400:
            location = response.getheader("Location", "an unknown location")
            raise ServerUnreachable(f"{self.url} responds with {response.status}, a redirect to {location}.")
        if response.status >= 400:
            raise self._error(response.status, response_body)
        if response.getheader("Content-Type", "").startswith(JSON):
            return json.loads(response_body)
        return response_body.decode(errors="replace") if response_body else None

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._is_tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls_context)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _error(self, status: int, response_body: bytes) -> Exception:
        try:
            error = json.loads(response_body)["error"]
            return ControlApiError(status, error["message"], error.get("details", ()))
        except (ValueError, LookupError, TypeError):
            return ServerUnreachable(
                f"{self.url} has no control API: it responds with {status}. Is it a fake cluster, and was it "
                "started with --no-control or --control-port?"
            )
