"""How long a fake cluster takes to start and to stop: `python benchmarks/fixture.py [ROUNDS]`."""

from __future__ import annotations

import statistics
import sys
import time

from flinkmock import FlinkMock


def round_trip() -> tuple[float, float]:
    """(start, stop) in ms."""
    before = time.perf_counter()
    cluster = FlinkMock().start()
    started = time.perf_counter()
    cluster.close()
    return (started - before) * 1000, (time.perf_counter() - started) * 1000


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    first = sum(round_trip())
    pairs = [round_trip() for _ in range(rounds)]
    print(f"first start and stop, imports included: {first:.0f} ms")
    for name, values in (
        ("start", [start for start, _ in pairs]),
        ("stop", [stop for _, stop in pairs]),
        ("start and stop", [start + stop for start, stop in pairs]),
    ):
        tenth = statistics.quantiles(values, n=10)[-1]
        print(
            f"{name:14} median {statistics.median(values):5.2f} ms, nine of ten under {tenth:5.2f} ms ({rounds} rounds)"
        )


if __name__ == "__main__":
    main()
