"""Started and stopped clusters leak nothing, and a job that runs for an hour needs few requests."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import urllib.request
import warnings
from pathlib import Path

import pytest

from benchmarks.long_job import SCENARIO, run_and_upgrade
from flinkmock import FlinkMock

OPEN_FILES = Path("/proc/self/fd")


def open_resources() -> tuple[set[threading.Thread], int]:
    """Return the threads, and the number of open files and sockets (0 on platforms that don't show it)."""
    gc.collect()
    return set(threading.enumerate()), len(os.listdir(OPEN_FILES)) if OPEN_FILES.is_dir() else 0


def test_closed_clusters_leak_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()  # ignores leaks of earlier tests
    unraisable_errors: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable_errors.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with FlinkMock():
        pass  # imports modules and opens files that stay open
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        threads_before, file_count_before = open_resources()
        for number in range(100):
            with FlinkMock({"jobs": {"orders": "streaming"}}) as cluster:
                urllib.request.urlopen(cluster.url + "/jobs").close()
                if number % 10 == 0:  # a client that is connected and has sent no request
                    host, _, port = cluster.url.removeprefix("http://").partition(":")
                    socket.create_connection((host, int(port))).close()
        threads_after, file_count_after = open_resources()
        assert threads_after <= threads_before and file_count_after <= file_count_before
    assert unraisable_errors == []
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_runs_for_an_hour_and_is_upgraded_needs_few_requests() -> None:
    with FlinkMock(SCENARIO, clock="1m per request") as cluster:
        started_at = cluster.clock.now()
        job_id = run_and_upgrade(cluster)
        assert cluster.clock.now() - started_at >= 60 * 60_000
        assert len(cluster.requests) < 80
        orders = cluster.job("orders")
        assert (orders.id, orders.state) == (job_id, "FINISHED")
        cluster.requests.expect_in_order(
            "POST /jobs/:jobid/savepoints", "POST /jobs/:jobid/stop", "POST /jars/:jarid/run", f"GET /jobs/{job_id}"
        )
        savepoint_path = cluster.requests.matching("POST /jars/:jarid/run")[0].body["savepointPath"]
        assert orders.restored_from == savepoint_path
