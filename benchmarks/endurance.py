"""The effects of long use, many connections and failures: `python benchmarks/endurance.py`.

Prints a table: requests, seconds, memory and open files before and after. `--scale 0.1` does a tenth of everything;
`--docs` writes docs/endurance.md. It needs Linux: memory and files are read from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
SCENARIO = """
cluster: {taskmanagers: 2, slots: 8}
jobs:
  orders: {extends: streaming, checkpoints: {every: 1s}}
  crashes: {lifecycle: [{repeat: forever, steps: [RUNNING: 5s, RESTARTING: 1s]}]}
faults:
  - {match: "GET /jobs/overview", chance: 1%, reply: leader-unavailable}
  - {match: "GET /jobs/:jobid", chance: 1%, reply: not-found}
  - {match: "GET /overview", chance: 1%, drop: close}
  - {match: "GET /overview", chance: 1%, drop: truncate}
  - {match: "POST /jobs/:jobid/savepoints", chance: 5%, reply: gateway-timeout}
  - {match: "GET /taskmanagers", chance: 1%, delay: 5ms}
"""
MANIFEST = "META-INF/MANIFEST.MF"
PATIENCE = 120.0
"""Seconds until a request counts as one without a response."""


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


def memory_of(pid: int) -> float:
    """Return the resident memory of a process (MB)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def files_of(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


class Server:
    """`flinkmock serve` in a process and a temporary folder of its own."""

    def __init__(self, folder: Path, *, before: Callable[[], None] | None = None) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        (folder / "scenario.yaml").write_text(SCENARIO, "utf-8")
        environment = {**os.environ, "TMPDIR": str(self.temporary), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "flinkmock", "serve", str(folder / "scenario.yaml"), "--port", "0", "--quiet"]
        with (folder / "errors").open("wb") as errors:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, preexec_fn=before
            )
        assert self.process.stdout is not None
        self.url = next(word for word in self.process.stdout.readline().split() if word.startswith("http"))
        self.host, self.port = self.url.removeprefix("http://").split(":")
        self._errors = folder / "errors"

    @property
    def errors(self) -> str:
        return self._errors.read_text("utf-8", "replace")

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)


@contextlib.contextmanager
def measured(row: Row, pid: int, settle: float = 2.0) -> Iterator[None]:
    """Fill time, memory and files of a row."""
    memory, files, began = memory_of(pid), files_of(pid), time.monotonic()
    yield
    row.seconds = time.monotonic() - began
    time.sleep(settle)  # connections end
    row.memory, row.files = (memory, memory_of(pid)), (files, files_of(pid))


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
                    status, body, keeps = await _exchange(*stream, self._request(draw))
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
            return _upload()
        if kind < 0.004:
            return _post(f"/jars/{draw.choice(self.jars)}/run", b"{}")
        if kind < 0.008 and len(self.jobs) > 2:
            return f"PATCH /jobs/{self.jobs.pop(0)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
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


