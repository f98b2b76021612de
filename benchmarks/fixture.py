"""How long a fake cluster takes to start and stop, and what is left of it: `python benchmarks/fixture.py [ROUNDS]`."""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time

from flinkmock import FlinkMock

OPEN_FILES = "/proc/self/fd"


def round_trip() -> tuple[float, float]:
    """(start, stop) in ms."""
    before = time.perf_counter()
    cluster = FlinkMock().start()
    started = time.perf_counter()
    cluster.close()
    return (started - before) * 1000, (time.perf_counter() - started) * 1000


def held() -> tuple[int, int]:
    """(threads, open files and sockets) of this process; no files where there is no /proc."""
    return threading.active_count(), len(os.listdir(OPEN_FILES)) if os.path.isdir(OPEN_FILES) else 0


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first = sum(round_trip())
    before, worked = held(), time.process_time()
    pairs = [round_trip() for _ in range(rounds)]
    worked = (time.process_time() - worked) * 1000 / rounds
    print(f"first start and stop, imports included: {first:.0f} ms")
    for name, values in (
        ("start", [start for start, _ in pairs]),
        ("stop", [stop for _, stop in pairs]),
        ("start and stop", [start + stop for start, stop in pairs]),
    ):
        last = statistics.quantiles(values, n=100)[-1]
        print(f"{name:14} median {statistics.median(values):5.2f} ms, 99 of 100 under {last:5.2f} ms ({rounds} rounds)")
    print(f"processor      {worked:.2f} ms for each start and stop")
    threads, files = (after - earlier for earlier, after in zip(before, held(), strict=True))
    print(f"left behind    {threads} threads, {files} open files and sockets")


if __name__ == "__main__":
    main()
