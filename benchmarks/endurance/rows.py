"""The rows of the table: each function puts a load on a server and measures its effects.

The arguments are an empty folder, and the scale of the load: 1 for the published table. Only the first three rows
depend on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.endurance.client import Client, exchange, upload_request
from benchmarks.endurance.server import PATIENCE_S, SCENARIO, Server, cpu_s, memory_mib, open_file_count
from flinkmock import FlinkMock, engine

_WARM_UP_REQUEST_COUNT = 60_000
"""After this many mixed requests, the journal and the list of terminal jobs are full, and the measurement starts."""


@dataclass
class Row:
    """One row of the table.

    Attributes:
        name: What happens.
        request_count: The number of requests.
        seconds: How long the load took, in s.
        memory_mib: Resident memory before and after, in MiB.
        open_files: The number of open files and sockets before and after.
        result: Further measurements, as text.
    """

    name: str
    request_count: int = 0
    seconds: float = 0.0
    memory_mib: tuple[float, float] = (0.0, 0.0)
    open_files: tuple[int, int] = (0, 0)
    result: str = ""

    def text(self) -> str:
        """Return the row in Markdown."""
        (memory_before, memory_after), (files_before, files_after) = self.memory_mib, self.open_files
        cells = [self.name, f"{self.request_count:,}" if self.request_count else "", f"{self.seconds:.0f}"]
        cells += [f"{memory_before:.0f} → {memory_after:.0f}", f"{files_before} → {files_after}", self.result]
        return f"| {' | '.join(cells)} |"


@contextlib.contextmanager
def measured(row: Row, pid: int, settle_s: float = 2.0) -> Iterator[None]:
    """Set time, memory and files of a row. `settle_s` is how long connections may take to close, in s."""
    memory_before, files_before, start = memory_mib(pid), open_file_count(pid), time.monotonic()
    yield
    row.seconds = time.monotonic() - start
    time.sleep(settle_s)
    row.memory_mib, row.open_files = (memory_before, memory_mib(pid)), (files_before, open_file_count(pid))


def mixed_requests(folder: Path, scale: float) -> Row:
    """Mixed requests, with faults, on 50 connections."""
    requests_per_part = max(int(100_000 * scale), 500)
    row = Row("mixed requests with faults, 50 connections", request_count=10 * requests_per_part)
    with Server(folder) as server:
        client, pid = Client(server), server.process.pid
        asyncio.run(client.run(min(_WARM_UP_REQUEST_COUNT, row.request_count), 50))
        client.statuses.clear()
        costs_us, memory_after_parts = [], []
        with measured(row, pid):
            for _ in range(10):
                cpu_before = cpu_s(pid)
                asyncio.run(client.run(requests_per_part, 50))
                costs_us.append((cpu_s(pid) - cpu_before) / requests_per_part * 1e6)
                memory_after_parts.append(memory_mib(pid))
        memory_after_half = memory_after_parts[len(memory_after_parts) // 2 - 1]
        expected_statuses = {0, 200, 202, 400, 404, 409, 503, 504}
        unexpected = {status: count for status, count in client.statuses.items() if status not in expected_statuses}
        exit_code = server.stop()
        row.result = f"CPU time per request {costs_us[0]:.0f} → {costs_us[-1]:.0f} µs (at most {max(costs_us):.0f} µs)"
        row.result += f"; {memory_after_half:.0f} MiB after half of the requests"
        row.result += f"; {client.statuses[0]:,} requests without a response; exit code {exit_code}"
        row.result += f"; unexpected statuses {unexpected}" if unexpected else ""
        row.result += "; errors in the log" if server.error_output else ""
    return row


def many_connections(folder: Path, scale: float) -> Row:
    """500 connections for five minutes, each with a request every second."""
    count, seconds = max(int(500 * min(scale * 10, 1)), 10), max(300 * scale, 3)
    row = Row(f"{count} connections for {seconds:.0f} s")
    failure_count = 0

    async def use_connection(server: Server) -> None:
        nonlocal failure_count
        try:
            reader, writer = await asyncio.open_connection(server.host, int(server.port))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                status, _, _ = await exchange(reader, writer, b"GET /jobs HTTP/1.1\r\nHost: x\r\n\r\n")
                row.request_count += 1
                failure_count += status != 200
                await asyncio.sleep(1)
            writer.close()
        except (OSError, EOFError):
            failure_count += 1

    async def use_all_connections(server: Server) -> None:
        await asyncio.gather(*(use_connection(server) for _ in range(count)))

    with Server(folder) as server:
        with measured(row, server.process.pid):
            asyncio.run(use_all_connections(server))
        row.result = f"{failure_count} failures; exit code {server.stop()}"
    return row


def many_clusters(folder: Path, scale: float) -> Row:
    """200 clusters in one process."""
    count = max(int(200 * scale), 5)
    row = Row(f"{count} clusters in one process")

    def use_clusters() -> None:
        with contextlib.ExitStack() as stack:
            mocks = [
                stack.enter_context(FlinkMock({"jobs": {"a": "streaming"}}, clock="virtual")) for _ in range(count)
            ]
            for mock in mocks:
                with urllib.request.urlopen(mock.url + "/jobs") as response:
                    assert response.status == 200
                row.request_count += 1

    use_clusters()
    row.request_count = 0  # the load starts after the warm-up
    threads_before = threading.active_count()
    with measured(row, os.getpid()):
        for _ in range(3):
            use_clusters()
    row.result = f"{threading.active_count() - threads_before} threads left"
    return row


def sigterm(folder: Path, scale: float) -> Row:
    """SIGTERM under load and during uploads."""
    row = Row("SIGTERM during 20 uploads and 20 busy connections")
    with Server(folder) as server:
        client = Client(server)

        async def load() -> None:
            writers = []  # a connection is closed when its writer is garbage-collected
            for _ in range(20):
                _, writer = await asyncio.open_connection(server.host, int(server.port))
                writer.write(upload_request(200_000)[:150_000])
                writers.append(writer)
            busy = asyncio.ensure_future(client.run(10_000_000, 20))
            await asyncio.sleep(2)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(server.process.wait)
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)

        pid, start = server.process.pid, time.monotonic()
        row.memory_mib, row.open_files = (memory_mib(pid), 0), (open_file_count(pid), 0)
        asyncio.run(load())
        row.seconds = time.monotonic() - start
        row.request_count = sum(client.statuses.values()) - client.statuses[0]
        remaining_files = list(server.temporary_folder.iterdir())
        row.result = f"exit code {server.process.returncode}; {len(remaining_files)} files left"
        row.result += "; errors in the log" if server.error_output else ""
    return row


def _status(server: Server, request: bytes) -> int:
    """Send a request on a new connection; return the status of the response."""

    async def send() -> int:
        reader, writer = await asyncio.open_connection(server.host, int(server.port))
        status, _, _ = await exchange(reader, writer, request)
        writer.close()
        return status

    return asyncio.run(send())


def full_disk(folder: Path, scale: float) -> Row:
    """Files can't grow beyond 100 kB, as on a disk that is nearly full."""
    row = Row("a full disk")
    with Server(folder, file_size_limit=100_000) as server:
        with measured(row, server.process.pid, settle_s=0):
            statuses = [_status(server, upload_request(1_000_000)) for _ in range(20)]
            statuses.append(_status(server, upload_request()))
        row.request_count = len(statuses)
        files = [file for file in server.temporary_folder.rglob("*") if file.is_file() and file.stat().st_size]
        row.result = f"{statuses.count(500)} uploads fail (500), the next, smaller one succeeds ({statuses[-1]}); "
        row.result += f"{len(files)} file is stored"
        row.result += f"; exit code {server.stop()}"
    return row


