"""A server in a separate process, with its CPU time and memory (Linux only)."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        name: Its name in the tables.
        url: Its address, without a final slash.
        pid: The id of its process, which may be a script that starts the server as a child.
        ready_ms: The time on the wall clock from its start to its first response, in ms.
    """

    name: str
    url: str
    pid: int
    ready_ms: float

    def cpu_ns(self) -> int:
        """Return the CPU time of the process and its descendants, in ns."""
        return sum(_cpu_ns(pid) for pid in _process_tree(self.pid))

    def memory_bytes(self) -> int:
        """Return the resident memory of the process and its descendants, in bytes."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _process_tree(self.pid))
        return pages * os.sysconf("SC_PAGE_SIZE")


def _cpu_ns(pid: int) -> int:
    """Return the CPU time of all threads of a process, in ns."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has just ended
            total += int((thread / "schedstat").read_text().split()[0])
    return total


def _process_tree(pid: int) -> list[int]:
    """Return the ids of a process and of all its descendants."""
    pids = [pid]
    for parent in pids:
        with contextlib.suppress(OSError):
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                pids += [int(child) for child in children.read_text().split()]
    return pids


@contextlib.contextmanager
def running_server(
    name: str,
    command: Sequence[str],
    url: str,
    *,
    target: str = "/overview",
    timeout_s: float = 120,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Start a server and wait until it responds to `GET target`. Stop it afterwards.

    Raises:
        RuntimeError: The process has ended, or the server does not respond in time.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        while not _responds(url, target):
            if process.poll() is not None or time.perf_counter() - start > timeout_s:
                raise RuntimeError(f"{name} has not responded at {url}{target}: {' '.join(command)}")
            time.sleep(0.002)
        yield Server(name, url, process.pid, 1000 * (time.perf_counter() - start))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _responds(url: str, target: str) -> bool:
    """Return whether the server sends a response that is not a server error."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", target)
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()
