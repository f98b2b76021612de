"""Measures the import of flinkmock and the start of a server: `python benchmarks/startup.py [ROUNDS]`.

It prints the time of `import flinkmock`, the time from the start of `flinkmock serve` to its first response, and the
resident memory of the idle server.
"""

from __future__ import annotations

import contextlib
import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def import_ms() -> float:
    """Return the time in ms of `import flinkmock` in a new interpreter."""
    code = "import time; start = time.perf_counter(); import flinkmock; print((time.perf_counter() - start) * 1000)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


@contextlib.contextmanager
def serving() -> Iterator[subprocess.Popen[str]]:
    """Start `flinkmock serve`; yield its process."""
    command = [sys.executable, "-m", "flinkmock", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def request_overview(process: subprocess.Popen[str]) -> None:
    """Read the address from the first line of output, and request /overview."""
    assert process.stdout is not None
    address = next(word for word in process.stdout.readline().split() if word.startswith("http://"))
    host, _, port = address.removeprefix("http://").rstrip("/").partition(":")
    connection = http.client.HTTPConnection(host, int(port))
    connection.request("GET", "/overview")
    assert connection.getresponse().read()
    connection.close()


def first_response_ms() -> float:
    """Return the time in ms from the start of the process to the last byte of its first response."""
    start = time.perf_counter()
    with serving() as process:
        request_overview(process)
        return (time.perf_counter() - start) * 1000


def resident_mib() -> float:
    """Return the resident memory in MiB one second after the first response (Linux only)."""
    with serving() as process:
        request_overview(process)
        time.sleep(1)
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> None:
    round_count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    measurements: list[tuple[str, str, Callable[[], float]]] = [
        ("import flinkmock", "ms", import_ms),
        ("flinkmock serve, start to first response", "ms", first_response_ms),
        ("flinkmock serve, resident when idle", "MiB", resident_mib),
    ]
    for name, unit, measure in measurements:
        values = [measure() for _ in range(round_count)]
        print(f"{name:40} median {statistics.median(values):6.1f} {unit}, worst {max(values):6.1f} {unit}")


if __name__ == "__main__":
    main()
