"""The direct path of a read, which is answered from a response template.

It does the same as the middlewares and `RestApi` do for a read, in the same order. It leaves everything unusual to
them: errors, polls that satisfy wait conditions, handler overrides, a JobManager that is down.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flinkmock.rest.response import JSON
from flinkmock.server.response_head import head_of, head_start

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.journal.middleware import JournalMiddleware
    from flinkmock.rest.api import RestApi
    from flinkmock.server.request_head import RequestHead


class ReadPath:
    """Answers reads to which no fault applies, for one JobManager.

    Args:
        api: The REST API, which has the cached reads.
        engine: The engine.
        journal: The middleware that records the exchanges.
        jobmanager: The index of the JobManager.
    """

    def __init__(self, api: RestApi, engine: Engine, journal: JournalMiddleware, jobmanager: int) -> None:
        self._api = api
        self._engine = engine
        self._journal = journal
        self._jobmanager = jobmanager
        lower_case_names = api.quirks.lower_case_headers
        self._head_start = head_start(
            200, JSON, allow_origin=api.allow_origin, keep_alive=True, lower_case_names=lower_case_names
        )
        self._closing_head_start = head_start(
            200, JSON, allow_origin=api.allow_origin, keep_alive=False, lower_case_names=lower_case_names
        )

    def respond(self, head: RequestHead, base_url: str) -> bytes | None:
        """Return the bytes of the response to a GET without a body.

        Return None if the middlewares have to handle the request. The clock has then not advanced for it.
        """
        read = self._api.read(head.target)
        if read is None:
            return None
        engine = self._engine
        received_ms, received_ns = engine.wall_ms(), time.perf_counter_ns()
        lock, clock, cluster = engine.lock, engine.clock, engine.cluster
        start = self._head_start if head.keep_alive else self._closing_head_start
        with lock.reading:
            now = clock.now()
            engine.catch_up(now)
            leadership = cluster.leadership
            if (
                cluster.is_shut_down
                or leadership.leader is None
                or leadership.jobmanagers[self._jobmanager].is_down
                or engine.handler_overrides
                or read.is_polled(cluster.wait_conditions.by_waiter)
            ):
                return None
            if clock.step:
                now = engine.advance_for_request()
            if leadership.leader is None:  # the leader crashed when the clock advanced
                return self._respond_through_api(head, base_url, now, received_ms, received_ns)
            template = read.current_template(engine, now, base_url)
            if template is not None:
                message, size = template.response_and_size(start, now)
            else:
                try:
                    body = read.body(engine, now, base_url)
                except Exception:
                    return self._respond_through_api(head, base_url, now, received_ms, received_ns)
                size = len(body)
                message = b"%bcontent-length: %d\r\n\r\n%b" % (start, size, body)
            job = cluster.jobs.get(read.job_id) if read.job_id else None
        self._journal.record_read(read, head.headers, (now, received_ms, received_ns, size, job.name if job else None))
        return message

    def _respond_through_api(
        self, head: RequestHead, base_url: str, now: int, received_ms: int, received_ns: int
    ) -> bytes:
        """Return the bytes of the response of `RestApi`: an error, or a body that only the renderer can write.

        The clock has already advanced to `now` for the request.
        """
        request = self._api.open(head.method, head.target, head.headers, base_url)
        request.received_ms, request.received_ns, request.arrived_at = received_ms, received_ns, now
        response = self._api.handle(request)
        self._journal.record(request, response)
        lower_case_names = self._api.quirks.lower_case_headers
        return head_of(response, keep_alive=head.keep_alive, lower_case_names=lower_case_names) + response.body
