"""Clocks that jump by years."""

from __future__ import annotations

import httpx
import pytest

from flinkmock import FlinkMock, engine, limits

LOOP = """
jobs:
  orders: {extends: streaming, checkpoints: {every: 1s}}
  crashes: {checkpoints: {every: 1s}, lifecycle: [{repeat: forever, steps: [RUNNING: 5s, RESTARTING: 1s]}]}
"""
YEAR_MS = 365 * 86_400_000


def test_a_clock_can_be_advanced_by_a_century(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADVANCE", 1_000)
    with FlinkMock(LOOP, clock="virtual") as mock:
        mock.advance("36500d")
        job = mock.job("crashes")
        attempts = len(mock.cluster.jobs[job.id].attempts)
        assert 100 < attempts < 1_000
        for path in ("", "/exceptions", "/checkpoints", "/config", "/metrics"):
            assert httpx.get(f"{mock.url}/jobs/{job.id}{path}").status_code == 200
        mock.advance("1m")
        assert len(mock.cluster.jobs[job.id].attempts) > attempts


def test_the_time_per_restart_does_not_grow() -> None:
    """This test takes minutes if the time for each restart grows with their number."""
    with FlinkMock(LOOP, clock="virtual") as mock:
        mock.advance("3h")
        assert mock.job("crashes").state in ("RUNNING", "RESTARTING")


@pytest.mark.slow
def test_the_wall_clock_may_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CATCH_UP", 1_000)
    real, offset = engine.wall_ms, 0
    monkeypatch.setattr(engine, "wall_ms", lambda: real() + offset)
    with FlinkMock(LOOP, clock="real") as mock:
        for jump in (86_400_000, 100 * YEAR_MS, -3_600_000, -60 * YEAR_MS):
            offset += jump
            for job in mock.cluster.jobs:
                assert httpx.get(f"{mock.url}/jobs/{job}/checkpoints").status_code == 200


def test_the_log_has_a_limited_number_of_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOG_ATTEMPTS", 3)
    with FlinkMock(LOOP, clock="virtual") as mock:
        mock.advance("10m")
        lines = httpx.get(mock.url + "/jobmanager/log").text.splitlines()
        assert sum("from state RESTARTING to RUNNING" in line or "RESTARTING to CREATED" in line for line in lines) <= 3
        assert sum("switched from state RUNNING to RESTARTING" in line for line in lines) >= 2
