"""Measures how long flinkmock and the alternatives in docs/comparison.md take until they are ready.

    python -m benchmarks.alternatives --wiremock JAR --prism BIN --flink HOME

An alternative without its option is left out. A server is ready when it has sent its first response, flinkmock in a
test when it accepts requests, and real Flink and MiniCluster when they have four slots.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.wire import peers
from benchmarks.wire.process import Server
from flinkmock import FlinkMock
from tests.fidelity.real_cluster import real_cluster

BENCHMARKS_FOLDER = Path(__file__).parent
OVERVIEW_PATH = "/overview"
SCENARIO = Path(__file__).parents[1] / "scenarios" / "demo.yaml"


def start_in_process_s() -> float:
    """Return the time in s to start a cluster in this process, as a test does, after the modules are imported."""
    FlinkMock().start().close()
    start = time.perf_counter()
    with FlinkMock():
        return time.perf_counter() - start


def start_server_s(server: AbstractContextManager[Server]) -> float:
    """Return the time in s from the start of a server to its first response."""
    with server as running:
        return running.ready_ms / 1000


def start_mini_cluster_s(home: Path, java: str) -> float:
    """Return the time in s to start a MiniCluster, without the time to compile the program that starts it."""
    with tempfile.TemporaryDirectory() as folder:
        class_path = ":".join([folder, *(str(jar) for jar in sorted((home / "lib").glob("*.jar")))])
        subprocess.run(
            ["javac", "-d", folder, "-cp", class_path, str(BENCHMARKS_FOLDER / "MiniCluster.java")], check=True
        )
        start = time.perf_counter()
        subprocess.run([java, "-cp", class_path, "MiniCluster"], check=True, capture_output=True)
        return time.perf_counter() - start


def start_real_flink_s(home: Path, java: str) -> float:
    """Return the time in s to start a real cluster."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with real_cluster(home, java, Path(folder)):
            return time.perf_counter() - start


def measurements(args: argparse.Namespace, body: bytes) -> Iterator[tuple[str, Callable[[], float]]]:
    """Yield the name of each alternative, and the function that measures a start in s."""
    yield "flinkmock, in a test", start_in_process_s
    yield "flinkmock serve", lambda: start_server_s(peers.flinkmock(SCENARIO, "real"))
    if args.wiremock:
        yield "WireMock", lambda: start_server_s(peers.wiremock(args.wiremock, {OVERVIEW_PATH: body}))
    if args.prism:
        yield (
            "Prism",
            lambda: start_server_s(peers.prism(args.prism, {OVERVIEW_PATH: OVERVIEW_PATH}, {OVERVIEW_PATH: body})),
        )
    if args.flink:
        yield "MiniCluster", lambda: start_mini_cluster_s(args.flink, args.java)
        yield "Flink", lambda: start_real_flink_s(args.flink, args.java)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="number of starts of each; default: %(default)s")
    parser.add_argument("--wiremock", type=Path, metavar="JAR")
    parser.add_argument("--prism", type=Path, metavar="BIN")
    parser.add_argument("--flink", type=Path, metavar="HOME")
    parser.add_argument("--java", default="java", help="the Java that runs Flink; default: %(default)s")
    args = parser.parse_args()
    body = b'{"taskmanagers": 1}'
    for name, measure in measurements(args, body):
        seconds = [measure() for _ in range(args.rounds)]
        print(f"{name:22} median {statistics.median(seconds):8.3f} s, worst {max(seconds):8.3f} s", flush=True)


if __name__ == "__main__":
    main()
