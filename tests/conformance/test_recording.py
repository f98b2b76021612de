"""A fake cluster is recorded and the recording is served, with the same timeline, graphs and checkpoints."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from flinkmock import FlinkMock
from flinkmock.cli import main
from flinkmock.conformance.http_client import ClientReader, HttpClient
from flinkmock.conformance.recording import ClusterObservations, Poller, omissions, recorded_scenario
from flinkmock.conformance.recording.anonymize import Anonymizer
from flinkmock.conformance.recording.distribution import in_turn
from flinkmock.errors import ServerUnreachable
from tests.timeouts import PATIENCE

SCENARIO = """
cluster: {taskmanagers: 2, slots: 4}
jobs:
  orders:
    parallelism: 2
    vertices:
      - {name: "Source: orders", rate: 200, record-size: 40B}
      - {name: window, inputs: [{from: "Source: orders", ship-strategy: HASH}], selectivity: 0.5}
      - {name: "Sink: print", parallelism: 1}
    checkpoints: {every: 5s, duration: 200ms..400ms, size: 1000B..2000B}
  nightly: {extends: batch, lifecycle: [{RUNNING: 12s}, FINISHED]}
  fragile:
    restart: {strategy: fixed-delay, delay: 3s}
    lifecycle:
      - RUNNING: 20s
      - RESTARTING: {duration: 3s, exception: {class: java.io.IOException, message: "broken pipe"}}
      - RUNNING: 25s
      - RESTARTING: {duration: 3s, exception: {class: java.io.IOException, message: "broken pipe"}}
      - RUNNING
  doomed:
    restart: none
    lifecycle:
      - RUNNING: 30s
      - FAILING: {duration: 200ms, exception: {class: java.lang.IllegalStateException, message: "no way"}}
      - FAILED
"""


def recorded(cluster: FlinkMock, seconds: int = 40, anonymize: bool = False) -> dict[str, Any]:
    client = HttpClient(cluster.url)
    try:
        observations = ClusterObservations()
        Poller(ClientReader(client), observations, lambda ms: cluster.advance(f"{ms}ms")).poll(seconds * 1000, 1000)
        return recorded_scenario(observations, anonymize=anonymize)
    finally:
        client.close()


def timeline(cluster: FlinkMock) -> dict[str, list[tuple[str, int]]]:
    """Maps each job to its states, with the ms from its start to the last entry of each."""
    client = HttpClient(cluster.url)
    reader = ClientReader(client)
    recorded_file = {}
    for row in reader.json("/jobs/overview")["jobs"]:
        details = reader.json(f"/jobs/{row['jid']}")
        since = details["start-time"]
        recorded_file[row["name"]] = sorted((state, at - since) for state, at in details["timestamps"].items() if at)
    client.close()
    return recorded_file


@pytest.mark.parametrize("flink", ["1.12", "1.20", "2.3"])
def test_the_recording_has_the_same_timeline(flink: str) -> None:
    with FlinkMock(SCENARIO, flink=flink, clock="virtual") as cluster:
        cluster.advance("20s")
        recorded_file = recorded(cluster)
        truth = timeline(cluster)
    text = yaml.safe_dump(recorded_file)
    with FlinkMock(text, clock="virtual") as again:
        assert again.engine.contract.release.minor == flink
        replayed = timeline(again)
    assert replayed == truth


def test_a_job_with_many_failures() -> None:
    recorded_file = """
jobs:
  returns:
    age: 3d
    restart: {strategy: fixed-delay, delay: 1s}
    lifecycle:
      - INITIALIZING: 20ms
      - CREATED: 30ms
      - repeat: forever
        steps: [{RUNNING: 1h}, {RESTARTING: {duration: 1s, exception: {class: java.io.IOException}}}]
