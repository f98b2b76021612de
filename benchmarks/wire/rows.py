"""Measures requests in rounds that alternate between the servers, so that other processes disturb all equally."""

from __future__ import annotations

import contextlib
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
"""The path of an operation -> the target of a request, with `{job}` for the id of the job."""


@dataclass
class Row:
    """The CPU time of a request to one or several servers, or the mean of a sequence of requests.

    Attributes:
        name: The path of the operation, or a description of the requests.
        size: The length of flinkmock's response body, in bytes; 0 for a sequence of requests.
        cpu_us: The CPU time per request in µs, one value per round, by name of the server.
    """

    name: str
    size: int
    cpu_us: dict[str, list[float]] = field(default_factory=dict)

    def median(self, server: str) -> float | None:
        """Return the median of the rounds, in µs; None if the server was not measured."""
        return statistics.median(self.cpu_us[server]) if server in self.cpu_us else None

    def ratio(self, server: str, reference: str) -> float | None:
        """Return the median of the ratios of two servers, one ratio per round."""
        if server not in self.cpu_us or reference not in self.cpu_us:
            return None
        pairs = zip(self.cpu_us[server], self.cpu_us[reference], strict=True)
        return statistics.median(cost / reference_cost for cost, reference_cost in pairs)


def job_id_of(server: Server) -> str:
    """Return the id of `job-0`, or of the only job."""
    with Connection(server.url) as connection:
        _, body = connection.send(connection.prepare("GET", "/jobs/overview"))
    jobs = json.loads(body)["jobs"]
    return next((job["jid"] for job in jobs if job["name"] == "job-0"), jobs[0]["jid"])


def measure(
    name: str, targets: Mapping[Server, str], *, round_count: int, requests_per_round: int, warm_up_count: int
) -> Row:
    """Measure one request.

    Args:
        name: The path of the operation.
        targets: The target of the request, by server.
        round_count: The number of rounds.
        requests_per_round: The number of requests to each server in a round.
        warm_up_count: The number of requests to each server before the measurement, at least 1.
    """
    row = Row(name, 0)
    with contextlib.ExitStack() as stack:
        connections = {server: stack.enter_context(Connection(server.url)) for server in targets}
        request_bytes = {server: connections[server].prepare("GET", target) for server, target in targets.items()}
        for server in targets:
            for _ in range(max(1, warm_up_count)):  # at least one, for the size
                status, body = connections[server].send(request_bytes[server])
                assert status == 200, (server.name, targets[server], status, body[:200])
            row.size = row.size or len(body)
        for _ in range(round_count):
            for server in targets:
                cpu_before = server.cpu_ns()
                for _ in range(requests_per_round):
                    connections[server].send(request_bytes[server])
                cpu_ns = server.cpu_ns() - cpu_before
                row.cpu_us.setdefault(server.name, []).append(cpu_ns / 1000 / requests_per_round)
    return row


def bodies_of(server: Server, targets: Sequence[str]) -> dict[str, bytes]:
    """Return the response bodies of a server by target."""
    with Connection(server.url) as connection:
        return {target: connection.send(connection.prepare("GET", target))[1] for target in targets}


def measure_savepoint_requests(server: Server, job_id: str, *, round_count: int, savepoints_per_round: int) -> Row:
    """Measure the requests that trigger savepoints of a job and poll them until they are completed."""
    row = Row("savepoint: trigger, poll to the end", 0)
    with Connection(server.url) as connection:
        trigger = connection.prepare("POST", f"/jobs/{job_id}/savepoints", b'{"target-directory":"file:///savepoints"}')
        for _ in range(round_count):
            cpu_before = server.cpu_ns()
            request_count = 0
            for _ in range(savepoints_per_round):
                _, body = connection.send(trigger)
                poll = connection.prepare("GET", f"/jobs/{job_id}/savepoints/{json.loads(body)['request-id']}")
                request_count += 1
                while True:
                    _, body = connection.send(poll)
                    request_count += 1
                    if b"IN_PROGRESS" not in body:
                        break
            cpu_ns = server.cpu_ns() - cpu_before
            row.cpu_us.setdefault(server.name, []).append(cpu_ns / 1000 / request_count)
    return row
