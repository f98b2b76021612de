"""What is done to the server: one function for each row of the table."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.endurance.client import Client, exchange, upload
from benchmarks.endurance.server import PATIENCE, SCENARIO, Server, files_of, memory_of, processor_of

_WARMING = 60_000
"""Requests before the mixed ones are measured: then the journal is full, and so is the list of ended jobs."""


@dataclass
class Row:
    """One line of the table. Memory in MB."""

    name: str
    requests: int = 0
    seconds: float = 0.0
    memory: tuple[float, float] = (0.0, 0.0)
    files: tuple[int, int] = (0, 0)
    result: str = ""

    def text(self) -> str:
        cells = [self.name, f"{self.requests:,}" if self.requests else "", f"{self.seconds:.0f}"]
        cells += [f"{self.memory[0]:.0f} → {self.memory[1]:.0f}", f"{self.files[0]} → {self.files[1]}", self.result]
        return f"| {' | '.join(cells)} |"


@contextlib.contextmanager
def measured(row: Row, pid: int, settle: float = 2.0) -> Iterator[None]:
    """Fill time, memory and files of a row."""
    memory, files, began = memory_of(pid), files_of(pid), time.monotonic()
    yield
    row.seconds = time.monotonic() - began
    time.sleep(settle)  # connections end
    row.memory, row.files = (memory, memory_of(pid)), (files, files_of(pid))


def mixed(folder: Path, scale: float) -> Row:
    """Mixed requests, with faults, on 50 connections."""
    tenth = max(int(100_000 * scale), 500)
    row = Row("mixed requests with faults, 50 connections", requests=10 * tenth)
    with Server(folder) as server:
        client, pid = Client(server), server.process.pid
        asyncio.run(client.run(min(_WARMING, row.requests), 50))
        costs, memory = [], []
        with measured(row, pid):
            for _ in range(10):
                before = processor_of(pid)
                asyncio.run(client.run(tenth, 50))
                costs.append((processor_of(pid) - before) / tenth * 1e6)
                memory.append(memory_of(pid))
        allowed = {0, 200, 202, 400, 404, 409, 503, 504}
        wrong = {status: count for status, count in client.statuses.items() if status not in allowed}
        code = server.end()
        row.result = f"processor time per request {costs[0]:.0f} → {costs[-1]:.0f} µs (at most {max(costs):.0f} µs)"
        row.result += f"; {memory[4]:.0f} MB after half of the requests"
        row.result += f"; {client.statuses[0]:,} connections ended by faults; exit code {code}"
        row.result += f"; unexpected statuses {wrong}" if wrong else ""
        row.result += "; errors in the log" if server.errors else ""
    return row


def connections(folder: Path, scale: float) -> Row:
    """500 connections for five minutes, each with a request every second."""
    count, seconds = max(int(500 * min(scale * 10, 1)), 10), max(300 * scale, 3)
    row = Row(f"{count} connections for {seconds:.0f} s")
    failures = 0

    async def use(server: Server) -> None:
        nonlocal failures
        try:
            stream = await asyncio.open_connection(server.host, int(server.port))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                status, _, _ = await exchange(*stream, b"GET /jobs HTTP/1.1\r\nHost: x\r\n\r\n")
                row.requests += 1
                failures += status != 200
                await asyncio.sleep(1)
            stream[1].close()
        except (OSError, EOFError):
            failures += 1

    async def use_all(server: Server) -> None:
        await asyncio.gather(*(use(server) for _ in range(count)))

    with Server(folder) as server:
        with measured(row, server.process.pid):
            asyncio.run(use_all(server))
        row.result = f"{failures} failures; exit code {server.end()}"
    return row


def clusters(folder: Path, scale: float) -> Row:
    """200 clusters in one process."""
    from flinkmock import FlinkMock

    count = max(int(200 * scale), 5)
    row = Row(f"{count} clusters in one process")

    def use() -> None:
        import urllib.request

        with contextlib.ExitStack() as stack:
            mocks = [
                stack.enter_context(FlinkMock({"jobs": {"a": "streaming"}}, clock="virtual")) for _ in range(count)
            ]
            for mock in mocks:
                with urllib.request.urlopen(mock.url + "/jobs") as response:
                    assert response.status == 200
                row.requests += 1

    use()
    threads = threading.active_count()
    with measured(row, os.getpid()):
        for _ in range(3):
            use()
    row.result = f"{threading.active_count() - threads} threads left"
    return row


def ending(folder: Path, scale: float) -> Row:
    """SIGTERM under load and during uploads."""
    row = Row("SIGTERM during 20 uploads and 20 busy connections")
    with Server(folder) as server:
        client = Client(server)

        async def load() -> None:
            uploads = []
            for _ in range(20):
                _, writer = await asyncio.open_connection(server.host, int(server.port))
                writer.write(upload(200_000)[:150_000])
                uploads.append(writer)
            busy = asyncio.ensure_future(client.run(10_000_000, 20))
            await asyncio.sleep(2)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(server.process.wait)
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)

        memory, files, began = memory_of(server.process.pid), files_of(server.process.pid), time.monotonic()
        asyncio.run(load())
        row.seconds, row.memory, row.files = time.monotonic() - began, (memory, 0), (files, 0)
        row.requests = sum(client.statuses.values()) - client.statuses[0]
        left = list(server.temporary.iterdir())
        row.result = f"exit code {server.process.returncode}; {len(left)} files left"
        row.result += "; errors in the log" if server.errors else ""
    return row


def _status(server: Server, request: bytes) -> int:
    async def send() -> int:
        stream = await asyncio.open_connection(server.host, int(server.port))
        status, _, _ = await exchange(*stream, request)
        stream[1].close()
        return status

    return asyncio.run(send())


def full_disk(folder: Path, scale: float) -> Row:
    """Files can't grow beyond 100 kB, as on a disk that is nearly full."""
    import resource

    row = Row("a full disk")
    with Server(folder, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))) as server:
        with measured(row, server.process.pid, settle=0):
            statuses = [_status(server, upload(1_000_000)) for _ in range(20)]
            statuses.append(_status(server, upload()))
        row.requests = len(statuses)
        files = [file for file in server.temporary.rglob("*") if file.is_file() and file.stat().st_size]
        row.result = f"{statuses.count(500)} uploads fail (500), the next, smaller one succeeds ({statuses[-1]}); "
        row.result += f"{len(files)} file is stored"
        row.result += f"; exit code {server.end()}"
    return row


