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


@pytest.mark.parametrize(
    ("name", "anonymized"),
    [
        ("Source: orders -> parse -> Sink: kafka", "Source: operator-1 -> operator-2 -> Sink: operator-3"),
        ("map -> (Sink: a, Sink: b)", "operator-1 -> (Sink: operator-2, Sink: operator-3)"),
        (
            "Source: s -> map -> (f -> Sink: a, Sink: b)",
            "Source: operator-1 -> operator-2 -> (operator-3 -> Sink: operator-4, Sink: operator-5)",
        ),
        ("a -> (b -> (c, d), e)", "operator-1 -> (operator-2 -> (operator-3, operator-4), operator-5)"),
        ("Window(Tumbling(5000), Trigger) -> (Map, Calc(select=[a, b]))", "operator-1 -> (operator-2, operator-3)"),
        ("(odd) -> a :) -> b", "operator-1 -> operator-2 -> operator-3"),
    ],
)
def test_each_operator_of_a_chain_is_replaced(name: str, anonymized: str) -> None:
    assert Anonymizer(enabled=True).vertex(name) == anonymized
    assert Anonymizer(enabled=False).vertex(name) == name


@pytest.mark.parametrize(
    ("path", "anonymized"),
    [
        ("file:/data/my jobs/sp-1", "file:/path-1"),
        ("s3://bucket/team a, team b/sp-1", "s3:///path-1"),
        ("/data/my jobs/sp-1", "/path-1"),
        ("savepoints/sp-1", "/path-1"),
    ],
)
def test_the_whole_path_of_a_savepoint_is_replaced(path: str, anonymized: str) -> None:
    anonymizer = Anonymizer(enabled=True)
    assert anonymizer.path(path) == anonymizer.path(path) == anonymized
    assert Anonymizer(enabled=False).path(path) == path


def test_an_option_with_a_space_in_its_path_is_omitted() -> None:
    assert Anonymizer(enabled=True).option("state.savepoints.dir", "file:///data/my jobs") is None
