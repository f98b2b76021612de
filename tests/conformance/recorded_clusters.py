"""Scenarios of fake clusters, and functions that record a cluster as a scenario and read the times of its states."""

from __future__ import annotations

from typing import Any

from flinkmock import FlinkMock
from flinkmock.conformance.http_client import ClientReader, HttpClient
from flinkmock.conformance.recording import ClusterObservations, Poller, recorded_scenario

LIFECYCLES = """
cluster: {taskmanagers: 2, slots: 4}
jobs:
  orders:
    parallelism: 2
    vertices:
      - {name: "Source: orders", rate: 200, record-size: 40B}
      - {name: window, inputs: [{from: "Source: orders", ship-strategy: HASH}], selectivity: 0.5}
      - {name: "Sink: print", parallelism: 1}
    checkpoints: {every: 5s, duration: 200ms..400ms, size: 1000B..2000B}
  nightly: {extends: batch, lifecycle: [{RUNNING: 12s}, FINISHED]}
  fragile:
    restart: {strategy: fixed-delay, delay: 3s}
    lifecycle:
      - RUNNING: 20s
      - RESTARTING: {duration: 3s, exception: {class: java.io.IOException, message: "broken pipe"}}
      - RUNNING: 25s
      - RESTARTING: {duration: 3s, exception: {class: java.io.IOException, message: "broken pipe"}}
      - RUNNING
  doomed:
    restart: none
    lifecycle:
      - RUNNING: 30s
      - FAILING: {duration: 200ms, exception: {class: java.lang.IllegalStateException, message: "invalid state"}}
      - FAILED
"""
"""Jobs that run, finish, restart and fail."""

RICH = """
cluster: {taskmanagers: 2, slots: 3, config: {taskmanager.memory.process.size: 4g, parallelism.default: 3}}
jobs:
  sessions:
    parallelism: 2
    restore-path: file:///savepoints/savepoint-1
    restart: {strategy: exponential-delay, delay: 2s}
    watermarks: 5s
    user-config: {topic: clicks}
    metrics: {backlog: {series: [5, 7, 9], every: 1s, repeat: true}}
    vertices:
      - name: "Source: clicks"
        metrics: {Source__clicks.lag: {rate: 10, initial: 500}, Source__clicks.share: {value: 0.5, subtasks: [1]}}
        accumulators: {seen: LongCounter, lost: {type: IntCounter, value: 3}}
      - {name: Map, skew: [8, 2], backpressure: 40%, slot-sharing-group: heavy}
      - {name: more, operators: [Map]}
"""
"""A job with metrics, accumulators, watermarks, skew, a slot sharing group, and two vertices that Flink names `Map`."""

BUSY = """
cluster: {taskmanagers: 1, slots: 2}
jobs:
  orders:
    parallelism: 2
    checkpoints: {every: 5s, duration: [40ms, 45ms, 431ms, 50ms], size: [1000B, 2000B]}
    vertices:
      - {name: src, busy: 100%}
      - {name: map, busy: [95%, 20%], inputs: [{from: src, ship-strategy: HASH}]}
      - {name: out, busy: 12.5%, backpressure: 3.5%, accumulators: {lost: {type: Histogram, value: {1: 2}}}}
"""
"""A job with busy times, back pressure and checkpoints of different durations."""


def record_scenario(cluster: FlinkMock, seconds: int = 40, *, anonymize: bool = False) -> dict[str, Any]:
    """Record a cluster for some seconds of cluster time; return the scenario."""
    client = HttpClient(cluster.url)
    try:
        observations = ClusterObservations()
        Poller(ClientReader(client), observations, lambda ms: cluster.advance(f"{ms}ms")).poll(seconds * 1000, 1000)
        return recorded_scenario(observations, anonymize=anonymize)
    finally:
        client.close()


def state_times(cluster: FlinkMock) -> dict[str, list[tuple[str, int]]]:
    """Return for each job its (state, ms from the start of the job to the last time it entered the state)."""
    client = HttpClient(cluster.url)
    reader = ClientReader(client)
    times_by_job = {}
    for job in reader.json("/jobs/overview")["jobs"]:
        details = reader.json(f"/jobs/{job['jid']}")
        started_at = details["start-time"]
        times_by_job[job["name"]] = sorted(
            (state, entered_at - started_at) for state, entered_at in details["timestamps"].items() if entered_at
        )
    client.close()
    return times_by_job
