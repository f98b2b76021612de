"""Resource requirements and rescales. The recorded responses are in the suite `rescale`."""

from __future__ import annotations

import dataclasses

import pytest

from flinkmock.cluster.errors import (
    AdaptiveSchedulerRequired,
    InvalidResourceRequirements,
    JobNotFound,
    RescaleNotFound,
    UncaughtJavaException,
)
from flinkmock.cluster.spec import ExceptionSpec, Input, Step, VertexSpec
from flinkmock.flink.java_exception import JavaException
from tests.cluster.cluster_factory import job, ms
from tests.rest.handlers.handler_client import JOB_ID, UNKNOWN_ID, HandlerClient

VERTEX_IDS = (
    "cbc357ccb763df2852fee8c4fc7d55f2",
    "c4dcb5069029cbb1b217107d73dc5592",
    "b71731f1c0df9c3076c4a455334d0ad6",
    "f0442b03ab72e6ccaf20be0d9381af07",
)
WORD_COUNT = tuple(
    VertexSpec((name,), parallelism, id=id, inputs=(Input(index - 1),) if index else ())
    for index, (name, parallelism, id) in enumerate(zip("abcd", (1, 2, 2, 1), VERTEX_IDS, strict=True))
)
RECORDED_ORDER = [VERTEX_IDS[0], VERTEX_IDS[3], VERTEX_IDS[2], VERTEX_IDS[1]]
"""The order of the ids in recorded responses."""
ADAPTIVE = {"jobmanager.scheduler": "adaptive", "web.adaptive-scheduler.rescale-history.size": "5"}


def word_count_job(*steps):
    return dataclasses.replace(job(*steps), id=JOB_ID, vertices=WORD_COUNT)


def adaptive_client(*steps, **configuration):
    client = HandlerClient(word_count_job(*steps), configuration=ADAPTIVE | configuration)
    client.advance("1s")
    return client


def bounds(lower, upper, ids=VERTEX_IDS):
    return {id: {"parallelism": {"lowerBound": lower, "upperBound": upper}} for id in ids}


def test_the_initial_bounds_are_one_and_the_parallelism_of_the_program():
    with adaptive_client() as client:
        response = client.call("getJobResourceRequirements", jobid=JOB_ID)
        assert list(response) == RECORDED_ORDER
        assert [requirement["parallelism"] for requirement in response.values()] == [
            {"lowerBound": 1, "upperBound": upper} for upper in (1, 1, 2, 2)
        ]


def test_new_bounds_are_shown_at_once():
    with adaptive_client() as client:
        assert client.call("updateJobResourceRequirements", body=bounds(1, 3), jobid=JOB_ID) == {}
        response = client.call("getJobResourceRequirements", jobid=JOB_ID)
        assert {requirement["parallelism"]["upperBound"] for requirement in response.values()} == {3}
        assert client.cluster.job(JOB_ID).graph.vertices[0].parallelism == 1


@pytest.mark.parametrize(("body", "lines"), [
    ({}, ["Request body does not specify resource requirements."]),
    (bounds(2, 1), [f"The requested lower bound [2] for job vertex [{id}] is higher than the upper bound [1]."
                    for id in RECORDED_ORDER]),
    (bounds(0, 0), [f"Both, the requested lower bound [0] and upper bound [0] for job vertex [{id}] must be greater "
                    "than zero." for id in RECORDED_ORDER]),
    (bounds(1, 129), [f"The newly requested parallelism 129 for the job vertex {id} exceeds its maximum parallelism "
                      "128." for id in RECORDED_ORDER]),
    (bounds(1, 1, [UNKNOWN_ID]), [f"Job vertex [{UNKNOWN_ID}] was not found in the JobGraph."]
     + [f"The request is incomplete, missing job vertex [{id}] resource requirements." for id in RECORDED_ORDER]),
])  # fmt: skip
def test_invalid_bounds_are_reported_with_both_schedulers(body, lines):
    for configuration in ({}, ADAPTIVE):
        with HandlerClient(word_count_job(), configuration=configuration) as client:
            with pytest.raises(InvalidResourceRequirements) as raised:
                client.call("updateJobResourceRequirements", body=body, jobid=JOB_ID)
            assert raised.value.message.splitlines() == lines


