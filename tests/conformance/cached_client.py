"""A client that returns what a fake cluster returned before, except for some responses, without HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from flinkmock.conformance.http_client import HttpClient, HttpRequest, HttpResponse


class CachedClient:
    """Sends each target to `client` once and stores the response in `responses`. `changed` wins over both."""

    url = "http://recorded"

    def __init__(
        self, client: HttpClient, responses: dict[str, HttpResponse], changed: Mapping[str, HttpResponse]
    ) -> None:
        self.requests = 0
        self._client = client
        self._responses = responses
        self._changed = changed

    def send(self, request: HttpRequest) -> HttpResponse:
        self.requests += 1
        if request.target in self._changed:
            return self._changed[request.target]
        if request.target not in self._responses:
            self._responses[request.target] = self._client.send(request)
        return self._responses[request.target]
