"""Measures requests in rounds that alternate between the servers, so that other processes disturb all equally."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.wire.client import Connection
from benchmarks.wire.process import Server

TARGETS: Mapping[str, str] = {
    "/overview": "/overview",
    "/jobs/:jobid": "/jobs/{job}",
    "/jobs/overview": "/jobs/overview",
    "/jobs/:jobid/checkpoints": "/jobs/{job}/checkpoints",
    "/jobs/:jobid/metrics": "/jobs/{job}/metrics",
    "/taskmanagers": "/taskmanagers",
    "/jobs/:jobid/status": "/jobs/{job}/status",
}
"""The path of an operation -> the target of a request."""


@dataclass
class Row:
    """One line of the table: the same request to several servers.

    Attributes:
        name: The path of the operation.
        size: The length of flinkmock's response body, in bytes.
        cpu_us: The name of a server -> its processor time per request in µs, one value per round.
    """

    name: str
    size: int
    cpu_us: dict[str, list[float]] = field(default_factory=dict)

    def median(self, server: str) -> float | None:
        """Return the median of the rounds, in µs."""
        return statistics.median(self.cpu_us[server]) if server in self.cpu_us else None

    def ratio(self, server: str, to: str) -> float | None:
        """Return the median of the ratios of two servers, one ratio per round."""
        if server not in self.cpu_us or to not in self.cpu_us:
            return None
        pairs = zip(self.cpu_us[server], self.cpu_us[to], strict=True)
        return statistics.median(one / other for one, other in pairs)


def job_of(server: Server) -> str:
    """Return the id of `job-0`, or of the only job."""
    with Connection(server.url) as connection:
        _, body = connection.send(connection.prepared("GET", "/jobs/overview"))
    jobs = json.loads(body)["jobs"]
    return next((job["jid"] for job in jobs if job["name"] == "job-0"), jobs[0]["jid"])


def measure(name: str, targets: Mapping[Server, str], *, rounds: int, requests: int, warm_up: int) -> Row:
    """Measure one request: send it `requests` times per round to each server.

    Args:
        targets: Server -> the target of the request.
        warm_up: The number of requests to each server before the measurement.
    """
    connections = {server: Connection(server.url) for server in targets}
    prepared = {server: connections[server].prepared("GET", target) for server, target in targets.items()}
    row = Row(name, 0)
    try:
        for server in targets:
            for _ in range(warm_up):
                status, body = connections[server].send(prepared[server])
                assert status == 200, (server.name, targets[server], status, body[:200])
            row.size = row.size or len(body)
        for _ in range(rounds):
            for server in targets:
                before = server.cpu_ns()
                for _ in range(requests):
                    connections[server].send(prepared[server])
                spent = server.cpu_ns() - before
                row.cpu_us.setdefault(server.name, []).append(spent / 1000 / requests)
    finally:
        for connection in connections.values():
            connection.__exit__(None, None, None)
    return row


def bodies_of(server: Server, targets: Sequence[str]) -> dict[str, bytes]:
    """Return the response bodies of a server by target."""
    with Connection(server.url) as connection:
        return {target: connection.send(connection.prepared("GET", target))[1] for target in targets}


def savepoint_rounds(server: Server, job: str, *, rounds: int, requests: int) -> Row:
    """Measure the requests that trigger a savepoint and poll it until it is complete."""
    row = Row("savepoint: trigger, poll to the end", 0)
    with Connection(server.url) as connection:
        trigger = connection.prepared("POST", f"/jobs/{job}/savepoints", b'{"target-directory":"file:///savepoints"}')
        for _ in range(rounds):
            before = server.cpu_ns()
            sent = 0
            for _ in range(requests):
                _, body = connection.send(trigger)
                poll = connection.prepared("GET", f"/jobs/{job}/savepoints/{json.loads(body)['request-id']}")
                sent += 1
                while True:
                    _, body = connection.send(poll)
                    sent += 1
                    if b"IN_PROGRESS" not in body:
                        break
            row.cpu_us.setdefault(server.name, []).append((server.cpu_ns() - before) / 1000 / sent)
    return row
