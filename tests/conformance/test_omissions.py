"""Incomplete recordings: interruptions, clusters that stop responding, and the list of omissions."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from flinkmock import FlinkMock
from flinkmock.conformance.http_client import ClientReader, HttpClient
from flinkmock.conformance.recording import ClusterObservations, Poller, omissions, recorded_scenario
from flinkmock.errors import ServerUnreachable
from tests.conformance.recorded_clusters import BUSY, LIFECYCLES


def test_an_interrupted_recording_contains_what_was_observed() -> None:
    is_interrupted = False

    def interrupt_once(ms: int) -> None:
        nonlocal is_interrupted
        if not is_interrupted:
            is_interrupted = True
            raise KeyboardInterrupt

    with FlinkMock(LIFECYCLES, clock="virtual") as cluster:
        cluster.advance("5s")
        client = HttpClient(cluster.url)
        observations = ClusterObservations()
        Poller(ClientReader(client), observations, interrupt_once).poll(60_000, 1000)
        client.close()
    assert len(recorded_scenario(observations)["jobs"]) == 4


def test_polls_before_a_cluster_stops_responding_are_recorded() -> None:
    class FailingReader:
        """A reader that fails from the second poll on."""

        poll_count = 0

        def json(self, target: str) -> Any:
            self.poll_count += target == "/jobs/overview"
            if self.poll_count > 1:
                raise ServerUnreachable("gone")
            return reader.json(target)

    with FlinkMock(LIFECYCLES, clock="virtual") as cluster:
        cluster.advance("5s")
        client = HttpClient(cluster.url)
        reader = ClientReader(client)
        observations = ClusterObservations()
        Poller(FailingReader(), observations, lambda ms: None).poll(3000, 1000)
        client.close()
    scenario = recorded_scenario(observations)
    assert len(scenario["jobs"]) == 4
    assert scenario["jobs"]["orders"]["checkpoints"]["every"] == "5s"
    assert scenario["cluster"]["slots"] == 4


def test_omissions_are_listed() -> None:
    with FlinkMock(BUSY, clock="virtual") as cluster:
        cluster.advance("60s")
        client = HttpClient(cluster.url)
        observations = ClusterObservations()
        Poller(ClientReader(client), observations, lambda ms: None).poll(1000, 1000)
        client.close()
    job = next(iter(observations.jobs.values()))
    job.config["restart-strategy"] = "Failure rate restart with maximum of 3 failures within interval 60 s."
    vertex_id = next(iter(job.by_vertex))
    job.by_vertex[vertex_id].accumulators.append({"name": "own", "type": "Bloom", "value": "?"})
    job.omitted_metric_counts = {vertex_id: 7}
    observations.jars = ["a.jar", "b.jar"]
    observations.poll_count, observations.failed_poll_count = 75, 12
    observations.jobs["0"] = replace(job, name="lost", is_gone=True)
    assert omissions(observations) == [
        "12 of 75 polls: the cluster did not answer.",
        "job lost: no longer listed at the end of the recording. The cluster was restarted, or dropped old jobs.",
        "uploaded jars a.jar, b.jar: a scenario has no jars.",
        "job orders: the restart strategy (Failure rate restart with maximum of 3 failures within interval 60 s.).",
        "job orders: 7 more metrics of src.",
        "job orders: vertex src: accumulator own of the program's own type.",
        "job orders: vertex out: the growth of accumulator lost: the scenario keeps the values at the end.",
    ]


def test_only_memory_that_differs_between_taskmanagers_is_an_omission() -> None:
    observations = ClusterObservations()
    observations.taskmanagers = [
        {"slotsNumber": slot_count, "memoryConfiguration": {"totalProcessMemory": memory_bytes}}
        for slot_count, memory_bytes in ((1, 1_728_000_000), (5, 4_294_967_296))
    ]
    assert omissions(observations) == [
        "the memory of each TaskManager: in the scenario, all of them have the memory of the first."
    ]
    observations.taskmanagers[1]["memoryConfiguration"] = observations.taskmanagers[0]["memoryConfiguration"]
    assert omissions(observations) == []  # the scenario contains the slots of each


def test_a_snapshot_build_and_metrics_of_an_ended_job_are_listed_as_omissions() -> None:
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
    texts = omissions(observations)
    assert "the version. The server is Flink 2.4-SNAPSHOT, which is unknown. 2.3 is the nearest known release." in texts
    [metrics_omission] = [text for text in texts if "keeps after the end" in text]
    assert re.match(r"job nightly: \d+ metrics, which Flink keeps after the end", metrics_omission)
