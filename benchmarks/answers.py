"""What an answer costs client, without HTTP: `python benchmarks/answers.py [JOBS]` prints the time of `/jobs/overview`
and of one job on a cluster with so many jobs (100), and how many times longer that is than writing the JSON takes."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from flinkmock.contract import Contract
from flinkmock.engine import Engine
from flinkmock.rest.in_process import InProcessClient
from flinkmock.scenario import load_scenario

ROUNDS = 50


def median_ms(work: Callable[[], object]) -> float:
    lengths = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        lengths.append((time.perf_counter() - begin) * 1000)
    return statistics.median(lengths)


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    document = Contract.load("2.3").document
    print(f"{'a contract, loaded anew':40} {median_ms(lambda: Contract(document)):8.2f} ms")
    spec = load_scenario({"cluster": {"taskmanagers": jobs}, "jobs": {f"job {i}": "streaming" for i in range(jobs)}})
    engine = Engine(spec, flink="2.3", clock="virtual")
    try:
        client = InProcessClient(engine)
        engine.advance("60s")
        for target in ("/jobs/overview", f"/jobs/{next(iter(engine.cluster.jobs))}"):
            body = client.json("GET", target)
            answered, written = median_ms(partial(client.json, "GET", target)), median_ms(partial(json.dumps, body))
            name = target if len(target) < 30 else "/jobs/:jobid"
            print(f"{name:40} {answered:8.2f} ms, {answered / written:.0f} times json.dumps")
    finally:
        engine.close()


if __name__ == "__main__":
    main()
