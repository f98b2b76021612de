"""Measures starts and stops of clusters, and leaked threads and files: `python benchmarks/fixture.py [ROUNDS]`."""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time

from flinkmock import FlinkMock

OPEN_FILES = "/proc/self/fd"


def round_trip() -> tuple[float, float]:
    """Start and stop a cluster; return the time of both in ms."""
    before = time.perf_counter()
    cluster = FlinkMock().start()
    started = time.perf_counter()
    cluster.close()
    return (started - before) * 1000, (time.perf_counter() - started) * 1000


def open_resources() -> tuple[int, int]:
    """Return the number of threads and of open files and sockets of this process; 0 files without /proc."""
    return threading.active_count(), len(os.listdir(OPEN_FILES)) if os.path.isdir(OPEN_FILES) else 0


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first = sum(round_trip())
    before, cpu_before = open_resources(), time.process_time()
    pairs = [round_trip() for _ in range(rounds)]
    cpu_ms = (time.process_time() - cpu_before) * 1000 / rounds
    print(f"first start and stop, imports included: {first:.0f} ms")
    for name, values in (
        ("start", [start for start, _ in pairs]),
        ("stop", [stop for _, stop in pairs]),
        ("start and stop", [start + stop for start, stop in pairs]),
    ):
        last = statistics.quantiles(values, n=100)[-1]
        print(f"{name:14} median {statistics.median(values):5.2f} ms, 99 of 100 under {last:5.2f} ms ({rounds} rounds)")
    print(f"processor      {cpu_ms:.2f} ms for each start and stop")
    threads, files = (after - earlier for earlier, after in zip(before, open_resources(), strict=True))
    print(f"left behind    {threads} threads, {files} open files and sockets")


if __name__ == "__main__":
    main()
