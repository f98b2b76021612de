"""Middleware that closes connections to a JobManager that is down, or to a cluster that is shut down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flinkmock.rest.response import NoResponse

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.rest.request import Request, RequestHandler
    from flinkmock.rest.response import Response


class LeadershipMiddleware:
    """Runs the events that are due; then closes the connection if the JobManager with the index `jobmanager` is down.

    After a shutdown of the cluster, it closes the connection without running events. While there is no leader, a
    JobManager that is up still responds (`RestApi`). The engine's lock is held until the response is complete, so that
    a request sees one state of the cluster. It is taken for reading, so that reads don't invalidate response templates;
    code that changes the cluster takes it again (`StateLock`).
    """

    def __init__(self, handler: RequestHandler, engine: Engine, jobmanager: int = 0) -> None:
        self._handler = handler
        self._engine = engine
        self._jobmanager = jobmanager

    def handle(self, request: Request) -> Response | NoResponse:
        engine = self._engine
        with engine.lock.reading:
            if engine.cluster.is_shut_down:  # a connection opened before the shutdown may still send requests
                return NoResponse()
            request.arrived_at = engine.begin_request(self._jobmanager)
            if engine.cluster.leadership.jobmanagers[self._jobmanager].is_down:
                return NoResponse()
            return self._handler.handle(request)
