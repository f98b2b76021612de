"""Clusters that come and go leave nothing behind, and an hour is a matter of requests."""

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

from benchmarks.hour import SCENARIO, an_hour
from flinkmock import FlinkMock

FILES = Path("/proc/self/fd")


def held() -> tuple[set[threading.Thread], int]:
    """Return the number of threads and, where the platform shows them, of open files and sockets."""
    gc.collect()
    return set(threading.enumerate()), len(os.listdir(FILES)) if FILES.is_dir() else 0


def test_nothing_is_left_of_clusters_that_have_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()  # what earlier tests have left is not ours
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with FlinkMock():
        pass  # what is imported or opened once is no leak
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        threads, files = held()
        for round_ in range(100):
            with FlinkMock({"jobs": {"orders": "streaming"}}) as cluster:
                urllib.request.urlopen(cluster.url + "/jobs").close()
                if round_ % 10 == 0:  # a client that is still connected, and has asked for nothing yet
                    host, _, port = cluster.url.removeprefix("http://").partition(":")
                    socket.create_connection((host, int(port))).close()
        threads_after, files_after = held()
        assert threads_after <= threads and files_after <= files
    assert unraisable == []
    assert list(tmp_path.iterdir()) == []


def test_an_hour_of_a_job_through_savepoint_and_upgrade() -> None:
    with FlinkMock(SCENARIO, clock="1m per request") as cluster:
        began = cluster.clock.now()
        job = an_hour(cluster)
        assert cluster.clock.now() - began >= 60 * 60_000
        assert len(cluster.requests) < 80
        orders = cluster.job("orders")
        assert (orders.id, orders.state) == (job, "FINISHED")
        cluster.requests.expect_in_order(
            "POST /jobs/:jobid/savepoints", "POST /jobs/:jobid/stop", "POST /jars/:jarid/run", f"GET /jobs/{job}"
        )
        stopped = cluster.requests.matching("POST /jars/:jarid/run")[0].body["savepointPath"]
        assert orders.restored_from == stopped
