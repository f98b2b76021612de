"""Tests of the client with httpx. Each test runs on every release in the ini option `flinkmock_flink`,
unless its marker names others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flinkmock import FlinkMock

from deployer.flink import JobTerminated, RequestFailed, ResponseLost, SavepointFailed
from deployer.sync import Deployer


@pytest.fixture
def deployer(flinkmock: FlinkMock) -> Iterator[Deployer]:
    with Deployer(flinkmock.url, poll_interval=0) as client:  # no sleep: each request advances the cluster time by 1 s
        yield client


@pytest.mark.flinkmock("orders.yaml")
def test_a_deployed_job_is_up(flinkmock: FlinkMock, deployer: Deployer, jar: Path) -> None:
    job = deployer.deploy(jar)
    assert flinkmock.job("orders").id == job
    assert flinkmock.job("orders").state == "RUNNING"
    flinkmock.requests.expect_in_order("POST /jars/upload", "POST /jars/:jarid/run", "GET /jobs/:jobid")


@pytest.mark.flinkmock("orders.yaml")
def test_an_upgrade_restores_the_last_savepoint(flinkmock: FlinkMock, deployer: Deployer, jar: Path) -> None:
    old_job = flinkmock.job("orders")
    assert deployer.upgrade(old_job.id, jar, "s3://savepoints") != old_job.id
    assert old_job.state == "FINISHED"
    assert [flinkmock.job("orders").restored_from] == [savepoint.path for savepoint in old_job.savepoints]
    flinkmock.requests.expect_in_order("POST /jars/upload", "POST /jobs/:jobid/stop", "POST /jars/:jarid/run")


@pytest.mark.flinkmock("disk-full.yaml")
def test_after_a_failed_stop_no_job_is_started(flinkmock: FlinkMock, deployer: Deployer, jar: Path) -> None:
    old_job = flinkmock.job("orders")
    with pytest.raises(SavepointFailed, match="No space left on device"):
        deployer.upgrade(old_job.id, jar, "s3://savepoints")
    assert old_job.state == "RUNNING"
    flinkmock.requests.expect("POST /jars/:jarid/run", times="never")


@pytest.mark.flinkmock("disk-full.yaml")
def test_completed_does_not_mean_success(flinkmock: FlinkMock, deployer: Deployer) -> None:
    with pytest.raises(SavepointFailed, match="No space left on device"):
        deployer.savepoint(flinkmock.job("orders").id, "s3://savepoints")


@pytest.mark.flinkmock("orders.yaml")
def test_the_path_of_a_savepoint_is_returned(flinkmock: FlinkMock, deployer: Deployer) -> None:
    orders = flinkmock.job("orders")
    location = deployer.savepoint(orders.id, "s3://savepoints")
    assert [savepoint.path for savepoint in orders.savepoints] == [location]


@pytest.mark.flinkmock({"faults": [{"times": 3, "reply": "leader-unavailable"}]})
def test_requests_without_a_leader_are_retried(flinkmock: FlinkMock, deployer: Deployer, jar: Path) -> None:
    deployer.deploy(jar)
    flinkmock.requests.expect("POST /jars/upload", times=4)


@pytest.mark.flinkmock({"faults": [{"reply": "leader-unavailable"}]})
def test_requests_are_not_retried_forever(deployer: Deployer, jar: Path) -> None:
    with pytest.raises(RequestFailed, match="503"):
        deployer.deploy(jar)


@pytest.mark.flinkmock("out-of-memory.yaml")
def test_a_failed_job_is_reported_with_its_cause(deployer: Deployer, jar: Path) -> None:
    with pytest.raises(JobTerminated, match="orders is FAILED: java.lang.OutOfMemoryError: Java heap space"):
        deployer.deploy(jar)


@pytest.mark.flinkmock("lost-response.yaml", flink=["1.20", "2.3"])
def test_a_lost_response_triggers_no_second_savepoint(flinkmock: FlinkMock, deployer: Deployer) -> None:
    orders = flinkmock.job("orders")
    location = deployer.savepoint(orders.id, "s3://savepoints")
    assert [savepoint.path for savepoint in orders.savepoints] == [location]
    flinkmock.requests.expect("POST /jobs/:jobid/savepoints", times=2)


# since 1.15, the client chooses the trigger id, so a request that is sent again triggers nothing new
@pytest.mark.flinkmock("lost-response.yaml", flink="1.12")
def test_without_trigger_ids_no_request_is_retried(flinkmock: FlinkMock, deployer: Deployer) -> None:
    with pytest.raises(ResponseLost, match="may have processed"):
        deployer.savepoint(flinkmock.job("orders").id, "s3://savepoints")
    flinkmock.requests.expect("POST /jobs/:jobid/savepoints", times=1)
