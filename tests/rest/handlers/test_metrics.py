"""Metrics of jobs and subtasks, and aggregations of metrics that are missing or not numbers."""

from __future__ import annotations

import dataclasses
import json
import math
from urllib.parse import quote

import pytest

from flinkmock.cluster.spec import CheckpointSpec
from flinkmock.flink.java_format import hash_order
from tests.cluster.cluster_factory import VERTICES, job
from tests.rest.handlers.handler_client import JOB_ID, HandlerClient
from tests.scenario.scenario_helpers import scenario_harness

BUFFER_BYTES = 32_768


def aggregated_names(client: HandlerClient, requested: str) -> list[str]:
    return [metric["id"] for metric in client.call("getAggregatedJobMetrics", {"get": requested.split(",")})]


def test_a_name_without_values_results_in_an_empty_response():
    with HandlerClient(job(checkpoints=CheckpointSpec(every=1_000))) as client:
        client.advance("1min")
        assert aggregated_names(client, "numRestarts") == ["numRestarts"]
        assert aggregated_names(client, "numRestarts,no.such.metric") == []


def test_aggregations_are_in_the_order_of_the_request_and_repeated():
    """As 2.3.0 answers `/taskmanagers/metrics?get=a,b,a`."""
    with HandlerClient(job()) as client:
        client.advance("1min")
        for requested in ("uptime,numRestarts,uptime", "numRestarts,uptime"):
            assert aggregated_names(client, requested) == requested.split(",")


def test_values_other_than_numbers_are_ignored():
    with HandlerClient(job(checkpoints=CheckpointSpec(every=1_000))) as client:
        client.advance("1min")
        assert aggregated_names(client, "lastCheckpointExternalPath,numRestarts") == ["numRestarts"]


def value_of_metric(client: HandlerClient, operation: str, name: str, **path: object) -> str:
    [metric] = client.call(operation, {"get": name}, **path)
    return str(metric["value"])


def test_input_of_subtasks_on_other_taskmanagers_is_remote():
    with HandlerClient(job(id=JOB_ID), taskmanager_count=2, slots_per_taskmanager=1) as client:
        client.advance("1min")
        [_source, count, _sink] = client.call("getJobDetails", jobid=JOB_ID)["vertices"]
        receives_remotely = []
        for subtask in range(2):
            path = {"jobid": JOB_ID, "vertexid": count["id"], "subtaskindex": subtask}
            local_bytes, remote_bytes = (
                int(value_of_metric(client, "getSubtaskMetrics", f"numBytesIn{suffix}", **path))
                for suffix in ("Local", "Remote")
            )
            assert bool(local_bytes) != bool(remote_bytes)
            receives_remotely.append(bool(remote_bytes))
        assert sorted(receives_remotely) == [False, True]


def test_a_buffer_is_sent_at_each_timeout_or_when_it_is_full():
    counts = []
    for records_per_second in (5.0, 1_000_000.0):
        vertices = (dataclasses.replace(VERTICES[0], records_per_second=records_per_second), *VERTICES[1:])
        with HandlerClient(dataclasses.replace(job(id=JOB_ID), vertices=vertices)) as client:
            client.advance("10s")
            vertex = client.call("getJobDetails", jobid=JOB_ID)["vertices"][0]["id"]
            path = {"jobid": JOB_ID, "vertexid": vertex, "subtaskindex": 0}
            names = ("numRecordsOut", "numBytesOut", "numBuffersOut")
            counts.append([int(value_of_metric(client, "getSubtaskMetrics", name, **path)) for name in names])
    [[record_count, _, buffer_count], [_, byte_count, full_buffer_count]] = counts
    assert buffer_count == record_count, "each record is sent before the next one arrives"
    assert full_buffer_count == math.ceil(byte_count / BUFFER_BYTES)


@pytest.mark.parametrize("release", ["2.3", "1.12"])
def test_operator_names_are_escaped_in_metric_names(release):
    """As in 2.3.0: blanks, dots, colons and commas become underscores; a `%` in the query must be escaped."""
    chain = ["Source: a%b [x]/y?z&w+é", "m.n,o"]
    names = ["0.Source__a%b_[x]/y?z&w+é.numRecordsOut", "0.m_n_o.numRecordsOut"]
    with scenario_harness(f"jobs: {{orders: {{vertices: [{{operators: {chain}}}]}}}}", flink=release) as harness:
        harness.advance_to(10_000)
        path = f"/jobs/{harness.job().id}/vertices/{harness.job().graph.vertices[0].id}/metrics"
        assert {metric["id"] for metric in harness.get(path)} >= set(names)
        assert [metric["id"] for metric in harness.get(f"{path}?get={','.join(map(quote, names))}")] == hash_order(
            names
        )
        response = harness.client.send("GET", f"{path}?get={names[0]}")
        (text,) = json.loads(response.body)["errors"]
        assert (response.status, text[:48]) == (500, "Internal server error: invalid hex byte 'b_' at ")