def no_temporary_folder(folder: Path, scale: float) -> Row:
    """The folder for temporary files is gone."""
    row = Row("no folder for temporary files")
    with Server(folder) as server:
        server.temporary.rmdir()
        with measured(row, server.process.pid, settle=0):
            uploading = _status(server, upload())
            reading = _status(server, b"GET /overview?x HTTP/1.1\r\nHost: x\r\n\r\n")
        row.requests = 2
        row.result = f"status of an upload {uploading}, of a read {reading}; exit code {server.end()}"
    return row


def killed(folder: Path, scale: float) -> Row:
    """SIGKILL, then another start."""
    row = Row("SIGKILL during 20 uploads, then another start")
    with Server(folder) as server:

        async def begin() -> None:
            streams = [await asyncio.open_connection(server.host, int(server.port)) for _ in range(20)]
            for _, writer in streams:
                writer.write(upload(200_000)[:150_000])
                await writer.drain()
            async with asyncio.timeout(PATIENCE):
                while len(list(server.temporary.glob("*/upload-*"))) < 20:
                    await asyncio.sleep(0.1)

        with measured(row, server.process.pid, settle=0):
            asyncio.run(begin())
        server.end(signal.SIGKILL)
        left = len(list(server.temporary.iterdir()))
    with Server(folder) as server:
        folders = len(list(server.temporary.iterdir()))
        row.result = f"private folders after SIGKILL: {left}; after the next start: {folders}"
    return row


def jumping_clocks(folder: Path, scale: float) -> Row:
    """The wall clock jumps."""
    import urllib.request

    from flinkmock import FlinkMock, engine

    row = Row("the wall clock jumps: a day, 100 years, back by an hour and by 60 years")
    day, hour, year = 86_400_000, 3_600_000, 365 * 86_400_000
    offset = 0
    real = engine.wall_ms
    engine.wall_ms = lambda: real() + offset
    failures = 0
    try:
        with measured(row, os.getpid(), settle=0), FlinkMock(SCENARIO, clock="real") as mock:
            mock.faults.clear()
            job = next(iter(mock.cluster.jobs))
            for jump in (0, day, 100 * year, -hour, -60 * year):
                offset += jump
                for path in (
                    "/jobs/overview",
                    f"/jobs/{job}",
                    f"/jobs/{job}/checkpoints",
                    "/jobmanager/log",
                    "/overview",
                ):
                    with contextlib.closing(urllib.request.urlopen(mock.url + path, timeout=PATIENCE)) as response:
                        failures += response.status != 200
                    row.requests += 1
    finally:
        engine.wall_ms = real
    row.result = f"{failures} failures"
    return row
