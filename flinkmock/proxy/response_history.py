"""Earlier responses of a live cluster, for faults that serve stale responses."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from flinkmock.contract import Operation
from flinkmock.faults import Fault
from flinkmock.rest.response import Response

MAX_BYTES = 64 * 1024 * 1024
"""The maximum size of all bodies, in bytes. Responses of the least recently requested target are dropped first."""


class ResponseHistory:
    """Keeps the responses that `faults` may serve again. Times are in epoch ms."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = [fault for fault in faults if fault.serve_stale]
        self._max_age_ms = max((fault.serve_stale or 0 for fault in self._faults), default=0)
        self._responses: OrderedDict[str, deque[tuple[int, Response]]] = OrderedDict()
        """Target -> times of arrival and responses, the oldest first."""
        self._byte_count = 0

    def is_needed(self, method: str, path: str, operation: Operation | None) -> bool:
        """Return whether a fault may serve the response to a request again."""
        return any(fault.matches(method, path, operation) for fault in self._faults)

    def add(self, target: str, now: int, response: Response) -> None:
        """Add a response to a GET of `target`. The response arrived at `now`."""
        responses = self._responses.setdefault(target, deque())
        self._responses.move_to_end(target)
        responses.append((now, response))
        self._byte_count += len(response.body)
        while len(responses) > 1 and responses[1][0] <= now - self._max_age_ms:
            self._drop_oldest(responses)  # the next one is old enough for all faults
        while self._byte_count > MAX_BYTES:
            oldest_target = next(iter(self._responses))
            self._drop_oldest(self._responses[oldest_target])
            if not self._responses[oldest_target]:
                del self._responses[oldest_target]

    def newest_until(self, target: str, time: int) -> Response | None:
        """Return the last response that arrived at a time or earlier; None if no such response is kept."""
        earlier = [response for arrived_at, response in self._responses.get(target, ()) if arrived_at <= time]
        return earlier[-1] if earlier else None

    def _drop_oldest(self, responses: deque[tuple[int, Response]]) -> None:
        self._byte_count -= len(responses.popleft()[1].body)
