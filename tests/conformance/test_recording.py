"""A cluster is recorded and the recording is served: the same timeline, the same graphs, the same checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from flinkmock import FlinkMock
from flinkmock.cli import main
from flinkmock.conformance.fetch import Fetcher, Reader
from flinkmock.conformance.recording import Recorder

SCENARIO = """
cluster: {taskmanagers: 2, slots: 4}
jobs:
  orders:
    parallelism: 2
    vertices:
      - {name: "Source: orders", rate: 200, record-size: 40B}
      - {name: window, inputs: [{from: "Source: orders", ship: HASH}], selectivity: 0.5}
      - {name: "Sink: print", parallelism: 1}
    checkpoints: {every: 5s, takes: 200ms..400ms, size: 1000B..2000B}
  nightly: {template: batch, lifecycle: [{RUNNING: 12s}, FINISHED]}
  fragile:
    restart: {strategy: fixed-delay, delay: 3s}
    lifecycle:
      - RUNNING: 20s
      - RESTARTING: {for: 3s, because: {class: java.io.IOException, message: "broken pipe"}}
      - RUNNING: 25s
      - RESTARTING: {for: 3s, because: {class: java.io.IOException, message: "broken pipe"}}
      - RUNNING
  doomed:
    restart: none
    lifecycle:
      - RUNNING: 30s
      - FAILING: {for: 200ms, because: {class: java.lang.IllegalStateException, message: "no way"}}
      - FAILED
"""


def recorded(cluster: FlinkMock, seconds: int = 40, scrub: bool = False) -> dict[str, Any]:
    fetcher = Fetcher(cluster.url)
    try:
        recorder = Recorder(Reader(fetcher), lambda ms: cluster.advance(f"{ms}ms"))
        recorder.watch(seconds * 1000)
        return recorder.scenario(scrub=scrub)
    finally:
        fetcher.close()


def timeline(cluster: FlinkMock) -> dict[str, list[tuple[str, int]]]:
    """Job -> state and ms since its start, of each state's last entry."""
    fetcher = Fetcher(cluster.url)
    reader = Reader(fetcher)
    told = {}
    for row in reader.json("/jobs/overview")["jobs"]:
        details = reader.json(f"/jobs/{row['jid']}")
        since = details["start-time"]
        told[row["name"]] = sorted((state, at - since) for state, at in details["timestamps"].items() if at)
    fetcher.close()
    return told


@pytest.mark.parametrize("flink", ["1.12", "1.20", "2.3"])
def test_the_recording_tells_the_same_timeline(flink: str) -> None:
    with FlinkMock(SCENARIO, flink=flink, clock="virtual") as cluster:
        cluster.advance("20s")
        scenario = recorded(cluster)
        truth = timeline(cluster)
    text = yaml.safe_dump(scenario)
    with FlinkMock(text, clock="virtual") as again:
        assert again.engine.contract.release.minor == flink
        replayed = timeline(again)
    assert replayed == truth


def test_graphs_and_checkpoints() -> None:
    with FlinkMock(SCENARIO, clock="virtual") as cluster:
        cluster.advance("60s")
        jobs = recorded(cluster, 5)["jobs"]
    source, window, sink = jobs["orders"]["vertices"]
    assert (source["name"], source["parallelism"], source["inputs"]) == ("Source: orders", 2, [])
    assert source["rate"] == pytest.approx(200, rel=0.1)
    assert source["record-size"] == "40B"
    assert window["inputs"] == [{"from": "Source: orders", "ship": "HASH"}]
    assert window["selectivity"] == pytest.approx(0.5, rel=0.05)
    assert sink["parallelism"] == 1
    checkpoints = jobs["orders"]["checkpoints"]
    assert checkpoints["every"] == "5000ms"
    low, high = checkpoints["takes"].split("..")
    assert 200 <= int(low[:-2]) <= int(high[:-2]) <= 400
    assert jobs["nightly"]["type"] == "batch"
    failing = jobs["doomed"]["lifecycle"][-2]["FAILING"]
    assert failing["because"]["class"] == "java.lang.IllegalStateException"
    assert failing["because"]["message"] == "no way"


def test_scrubbed() -> None:
    with FlinkMock(SCENARIO, clock="virtual") as cluster:
        cluster.advance("60s")
        text = yaml.safe_dump(recorded(cluster, 2, scrub=True))
    for secret in ("orders", "doomed", "no way", "broken pipe", "nightly"):
        assert secret not in text
    with FlinkMock(text) as again:
        assert len(again.cluster.jobs) == 4


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, raw = tmp_path / "orders.yaml", tmp_path / "raw.jsonl"
    with FlinkMock(SCENARIO, clock="20x") as cluster:
        assert main(["record", cluster.url, "-o", str(out), "--for", "0.4", "--every", "0.2", "--raw", str(raw)]) == 0
    assert capsys.readouterr().out == f"{out}: 4 jobs\n"
    assert {json.loads(line)["target"] for line in raw.read_text().splitlines()} >= {"/overview", "/jobs/overview"}
    with FlinkMock(out, clock="virtual") as again:
        assert len(again.cluster.jobs) == 4
    assert main(["record", "http://127.0.0.1:1", "-o", str(out)]) == 2
