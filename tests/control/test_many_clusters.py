"""Hundreds of clusters, which eight clients create, use and end at the same time, leak nothing."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flinkmock import FlinkMock
from flinkmock.cluster.cluster import Cluster
from flinkmock.control.api import API_PREFIX
from flinkmock.control.cluster_control import ClusterControl
from flinkmock.engine import Engine
from flinkmock.server.app import FlinkServer
from flinkmock.server.control_server import ControlServer
from tests.timeouts import PATIENCE

SCENARIO = b"clock: virtual\njobs: {orders: streaming}\n"
FILES = Path("/proc/self/fd")
KINDS = (Engine, Cluster, ClusterControl, FlinkServer, ControlServer, asyncio.Task)


def left() -> Counter[str]:
    """Count the objects, threads and open files."""
    gc.collect()
    counts = Counter(type(get_object).__name__ for get_object in gc.get_objects() if isinstance(get_object, KINDS))
    counts["threads"] = threading.active_count()
    counts["files"] = len(list(FILES.iterdir())) if FILES.exists() else 0
    return counts


def use(port: int, count: int) -> set[str]:
    """Make, use and end clusters, and return their addresses."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    urls = set()
    for _ in range(count):
        connection.request("POST", f"{API_PREFIX}/clusters", SCENARIO)
        cluster = json.loads(connection.getresponse().read())
        urls.add(cluster["url"])
        own = http.client.HTTPConnection("127.0.0.1", urlsplit(cluster["url"]).port, timeout=PATIENCE)
        own.request("GET", "/jobs/overview")
        assert json.loads(own.getresponse().read())["jobs"][0]["name"] == "orders"
        connection.request("DELETE", f"{API_PREFIX}/clusters/{cluster['id']}")
        response = connection.getresponse()
        response.read()
        assert response.status == 204
        own.close()
    connection.close()
    return urls


def use_by_eight(port: int, count: int) -> set[str]:
    """Share the clusters out to eight clients, and return their addresses."""
    with ThreadPoolExecutor(8) as clients:
        return set().union(*clients.map(use, [port] * 8, [count // 8] * 8))


def settled(most: Counter[str]) -> Counter[str]:
    """Return the counts as soon as none is above the allowed one, or after a timeout."""
    deadline = time.monotonic() + PATIENCE
    while not (counts := left()) <= most and time.monotonic() < deadline:
        time.sleep(0.1)
    return counts


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.slow)])
def test_nothing_is_leaked(count: int) -> None:
    with FlinkMock() as flink:
        use_by_eight(flink.port, 8)  # caches are filled
        before = left()
        urls = use_by_eight(flink.port, count)
        assert len(urls) >= count / 2  # some get a port that is free again
        after = settled(before)
        assert after <= before, after - before  # resources of earlier tests may be freed in this time