"""
    with FlinkMock(recorded_file, clock="virtual") as cluster:
        truth, again = timeline(cluster), recorded(cluster, 1)
    with FlinkMock(again, clock="virtual") as replay:
        assert timeline(replay) == truth


ADAPTIVE = """
cluster: {config: {jobmanager.scheduler: adaptive}}
jobs:
  fragile:
    lifecycle:
      - RUNNING: 20s
      - RESTARTING: {duration: 3s, exception: {class: java.io.IOException}}
      - CREATED: 100ms
      - RUNNING: 25s
      - RESTARTING: {duration: 3s, exception: {class: java.io.IOException}}
      - CREATED: 100ms
      - RUNNING
"""


@pytest.mark.parametrize(("began", "seconds"), [(10, 50), (60, 3), (21, 2), (47, 2)])
def test_created_after_each_failure_with_the_adaptive_scheduler(began: int, seconds: int) -> None:
    with FlinkMock(ADAPTIVE, clock="virtual") as cluster:
        cluster.advance(f"{began}s")
        recorded_file = recorded(cluster, seconds)
        truth = timeline(cluster)
    with FlinkMock(recorded_file, clock="virtual") as again:
        assert timeline(again) == truth


def test_graphs_and_checkpoints() -> None:
    with FlinkMock(SCENARIO, clock="virtual") as cluster:
        cluster.advance("60s")
        recorded_file = recorded(cluster, 5)
    jobs = recorded_file["jobs"]
    source, window, sink = jobs["orders"]["vertices"]
    assert (source["name"], source["parallelism"], source["inputs"]) == ("Source: orders", 2, [])
    assert source["rate"] == pytest.approx(200, rel=0.1)
    assert source["record-size"] == "40B"
    assert window["inputs"] == [{"from": "Source: orders", "ship-strategy": "HASH"}]
    assert window["selectivity"] == pytest.approx(0.5, rel=0.05)
    assert sink["parallelism"] == 1
    checkpoints = jobs["orders"]["checkpoints"]
    assert checkpoints["every"] == "5s"
    durations = [int(text[:-2]) for text in checkpoints["duration"]]
    assert (len(durations) >= 12, 200 <= min(durations) <= max(durations) <= 400) == (True, True)
    assert jobs["nightly"]["type"] == "batch"
    assert jobs["nightly"]["vertices"][1]["inputs"][0]["exchange"] == "blocking"
    assert (jobs["fragile"]["restart"], jobs["doomed"]["restart"]) == (
        {"strategy": "fixed-delay", "delay": "3s"},
        "none",
    )
    failing = recorded_file["exceptions"][jobs["doomed"]["lifecycle"][-2]["FAILING"]["exception"]]
    assert (failing["class"], failing["message"]) == ("java.lang.IllegalStateException", "no way")
    assert "subtask" in failing


RICH = """
cluster: {taskmanagers: 2, slots: 3, config: {taskmanager.memory.process.size: 4g, parallelism.default: 3}}
jobs:
  sessions:
    parallelism: 2
    restore-path: file:///savepoints/savepoint-1
    restart: {strategy: exponential-delay, delay: 2s}
    watermarks: 5s
    user-config: {topic: clicks}
    metrics: {backlog: {series: [5, 7, 9], every: 1s, repeat: true}}
    vertices:
      - name: "Source: clicks"
        metrics: {Source__clicks.lag: {rate: 10, initial: 500}, Source__clicks.share: {value: 0.5, subtasks: [1]}}
        accumulators: {seen: LongCounter, lost: {type: IntCounter, value: 3}}
      - {name: Map, skew: [8, 2], backpressure: 40%, slot-sharing-group: heavy}
      - {name: more, operators: [Map]}