def test_minus_one_stands_for_the_lowest_and_highest_possible_bound():
    with adaptive_client() as client:
        client.call("updateJobResourceRequirements", body=bounds(-1, -1), jobid=JOB_ID)
        response = client.call("getJobResourceRequirements", jobid=JOB_ID)
        assert response[VERTEX_IDS[0]]["parallelism"] == {"lowerBound": 1, "upperBound": 128}


def test_the_default_scheduler_rejects_requirements_and_rescales():
    with HandlerClient(word_count_job()) as client:
        for operation, body in (("getJobResourceRequirements", {}), ("updateJobResourceRequirements", bounds(1, 1))):
            with pytest.raises(AdaptiveSchedulerRequired):
                client.call(operation, body=body, jobid=JOB_ID)
        for operation, feature in (
            ("getJobRescaleConfig", "rescale-config"),
            ("getJobRescalesOverview", "rescales"),
            ("getJobRescalesHistory", "rescales"),
            ("getJobRescalesSummary", "rescales"),
        ):
            with pytest.raises(AdaptiveSchedulerRequired) as raised:
                client.call(operation, jobid=JOB_ID)
            assert raised.value.feature == feature


def test_requirements_of_a_job_in_reactive_mode_can_be_read_but_not_changed():
    """Observed on 1.20.5 and 2.3.0: see docs/flink-behaviour.md#adaptive-scheduler."""
    with adaptive_client(**{"scheduler-mode": "reactive"}) as client:
        requirements = client.call("getJobResourceRequirements", jobid=JOB_ID)
        assert requirements == bounds(1, 128)
        with pytest.raises(UncaughtJavaException) as raised:
            client.call("updateJobResourceRequirements", body=requirements, jobid=JOB_ID)
        assert str(raised.value) == (
            "java.lang.UnsupportedOperationException: Cannot change the parallelism of a job running in reactive mode."
        )
        with pytest.raises(InvalidResourceRequirements):
            client.call("updateJobResourceRequirements", body={}, jobid=JOB_ID)


def test_a_job_that_has_ended_has_no_requirements():
    with adaptive_client(Step("RUNNING", ms(500)), Step("FINISHED")) as client, pytest.raises(JobNotFound):
        client.call("getJobResourceRequirements", jobid=JOB_ID)


def test_null_bounds_are_rejected_after_the_job_is_found():
    """2.3.0 looks up the job first; if the job has ended, the error is a FlinkJobNotFoundException."""
    with adaptive_client(Step("RUNNING", ms(500)), Step("FINISHED")) as client, pytest.raises(JobNotFound):
        client.call("updateJobResourceRequirements", body={VERTEX_IDS[0]: None}, jobid=JOB_ID)
    with adaptive_client() as client, pytest.raises(UncaughtJavaException) as raised:
        client.call("updateJobResourceRequirements", body={VERTEX_IDS[0]: None}, jobid=JOB_ID)
    assert raised.value.exception.message == f"No requirement set for vertex {VERTEX_IDS[0]}"


def test_the_job_is_rescaled_after_the_cooldown():
    with adaptive_client() as client:
        client.call("updateJobResourceRequirements", body=bounds(1, 3), jobid=JOB_ID)
        client.advance("28s")
        details = client.call("getJobDetails", jobid=JOB_ID)
        assert (details["state"], [vertex["parallelism"] for vertex in details["vertices"]]) == (
            "RUNNING",
            [1, 2, 2, 1],
        )
        restored_count = len(client.cluster.job(JOB_ID).checkpoints.restored)
        client.advance("5s")
        details = client.call("getJobDetails", jobid=JOB_ID)
        assert (details["state"], [vertex["parallelism"] for vertex in details["vertices"]]) == (
            "RUNNING",
            [3, 3, 3, 3],
        )
        assert [vertex["tasks"]["RUNNING"] for vertex in details["vertices"]] == [3, 3, 3, 3]
        assert len(client.cluster.job(JOB_ID).checkpoints.restored) == restored_count + 1
        assert client.call("getClusterOverview")["slots-available"] == 1
        assert client.call("getJobExceptions", jobid=JOB_ID)["exceptionHistory"]["entries"] == []
        completed, initial = client.call("getJobRescalesHistory", jobid=JOB_ID)
        assert (initial["triggerCause"], completed["triggerCause"]) == ("INITIAL_SCHEDULE", "UPDATE_REQUIREMENT")
        assert initial["resourceRequirementsUuid"] != completed["resourceRequirementsUuid"]
        uuid = completed["rescaleUuid"]
        rescale = client.call("getJobRescaleDetails", jobid=JOB_ID, rescaleuuid=uuid)
        vertex = rescale["vertices"][VERTEX_IDS[1]]
        assert (vertex["preRescaleParallelism"], vertex["postRescaleParallelism"]) == (2, 3)
        assert rescale["terminalState"] == "COMPLETED"


