"""Measures how long snapshots of a cluster and their restoration take: `python benchmarks/snapshots.py`."""

from __future__ import annotations

import statistics
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from flinkmock import FlinkMock, small_jar
from flinkmock.strategies.requests import BOUNDARY

LARGE_SCENARIO = Path(__file__).parents[1] / "scenarios" / "large-cluster.yaml"


def median_ms(call: Callable[[], object], round_count: int) -> float:
    """Return the median time of a call in ms."""
    values = []
    for _ in range(round_count):
        before = time.perf_counter()
        call()
        values.append((time.perf_counter() - before) * 1000)
    return statistics.median(values)


def start_and_stop() -> None:
    FlinkMock().start().close()


def run_jar(mock: FlinkMock) -> None:
    """Upload a jar and run its job."""
    part = b'Content-Disposition: form-data; name="jarfile"; filename="a.jar"\r\n\r\n' + small_jar()
    form = f"--{BOUNDARY}\r\n".encode() + part + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    urllib.request.urlopen(urllib.request.Request(mock.url + "/jars/upload", form, headers)).close()
    [jar] = mock.cluster.jars.newest_first()
    urllib.request.urlopen(urllib.request.Request(f"{mock.url}/jars/{jar.id}/run", method="POST")).close()


def measure(name: str, mock: FlinkMock, round_count: int) -> None:
    """Print the time of a snapshot and of a restoration, and the size of a snapshot."""
    for job in mock.cluster.jobs.values():
        job.checkpoints.materialize_until(mock.clock.now())  # otherwise the snapshot would lack unread checkpoints
    snapshot_ms = median_ms(mock.snapshot, round_count // 10)
    snapshot = mock.snapshot()
    restore_ms = median_ms(lambda: mock.restore(snapshot), round_count)
    size_kib = len(snapshot.cluster.state) // 1024
    print(f"{name:42} snapshot {snapshot_ms:7.2f} ms, restore {restore_ms:7.2f} ms, {size_kib} KiB")


def main() -> None:
    start_and_stop()  # imports the modules
    print(f"{'start and stop of an empty cluster':42} {median_ms(start_and_stop, 200):7.2f} ms")
    with FlinkMock(clock="virtual") as mock:
        measure("empty cluster", mock, 500)
        run_jar(mock)
        mock.advance("1m")
        measure("a jar and its job, after a minute", mock, 500)
        mock.advance("1h")
        measure("the same an hour later (366 checkpoints)", mock, 200)
    with FlinkMock(LARGE_SCENARIO, clock="virtual") as mock:
        mock.advance("1h")
        measure(f"{LARGE_SCENARIO.name} after an hour", mock, 30)


if __name__ == "__main__":
    main()
