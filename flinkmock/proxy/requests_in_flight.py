"""The requests of a proxy that wait for their complete response."""

from __future__ import annotations

import time

from flinkmock.proxy.traffic_checker import TrafficChecker
from flinkmock.rest.request import Request


class RequestsInFlight:
    """The requests whose response has not been sent completely.

    Attributes:
        is_stopping: Whether the proxy stops. If so, this is why requests end without a complete response.
    """

    def __init__(self, checker: TrafficChecker) -> None:
        self.is_stopping = False
        self._checker = checker
        self._requests: dict[int, tuple[Request, int]] = {}
        """`id` of a request -> the request, and the `time.monotonic_ns` at which it was received."""

    def __len__(self) -> int:
        return len(self._requests)

    def add(self, request: Request) -> None:
        self._requests[id(request)] = request, time.monotonic_ns()

    def remove(self, request: Request) -> None:
        """Remove a request, unless it has ended without a complete response."""
        self._requests.pop(id(request), None)

    def end_without_response(self, request: Request) -> None:
        """Remove a request that the client or the proxy has ended early, and count it with how long it waited."""
        _, received_ns = self._requests.pop(id(request), (None, None))
        if received_ns is None:
            return
        if self.is_stopping:
            reason = "no response before the proxy stopped"
        else:
            reason = "the client disconnected before the response was complete"
        seconds = (time.monotonic_ns() - received_ns) // 1_000_000_000
        self._checker.add_unanswered(f"{request.operation or request.method}: {reason}", f"{seconds} s")

    def end_all(self) -> None:
        """End all requests without a complete response."""
        for request, _ in list(self._requests.values()):
            self.end_without_response(request)
