"""Jobs from submitted plans have the graph and the settings that real JobManagers show, or fail in the same way.

The plans are in tests/cluster/submission/plans; test_plan_decoder.py describes them.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from flinkmock.cluster.cluster_spec import SubmissionRule
from flinkmock.cluster.errors import CoordinatorNotFound, UncaughtJavaException
from flinkmock.rest.handlers import UploadedFile
from tests.cluster.cluster_factory import job
from tests.rest.handlers.handler_client import HandlerClient

PLANS = Path(__file__).parents[2] / "cluster" / "submission" / "plans"
CATCH_ALL_RULES = (SubmissionRule("*", job(name="any")),)
FIELDS = {"1.12": "jobGraphFileName", "1.20": "jobGraphFileName", "2.3": "executionPlanFileName"}
"""The field of the request body that names the plan, by release."""


def submit(client: HandlerClient, folder: Path, plan: str, release: str = "2.3") -> str:
    """Submit a plan and return the id of its job."""
    path = folder / "plan.bin"
    path.write_bytes(gzip.decompress((PLANS / f"{plan}.bin.gz").read_bytes()))
    body = {FIELDS[release]: path.name}
    return str(client.call("submitJob", body=body, files=[UploadedFile(path.name, path)])["jobUrl"]).rpartition("/")[2]


def details(client: HandlerClient, jobid: str) -> dict[str, Any]:
    return dict(client.call("getJobDetails", jobid=jobid))


def test_a_job_has_the_settings_and_the_descriptions_of_its_plan(tmp_path):
    with HandlerClient(flink="2.3", submissions=CATCH_ALL_RULES) as client:
        jobid = submit(client, tmp_path, "streamgraph")
        client.advance(1_000)
        assert details(client, jobid)["maxParallelism"] == 64
        assert client.call("getJobConfig", jobid=jobid)["execution-config"] == {
            "restart-strategy": "Restart with fixed delay (PT5S). #7 restart attempts.",
            "job-parallelism": 2,
            "object-reuse-mode": True,
            "user-config": {"tier": "b", "team": "a"},
        }
        nodes = client.call("getJobPlan", jobid=jobid)["plan"]["nodes"]
        assert [node["description"] for node in nodes][:5] == [
            "Sink: sink b<br/>", "fork b<br/>", "Sink: sink c<br/>", "shuffled<br/>", "a described operator<br/>",
        ]  # fmt: skip


def test_a_rule_that_gives_a_lifecycle_keeps_the_plan(tmp_path):
    rule = SubmissionRule("acceptance *", job(name="template", every=500), frozenset({"lifecycle"}))
    with HandlerClient(flink="2.3", submissions=(rule, *CATCH_ALL_RULES)) as client:
        spec = client.cluster.job(submit(client, tmp_path, "streamgraph")).spec
        assert spec.name == "acceptance StreamGraph"
        assert [vertex.name for vertex in spec.vertices][2:4] == ["fork b", "Sink: sink b"]
        assert (spec.checkpoints.every, spec.checkpoints.mode) == (7000, "at_least_once")
        assert (spec.lifecycle, spec.user_config["team"]) == (rule.job.lifecycle, "a")


def test_a_rule_that_gives_vertices_replaces_the_graph_and_keeps_the_settings(tmp_path):
    rule = SubmissionRule("*", job(name="template"), frozenset({"vertices", "checkpoints.min-pause"}))
    with HandlerClient(flink="2.3", submissions=(rule,)) as client:
        spec = client.cluster.job(submit(client, tmp_path, "streamgraph")).spec
        assert spec.vertices == rule.job.vertices
        assert (spec.checkpoints.every, spec.checkpoints.min_pause) == (7000, 0)


@pytest.mark.parametrize("release", ["1.20", "2.3"])
def test_an_empty_graph_is_rejected(tmp_path, release):
    """Real clusters raise a JobSubmissionException; in 2.3, a FAILED application without jobs remains."""
    with HandlerClient(flink=release, submissions=CATCH_ALL_RULES) as client:
        with pytest.raises(UncaughtJavaException) as raised:
            submit(client, tmp_path, "empty", release)
        assert [str(exception) for exception in raised.value.exception.chain()] == [
            "org.apache.flink.runtime.client.JobSubmissionException: Failed to submit job.",
            "java.lang.IllegalArgumentException: The given job is empty",
        ]
        assert not client.cluster.jobs
        if release == "2.3":
            (application,) = client.call("getApplicationsOverview")["applications"]
            assert (application["name"], application["status"], application["jobs"]) == (
                "SingleJobApplication(acceptance nothing)", "FAILED", {},
            )  # fmt: skip
            exceptions = client.call("getApplicationExceptions", applicationid=application["id"])
            assert exceptions == {"exceptionHistory": {"entries": []}}


@pytest.mark.parametrize("release", ["1.12", "2.3"])
def test_a_job_that_cannot_be_restored_fails_with_the_chain_of_the_job_master(tmp_path, release):
    with HandlerClient(flink=release, submissions=CATCH_ALL_RULES) as client:
        jobid = submit(client, tmp_path, "lost-savepoint", release)
        result = client.call("getJobExecutionResult", jobid=jobid)["job-execution-result"]
        cause = result["failure-cause"]
        assert cause["class"] == "org.apache.flink.runtime.client.JobInitializationException"
        lines = [line for line in cause["stack-trace"].split("\n") if line and not line.startswith("\t")]
        missing = (
            "java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory 'file:///nowhere/sp' "
        )
        missing += "on file system 'file'."
        initialization = "org.apache.flink.runtime.client.JobInitializationException: "
        assert lines == (
            [
                initialization + "Could not start the JobMaster.",
                f"Caused by: java.util.concurrent.CompletionException: java.lang.RuntimeException: {missing}",
                f"Caused by: java.lang.RuntimeException: {missing}",
                f"Caused by: {missing}",
            ]
            if release == "2.3"
            else [initialization + "Could not instantiate JobManager.", f"Caused by: {missing}"]
        )
        if release == "2.3":
            config = client.call("getCheckpointConfig", jobid=jobid)
            assert (config["state_backend"], config["checkpoint_storage"]) == ("Unknown", "Unknown")


def test_a_batch_job_shows_undecided_parallelism_as_minus_one(tmp_path):
    """In 2.3.0, a vertex has the parallelism -1 and no tasks until its inputs have finished."""
    with HandlerClient(flink="2.3", submissions=CATCH_ALL_RULES) as client:
        jobid = submit(client, tmp_path, "jobgraph-batch")
        client.advance(1_000)
        job_details = details(client, jobid)
        assert [(vertex["name"], vertex["parallelism"]) for vertex in job_details["vertices"]] == [
            ("Source: left -> slowly -> fork a -> Sink: sink a", 2),
            ("Source: right", 1),
            ("fork b", -1),
            ("Sink: sink b", 1),
            ("united -> Sink: sink d", -1),
            ("both", -1),
            ("keyed", -1),
            ("shuffled", -1),
            ("Sink: sink c", 1),
        ]
        assert job_details["pending-operators"] == 0
        undecided = job_details["vertices"][2]
        assert sum(undecided["tasks"].values()) == 0
        assert client.call("getJobVertexDetails", jobid=jobid, vertexid=undecided["id"])["subtasks"] == []
        assert client.call("getJobConfig", jobid=jobid)["execution-config"]["job-parallelism"] == 2


def test_a_batch_job_from_a_stream_graph_starts_with_some_vertices_and_pending_operators(tmp_path):
    with HandlerClient(flink="2.3", submissions=CATCH_ALL_RULES) as client:
        jobid = submit(client, tmp_path, "streamgraph-batch")
        client.advance(1_000)
        job_details = details(client, jobid)
        assert [vertex["id"][:6] for vertex in job_details["vertices"]] == ["b8959c", "f05783"]
        assert job_details["pending-operators"] == 8


def test_a_coordinator_is_named_by_the_hash_of_its_uid(tmp_path):
    with HandlerClient(flink="2.3", submissions=CATCH_ALL_RULES) as client:
        jobid = submit(client, tmp_path, "streamgraph")
        with pytest.raises(CoordinatorNotFound) as raised:
            client.call(
                "postClientCoordination", jobid=jobid, operatorUid="numbers",
                body={"serializedCoordinationRequest": "rO0ABXA="},
            )  # fmt: skip
        assert raised.value.operator == "ca88eee0095684d687a1b6495617f957"