def test_a_rescale_uses_all_available_slots():
    with adaptive_client() as client:
        client.call("updateJobResourceRequirements", body=bounds(1, 9), jobid=JOB_ID)
        client.advance("40s")
        assert {vertex.parallelism for vertex in client.cluster.job(JOB_ID).graph.vertices} == {4}


def test_an_update_that_changes_no_bounds_is_an_ignored_rescale():
    with adaptive_client() as client:
        body = {id: bounds(1, upper, [id])[id] for id, upper in zip(VERTEX_IDS, (1, 2, 2, 1), strict=True)}
        client.call("updateJobResourceRequirements", body=body, jobid=JOB_ID)
        overview = client.call("getJobRescalesOverview", jobid=JOB_ID)
        assert overview["rescalesCounts"] == {"ignored": 0, "inProgress": 1, "completed": 1, "failed": 0}
        client.advance("40s")
        ignored = client.call("getJobRescalesOverview", jobid=JOB_ID)["latest"]["ignored"]
        assert ignored["terminatedReason"] == "NO_RESOURCES_OR_PARALLELISMS_CHANGE"
        assert len(client.cluster.job(JOB_ID).attempts) == 1


def test_the_last_change_of_the_bounds_applies():
    with adaptive_client() as client:
        for upper in (4, 3):
            client.call("updateJobResourceRequirements", body=bounds(1, upper), jobid=JOB_ID)
            client.advance("1s")
        client.advance("60s")
        assert {vertex.parallelism for vertex in client.cluster.job(JOB_ID).graph.vertices} == {3}
        reasons = [rescale["terminatedReason"] for rescale in client.call("getJobRescalesHistory", jobid=JOB_ID)]
        assert reasons == ["SUCCEEDED", "RESOURCE_REQUIREMENTS_UPDATED", "SUCCEEDED"]


def test_a_job_that_ends_before_its_rescale_is_not_rescaled():
    with adaptive_client() as client:
        client.call("updateJobResourceRequirements", body=bounds(1, 3), jobid=JOB_ID)
        client.call("cancelJob", jobid=JOB_ID)
        client.advance("60s")
        latest = client.call("getJobRescalesHistory", jobid=JOB_ID)[0]
        assert (latest["terminalState"], latest["terminatedReason"]) == ("IGNORED", "JOB_CANCELED")


def test_a_restart_after_a_failure_is_listed_as_a_rescale():
    boom = ExceptionSpec(JavaException("java.lang.IllegalStateException", "boom"))
    steps = (Step("RUNNING", ms(500)), Step("RESTARTING", ms(100), boom), Step("CREATED"), Step("RUNNING", ms(99_000)))
    with adaptive_client(*steps) as client:
        client.advance("1s")
        history = client.call("getJobRescalesHistory", jobid=JOB_ID)
        assert [rescale["triggerCause"] for rescale in history] == ["RECOVERABLE_FAILOVER", "INITIAL_SCHEDULE"]
        assert [rescale["rescaleAttemptId"] for rescale in history] == [2, 1]
        assert history[0]["resourceRequirementsUuid"] == history[1]["resourceRequirementsUuid"]
        assert history[0]["endTimestampInMillis"] - history[0]["startTimestampInMillis"] >= 100
        summary = client.call("getJobRescalesSummary", jobid=JOB_ID)
        assert summary["completedRescalesDurationStatsInMillis"]["max"] >= 100
        assert summary["failedRescalesDurationStatsInMillis"]["p50"] == "NaN"


