"""A client that requests each target only once, and that replaces some responses."""

from __future__ import annotations

from collections.abc import Mapping

from flinkmock.conformance.http_client import HttpClient, HttpRequest, HttpResponse


class CachedClient:
    """Stores responses and returns them for repeated requests.

    Args:
        client: Sends the first request to each target.
        responses: The stored responses by target.
        changed: Responses that replace those of the server, by target.
    """

    url = "http://recorded"

    def __init__(
        self, client: HttpClient, responses: dict[str, HttpResponse], changed: Mapping[str, HttpResponse]
    ) -> None:
        self.request_count = 0
        self._client = client
        self._responses = responses
        self._changed = changed

    def send(self, request: HttpRequest) -> HttpResponse:
        self.request_count += 1
        if request.target in self._changed:
            return self._changed[request.target]
        if request.target not in self._responses:
            self._responses[request.target] = self._client.send(request)
        return self._responses[request.target]
