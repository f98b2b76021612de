"""Middleware that answers the requests that end at the ingress."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.rest.request import Request, RequestHandler
    from flinkmock.rest.response import NoResponse, Response


class IngressMiddleware:
    """Returns the response of the ingress if a request ends there; passes all other requests to `handler`."""

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler

    def handle(self, request: Request) -> Response | NoResponse:
        if request.ends_at_ingress and request.rejection is not None:
            return request.rejection
        return self._handler.handle(request)
