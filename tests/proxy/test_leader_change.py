"""The proxy notes a change of leader, and does not compare later responses with earlier ones."""

from __future__ import annotations

import aiohttp

from flinkmock import FlinkMock
from flinkmock.contract import Contract
from flinkmock.proxy import Proxy
from tests.proxy.conftest import Serve

JOBS = {"orders": "streaming", "nightly": "batch"}


async def read_responses(url: str, job_id: str) -> list[int]:
    """Send the requests that a client repeats; return the statuses of the responses."""
    statuses = []
    targets = ("/overview", "/jobs", "/jobs/overview", f"/jobs/{job_id}", f"/jobs/{job_id}/checkpoints")
    async with aiohttp.ClientSession() as session:
        for target in targets:
            async with session.get(url + target) as response:
                await response.read()
                statuses.append(response.status)
    return statuses


async def read_around_leader_change(
    serve: Serve, jobmanager_index: int, *, during_change: bool
) -> tuple[Proxy, list[int]]:
    """Send requests through a proxy before and after a leader change.

    Args:
        jobmanager_index: The JobManager behind the proxy; JobManager 0 is the first leader.
        during_change: Whether to send requests while there is no leader, too.

    Returns:
        The proxy, and the statuses during the change.
    """
    scenario = {"jobs": JOBS, "cluster": {"jobmanagers": 2}}
    with FlinkMock(scenario, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        job_id = cluster.job("orders").id
        proxy = Proxy(cluster.urls[jobmanager_index], Contract.load("2.3"))
        url = await serve(proxy)
        for _ in range(3):
            await read_responses(url, job_id)
            cluster.advance("5s")
        cluster.jobmanagers.crash_leader("10s")
        statuses = await read_responses(url, job_id) if during_change else []
        cluster.advance("20s")
        for _ in range(3):
            await read_responses(url, job_id)
            cluster.advance("5s")
    proxy.checker.end()
    return proxy, statuses


async def test_a_leader_that_does_not_respond_is_noted(serve: Serve) -> None:
    proxy, statuses = await read_around_leader_change(serve, 0, during_change=True)
    assert set(statuses) == {502}
    assert proxy.report.clean, proxy.summary()
    [note] = proxy.report.notes
    assert note.endswith(" UTC: the server did not respond. Earlier responses were dropped.")


async def test_an_election_is_noted(serve: Serve) -> None:
    proxy, statuses = await read_around_leader_change(serve, 1, during_change=True)
    assert set(statuses) == {503}
    assert proxy.report.clean, proxy.summary()
    [note] = proxy.report.notes
    assert note.endswith(" UTC: the server had no leader. Earlier responses were dropped.")


async def test_a_leader_change_between_two_requests_is_noted(serve: Serve) -> None:
    proxy, _ = await read_around_leader_change(serve, 1, during_change=False)
    assert proxy.report.clean, proxy.summary()
    [note] = proxy.report.notes
    text = "the server was restarted, or has another leader. Earlier responses were dropped."
    assert note.endswith(f" UTC: {text}")
    assert note in proxy.summary()