def _upload(size: int = 0) -> bytes:
    from flinkmock import small_jar

    head = b'--b\r\nContent-Disposition: form-data; name="jarfile"; filename="a.jar"\r\n\r\n'
    body = head + small_jar() + bytes(size) + b"\r\n--b--\r\n"
    return _post("/jars/upload", body, "multipart/form-data; boundary=b")


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes, bool]:
    """Return status and body of the response, and whether the connection stays open."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    body = await reader.readexactly(length)
    return int(head.split()[1]), body, b"connection: keep-alive" in head


def mixed(folder: Path, scale: float) -> Row:
    """Mixed requests, with faults, on 50 connections."""
    row = Row("mixed requests with faults, 50 connections", requests=max(int(1_000_000 * scale), 500))
    with Server(folder) as server:
        client = Client(server)
        asyncio.run(client.run(500, 10))
        warm = len(client.latencies)
        with measured(row, server.process.pid):
            asyncio.run(client.run(row.requests, 50))
        latencies = client.latencies[warm:]
        tenth = max(len(latencies) // 10, 1)
        first, last = (sorted(part)[len(part) // 2] * 1000 for part in (latencies[:tenth], latencies[-tenth:]))
        allowed = {0, 200, 202, 400, 404, 409, 503, 504}
        wrong = {status: count for status, count in client.statuses.items() if status not in allowed}
        code = server.end()
        row.result = f"median latency {first:.1f} → {last:.1f} ms; exit code {code}"
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
                status, _, _ = await _exchange(*stream, b"GET /jobs HTTP/1.1\r\nHost: x\r\n\r\n")
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
                writer.write(_upload(200_000)[:150_000])
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
        status, _, _ = await _exchange(*stream, request)
        stream[1].close()
        return status

    return asyncio.run(send())


def full_disk(folder: Path, scale: float) -> Row:
    """Files can't grow beyond 100 kB, as on a disk that is nearly full."""
    import resource

    row = Row("a full disk")
    with Server(folder, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))) as server:
        with measured(row, server.process.pid, settle=0):
            statuses = [_status(server, _upload(1_000_000)) for _ in range(20)]
            statuses.append(_status(server, _upload()))
        row.requests = len(statuses)
        files = [file for file in server.temporary.rglob("*") if file.is_file() and file.stat().st_size]
        row.result = f"{statuses.count(500)} uploads fail, the next one succeeds: {statuses[-1]}; {len(files)} file"
        row.result += f"; exit code {server.end()}"
    return row


def no_temporary_folder(folder: Path, scale: float) -> Row:
    """The folder for temporary files is gone."""
    row = Row("no folder for temporary files")
    with Server(folder) as server:
        server.temporary.rmdir()
        with measured(row, server.process.pid, settle=0):
            upload = _status(server, _upload())
            read = _status(server, b"GET /overview?x HTTP/1.1\r\nHost: x\r\n\r\n")
        row.requests = 2
        row.result = f"uploads {upload}, reads {read}; exit code {server.end()}"
    return row


def killed(folder: Path, scale: float) -> Row:
    """SIGKILL, then another start."""
    row = Row("SIGKILL during 20 uploads, then another start")
    with Server(folder) as server:

        async def begin() -> None:
            streams = [await asyncio.open_connection(server.host, int(server.port)) for _ in range(20)]
            for _, writer in streams:
                writer.write(_upload(200_000)[:150_000])
                await writer.drain()
            async with asyncio.timeout(PATIENCE):
                while len(list(server.temporary.glob("*/upload-*"))) < 20:
                    await asyncio.sleep(0.1)

        with measured(row, server.process.pid, settle=0):
            asyncio.run(begin())
        server.end(signal.SIGKILL)
        left = len(list(server.temporary.iterdir()))
    with Server(folder) as server:
        row.result = f"folders left: {left}, after the next start: {len(list(server.temporary.iterdir()))}"
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


PARTS = (mixed, connections, clusters, ending, full_disk, no_temporary_folder, killed, jumping_clocks)
HEAD = """\
| what happens | requests | seconds | memory, MB | open files | result |
|---|---|---|---|---|---|
"""
PAGE = """\
# Endurance

The effects of long use, many connections and failures, as `python benchmarks/endurance.py --docs{scale}` has measured
them: memory and open files of the server before and after, the latter two seconds after the last connection has ended.
{machine}

{table}
The jobs that the mixed requests submit stay in the cluster for an hour after their end, as in Flink; they and the
journal of 10,000 requests are what the memory holds.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="the part of everything that is done")
    parser.add_argument("--only", choices=[part.__name__ for part in PARTS], help="one part")
    parser.add_argument("--docs", action="store_true", help="write docs/endurance.md")
    args = parser.parse_args()
    print(HEAD, end="", flush=True)
    table = HEAD
    for part in PARTS:
        if args.only in (None, part.__name__):
            with tempfile.TemporaryDirectory() as folder:
                row = part(Path(folder), args.scale)
            print(row.text(), flush=True)
            table += row.text() + "\n"
    if args.docs:
        scale = f" --scale {args.scale:g}" if args.scale != 1 else ""
        load = os.getloadavg()[0]
        machine = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {load:.0f}."
        text = PAGE.format(scale=scale, machine=machine, table=table)
        (ROOT / "docs" / "endurance.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