def test_the_rescale_configuration_shows_the_options_of_the_cluster():
    with adaptive_client(**{"jobmanager.adaptive-scheduler.scaling-interval.min": "1 min"}) as client:
        config = client.call("getJobRescaleConfig", jobid=JOB_ID)
        assert config["executingCooldownTimeoutInMillis"] == 60_000
        assert config["maximumDelayForTriggeringRescaleInMillis"] == 3_000
        assert config["rescaleHistoryMax"] == 5
        assert config["schedulerExecutionMode"] is None


def test_an_unknown_rescale_is_not_found():
    with adaptive_client() as client, pytest.raises(RescaleNotFound):
        client.call("getJobRescaleDetails", jobid=JOB_ID, rescaleuuid=UNKNOWN_ID)


def test_a_rescale_whose_attempt_fails_before_it_is_deployed_has_not_succeeded():
    """The attempt is deployed 2 to 8 ms after the job is RUNNING."""
    with HandlerClient(word_count_job(Step("RUNNING", ms(99_000))), configuration=ADAPTIVE) as client:
        cluster = client.engine.cluster
        orders = cluster.jobs[JOB_ID]
        cluster.state_machines.fail(orders, client.engine.clock.now())
        client.advance("1m")
        [newest, first] = client.call("getJobRescalesHistory", jobid=JOB_ID)
        assert (newest["terminalState"], first["terminalState"]) == ("COMPLETED", "IGNORED")
        assert first["terminatedReason"] == "JOB_FAILOVER_RESTARTING"
        assert first["endTimestampInMillis"] <= newest["startTimestampInMillis"]


def test_there_is_no_history_if_its_size_is_0():
    with adaptive_client(**{"web.adaptive-scheduler.rescale-history.size": "0"}) as client:
        assert client.call("getJobRescaleConfig", jobid=JOB_ID)["rescaleHistoryMax"] == 0
        with pytest.raises(AdaptiveSchedulerRequired):
            client.call("getJobRescalesHistory", jobid=JOB_ID)


@pytest.mark.parametrize("release", ["1.20", "2.3"])
def test_the_metrics_count_restarts_and_rescales(release):
    configuration = ADAPTIVE | {"jobmanager.adaptive-scheduler.scaling-interval.min": "1s"}
    with HandlerClient(word_count_job(), flink=release, configuration=configuration) as client:
        client.advance("2s")
        client.call("updateJobResourceRequirements", body=bounds(1, 1), jobid=JOB_ID)
        client.advance("1min")
        names = ("numRestarts", "numRescales")
        values = {
            metric["id"]: metric["value"]
            for name in names
            for metric in client.call("getJobMetrics", {"get": name}, jobid=JOB_ID)
        }
        assert values == ({"numRestarts": "0", "numRescales": "1"} if release == "2.3" else {"numRestarts": "1"})


def test_a_rescale_does_not_change_earlier_checkpoints():
    def read_checkpoint(client, id):
        ids = {"jobid": JOB_ID, "checkpointid": str(id)}
        vertex = client.call("getTaskCheckpointStatistics", **ids, vertexid=VERTEX_IDS[0])
        return client.call("getCheckpointStatisticDetails", **ids), vertex

    with adaptive_client() as client:
        client.call("updateJobResourceRequirements", body=bounds(1, 3), jobid=JOB_ID)
        client.advance("28s")
        [newest, *_] = client.call("getCheckpointingStatistics", jobid=JOB_ID)["history"]
        before = read_checkpoint(client, newest["id"] - 1)
        client.advance("5s")
        assert read_checkpoint(client, newest["id"] - 1) == before
        [newest, *_] = client.call("getCheckpointingStatistics", jobid=JOB_ID)["history"]
        assert (before[0]["num_subtasks"], newest["num_subtasks"]) == (6, 12)
        assert (len(before[1]["subtasks"]), len(read_checkpoint(client, newest["id"])[1]["subtasks"])) == (1, 3)
