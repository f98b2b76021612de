"""Clocks that jump by years, and jobs that restart very often."""

from __future__ import annotations

import httpx
import pytest

from flinkmock import FlinkMock, engine, limits

SCENARIO = """
jobs:
  orders: {extends: streaming, checkpoints: {every: 1s}}
  crashes: {checkpoints: {every: 1s}, lifecycle: [{repeat: forever, steps: [RUNNING: 5s, RESTARTING: 1s]}]}
"""
YEAR_MS = 365 * 86_400_000


def test_a_clock_can_be_advanced_by_a_century(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADVANCE", 1_000)
    with FlinkMock(SCENARIO, clock="virtual") as mock:
        mock.advance("36500d")
        job = mock.job("crashes")
        attempt_count = len(mock.cluster.jobs[job.id].attempts)
        assert 100 < attempt_count < 1_000
        for path in ("", "/exceptions", "/checkpoints", "/config", "/metrics"):
            assert httpx.get(f"{mock.url}/jobs/{job.id}{path}").status_code == 200
        mock.advance("1m")
        assert len(mock.cluster.jobs[job.id].attempts) > attempt_count


def test_the_time_per_restart_does_not_grow() -> None:
    """This test takes minutes if the time for a restart grows with the number of restarts."""
    with FlinkMock(SCENARIO, clock="virtual") as mock:
        mock.advance("3h")
        assert mock.job("crashes").state in ("RUNNING", "RESTARTING")


@pytest.mark.slow
def test_the_wall_clock_may_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CATCH_UP", 1_000)
    real_wall_ms, offset_ms = engine.wall_ms, 0
    monkeypatch.setattr(engine, "wall_ms", lambda: real_wall_ms() + offset_ms)
    with FlinkMock(SCENARIO, clock="real") as mock:
        for jump_ms in (86_400_000, 100 * YEAR_MS, -3_600_000, -60 * YEAR_MS):
            offset_ms += jump_ms
            for job_id in mock.cluster.jobs:
                assert httpx.get(f"{mock.url}/jobs/{job_id}/checkpoints").status_code == 200


def test_the_log_has_a_limited_number_of_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOG_ATTEMPTS", 3)
    with FlinkMock(SCENARIO, clock="virtual") as mock:
        mock.advance("10m")
        lines = httpx.get(mock.url + "/jobmanager/log").text.splitlines()
        assert sum("from state RESTARTING to RUNNING" in line or "RESTARTING to CREATED" in line for line in lines) <= 3
        assert sum("switched from state RUNNING to RESTARTING" in line for line in lines) >= 2
