"""Compares the CPU time per request of several servers: `python -m benchmarks.wire`.

Each server is a separate process. Rounds of requests alternate between the servers, and the operating system reports
the CPU time of each round (Linux only). flinkmock is compared with a bare aiohttp application and with a bare
asyncio protocol, which is the least that a server on asyncio costs. Options add further servers:

    --wiremock JAR   WireMock's standalone jar (npm package `wiremock`)
    --prism BIN      Prism (npm package `@stoplight/prism-cli`)
    --flink HOME     a real Flink of the newest release (PyPI package `apache-flink-libraries`)

`--docs` writes the table to docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import start_and_stop, startup
from benchmarks.wire import peers, scenarios
from benchmarks.wire.process import Server
from benchmarks.wire.report import Report, StartAndMemory
from benchmarks.wire.rows import TARGETS, Row, bodies_of, job_id_of, measure, measure_savepoint_requests


def compare(scenario: dict[str, Any], paths: Iterable[str], args: argparse.Namespace, *, clock: str) -> list[Row]:
    """Measure some operations of one cluster on flinkmock and on the other servers."""
    with contextlib.ExitStack() as stack:
        file = Path(stack.enter_context(tempfile.TemporaryDirectory()), "scenario.yaml")
        file.write_text(json.dumps(scenario))  # JSON is YAML
        flinkmock_server = stack.enter_context(peers.flinkmock(file, clock))
        job = job_id_of(flinkmock_server)
        targets_by_path = {path: TARGETS[path].format(job=job) for path in paths}
        bodies = bodies_of(flinkmock_server, list(targets_by_path.values()))
        servers: list[tuple[Server, str]] = [(flinkmock_server, job)]  # each with the id of its job
        servers += [(stack.enter_context(peers.bare(bodies, name)), job) for name in ("asyncio", "aiohttp")]
        is_small = len(scenario["jobs"]) <= 100  # Prism and WireMock fail on responses of 4 MB
        if args.wiremock and clock == "real" and is_small:
            servers.append((stack.enter_context(peers.wiremock(args.wiremock, bodies)), job))
        if args.prism and clock == "real" and is_small:
            path_by_target = {target: path.replace(":jobid", "{jobid}") for path, target in targets_by_path.items()}
            servers.append((stack.enter_context(peers.prism(args.prism, path_by_target, bodies)), job))
        if args.flink and clock == "real" and len(scenario["jobs"]) <= 5:
            real = stack.enter_context(peers.real_flink(args.flink, args.java))
            servers.append((real, peers.submit_word_count(real)))
        rows = []
        for path in targets_by_path:
            targets_by_server = {server: TARGETS[path].format(job=job_id) for server, job_id in servers}
            row = measure(
                path,
                targets_by_server,
                round_count=args.rounds,
                requests_per_round=args.requests,
                warm_up_count=args.warm_up,
            )
            print(row.name, {name: round(row.median(name) or 0) for name in row.cpu_us}, flush=True)
            rows.append(row)
        return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="number of alternating rounds; default: %(default)s")
    parser.add_argument(
        "--requests", type=int, default=300, help="number of requests per round and server; default: %(default)s"
    )
    parser.add_argument(
        "--warm-up", type=int, default=500, help="number of requests before the measurement; default: %(default)s"
    )
    parser.add_argument("--wiremock", type=Path, metavar="JAR")
    parser.add_argument("--prism", type=Path, metavar="BIN")
    parser.add_argument("--flink", type=Path, metavar="HOME")
    parser.add_argument("--java", default="java", help="the Java that runs Flink; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="only the small cluster under a real clock")
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks.md")
    args = parser.parse_args()
    report = Report(args)
    rows = compare(scenarios.few_jobs(), TARGETS, args, clock="real")
    report.add_table("Real clock, 5 jobs", rows)
    report.draw_plot("CPU time per request (µs), real clock, 5 jobs; logarithmic scale", rows)
    if not args.quick:
        report.add_table(
            "`1s per request`, 5 jobs", compare(scenarios.few_jobs(), TARGETS, args, clock="1s per request")
        )
        paths = ["/overview", "/jobs/overview", "/jobs/:jobid"]
        report.add_table("Real clock, 100 jobs", compare(scenarios.many_jobs(100), paths, args, clock="real"))
        report.add_table("Real clock, 10,000 jobs", compare(scenarios.many_jobs(10_000), paths, args, clock="real"))
        job_paths = ["/jobs/:jobid", "/jobs/:jobid/checkpoints"]
        report.add_table(
            "Real clock, 20 vertices × 128 subtasks", compare(scenarios.wide_job(), job_paths, args, clock="real")
        )
        report.add_savepoints(measure_savepoints(args))
        report.add_memory(measure_memory(args))
        report.add_times("Start of clusters and processes", measure_starts())
    print(report.text())
    if args.docs:
        report.write()


def measure_savepoints(args: argparse.Namespace) -> Row:
    """Measure the requests that trigger and poll a savepoint, on flinkmock only."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "scenario.yaml")
        file.write_text(json.dumps(scenarios.few_jobs()))
        with peers.flinkmock(file, "1s per request") as flinkmock_server:
            return measure_savepoint_requests(
                flinkmock_server, job_id_of(flinkmock_server), round_count=args.rounds, savepoints_per_round=30
            )


def measure_starts() -> dict[str, float]:
    """Return the median times of starts, in ms on the wall clock."""
    times = [start_and_stop.start_and_stop() for _ in range(200)]
    return {
        "`FlinkMock()`: start and stop": statistics.median(start + stop for start, stop in times),
        "`import flinkmock`": statistics.median(startup.import_ms() for _ in range(10)),
        "`flinkmock serve`: first response": statistics.median(startup.first_response_ms() for _ in range(10)),
    }


def measure_memory(args: argparse.Namespace) -> dict[int, StartAndMemory]:
    """Return the time to the first response and the resident memory by the number of jobs."""
    by_job_count = {}
    for count in (1, 10_000, 100_000):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "scenario.yaml")
            file.write_text(json.dumps(scenarios.many_jobs(count)))
            with peers.flinkmock(file, "real") as flinkmock_server:
                by_job_count[count] = StartAndMemory(flinkmock_server.ready_ms, flinkmock_server.memory_bytes())
    return by_job_count


if __name__ == "__main__":
    main()
