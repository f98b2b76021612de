"""Sends the requests of a suite to a Flink REST API, real or fake, and records each with its response.

A step records its request as a template ("/jobs/{job}/vertices/{vertex}"), because ids differ from server to server.
`compare.py` compares the recordings of two servers step by step. The driver uses only HTTP.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.fidelity import multipart
from tests.fidelity.recorded_response import NO_RESPONSE, TEXT_LIMIT, RawResponse, record

UNKNOWN_ID = "0123456789abcdef0123456789abcdef"
RESPONSE_TIMEOUT_S = 60
CHUNK_SIZE = 1 << 16
"""How many bytes of a body are sent at once."""
RECORDED_BODY_LIMIT = 200
"""The length up to which a raw request body is recorded, in bytes. Of longer ones, only the length is recorded."""
SHAPE_ERRORS = (KeyError, TypeError, IndexError, AttributeError, StopIteration, ValueError)
"""The errors of code that reads a body of an unexpected shape. They do not end a suite, so that servers that send
wrong bodies can be compared, too."""
NETWORK_ERRORS = (OSError, http.client.HTTPException)

Step = dict[str, Any]
Body = Any
"""The body of a response: JSON, text, or None."""


class PreparedRequest(NamedTuple):
    """A request with its variables replaced. `recorded` is its template, `options` are arguments of `Driver.send`."""

    recorded: dict[str, Any]
    target: str
    options: dict[str, Any]


class Driver:
    """Runs suites against one server.

    Args:
        base_url: The base URL of the server.
        jar_folder: The folder with the jars of the recorded jobs.
        scratch: A folder to which the cluster can write savepoints.

    Attributes:
        suite: The name of the suite.
        steps: The recorded steps of the suite.
        variables: The values of the variables in templates: {job}, {vertex} …
        last_response: The response of the last step, as it is recorded.
    """

    def __init__(self, base_url: str, jar_folder: Path, scratch: str) -> None:
        url = urllib.parse.urlsplit(base_url)
        self.host, self.port, self.base_path = url.hostname or "", url.port or 80, url.path.rstrip("/")
        self.jar_folder = jar_folder
        self.scratch = scratch
        self._recording_start = time.time()
        self.begin_suite("")

    def begin_suite(self, suite: str) -> None:
        """Clear the steps and variables of the previous suite."""
        self.suite = suite
        self.steps: list[Step] = []
        self.variables: dict[str, Any] = {"unknown": UNKNOWN_ID, "scratch": self.scratch}
        self.last_response: dict[str, Any] = dict(NO_RESPONSE)
        self._name_counts: dict[str, int] = {}

    # -- one exchange

    def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = RESPONSE_TIMEOUT_S,
        connection: http.client.HTTPConnection | None = None,
    ) -> RawResponse:
        """Send a request whose target is the base path and `target`; open a new connection unless one is passed."""
        conn = connection or http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            conn.putrequest(method, self.base_path + target, skip_accept_encoding=True)
            headers = dict(headers or {})
            if body is not None and "content-length" not in {name.lower() for name in headers}:
                headers["Content-Length"] = str(len(body))
            for name, value in headers.items():
                conn.putheader(name, value)
            conn.endheaders()
            if body is not None:
                self._send_body(conn, body)
            response = conn.getresponse()
            return RawResponse(response.status, response.reason, response.getheaders(), response.read())
        finally:
            if connection is None:
                conn.close()

    @staticmethod
    def _send_body(conn: http.client.HTTPConnection, body: bytes) -> None:
        try:
            for offset in range(0, len(body), CHUNK_SIZE):
                conn.sock.sendall(body[offset : offset + CHUNK_SIZE])
        except OSError:
            pass  # the server has responded early and closed the connection; the response may still be readable

    def exchange(
        self, method: str, target: str, text_limit: int = TEXT_LIMIT, **options: Any
    ) -> tuple[dict[str, Any], Body]:
        """Send a request; return the response as it is recorded, and its body. Without a response the status is 0."""
        try:
            return record(self.send(method, target, **options), text_limit)
        except NETWORK_ERRORS as error:
            return NO_RESPONSE | {"reason": type(error).__name__}, None

    def fill(self, value: Any) -> Any:
        """Replace each {name} in a template with the value of the variable. Unknown names stay as they are."""
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda match: str(self.variables.get(match[1], match[0])), value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {name: self.fill(item) for name, item in value.items()}
        return value

    def prepare(
        self,
        method: str,
        path: str,
        query: str | None = None,
        json_body: Any = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        parts: list[multipart.Part] | None = None,
    ) -> PreparedRequest:
        """Replace the variables of a request, and encode its body: `json_body`, `body` or `parts`."""
        recorded: dict[str, Any] = {"method": method, "path": path}
        if query is not None:
            recorded["query"] = query
        headers = dict(headers or {})
        encoded_body = body
        if json_body is not None:
            recorded["body"] = json_body
            encoded_body = json.dumps(self.fill(json_body)).encode()
            headers.setdefault("Content-Type", "application/json")
        elif body is not None:
            recorded["body"] = body.decode("latin1") if len(body) <= RECORDED_BODY_LIMIT else f"<{len(body)} bytes>"
        elif parts is not None:
            recorded["multipart"] = multipart.describe(parts)
            encoded_body, content_type = multipart.encode(parts)
            headers.setdefault("Content-Type", content_type)
        if headers:
            recorded["headers"] = {
                name: re.sub(r"boundary=.*", "boundary=...", value) for name, value in headers.items()
            }
        target = self.fill(path) + (f"?{self.fill(query)}" if query else "")
        return PreparedRequest(recorded, target, {"headers": headers, "body": encoded_body})

    # -- steps

    def step(
        self,
        name: str | None,
        method: str,
        path: str,
        query: str | None = None,
        *,
        text_limit: int = TEXT_LIMIT,
        timeout: float = RESPONSE_TIMEOUT_S,
        volatile: bool = False,
        **request: Any,
    ) -> Body:
        """Record one request. Return the parsed body of the response.

        Args:
            name: The name of the step; by default, it consists of the method and the templates of path and query.
            method: The HTTP method.
            path: The template of the path.
            query: The template of the query.
            text_limit: The length to which a text body is cut, in characters.
            timeout: The maximum time to wait for the response, in seconds.
            volatile: Whether the body may be empty or lack keys: its content depends on when the cluster last fetched
                metrics.
            request: Further arguments of `prepare`.
        """
        recorded, target, options = self.prepare(method, path, query, **request)
        step = self.new_step(name or f"{method} {path}" + (f"?{query}" if query else ""), recorded)
        if volatile:
            step["volatile"] = True
        start = time.time()
        step["response"], body = self.exchange(method, target, text_limit, timeout=timeout, **options)
        self.add_step(step, start)
        self.last_response = step["response"]
        return body

    def read(self, path: str, query: str | None = None, **options: Any) -> Body:
        """Record a GET request, named after its template."""
        return self.step(None, "GET", path, query, **options)

    def poll(
        self,
        name: str,
        path: str,
        state_of: Callable[[Body], str],
        until: Callable[[Body], bool],
        timeout: float = 30,
        interval: float = 0.1,
    ) -> Body:
        """Poll until `until(body)` is true or the timeout has passed; return the last body.

        The poll is recorded as one step: the last response, and a timeline of the states, see `add_to_timeline`.

        Args:
            name: The name of the step.
            path: The template of the path.
            state_of: Returns the text that the timeline shows for a body.
            until: Returns whether a body ends the poll.
            timeout: The maximum time to poll, in seconds.
            interval: The time between two requests, in seconds.
        """
        recorded, target, options = self.prepare("GET", path)
        step = self.new_step(name, recorded) | {"timeline": [], "polls": 0}
        start = time.time()
        while True:
            response, body = self.exchange("GET", target, **options)
            self.add_to_timeline(step, start, response, body, state_of)
            if is_met(until, body) or time.time() - start > timeout:
                break
            time.sleep(interval)
        self.add_step(step, start)
        return body

    def new_step(self, name: str, request: dict[str, Any]) -> Step:
        """Return a new step. If the suite already has a step of this name, the name gets a number."""
        count = self._name_counts[name] = self._name_counts.get(name, 0) + 1
        return {"suite": self.suite, "step": name if count == 1 else f"{name} #{count}", "request": request}

    def add_step(self, step: Step, start: float) -> None:
        """Add a step that started at `start` (`time.time()`) to the recording.

        `t_ms` is its duration; `at_ms` is its start, in ms since the driver was created.
        """
        step["t_ms"] = round((time.time() - start) * 1000)
        step["at_ms"] = round((start - self._recording_start) * 1000)
        self.steps.append(step)

    @staticmethod
    def add_to_timeline(
        step: Step, start: float, response: dict[str, Any], body: Body, state_of: Callable[[Body], str]
    ) -> None:
        """Count a polled response and, if the state has changed, add it to the timeline of its step.

        An entry of the timeline is [ms since `start`, status, state_of(body)].
        """
        step["polls"] += 1
        step["response"] = response
        try:
            text = state_of(body) if response["status"] // 100 == 2 else f"HTTP {response['status']}"
        except SHAPE_ERRORS:
            text = "?"
        timeline = step["timeline"]
        if not timeline or timeline[-1][2] != text:
            timeline.append([round((time.time() - start) * 1000), response["status"], text])

    # -- requests that are not recorded

    def peek(self, path: str) -> Body:
        """Return the JSON of the response to a GET request; None if it is not an object or list."""
        try:
            body = json.loads(self.send("GET", self.fill(path)).body)
        except (*NETWORK_ERRORS, ValueError):
            return None
        return body if isinstance(body, dict | list) else None

    def wait(self, path: str, until: Callable[[Body], bool], timeout: float = 30, interval: float = 0.1) -> Body:
        """Poll like `poll`, but record nothing; return the last body."""
        end = time.time() + timeout
        body = None
        while time.time() < end:
            body = self.peek(path)
            if is_met(until, body):
                break
            time.sleep(interval)
        return body

    def connect(self) -> socket.socket:
        """Open a connection to the server."""
        return socket.create_connection((self.host, self.port), timeout=20)


def is_met(until: Callable[[Body], bool], body: Body) -> bool:
    """Return whether the condition holds. It does not hold for a body of an unexpected shape."""
    try:
        return until(body)
    except SHAPE_ERRORS:
        return False
