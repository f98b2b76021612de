"""Recordings without names and addresses."""

from __future__ import annotations

import pytest
import yaml

from flinkmock import FlinkMock
from flinkmock.conformance.recording.anonymize import Anonymizer
from tests.conformance.recorded_clusters import LIFECYCLES, RICH, record_scenario


@pytest.mark.parametrize("scenario", [LIFECYCLES, RICH])
def test_an_anonymized_recording_contains_no_names_and_no_vertex_ids(scenario: str) -> None:
    with FlinkMock(scenario, clock="virtual") as flink:
        flink.advance("60s")
        job_count = len(flink.cluster.jobs)
        vertex_ids = {vertex.id for job in flink.cluster.jobs.values() for vertex in job.graph.vertices}
        text = yaml.safe_dump(record_scenario(flink, 2, anonymize=True))
    names = "orders", "doomed", "nightly", "clicks", "topic", "seen", "savepoint-1"
    for secret in (*names, "invalid state", "broken pipe"):
        assert secret not in text
    assert not any(vertex_id in text for vertex_id in vertex_ids)
    with FlinkMock(text) as replay:
        assert len(replay.cluster.jobs) == job_count


def test_hosts_and_paths_in_options_are_replaced_and_private_options_are_omitted() -> None:
    anonymizer = Anonymizer(enabled=True)
    assert anonymizer.option("jobmanager.rpc.address", "jm.example.org") == "host-1"
    assert anonymizer.option("rest.address", "jm.example.org") == "host-1"
    assert anonymizer.option("rest.bind-address", "0.0.0.0") == "0.0.0.0"
    assert anonymizer.option("state.savepoints.dir", "s3://bucket/savepoints") == "s3:///path-1"
    assert anonymizer.option("io.tmp.dirs", "/data/tmp") == "/path-2"
    assert anonymizer.option("taskmanager.memory.process.size", "1728m") == "1728m"
    assert anonymizer.option("jobmanager.scheduler", "adaptive") == "adaptive"
    assert anonymizer.option("kubernetes.cluster-id", "orders-prod") is None
