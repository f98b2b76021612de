"""What a failed test is told about its cluster: how its jobs went, what was asked, and whether time stood still."""

from __future__ import annotations

from flinkmock.testing.mock import FlinkMock

STANDING = 20
"""So many requests at one and the same cluster time look like a client that waits for a clock nobody moves."""


def told(cluster: FlinkMock) -> str:
    with cluster.engine.lock:
        start = cluster.cluster.started_at
        lines = [f"{cluster!r}, Flink {cluster.engine.contract.release.version}, clock {cluster.engine.clock.text}"]
        for job in cluster.cluster.jobs.values():
            states = ", ".join(f"{(at - start) / 1000:g}s {state}" for at, state in job.states)
            lines.append(f"  {job.name}: {states}")
        asked = cluster.requests.snapshot()
        standing = [exchange for exchange in asked if exchange.now == cluster.engine.clock.now()]
    lines.append(str(cluster.requests))
    if len(standing) >= STANDING and not cluster.engine.clock.follows_wall:
        lines.append(
            f"The last {len(standing)} requests came at one cluster time, for the {cluster.engine.clock.text} clock "
            'stands until it is told to move. Use clock="1s per request", or advance() and run_until().'
        )
    return "\n".join(lines)
