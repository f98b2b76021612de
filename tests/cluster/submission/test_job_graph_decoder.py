"""Decoding a serialized plan. Plans of real clients are read in tests/rest/handlers/test_submission.py."""

from __future__ import annotations

import pytest

from flinkmock.cluster.submission.job_graph_decoder import SubmittedJob, chained_operators, decode_job
from flinkmock.flink.java_serialization.reader import JavaObject

ID = JavaObject("org.apache.flink.api.common.JobID", {"lowerPart": 1, "upperPart": -1})


@pytest.mark.parametrize(("name", "operators"), [
    ("tokenize", ("tokenize",)),
    ("Source: a -> b -> Sink: c", ("Source: a", "b", "Sink: c")),
    ("a -> (b -> c, Sink: d)", ("a", "(b -> c, Sink: d)")),
    ("a (really) -> b", ("a (really)", "b")),
    ("", ("",)),
])  # fmt: skip
def test_the_operators_of_a_vertex(name, operators):
    assert chained_operators(name) == operators


@pytest.mark.parametrize("fields", [
    {},
    {"taskVertices": None, "snapshotSettings": JavaObject("x")},
    {"taskVertices": JavaObject("java.util.HashMap", more=[b"", ID, JavaObject("no.Vertex")])},
    {"userDefinedObjectsHolder": None},
    {"userDefinedObjectsHolder": JavaObject("Holder")},
])  # fmt: skip
def test_id_and_name_are_read_from_unknown_classes(fields):
    plan = JavaObject("some.Plan", {"jobId": ID, "jobName": "orders", **fields})
    assert decode_job(plan) == SubmittedJob("0000000000000001ffffffffffffffff", "orders")


def test_other_objects_decode_to_an_empty_job():
    assert decode_job("a text") == SubmittedJob()
    assert decode_job(None) == SubmittedJob()
