"""Plays scripted requests against a Flink REST API, real or fake, and keeps every exchange.

Each step keeps its request as a template ("/jobs/{job}/vertices/{vertex}"), and what the placeholders stood for in
`variables`, so that the recordings of two servers align step by step (see compare.py). Nothing here looks at anything
but HTTP.
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
from typing import Any

from tests.fidelity import multipart
from tests.fidelity.exchange import NO_ANSWER, TEXT_LIMIT, record

UNKNOWN_ID = "0123456789abcdef0123456789abcdef"
SECONDS_FOR_AN_ANSWER = 60
ODD = (KeyError, TypeError, IndexError, AttributeError, StopIteration, ValueError)
"""Errors that a body of an unexpected shape raises. They don't end the run, so that other servers can be scored."""
NETWORK = (OSError, http.client.HTTPException)

Step = dict[str, Any]
Body = Any


class Driver:
    """One play against one server.

    `jars` is the folder with the oracle's jars, `scratch` a folder on the cluster's side to write savepoints to.
    """

    def __init__(self, target: str, jars: Path, scratch: str) -> None:
        url = urllib.parse.urlsplit(target)
        self.host, self.port, self.base = url.hostname or "", url.port or 80, url.path.rstrip("/")
        self.jars = jars
        self.scratch = scratch
        self.began = time.time()
        self.begin("")

    def begin(self, suite: str) -> None:
        """Forgets the steps and variables of the suite before."""
        self.suite = suite
        self.steps: list[Step] = []
        self.variables: dict[str, Any] = {"unknown": UNKNOWN_ID, "scratch": self.scratch}
        self.last: dict[str, Any] = dict(NO_ANSWER)
        self._names: dict[str, int] = {}

    # One exchange

    def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        payload: bytes | None = None,
        timeout: float = SECONDS_FOR_AN_ANSWER,
        connection: http.client.HTTPConnection | None = None,
    ) -> tuple[int, str, list[tuple[str, str]], bytes]:
        """(status, reason, headers, body); the target goes out exactly as given."""
        conn = connection or http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            conn.putrequest(method, self.base + target, skip_accept_encoding=True)
            headers = dict(headers or {})
            if payload is not None and "content-length" not in {name.lower() for name in headers}:
                headers["Content-Length"] = str(len(payload))
            for name, value in headers.items():
                conn.putheader(name, value)
            conn.endheaders()
            if payload is not None:
                self._send_payload(conn, payload)
            response = conn.getresponse()
            return response.status, response.reason, response.getheaders(), response.read()
        finally:
            if connection is None:
                conn.close()

    @staticmethod
    def _send_payload(conn: http.client.HTTPConnection, payload: bytes) -> None:
        try:
            for start in range(0, len(payload), 1 << 16):
                conn.sock.sendall(payload[start : start + (1 << 16)])
        except OSError:
            pass  # the server answered early and closed; its answer can still be read

    def exchange(
        self, method: str, target: str, text_limit: int = TEXT_LIMIT, **how: Any
    ) -> tuple[dict[str, Any], Body]:
        """(what is kept of the answer, its body); no answer at all is status 0."""
        try:
            return record(*self.send(method, target, **how), text_limit)
        except NETWORK as error:
            return NO_ANSWER | {"reason": type(error).__name__}, None

    def fill(self, value: Any) -> Any:
        """Replaces {name} by what was learnt; unknown names stay as they are."""
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda m: str(self.variables.get(m[1], m[0])), value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {name: self.fill(item) for name, item in value.items()}
        return value

    def request(
        self,
        method: str,
        path: str,
        query: str | None = None,
        json_body: Any = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        parts: list[multipart.Part] | None = None,
    ) -> tuple[dict[str, Any], str, dict[str, Any]]:
        """(the request as a recording keeps it, the target, headers and payload for `send`)."""
        recorded: dict[str, Any] = {"method": method, "path": path}
        if query is not None:
            recorded["query"] = query
        headers = dict(headers or {})
        payload = body
        if json_body is not None:
            recorded["body"] = json_body
            payload = json.dumps(self.fill(json_body)).encode()
            headers.setdefault("Content-Type", "application/json")
        elif body is not None:
            recorded["body"] = body.decode("latin1") if len(body) <= 200 else f"<{len(body)} bytes>"
        elif parts is not None:
            recorded["multipart"] = multipart.describe(parts)
            payload, content_type = multipart.encode(parts)
            headers.setdefault("Content-Type", content_type)
        if headers:
            recorded["headers"] = {name: re.sub(r"boundary=.*", "boundary=...", v) for name, v in headers.items()}
        target = self.fill(path) + (f"?{self.fill(query)}" if query else "")
        return recorded, target, {"headers": headers, "payload": payload}

    # Steps

    def step(
        self,
        name: str | None,
        method: str,
        path: str,
        query: str | None = None,
        *,
        text_limit: int = TEXT_LIMIT,
        timeout: float = SECONDS_FOR_AN_ANSWER,
        volatile: bool = False,
        **request: Any,
    ) -> Body:
        """One recorded request; without a name it is called by method and template. Returns the parsed body.

        `volatile`: whether there is anything to show depends on when the cluster last fetched metrics.
        """
        recorded, target, how = self.request(method, path, query, **request)
        entry = self.entry(name or f"{method} {path}" + (f"?{query}" if query else ""), recorded)
        if volatile:
            entry["volatile"] = True
        start = time.time()
        entry["response"], body = self.exchange(method, target, text_limit, timeout=timeout, **how)
        self.keep(entry, start)
        self.last = entry["response"]
        return body

    def read(self, path: str, query: str | None = None, **how: Any) -> Body:
        """A recorded GET that is called by its template."""
        return self.step(None, "GET", path, query, **how)

    def poll(
        self,
        name: str,
        path: str,
        state: Callable[[Body], str],
        until: Callable[[Body], bool],
        timeout: float = 30,
        interval: float = 0.1,
    ) -> Body:
        """GETs until `until(body)`: one step with the last answer, and a timeline of [ms, status, state(body)] that
        gets a row whenever the state changes."""
        recorded, target, how = self.request("GET", path)
        entry = self.entry(name, recorded) | {"timeline": [], "polls": 0}
        start = time.time()
        while True:
            response, body = self.exchange("GET", target, **how)
            entry["polls"] += 1
            self.note(entry, start, response, body, state)
            if met(until, body) or time.time() - start > timeout:
                break
            time.sleep(interval)
        entry["response"] = response
        self.keep(entry, start)
        return body

    def entry(self, name: str, request: dict[str, Any]) -> Step:
        """A new step; a name that was used before in this suite gets a number."""
        count = self._names[name] = self._names.get(name, 0) + 1
        return {"suite": self.suite, "step": name if count == 1 else f"{name} #{count}", "request": request}

    def keep(self, entry: Step, start: float) -> None:
        entry["t_ms"] = round((time.time() - start) * 1000)
        entry["at_ms"] = round((start - self.began) * 1000)
        self.steps.append(entry)

    @staticmethod
    def note(entry: Step, start: float, response: dict[str, Any], body: Body, state: Callable[[Body], str]) -> bool:
        """Adds a row to a timeline if the state has changed; tells whether it has."""
        try:
            text = state(body) if response["status"] // 100 == 2 else f"HTTP {response['status']}"
        except ODD:
            text = "?"
        timeline = entry["timeline"]
        if timeline and timeline[-1][2] == text:
            return False
        timeline.append([round((time.time() - start) * 1000), response["status"], text])
        return True

    # Looking without recording

    def peek(self, path: str) -> Body:
        """A GET of JSON that is not recorded; None if the answer is anything else."""
        try:
            body = json.loads(self.send("GET", self.fill(path))[3])
        except (*NETWORK, ValueError):
            return None
        return body if isinstance(body, dict | list) else None

    def wait(self, path: str, until: Callable[[Body], bool], timeout: float = 30, interval: float = 0.1) -> Body:
        """Polls without recording."""
        end = time.time() + timeout
        body = None
        while time.time() < end:
            body = self.peek(path)
            if met(until, body):
                break
            time.sleep(interval)
        return body

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=20)


def met(until: Callable[[Body], bool], body: Body) -> bool:
    try:
        return until(body)
    except ODD:
        return False
