"""A client that sends mixed requests."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.endurance.server import PATIENCE, Server

_MAX_JARS = 20


@dataclass
class Client:
    """Sends mixed requests on connections that it opens again when they end."""

    server: Server
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    jars: list[str] = field(default_factory=list)

    async def run(self, requests: int, connections: int) -> None:
        """Send so many requests on so many connections."""
        left = iter(range(requests))
        await asyncio.gather(*(self._connection(left, random.Random(n)) for n in range(connections)))

    async def _connection(self, left: Iterator[int], draw: random.Random) -> None:
        stream = None
        for _ in left:
            try:
                stream = stream or await asyncio.open_connection(self.server.host, int(self.server.port))
                began = time.perf_counter()
                async with asyncio.timeout(PATIENCE):
                    status, body, keeps = await exchange(*stream, self._request(draw))
                self.latencies.append(time.perf_counter() - began)
            except (OSError, EOFError, ValueError, TimeoutError):
                status, body, keeps = 0, b"", False
            self.statuses[status] += 1
            self._learn(status, body)
            if not keeps and stream is not None:
                stream[1].close()
                stream = None
        if stream is not None:
            stream[1].close()

    def _learn(self, status: int, body: bytes) -> None:
        if status == 200 and b'"jobid":"' in body:
            self.jobs.append(body.partition(b'"jobid":"')[2][:32].decode())
        if status == 200 and b'"filename":"' in body:
            self.jars.append(body.partition(b'"filename":"')[2].partition(b'"')[0].decode().rpartition("/")[2])

    def _request(self, draw: random.Random) -> bytes:
        kind = draw.random()
        job = draw.choice(self.jobs) if self.jobs else "0" * 32
        if kind < 0.002 or not self.jars:
            return upload()
        if kind < 0.004:
            return _post(f"/jars/{draw.choice(self.jars)}/run", b"{}")
        if kind < 0.008 and len(self.jobs) > 2:
            return f"PATCH /jobs/{self.jobs.pop(0)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        if len(self.jars) > _MAX_JARS:
            return f"DELETE /jars/{self.jars.pop(0)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        if kind < 0.02:
            return _post(f"/jobs/{job}/savepoints", b'{"target-directory": "/savepoints"}')
        path = draw.choice(
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


def _post(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def upload(size: int = 0) -> bytes:
    from flinkmock import small_jar

    head = b'--b\r\nContent-Disposition: form-data; name="jarfile"; filename="a.jar"\r\n\r\n'
    body = head + small_jar() + bytes(size) + b"\r\n--b--\r\n"
    return _post("/jars/upload", body, "multipart/form-data; boundary=b")


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes, bool]:
    """Return status and body of the response, and whether the connection stays open."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    body = await reader.readexactly(length)
    return int(head.split()[1]), body, b"connection: keep-alive" in head
