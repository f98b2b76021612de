"""The exception history lists the failure of a job that restarts: while it restarts, or until 1.18 only afterwards."""

from __future__ import annotations

import pytest

from flinkmock import Engine, load_scenario
from flinkmock.rest.in_process import InProcessClient

JOB = """
jobs:
  one:
    extends: restarting
    lifecycle:
      - RUNNING: 10s
      - RESTARTING: {duration: 5s, exception: oom}
      - RUNNING: forever
exceptions:
  oom: {class: java.lang.OutOfMemoryError, message: Java heap space}
"""


@pytest.mark.parametrize(("release", "entry_count_while_restarting"), [("1.18", 0), ("1.19", 1)])
def test_the_history_has_a_failure_before_the_restart_since_1_19(
    release: str, entry_count_while_restarting: int
) -> None:
    engine = Engine(load_scenario(JOB), flink=release, clock="virtual")
    try:
        client = InProcessClient(engine)
        counts = []
        (job,) = client.json("GET", "/jobs")["jobs"]
        for seconds in (12, 8):
            engine.advance(seconds * 1000)
            response = client.json("GET", f"/jobs/{job['id']}/exceptions")
            assert response["root-exception"].startswith("java.lang.OutOfMemoryError: Java heap space")
            counts.append(len(response["exceptionHistory"]["entries"]))
        assert counts == [entry_count_while_restarting, 1]
    finally:
        engine.close()