"""


def test_other_recorded_values() -> None:
    with FlinkMock(RICH, clock="virtual") as cluster:
        cluster.advance("60s")
        recorded_file = recorded(cluster, 12)
    assert recorded_file["cluster"]["slots"] == 3
    config = recorded_file["cluster"]["config"]
    assert (config["parallelism.default"], config["taskmanager.memory.process.size"]) == ("3", "4g")
    assert not {"rest.port", "taskmanager.numberOfTaskSlots", "web.tmpdir", "rest.address"} & set(config)
    job = recorded_file["jobs"]["sessions"]
    assert job["age"] == "1m11s"
    assert job["parallelism"] == 2
    assert job["restart"] == {"strategy": "exponential-delay", "delay": "2s"}
    assert job["restore-path"] == "file:/savepoints/savepoint-1"
    assert job["user-config"] == {"topic": "clicks"}
    assert job["watermarks"] == "5s"
    assert job["metrics"]["backlog"]["repeat"] is True
    assert set(job["metrics"]["backlog"]["series"]) == {5, 7, 9}
    source, window, other = job["vertices"]
    assert source["accumulators"] == {"seen": "LongCounter", "lost": {"type": "IntCounter", "value": 3}}
    assert source["metrics"]["Source__clicks.share"] == {"value": 0.5, "subtasks": [1]}
    assert source["metrics"]["Source__clicks.lag"]["rate"] == pytest.approx(10, abs=0.5)
    assert window["skew"] == [100, 25]
    assert window["backpressure"] == "40%"
    assert (window["slot-sharing-group"], "slot-sharing-group" in source) == ("group-2", False)
    assert (other["name"], other["operators"]) == ("Map #2", ["Map"])
    with FlinkMock(recorded_file, clock="virtual") as again:
        assert recorded(again, 1)["jobs"]["sessions"]["vertices"][1]["skew"] == [100, 25]


def test_an_interrupted_recording_is_written() -> None:
    def interrupt(ms: int) -> None:
        if not interrupted:
            interrupted.append(ms)
            raise KeyboardInterrupt

    interrupted: list[int] = []
    with FlinkMock(SCENARIO, clock="virtual") as cluster:
        cluster.advance("5s")
        client = HttpClient(cluster.url)
        observations = ClusterObservations()
        Poller(ClientReader(client), observations, interrupt).poll(60_000, 1000)
        client.close()
    assert len(recorded_scenario(observations)["jobs"]) == 4


def test_a_cluster_that_stops_answering() -> None:
    class Fading:
        """Fails from the second poll on."""

        asked = 0

        def json(self, target: str) -> Any:
            self.asked += target == "/jobs/overview"
            if self.asked > 1:
                raise ServerUnreachable("gone")
            return reader.json(target)

    with FlinkMock(SCENARIO, clock="virtual") as cluster:
        cluster.advance("5s")
        client = HttpClient(cluster.url)
        reader = ClientReader(client)
        observations = ClusterObservations()
        Poller(Fading(), observations, lambda ms: None).poll(3000, 1000)
        client.close()
    recorded_file = recorded_scenario(observations)
    assert len(recorded_file["jobs"]) == 4
    assert recorded_file["jobs"]["orders"]["checkpoints"]["every"] == "5s"
    assert recorded_file["cluster"]["slots"] == 4


def test_a_transient_state_at_the_end_gets_a_successor() -> None:
    with FlinkMock(SCENARIO, clock="virtual") as cluster:
        cluster.advance("20.5s")
        assert cluster.job("fragile").state == "RESTARTING"
        recorded_file = recorded(cluster, 1)
    with FlinkMock(recorded_file, clock="virtual") as again:
        assert again.job("fragile").state == "RESTARTING"
        again.advance("1m")
        assert again.job("fragile").state == "RUNNING"


@pytest.mark.parametrize("recorded_file", [SCENARIO, RICH])
def test_anonymized(recorded_file: str) -> None:
    with FlinkMock(recorded_file, clock="virtual") as cluster:
        cluster.advance("60s")
        jobs = len(cluster.cluster.jobs)
        ids = {vertex.id for job in cluster.cluster.jobs.values() for vertex in job.graph.vertices}
        text = yaml.safe_dump(recorded(cluster, 2, anonymize=True))
    for secret in ("orders", "doomed", "no way", "broken pipe", "nightly", "clicks", "topic", "seen", "savepoint-1"):
        assert secret not in text
    assert not any(job_id in text for job_id in ids)
    with FlinkMock(text) as again:
        assert len(again.cluster.jobs) == jobs


def test_anonymized_configuration() -> None:
    anonymizer = Anonymizer(True)
    assert anonymizer.option("jobmanager.rpc.address", "jm.example.org") == "host-1"
    assert anonymizer.option("rest.address", "jm.example.org") == "host-1"
    assert anonymizer.option("rest.bind-address", "0.0.0.0") == "0.0.0.0"
    assert anonymizer.option("state.savepoints.dir", "s3://bucket/savepoints") == "s3:///path-1"
    assert anonymizer.option("io.tmp.dirs", "/data/tmp") == "/path-2"
    assert anonymizer.option("taskmanager.memory.process.size", "1728m") == "1728m"
    assert anonymizer.option("jobmanager.scheduler", "adaptive") == "adaptive"
    assert anonymizer.option("kubernetes.cluster-id", "orders-prod") is None


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, raw = tmp_path / "orders.yaml", tmp_path / "raw.jsonl"
    with FlinkMock(SCENARIO, clock="20x") as cluster:
        watching = ["--for", "0.4s", "--every", "0.2s"]
        assert main(["record", cluster.url, "-o", str(out), "--raw", str(raw), *watching]) == 0
    assert capsys.readouterr().out == f"{out}: 4 jobs\n"
    assert {json.loads(line)["target"] for line in raw.read_text().splitlines()} >= {"/overview", "/jobs/overview"}
    with FlinkMock(out, clock="virtual") as again:
        assert len(again.cluster.jobs) == 4
    assert main(["record", "http://127.0.0.1:1", "-o", str(out)]) == 2

    made = tmp_path / "made.yaml"
    assert main(["record", str(raw), "-o", str(made)]) == 0
    assert made.read_text() == out.read_text()
    assert main(["record", str(raw), "-o", str(made), "--anonymize"]) == 2
    assert capsys.readouterr().err.endswith(f"{made} exists. To overwrite it, use --force.\n")
    assert main(["record", str(raw), "-o", str(made), "--anonymize", "--force"]) == 0
    assert "orders" not in made.read_text()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command(end: signal.Signals, tmp_path: Path) -> None:
    out, raw = tmp_path / "orders.yaml", tmp_path / "raw.jsonl"
    with FlinkMock(SCENARIO, clock="real") as cluster:
        command = ["record", cluster.url, "-o", str(out), "--raw", str(raw), "--for", "1h", "--every", "0.1s"]
        process = subprocess.Popen([sys.executable, "-m", "flinkmock", *command], stdout=subprocess.PIPE, text=True)
        while not raw.exists() or not raw.stat().st_size:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(end)
        recorded_file, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, recorded_file) == (0, f"{out}: 4 jobs\n")
    assert len(yaml.safe_load(out.read_text())["jobs"]) == 4


BUSY = """
cluster: {taskmanagers: 1, slots: 2}
jobs:
  orders:
    parallelism: 2
    checkpoints: {every: 5s, duration: [40ms, 45ms, 431ms, 50ms], size: [1000B, 2000B]}
    vertices:
      - {name: src, busy: 100%}
      - {name: map, busy: [95%, 20%], inputs: [{from: src, ship-strategy: HASH}]}
      - {name: out, busy: 12.5%, backpressure: 3.5%, accumulators: {lost: {type: Histogram, value: {1: 2}}}}
