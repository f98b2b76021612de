"""A check that lasts longer than a leader notes the change, and has no finding."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from flinkmock import FlinkMock
from flinkmock.conformance.check import Check
from flinkmock.conformance.http_client import HttpClient
from flinkmock.conformance.interruptions import MAX_IN_A_ROW
from flinkmock.conformance.report import Report
from flinkmock.contract import Contract

DAY_MS = 86_400_000
JOBS = {
    "running": {"extends": "streaming", "parallelism": 1},
    "other": {"type": "streaming", "parallelism": 1},
    "finished": {"type": "batch", "parallelism": 1},
}


def watched(cluster: FlinkMock, event: Callable[[], object], waits: int = 6) -> Report:
    """Watches a cluster. `event` is called before the second pass; the watch is ended at the last of the waits."""
    waited: list[int] = []

    def wait(ms: int) -> None:
        waited.append(ms)
        if len(waited) == 1:
            event()
        if len(waited) == waits:
            raise KeyboardInterrupt
        cluster.advance(f"{ms}ms")

    with closing(HttpClient(cluster.urls[-1])) as client:
        report = Check(client, Contract.load("2.3"), wait=wait, limit=2).run(watch_ms=DAY_MS)
    assert report.notes.pop().endswith("UTC: the watch was ended.")
    return report


def scenario(*, highly_available: bool) -> dict[str, Any]:
    """Two JobManagers, or one that loses its jobs."""
    if highly_available:
        return {"jobs": JOBS, "cluster": {"jobmanagers": 2}}
    return {"jobs": JOBS, "cluster": {"config": {"high-availability.type": "NONE"}}}


@pytest.mark.parametrize(
    ("highly_available", "what"), [(False, "the server did not respond"), (True, "the server had no leader")]
)
def test_a_leader_that_crashes(highly_available: bool, what: str) -> None:
    with FlinkMock(scenario(highly_available=highly_available), flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        report = watched(cluster, lambda: cluster.jobmanagers.crash_leader("2s"))
    assert report.clean, report.table()
    [note] = report.notes
    assert f"UTC: {what} for" in note and note.endswith(" s. Earlier responses were dropped.")
    assert f"    {note}" in report.table().partition("notes:")[2]
    assert not report.server_gone


@pytest.mark.parametrize("highly_available", [True, False])
def test_a_change_between_two_passes(highly_available: bool) -> None:
    with FlinkMock(scenario(highly_available=highly_available), flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        report = watched(cluster, lambda: cluster.jobmanagers.crash_leader("10ms"))
    assert report.clean, report.table()
    [note] = report.notes
    assert note.endswith("UTC: the server was restarted, or has another leader. Earlier responses were dropped.")


def test_a_server_that_stays_unavailable() -> None:
    with FlinkMock(scenario(highly_available=True), flink="2.3", clock="virtual") as cluster:

        def wait(ms: int) -> None:
            cluster.jobmanagers.crash_leader("10h")
            cluster.advance(f"{max(ms, 60_000)}ms")

        with closing(HttpClient(cluster.urls[-1])) as client:
            report = Check(client, Contract.load("2.3"), wait=wait, limit=2).run(watch_ms=60_000)
    assert report.server_gone
    [note] = report.notes
    assert note.endswith("It is not back.")


def test_a_server_that_never_has_a_leader() -> None:
    faults = [{"match": "GET /jobs/overview", "reply": "leader-unavailable"}]
    with FlinkMock({"jobs": JOBS, "faults": faults}, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        with closing(HttpClient(cluster.url)) as client:
            report = Check(client, Contract.load("2.3"), wait=lambda ms: cluster.advance(f"{ms}ms"), limit=2).run()
    [finding] = report.findings
    assert str(finding).startswith("status: expected 200, found 503 Service temporarily unavailable")
    assert len(report.notes) == MAX_IN_A_ROW


def test_an_interrupted_watch_has_a_report() -> None:
    with FlinkMock({"jobs": JOBS}, flink="2.3", clock="virtual") as cluster:
        report = watched(cluster, lambda: None, waits=1)
    assert report.clean and report.requests > 100
    assert report.notes == []
