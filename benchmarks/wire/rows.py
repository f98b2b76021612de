"""What is measured: requests in rounds that alternate between the servers, so that noise meets all of them alike."""

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
"""Path of the operation -> target."""


@dataclass
class Row:
    """One line of the table: the same request to several servers.

    Attributes:
        name: What is requested.
        size: Length of flinkmock's response body (bytes).
        cpu_us: Server name -> processor time per request, one value per round (µs).
    """

    name: str
    size: int
    cpu_us: dict[str, list[float]] = field(default_factory=dict)

    def median(self, server: str) -> float | None:
        """Median over the rounds (µs)."""
        return statistics.median(self.cpu_us[server]) if server in self.cpu_us else None

    def ratio(self, server: str, to: str) -> float | None:
        """Median over the rounds of the ratio within one round."""
        if server not in self.cpu_us or to not in self.cpu_us:
            return None
        pairs = zip(self.cpu_us[server], self.cpu_us[to], strict=True)
        return statistics.median(one / other for one, other in pairs)


def job_of(server: Server) -> str:
    """The id of `job-0`, or of the only job."""
    with Connection(server.url) as connection:
        _, body = connection.send(connection.prepared("GET", "/jobs/overview"))
    jobs = json.loads(body)["jobs"]
    return next((job["jid"] for job in jobs if job["name"] == "job-0"), jobs[0]["jid"])


def measure(name: str, targets: Mapping[Server, str], *, rounds: int, requests: int, warming: int) -> Row:
    """Sends `requests` requests per round to each server.

    Args:
        targets: Server -> the target of the request.
        warming: Requests to each server before anything is measured.
    """
    connections = {server: Connection(server.url) for server in targets}
    prepared = {server: connections[server].prepared("GET", target) for server, target in targets.items()}
    row = Row(name, 0)
    try:
        for server in targets:
            for _ in range(warming):
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
    """The bodies that a server sends now."""
    with Connection(server.url) as connection:
        return {target: connection.send(connection.prepared("GET", target))[1] for target in targets}


def savepoint_rounds(server: Server, job: str, *, rounds: int, requests: int) -> Row:
    """Triggers a savepoint and polls it to its end."""
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