"""


def pages(cluster: FlinkMock) -> list[Any]:
    """What an autoscaler reads: durations of checkpoints, busy times and back pressure."""
    client = HttpClient(cluster.url)
    reader = ClientReader(client)
    job = f"/jobs/{cluster.job('orders').id}"
    vertices = [
        f"{job}/vertices/{vertex.id}" for vertex in cluster.cluster.jobs[cluster.job("orders").id].graph.vertices
    ]
    checkpoints = reader.json(f"{job}/checkpoints")["summary"]
    metrics = [reader.json(vertex)["subtasks"][0]["metrics"]["accumulated-busy-time"] for vertex in vertices]
    pressures = [[row["busyRatio"] for row in reader.json(f"{vertex}/backpressure")["subtasks"]] for vertex in vertices]
    client.close()
    return [checkpoints["end_to_end_duration"], checkpoints["state_size"], metrics, pressures]


def test_busy_times_and_checkpoint_durations_stay_as_measured() -> None:
    with FlinkMock(BUSY, clock="virtual") as cluster:
        cluster.advance("60s")
        recorded_file = recorded(cluster, 5)
        truth = pages(cluster)
    source, window, out = recorded_file["jobs"]["orders"]["vertices"]
    assert (source["busy"], window["busy"], out["busy"]) == ("100%", ["95%", "20%"], "12.5%")
    assert (out["backpressure"], "backpressure" in source) == ("3.5%", False)
    assert truth[0]["max"] == 431
    with FlinkMock(recorded_file, clock="virtual") as again:
        assert pages(again) == truth


def test_values_in_turn() -> None:
    def in_numbers(measured: dict[int, int], last: int, summary: dict[str, Any]) -> list[int]:
        values = in_turn(measured, last, summary, str)
        return [int(value) for value in values] if isinstance(values, list) else [int(values)]

    assert in_numbers({1: 5, 2: 5}, 2, {}) == [5]
    assert in_numbers({1: 50, 2: 60, 4: 70}, 4, {}) == [50, 60, 60, 70]
    known = {3: 40, 4: 41}
    assert in_numbers(known, 4, {"min": 20, "max": 431, "avg": 133}) == [431, 20, 40, 41]
    assert in_numbers(known, 4, {"min": 20, "max": 41, "avg": 35}) == [20, 39, 40, 41]
    summary = {"min": 10, "max": 900, "avg": 40, "p50": 30, "p90": 50, "p95": 60, "p99": 70, "p999": 100}
    many = in_numbers({990: 31, 991: 900}, 1000, summary)
    assert (len(many), min(many), max(many), sorted(many)[50]) == (100, 10, 900, 30)
    assert sum(value > 70 for value in many) <= 2
    assert sorted(in_numbers({number: number for number in range(1, 201)}, 200, {}))[::99] == [1, 200]


def answering(raw: Path, *responses: tuple[str, Any]) -> None:
    lines = [json.dumps({"target": target, "status": 200, "response": json.dumps(body)}) for target, body in responses]
    raw.write_text("\n".join(lines), encoding="utf-8")


def test_what_is_not_recorded_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FlinkMock(BUSY, clock="virtual") as cluster:
        cluster.advance("60s")
        client = HttpClient(cluster.url)
        observations = ClusterObservations()
        Poller(ClientReader(client), observations, lambda ms: None).poll(1000, 1000)
        client.close()
    job = next(iter(observations.jobs.values()))
    job.config["restart-strategy"] = "Failure rate restart with maximum of 3 failures within interval 60 s."
    vertex = next(iter(job.by_vertex))
    job.by_vertex[vertex].accumulators.append({"name": "own", "type": "Bloom", "value": "?"})
    job.omitted_metrics = {vertex: 7}
    observations.jars = ["a.jar", "b.jar"]
    observations.polls, observations.failed_polls = 75, 12
    observations.jobs["0"] = replace(job, name="lost", gone=True)
    assert omissions(observations) == [
        "12 of 75 polls: the cluster did not answer.",
        "job lost: no longer listed at the end of the recording. The cluster was restarted, or has forgotten them.",
        "uploaded jars a.jar, b.jar: a scenario has no jars.",
        "job orders: the restart strategy (Failure rate restart with maximum of 3 failures within interval 60 s.).",
        "job orders: 7 more metrics of src.",
        "job orders: vertex src: accumulator own of the program's own type.",
        "job orders: vertex out: the growth of accumulator lost: it keeps the value that it had at the end.",
    ]


def test_a_cluster_that_starts_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw.jsonl"
    answering(
        raw,
        ("/jobs/overview", {"jobs": [{"jid": "1", "name": "a", "state": "RUNNING"}]}),
        ("/jobs/overview", {"jobs": []}),
    )
    assert main(["record", str(raw), "-o", "-"]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("# Recorded by flinkmock record.\nname: recorded\n")
    assert output.err.startswith("-: 0 jobs\nnot recorded: job a: no longer listed at the end of the recording.")


def test_a_snapshot_and_metrics_of_an_ended_job() -> None:
    scenario = {
        "cluster": {"version": "2.4-SNAPSHOT"},
        "jobs": {"nightly": {"extends": "batch", "lifecycle": [{"RUNNING": "20s"}, "FINISHED"]}},
    }
    with FlinkMock(scenario, flink="2.3", clock="virtual") as cluster:
        for _ in range(3):
            cluster.advance("10s")
            ClientReader(client := HttpClient(cluster.url)).json(f"/jobs/{cluster.job('nightly').id}/metrics")
            client.close()
        observations = ClusterObservations()
        client = HttpClient(cluster.url)
        Poller(ClientReader(client), observations, lambda ms: cluster.advance(f"{ms}ms")).poll(5_000, 1_000)
        client.close()
    assert recorded_scenario(observations)["flink"] == "2.3"
    notes = omissions(observations)
    assert "the version. The server is Flink 2.4-SNAPSHOT, which is unknown. 2.3 is the nearest known release." in notes
    on_metrics = [note for note in notes if "keeps after the end" in note]
    assert len(on_metrics) == 1 and re.match(
        r"job nightly: \d+ metrics, which Flink keeps after the end", on_metrics[0]
    )


def test_a_mistyped_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "127.0.0.1:1/no.jsonl", "-o", str(tmp_path / "x.yaml")]) == 2
    assert capsys.readouterr().err.endswith("There is no file 127.0.0.1:1/no.jsonl either.\n")


def test_invalid_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no exchange\n")
    assert main(["record", str(file), "-o", str(tmp_path / "x")]) == 2
    assert f"{file}:1: this is not an exchange that flinkmock record --raw wrote." in capsys.readouterr().err
    assert main(["record", "localhost:8081", "-o", "x", "--raw", "y", "--anonymize"]) == 2
    assert "--raw keeps what --anonymize removes" in capsys.readouterr().err
    assert main(["record", "localhost:8081", "-o", str(tmp_path / "no" / "x")]) == 2
    assert "can't write the file: its folder does not exist." in capsys.readouterr().err
    for wrong in ("soon", "0s"):
        with pytest.raises(SystemExit):
            main(["record", "localhost:8081", "-o", "x", "--for", wrong])


def test_taskmanagers_of_different_sizes_and_a_failure_rate() -> None:
    scenario = {
        "cluster": {"taskmanagers": {"count": 2, "sizes": [{"slots": 1}, {"slots": 5}]}},
        "jobs": {"orders": {"restart": {"strategy": "failure-rate", "attempts": 2, "interval": "3m", "delay": "2s"}}},
    }
    with FlinkMock(scenario, flink="2.3", clock="virtual") as cluster:
        cluster.advance("20s")
        recorded_file = recorded(cluster, 3)
    assert recorded_file["cluster"]["taskmanagers"] == {"count": 2, "sizes": [{"slots": 1}, {"slots": 5}]}
    assert recorded_file["jobs"]["orders"]["restart"] == scenario["jobs"]["orders"]["restart"]