def no_temporary_folder(folder: Path, scale: float) -> Row:
    """The folder for temporary files has been removed."""
    row = Row("no folder for temporary files")
    with Server(folder) as server:
        server.temporary_folder.rmdir()
        with measured(row, server.process.pid, settle_s=0):
            upload_status = _status(server, upload_request())
            read_status = _status(server, b"GET /overview?x HTTP/1.1\r\nHost: x\r\n\r\n")
        row.request_count = 2
        row.result = f"status of an upload {upload_status}, of a read {read_status}; exit code {server.stop()}"
    return row


def sigkill(folder: Path, scale: float) -> Row:
    """SIGKILL during uploads, then another start."""
    row = Row("SIGKILL during 20 uploads, then another start")
    with Server(folder) as server:

        async def start_uploads() -> None:
            streams = [await asyncio.open_connection(server.host, int(server.port)) for _ in range(20)]
            for _, writer in streams:
                writer.write(upload_request(200_000)[:150_000])
                await writer.drain()
            async with asyncio.timeout(PATIENCE_S):
                while len(list(server.temporary_folder.glob("*/upload-*"))) < 20:
                    await asyncio.sleep(0.1)

        with measured(row, server.process.pid, settle_s=0):
            asyncio.run(start_uploads())
        server.stop(signal.SIGKILL)
        folders_after_kill = len(list(server.temporary_folder.iterdir()))
    with Server(folder) as server:
        folders_after_start = len(list(server.temporary_folder.iterdir()))
        row.result = f"folders for temporary files left after SIGKILL: {folders_after_kill}; "
        row.result += f"after the next start, which removes them: {folders_after_start}"
    return row


def jumping_clocks(folder: Path, scale: float) -> Row:
    """The wall clock jumps."""
    row = Row("the wall clock jumps: a day, 100 years, back by an hour and by 60 years")
    hour_ms = 3_600_000
    day_ms, year_ms = 24 * hour_ms, 365 * 24 * hour_ms
    offset_ms = 0
    wall_ms = engine.wall_ms
    engine.wall_ms = lambda: wall_ms() + offset_ms
    failure_count = 0
    try:
        with measured(row, os.getpid(), settle_s=0), FlinkMock(SCENARIO, clock="real") as mock:
            mock.faults.clear()
            job = next(iter(mock.cluster.jobs))
            for jump_ms in (0, day_ms, 100 * year_ms, -hour_ms, -60 * year_ms):
                offset_ms += jump_ms
                for path in (
                    "/jobs/overview",
                    f"/jobs/{job}",
                    f"/jobs/{job}/checkpoints",
                    "/jobmanager/log",
                    "/overview",
                ):
                    with contextlib.closing(urllib.request.urlopen(mock.url + path, timeout=PATIENCE_S)) as response:
                        failure_count += response.status != 200
                    row.request_count += 1
    finally:
        engine.wall_ms = wall_ms
    row.result = f"{failure_count} failures"
    return row
