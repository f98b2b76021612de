"""A cluster with a virtual clock, and a client of its control API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flinkmock import FlinkMock
from tests.control.client import Control

SCENARIO = """
clock: virtual
cluster: {taskmanagers: 2, slots: 2}
jobs:
  orders:
    lifecycle: [{RUNNING: 20s}, {RESTARTING: 5s}, {RUNNING: signal go}, FINISHED]
expect:
- POST /jobs/:jobid/stop: once
"""


@pytest.fixture
def flink() -> Iterator[FlinkMock]:
    # not a `with` block, because the expectation is not met
    cluster = FlinkMock(SCENARIO, start_time="2026-01-01").start()
    yield cluster
    cluster.close()


@pytest.fixture
def control(flink: FlinkMock) -> Control:
    return Control(flink.control_url)
