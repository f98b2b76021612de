"""A leader change during a check is a note in the report, and not a finding."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from flinkmock import FlinkMock
from flinkmock.conformance.check import Check
from flinkmock.conformance.http_client import HttpClient
from flinkmock.conformance.interruptions import MAX_INTERRUPTIONS_IN_A_ROW
from flinkmock.conformance.report import Report
from flinkmock.contract import Contract

DAY_MS = 86_400_000
JOBS = {
    "running": {"extends": "streaming", "parallelism": 1},
    "other": {"type": "streaming", "parallelism": 1},
    "finished": {"type": "batch", "parallelism": 1},
}


def watch_cluster(cluster: FlinkMock, event: Callable[[], object], interrupted_at_wait: int = 6) -> Report:
    """Watch a cluster; return the report without its last note, which says that the watch was ended.

    Args:
        cluster: The cluster.
        event: Called before the second pass.
        interrupted_at_wait: The number of the wait that ends the watch, from 1.
    """
    wait_count = 0

    def wait(ms: int) -> None:
        nonlocal wait_count
        wait_count += 1
        if wait_count == 1:
            event()
        if wait_count == interrupted_at_wait:
            raise KeyboardInterrupt
        cluster.advance(f"{ms}ms")

    with closing(HttpClient(cluster.urls[-1])) as client:
        report = Check(client, Contract.load("2.3"), wait=wait, values_per_parameter=2).run(watch_ms=DAY_MS)
    assert report.notes.pop().endswith("UTC: the watch was ended.")
    return report


def scenario(*, highly_available: bool) -> dict[str, Any]:
    """Return a scenario with two JobManagers, or with one that loses its jobs when it crashes."""
    if highly_available:
        return {"jobs": JOBS, "cluster": {"jobmanagers": 2}}
    return {"jobs": JOBS, "cluster": {"config": {"high-availability.type": "NONE"}}}


@pytest.mark.parametrize(
    ("highly_available", "outage_text"), [(False, "the server did not respond"), (True, "the server had no leader")]
)
def test_an_outage_after_a_crash_of_the_leader_is_a_note_and_not_a_finding(
    highly_available: bool, outage_text: str
) -> None:
    with FlinkMock(scenario(highly_available=highly_available), flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        report = watch_cluster(cluster, lambda: cluster.jobmanagers.crash_leader("2s"))
    assert report.clean, report.table()
    [note] = report.notes
    assert f"UTC: {outage_text} for" in note and note.endswith(" s. Earlier responses were dropped.")
    assert f"    {note}" in report.table().partition("notes:")[2]
    assert not report.server_gone


@pytest.mark.parametrize("highly_available", [True, False])
def test_a_new_leader_between_two_passes_is_a_note_and_not_a_finding(highly_available: bool) -> None:
    with FlinkMock(scenario(highly_available=highly_available), flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        report = watch_cluster(cluster, lambda: cluster.jobmanagers.crash_leader("10ms"))
    assert report.clean, report.table()
    [note] = report.notes
    assert note.endswith("UTC: the server was restarted, or has another leader. Earlier responses were dropped.")


def test_the_report_says_that_a_server_did_not_come_back() -> None:
    with FlinkMock(scenario(highly_available=True), flink="2.3", clock="virtual") as cluster:

        def wait(ms: int) -> None:
            cluster.jobmanagers.crash_leader("10h")
            cluster.advance(f"{max(ms, 60_000)}ms")

        with closing(HttpClient(cluster.urls[-1])) as client:
            report = Check(client, Contract.load("2.3"), wait=wait, values_per_parameter=2).run(watch_ms=60_000)
    assert report.server_gone
    [note] = report.notes
    assert note.endswith("It is not back.")


def test_a_check_waits_for_a_leader_only_a_few_times() -> None:
    faults = [{"match": "GET /jobs/overview", "reply": "leader-unavailable"}]
    with FlinkMock({"jobs": JOBS, "faults": faults}, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        with closing(HttpClient(cluster.url)) as client:
            report = Check(
                client, Contract.load("2.3"), wait=lambda ms: cluster.advance(f"{ms}ms"), values_per_parameter=2
            ).run()
    [finding] = report.findings
    assert str(finding).startswith("status: expected 200, found 503 Service temporarily unavailable")
    assert len(report.notes) == MAX_INTERRUPTIONS_IN_A_ROW


def test_an_interrupted_watch_returns_the_report_so_far() -> None:
    with FlinkMock({"jobs": JOBS}, flink="2.3", clock="virtual") as cluster:
        report = watch_cluster(cluster, lambda: None, interrupted_at_wait=1)
    assert report.clean and report.request_count > 100
    assert report.notes == []
