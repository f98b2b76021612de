"""A client that sends mixed requests."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.endurance.server import PATIENCE_S, Server
from flinkmock import small_jar

_MAX_JARS = 20
"""The number of uploaded jars above which the client deletes one."""


@dataclass
class Client:
    """Sends mixed requests. When a connection is closed, it opens another one.

    Attributes:
        server: The server.
        statuses: The number of responses by status. Status 0 counts requests without a response.
        latencies_s: The time until each response, in s.
        job_ids: The ids of the jobs that the client has submitted and not canceled.
        jar_ids: The ids of the jars that the client has uploaded and not deleted.
    """

    server: Server
    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    job_ids: list[str] = field(default_factory=list)
    jar_ids: list[str] = field(default_factory=list)

    async def run(self, request_count: int, connection_count: int) -> None:
        """Send `request_count` requests, distributed over `connection_count` connections."""
        remaining = iter(range(request_count))
        await asyncio.gather(
            *(self._use_connection(remaining, random.Random(number)) for number in range(connection_count))
        )

    async def _use_connection(self, remaining: Iterator[int], draws: random.Random) -> None:
        connection = None
        for _ in remaining:
            try:
                connection = connection or await asyncio.open_connection(self.server.host, int(self.server.port))
                start = time.perf_counter()
                async with asyncio.timeout(PATIENCE_S):
                    status, body, stays_open = await exchange(*connection, self._draw_request(draws))
                self.latencies_s.append(time.perf_counter() - start)
            except (OSError, EOFError, ValueError, TimeoutError):
                status, body, stays_open = 0, b"", False
            self.statuses[status] += 1
            self._remember_id(status, body)
            if not stays_open and connection is not None:
                _, writer = connection
                writer.close()
                connection = None
        if connection is not None:
            _, writer = connection
            writer.close()

    def _remember_id(self, status: int, body: bytes) -> None:
        if status == 200 and b'"jobid":"' in body:
            self.job_ids.append(body.partition(b'"jobid":"')[2][:32].decode())
        if status == 200 and b'"filename":"' in body:
            self.jar_ids.append(body.partition(b'"filename":"')[2].partition(b'"')[0].decode().rpartition("/")[2])

    def _draw_request(self, draws: random.Random) -> bytes:
        """Draw a request: a read, unless the drawn number is below the threshold of another kind of request.

        Without jars the request is an upload. With more than `_MAX_JARS` it is a deletion in place of a read.
        """
        number = draws.random()
        job = draws.choice(self.job_ids) if self.job_ids else "0" * 32
        if number < 0.002 or not self.jar_ids:
            return upload_request()
        if number < 0.004:
            return _post_request(f"/jars/{draws.choice(self.jar_ids)}/run", b"{}")
        if number < 0.008 and len(self.job_ids) > 2:
            return f"PATCH /jobs/{self.job_ids.pop(0)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        if len(self.jar_ids) > _MAX_JARS:
            return f"DELETE /jars/{self.jar_ids.pop(0)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        if number < 0.02:
            return _post_request(f"/jobs/{job}/savepoints", b'{"target-directory": "/savepoints"}')
        path = draws.choice(
            (
                "/overview",
                "/jobs",
                "/jobs/overview",
                "/taskmanagers",
                f"/jobs/{job}",
                f"/jobs/{job}/checkpoints",
                f"/jobs/{job}/metrics?get=numRestarts",
                f"/jobs/{job}/exceptions",
                "/nothing",
            )
        )
        return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def _post_request(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def upload_request(extra_size: int = 0) -> bytes:
    """Return a request that uploads a jar, followed by `extra_size` zero bytes."""
    head = b'--b\r\nContent-Disposition: form-data; name="jarfile"; filename="a.jar"\r\n\r\n'
    body = head + small_jar() + bytes(extra_size) + b"\r\n--b--\r\n"
    return _post_request("/jars/upload", body, "multipart/form-data; boundary=b")


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes, bool]:
    """Send a request; return status and body of the response, and whether the connection stays open."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    body = await reader.readexactly(length)
    return int(head.split()[1]), body, b"connection: keep-alive" in head
