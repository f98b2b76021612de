"""Hundreds of clusters leak nothing when eight clients create, use and delete them at the same time."""

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
from flinkmock.server.control_server import ControlServer
from flinkmock.server.flink_server import FlinkServer
from tests.timeouts import TEST_TIMEOUT_S

CLIENT_COUNT = 8
SCENARIO = b"clock: virtual\njobs: {orders: streaming}\n"
OPEN_FILES = Path("/proc/self/fd")
COUNTED_TYPES = (Engine, Cluster, ClusterControl, FlinkServer, ControlServer, asyncio.Task)


def count_resources() -> Counter[str]:
    """Count the objects, threads and open files."""
    gc.collect()
    counts = Counter(type(instance).__name__ for instance in gc.get_objects() if isinstance(instance, COUNTED_TYPES))
    counts["threads"] = threading.active_count()
    counts["files"] = len(list(OPEN_FILES.iterdir())) if OPEN_FILES.exists() else 0
    return counts


def use_clusters(port: int, count: int) -> set[str]:
    """Create, use and delete clusters one after another; return their URLs."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TEST_TIMEOUT_S)
    urls = set()
    for _ in range(count):
        connection.request("POST", f"{API_PREFIX}/clusters", SCENARIO)
        cluster = json.loads(connection.getresponse().read())
        urls.add(cluster["url"])
        cluster_connection = http.client.HTTPConnection(
            "127.0.0.1", urlsplit(cluster["url"]).port, timeout=TEST_TIMEOUT_S
        )
        cluster_connection.request("GET", "/jobs/overview")
        assert json.loads(cluster_connection.getresponse().read())["jobs"][0]["name"] == "orders"
        connection.request("DELETE", f"{API_PREFIX}/clusters/{cluster['id']}")
        response = connection.getresponse()
        response.read()
        assert response.status == 204
        cluster_connection.close()
    connection.close()
    return urls


def use_clusters_concurrently(port: int, count: int) -> set[str]:
    """Let eight clients create, use and delete `count` clusters in total; return their URLs."""
    with ThreadPoolExecutor(CLIENT_COUNT) as clients:
        return set().union(*clients.map(use_clusters, [port] * CLIENT_COUNT, [count // CLIENT_COUNT] * CLIENT_COUNT))


def resources_after_cleanup(allowed: Counter[str]) -> Counter[str]:
    """Count the resources again until no count is above the allowed one, or the timeout expires."""
    deadline = time.monotonic() + TEST_TIMEOUT_S
    while not (counts := count_resources()) <= allowed and time.monotonic() < deadline:
        time.sleep(0.1)
    return counts


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.slow)])
def test_nothing_is_leaked(count: int) -> None:
    with FlinkMock() as flink:
        use_clusters_concurrently(flink.port, CLIENT_COUNT)  # fills caches
        before = count_resources()
        urls = use_clusters_concurrently(flink.port, count)
        assert len(urls) >= count / 2  # a port that is free again may be reused
        after = resources_after_cleanup(before)
        assert after <= before, after - before  # less is possible: resources of earlier tests may be freed meanwhile
