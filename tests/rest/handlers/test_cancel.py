"""Cancellations, heartbeats and coordination requests of job clients."""

from __future__ import annotations

import dataclasses

import pytest

from flinkmock.cluster.errors import (
    CoordinatorNotFound,
    JobAlreadyTerminated,
    JobNotFound,
    StopModeRemoved,
    UncaughtJavaException,
)
from tests.cluster.cluster_factory import job
from tests.rest.handlers.handler_client import JOB_ID, UNKNOWN_ID, HandlerClient


@pytest.mark.parametrize("operation", ["cancelJob", "getYarnCancelJobTermination"])
def test_a_job_is_cancelled(operation):
    with HandlerClient(job(id=JOB_ID)) as client:
        assert client.call(operation, jobid=JOB_ID) == {}
        client.advance("1s")
        assert client.cluster.job(JOB_ID).state == "CANCELED"


def test_the_mode_in_the_query_overrides_the_mode_of_the_operation():
    with HandlerClient(job(id=JOB_ID)) as client:
        for operation, query in (("cancelJob", {"mode": "stop"}), ("getYarnStopJobTermination", {})):
            with pytest.raises(StopModeRemoved):
                client.call(operation, query, jobid=UNKNOWN_ID)
        assert client.call("getYarnStopJobTermination", {"mode": "cancel"}, jobid=JOB_ID) == {}
        with pytest.raises(JobNotFound):
            client.call("cancelJob", jobid=UNKNOWN_ID)


@pytest.mark.parametrize(("release", "is_accepted"), [("1.14", False), ("1.15", True), ("2.3", True)])
def test_a_canceled_job_may_be_cancelled_again_since_1_15(release, is_accepted):
    with HandlerClient(job(id=JOB_ID), flink=release) as client:
        client.call("cancelJob", jobid=JOB_ID)
        client.advance("1s")
        if is_accepted:
            assert client.call("cancelJob", jobid=JOB_ID) == {}
        else:
            with pytest.raises(JobAlreadyTerminated):
                client.call("cancelJob", jobid=JOB_ID)


def test_heartbeats_are_accepted_for_any_job():
    with HandlerClient() as client:
        assert client.call("triggerHeartbeat", body={"expiredTimestamp": 5}, jobid=UNKNOWN_ID) == {}


@pytest.mark.parametrize(("serialized_request", "java_class", "message"), [
    (None, "java.lang.NullPointerException", '"serializedRequest" is null'),
    ("AAAA", "java.io.EOFException", None),
    ("AAAAAA==", "java.io.StreamCorruptedException", "invalid stream header: 00000000"),
])  # fmt: skip
def test_coordination_requests_are_deserialized_before_the_coordinator_is_found(
    serialized_request, java_class, message
):
    with HandlerClient(job(id=JOB_ID)) as client:
        body = {"serializedCoordinationRequest": serialized_request}
        with pytest.raises(UncaughtJavaException) as raised:
            client.call("postClientCoordination", body=body, jobid=JOB_ID, operatorUid="count")
        assert raised.value.exception.java_class == java_class
        assert (message or "") in (raised.value.exception.message or "")
        with pytest.raises(JobNotFound):
            client.call("postClientCoordination", body=body, jobid=UNKNOWN_ID, operatorUid="count")
        with pytest.raises(CoordinatorNotFound):
            body = {"serializedCoordinationRequest": "rO0ABXA="}
            client.call("postClientCoordination", body=body, jobid=JOB_ID, operatorUid="count")


def test_the_coordinator_of_a_source_rejects_coordination_requests():
    """1.20.5 sends this message for the source of a job (tried by hand, not recorded)."""
    spec = job(id=JOB_ID)
    source = dataclasses.replace(spec.vertices[0], id="c" * 32, splits=("1",))
    spec = dataclasses.replace(spec, vertices=(source, *spec.vertices[1:]))
    with HandlerClient(spec, flink="1.20") as client, pytest.raises(UncaughtJavaException) as raised:
        body = {"serializedCoordinationRequest": "rO0ABXA="}
        client.call("postClientCoordination", body=body, jobid=JOB_ID, operatorid="c" * 32)
    text = f"Coordinator of operator {'c' * 32} cannot handle client event"
    assert raised.value.exception.message == text
