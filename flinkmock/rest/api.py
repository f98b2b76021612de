"""Flink's REST API without a socket: a request in, a response out.

    request = api.open("GET", "/jobs/overview")     # parses the target and finds the operation
    request.receive(b"...")                         # for each chunk of the body
    request.complete()
    response = api.handle(request)

The server, dry runs, `flinkmock adopt`, `flinkmock coverage` and tests send their requests through this module. It uses
neither asyncio nor aiohttp.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from flinkmock.cluster.errors import ClusterError, NoLeader
from flinkmock.cluster.history import cluster_at
from flinkmock.contract.operation_traits import NO_TRAITS, TRAITS
from flinkmock.flink import messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.options import ALLOW_ORIGIN, MAX_CONTENT_LENGTH
from flinkmock.rest.call import FileContent, Payload, RestCall
from flinkmock.rest.error_mapping import error_response_for
from flinkmock.rest.error_responses import RestRequestRejected, internal_error, plain_error, rest_error
from flinkmock.rest.handlers import handler_of
from flinkmock.rest.handlers.polling import polled_keys
from flinkmock.rest.multipart import MultipartBody, boundary_of
from flinkmock.rest.parameters import duplicate_value_error
from flinkmock.rest.reads import READ_OPERATION_IDS, Read, resource_key
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.rendering import encode
from flinkmock.rest.request import BASE_URL, TOO_LARGE, Request
from flinkmock.rest.resolver import resolver_of
from flinkmock.rest.response import Response
from flinkmock.rest.static_files import StaticFiles

if TYPE_CHECKING:
    from flinkmock.contract import Operation
    from flinkmock.engine import Engine
    from flinkmock.rest.jackson.binding import BodyReader

_LOG = logging.getLogger("flinkmock.server")
_MAX_READS = 1024
"""The maximum number of targets whose reads are cached."""


class RestApi:
    """Answers the requests to one JobManager of a cluster.

    Args:
        engine: The cluster and its contract.
        jobmanager: The index of the JobManager. Each of them serves requests on behalf of the leader.
        static_files: The files that are served if a GET matches no operation; by default a page about flinkmock.
        reuses_reads: Whether a read may be answered with the template of an earlier response. The cluster may then be
            changed only by code that holds `Engine.lock`.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        jobmanager: int = 0,
        static_files: StaticFiles | None = None,
        reuses_reads: bool = False,
    ) -> None:
        contract, configuration = engine.contract, engine.cluster.jobmanager_configuration(jobmanager)
        self.engine = engine
        self.quirks = ReleaseQuirks.of(contract.release)
        self._jobmanager = jobmanager
        self._resolver = resolver_of(contract, configuration.values)
        self.resolve = self._resolver.resolve
        self._reuses_reads = reuses_reads
        self._reads: dict[str, Read | None] = {}
        """Target -> its `Read`; None if it has none, see `read`."""
        self._static_files = static_files or StaticFiles(contract.release, engine.wall_ms)
        self._max_body_bytes = configuration.integer(MAX_CONTENT_LENGTH)
        self.allow_origin = configuration.text(ALLOW_ORIGIN) or "*"
        """The value of the header `access-control-allow-origin`."""

    @cached_property
    def _body_reader(self) -> BodyReader:
        from flinkmock.rest.jackson.binding import BodyReader  # imported with the first body

        return BodyReader(self.engine.contract, self.quirks)

    def open(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, base_url: str = BASE_URL
    ) -> Request:
        """Parse the target, find the operation, and prepare for the body. Never raises: see `Request.rejection`.

        Args:
            method: The HTTP method.
            target: The target in the request line, each byte as one character (Latin-1).
            headers: A mapping that ignores the case of names.
            base_url: The URL at which the request arrived, without a path.
        """
        resolved = self.resolve(method, target)
        request = Request(method, target, headers or {}, base_url, self._max_body_bytes, resolved)
        request.rejection = resolved.rejection
        request.path, request.operation = resolved.path, resolved.operation
        if request.operation is not None:
            request.path_parameters = resolved.path_parameters
            request.job_id = resolved.path_parameters.get("jobid")
        elif method == "GET" and resolved.path is not None:
            request.is_page = self._static_files.has(resolved.path)
        if headers and request.rejection is None:
            self._prepare_for_body(request)
        return request

    def handle(self, request: Request) -> Response:
        """Return the response to a request whose body is complete. Never raises."""
        return self.with_origin(self._handle(request))

    def with_origin(self, response: Response) -> Response:
        """Return the response with the origin that the configuration allows."""
        if self.allow_origin == "*" or not response.has_cors_header:
            return response
        headers = {"access-control-allow-origin": self.allow_origin, **response.headers}
        return dataclasses.replace(response, headers=headers)

    def _handle(self, request: Request) -> Response:
        try:
            return self.respond(request)
        except RestRequestRejected as error:
            return error.response
        except ClusterError as error:
            assert request.operation is not None
            return error_response_for(error, request.operation, self.quirks)
        except Exception as error:
            _LOG.exception("%r", f"{request.method} {request.target}")
            return internal_error(JavaException("java.lang.IllegalStateException", f"flinkmock failed: {error!r}"))

    def respond(self, request: Request, *, counts_as_poll: bool = True) -> Response:
        """Return the response as `handle` does, but raise the error if the request fails.

        Args:
            request: A request whose body is complete.
            counts_as_poll: Whether the request counts as a poll for wait conditions.

        Raises:
            RestRequestRejected: The REST API rejects the request.
            ClusterError: The cluster rejects the request.
        """
        if request.rejection is not None:
            return request.rejection
        with self._lock_for(request.operation):
            leader = self.engine.cluster.leadership.leader
            if request.operation is None:
                return self._static_file_or_not_found(request, has_leader=leader is not None)
            if leader is None:  # LeaderRetrievalHandler checks this before the parameters
                raise NoLeader
            call = self.call(request)
            if counts_as_poll and call.cluster.wait_conditions.by_waiter:
                with self.engine.lock:
                    call.cluster.record_polls(polled_keys(call), call.now)
            if (body := self._body_of_read(call, request)) is not None:
                return Response(request.operation.status, body)
            payload = self._payload(call, request)
            if isinstance(payload, FileContent):
                return Response(request.operation.status, payload.data, payload.content_type, has_cors_header=False)
            body = self._rendered_body(call, payload)
            has_cors_header = not TRAITS.get(request.operation.id, NO_TRAITS).is_log_url  # GeneratedLogUrlHandler
            return Response(request.operation.status, body, has_cors_header=has_cors_header)

    def _rendered_body(self, call: RestCall, payload: Payload) -> bytes:
        operation, renderer = call.operation, self.engine.renderer
        key = resource_key(operation, call.path)
        if self.engine.varied_responses is not None:
            return encode(self.engine.varied_responses.vary(operation, renderer.body(operation, payload, key)))
        if operation.id in self.engine.handler_overrides:  # `body` checks each value that an override returns
            return encode(renderer.body(operation, payload, key))
        return renderer.json(operation, payload, key)

    def _body_of_read(self, call: RestCall, request: Request) -> bytes | None:
        """Return the body of a read, if possible from the template of an earlier one.

        None: the request is not a read, or `_rendered_body` has to render its body.

        Raises:
            ClusterError: The cluster rejects the request.
        """
        if not self._reuses_reads or request.method != "GET" or request.staleness_ms or self.engine.handler_overrides:
            return None
        read = self.read(request.target)
        return None if read is None else read.current_body(self.engine, call.now, call.base_url)

    def _lock_for(self, operation: Operation | None) -> AbstractContextManager[Any]:
        """Return the engine's lock: for reading if neither the operation nor a handler override can change anything."""
        lock = self.engine.lock
        if self.engine.varied_responses is not None:  # each varied response advances a counter
            return lock
        only_reads = operation is None or (
            operation.id in READ_OPERATION_IDS and operation.id not in self.engine.handler_overrides
        )
        return lock.reading if only_reads else lock

    def read(self, target: str) -> Read | None:
        """Return the cached `Read` of a target.

        None: responses to a GET of this target are not reused, because it has no operation, is not a read, or has a
        parameter that can't be converted, or because responses are varied.
        """
        try:
            return self._reads[target]
        except KeyError:
            if len(self._reads) >= _MAX_READS:
                self._reads.clear()
            read = self._reads[target] = self._new_read(target)
            return read

    def _new_read(self, target: str) -> Read | None:
        if self.engine.varied_responses is not None:  # no response is reused
            return None
        resolved = self.resolve("GET", target)
        operation = resolved.operation
        if operation is None or operation.id not in READ_OPERATION_IDS or resolved.parameter_error is not None:
            return None
        return Read(target, operation, resolved, self._jobmanager)

    def payload(self, request: Request) -> Payload:
        """Return the payload for a routed request, which does not count as a poll. Raises as `respond` does."""
        with self.engine.lock:
            return self._payload(self.call(request), request)

    def call(self, request: Request) -> RestCall:
        """Return the call for a routed request, with the converted body and parameters.

        In step mode, advance the clock for the request, unless that has been done already.

        Raises:
            RestRequestRejected: The body or a parameter can't be read.
            NoLeader: There is no leader.
        """
        operation, resolved = request.operation, request.resolved
        assert operation is not None and resolved is not None
        # the body is read before the parameters, so that its errors come first
        reads_body = not TRAITS.get(operation.id, NO_TRAITS).is_log_url
        content = request.body.content if reads_body else b""
        body = self._body_reader.read(operation, content) if content or operation.request else {}
        if body is None and not self.quirks.null_body_checked_last:
            raise _missing_body_error()
        if resolved.parameter_error is not None:
            raise RestRequestRejected(resolved.parameter_error)
        if body is None:
            raise _missing_body_error()
        path, query = resolved.path_values, resolved.query_values
        if query and (message := duplicate_value_error(operation, query, body)):
            raise RestRequestRejected(rest_error(400, message))
        request.job_id = path.get("jobid")
        if request.arrived_at is None:
            request.arrived_at = self.engine.advance_for_request()
        cluster = self.engine.cluster
        if cluster.leadership.leader is None:  # the leader may have crashed when the clock advanced
            raise NoLeader
        now, files = request.arrived_at, request.body.files
        return RestCall(operation, cluster, now, path, query, body, files, request.base_url, self._jobmanager)

    def _payload(self, call: RestCall, request: Request) -> Payload:
        if request.staleness_ms:
            call = _call_in_the_past(call, request.staleness_ms)
        override = self.engine.handler_overrides.get(call.operation.id)
        if override is not None:
            payload = override(dataclasses.replace(call, default_body=partial(self._default_body, call)))
            if payload is not None:
                return payload
        return handler_of(call.operation.id)(call)

    def _default_body(self, call: RestCall) -> Any:
        """Return the body that flinkmock's own handler gives, for `RestCall.response`; bytes if it is a file."""
        payload = handler_of(call.operation.id)(call)
        if isinstance(payload, FileContent):
            return payload.data
        return json.loads(self.engine.renderer.json(call.operation, payload, resource_key(call.operation, call.path)))

    def _prepare_for_body(self, request: Request) -> None:
        """Choose what receives the body, or reject the request because of its head.

        The size of a multipart body is not limited, because FileUploadHandler reads it first (observed on 2.3.0).
        """
        boundary = boundary_of(request.headers.get("Content-Type", "")) if request.method == "POST" else None
        length = request.headers.get("Content-Length", "")
        if boundary is None and length.isdecimal() and int(length) > self._max_body_bytes:
            request.rejection = TOO_LARGE
        elif boundary is not None:
            request.max_body_bytes = None
            operation = request.operation
            if self.quirks.uploads_checked_before_routing:
                operation = self._resolver.router.multipart_operation(request.target)
            takes_files = operation is not None and operation.file_upload
            try:
                request.body = MultipartBody(
                    boundary, self.quirks, path_accepts_post=operation is not None, takes_files=takes_files
                )
            except RestRequestRejected as error:
                request.rejection = error.response

    def _static_file_or_not_found(self, request: Request, *, has_leader: bool) -> Response:
        if request.method == "GET":
            if not has_leader:
                return plain_error(503, messages.NO_LEADER, has_cors_header=False)
            return self._static_files.response(request.path or "", request.headers.get("If-Modified-Since"))
        includes_path = self.quirks.not_found_includes_path
        return plain_error(404, messages.not_found(request.target) if includes_path else messages.NOT_FOUND)


def _missing_body_error() -> RestRequestRejected:
    """Return the error of HandlerRequest for the body `null`."""
    return RestRequestRejected(internal_error(JavaException("java.lang.NullPointerException")))


def _call_in_the_past(call: RestCall, staleness_ms: int) -> RestCall:
    """Return the call with the cluster as it was `staleness_ms` ago, or when it started if that is later.

    Raises:
        NoLeader: There was no leader at that time.
    """
    time = max(call.now - staleness_ms, call.cluster.started_at)
    cluster = cluster_at(call.cluster, time)
    if cluster is None:
        raise NoLeader
    return dataclasses.replace(call, cluster=cluster, now=time)
