"""Measures starts and stops of clusters, and what they leak: `python benchmarks/start_and_stop.py [ROUNDS]`."""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time

from flinkmock import FlinkMock

OPEN_FILES_FOLDER = "/proc/self/fd"


def start_and_stop() -> tuple[float, float]:
    """Start and stop a cluster; return the time of each in ms."""
    before_start = time.perf_counter()
    cluster = FlinkMock().start()
    before_stop = time.perf_counter()
    cluster.close()
    return (before_stop - before_start) * 1000, (time.perf_counter() - before_stop) * 1000


def open_file_count() -> int:
    """Return the number of open files and sockets of this process; 0 without /proc."""
    return len(os.listdir(OPEN_FILES_FOLDER)) if os.path.isdir(OPEN_FILES_FOLDER) else 0


def main() -> None:
    round_count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first_ms = sum(start_and_stop())
    threads_before, files_before, cpu_before = threading.active_count(), open_file_count(), time.process_time()
    times = [start_and_stop() for _ in range(round_count)]
    cpu_ms = (time.process_time() - cpu_before) * 1000 / round_count
    print(f"first start and stop, imports included: {first_ms:.0f} ms")
    for name, values in (
        ("start", [start for start, _ in times]),
        ("stop", [stop for _, stop in times]),
        ("start and stop", [start + stop for start, stop in times]),
    ):
        median, percentile_99 = statistics.median(values), statistics.quantiles(values, n=100)[-1]
        print(f"{name:14} median {median:5.2f} ms, 99 of 100 under {percentile_99:5.2f} ms ({round_count} rounds)")
    print(f"CPU time       {cpu_ms:.2f} ms for each start and stop")
    threads, files = threading.active_count() - threads_before, open_file_count() - files_before
    print(f"left behind    {threads} threads, {files} open files and sockets")


if __name__ == "__main__":
    main()
