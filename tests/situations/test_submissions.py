"""Submitted plans become the jobs that a JobManager of 2.3.0 made of them (recorded with `submissions.py`)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.rest.handlers.handler_client import HandlerClient
from tests.rest.handlers.test_submitted_plans import CATCH_ALL_RULES, submit
from tests.situations import recorded

OPERATION_IDS = {
    "/plan": "getJobPlan",
    "/config": "getJobConfig",
}
PLANS = ("streamgraph", "jobgraph", "jobgraph-batch", "streamgraph-batch")
VERTEX_FIELDS = ("name", "id", "parallelism", "maxParallelism")


@cache
def recorded_reads(plan: str) -> dict[str, Any]:
    """Return the recorded responses about the job of a plan, by path below `/jobs/:jobid`."""
    path = Path(__file__).parent / "submitted" / "2.3.0.json.gz"
    return dict(json.loads(gzip.decompress(path.read_bytes()))[plan]["reads"])


@pytest.fixture(params=PLANS)
def submitted(request, tmp_path):
    """Submit a plan and let its job run for 3 s; yield client, job id and name of the plan."""
    with HandlerClient(
        flink="2.3", submissions=CATCH_ALL_RULES, configuration={"state.checkpoints.dir": "file:///flink/checkpoints"}
    ) as client:
        jobid = submit(client, tmp_path, request.param)
        client.advance(3_000)
        yield client, jobid, request.param


def test_the_vertices_are_the_recorded_ones(submitted):
    client, jobid, plan = submitted
    details, expected = client.call("getJobDetails", jobid=jobid), recorded_reads(plan)[""]
    for key in ("name", "state", "job-type", "schedulerType", "maxParallelism", "pending-operators"):
        assert details[key] == expected[key], key
    assert [[vertex[key] for key in VERTEX_FIELDS] for vertex in details["vertices"]] == [
        [vertex[key] for key in VERTEX_FIELDS] for vertex in expected["vertices"]
    ]
    assert task_counts(details) == task_counts(expected)


def task_counts(details: dict[str, Any]) -> list[int]:
    """Return how many tasks each vertex has. Their states depend on the time of the request."""
    return [sum(vertex["tasks"].values()) for vertex in details["vertices"]]


def test_the_slot_sharing_groups_are_the_recorded_ones(submitted):
    client, jobid, plan = submitted
    details, expected = client.call("getJobDetails", jobid=jobid), recorded_reads(plan)[""]
    assert slot_sharing_groups(details) == slot_sharing_groups(expected)


def slot_sharing_groups(details: dict[str, Any]) -> set[frozenset[str]]:
    """Return the names of the vertices in each group."""
    members: dict[str, set[str]] = {}
    for vertex in details["vertices"]:
        members.setdefault(vertex["slotSharingGroupId"], set()).add(vertex["name"])
    return set(map(frozenset, members.values()))


@pytest.mark.parametrize("path", ["/plan", "/config"])
def test_the_plan_and_the_configuration_are_the_recorded_ones(submitted, path):
    client, jobid, plan = submitted
    assert client.call(OPERATION_IDS[path], jobid=jobid) == recorded_reads(plan)[path]


def test_the_checkpoint_configuration_is_the_recorded_one(tmp_path):
    for plan in ("streamgraph", "jobgraph"):
        with HandlerClient(
            flink="2.3",
            submissions=CATCH_ALL_RULES,
            configuration={"state.checkpoints.dir": "file:///flink/checkpoints"},
        ) as client:
            jobid = submit(client, tmp_path, plan)
            client.advance(3_000)
            assert client.call("getCheckpointConfig", jobid=jobid) == recorded_reads(plan)["/checkpoints/config"]


def test_a_job_that_cannot_be_restored_fails_as_recorded(tmp_path):
    with HandlerClient(flink="2.3", submissions=CATCH_ALL_RULES) as client:
        jobid = submit(client, tmp_path, "lost-savepoint")
        client.advance(3_000)
        cause = client.call("getJobExecutionResult", jobid=jobid)["job-execution-result"]["failure-cause"]
        expected = recorded_reads("lost-savepoint")["/execution-result"]["job-execution-result"]["failure-cause"]
        assert cause["class"] == expected["class"]
        assert recorded.causes(cause["stack-trace"]) == recorded.causes(expected["stack-trace"])
        details = client.call("getJobDetails", jobid=jobid)
        assert [details[name] for name in ("state", "vertices", "plan", "schedulerType")] == [
            recorded_reads("lost-savepoint")[""][name] for name in ("state", "vertices", "plan", "schedulerType")
        ]


def test_the_stream_graph_of_a_batch_job_is_the_recorded_one(tmp_path):
    with HandlerClient(flink="2.3", submissions=CATCH_ALL_RULES) as client:
        jobid = submit(client, tmp_path, "streamgraph-batch")
        client.advance(3_000)
        details, expected = client.call("getJobDetails", jobid=jobid), recorded_reads("streamgraph-batch")[""]
        assert details["stream-graph"] == expected["stream-graph"]
