"""Tests of the client with httpx against `flinkmock serve`: the clusters run in another process.

The deployers in Go, Java and JavaScript have the same tests.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from served_cluster import ServedCluster, Server

from deployer.flink import JobTerminated, RequestFailed, ResponseLost, SavepointFailed, TimedOut
from deployer.sync import Deployer

FOLDER = Path(__file__).parent
ORDERS = FOLDER / "orders.yaml"
DISK_FULL = FOLDER / "disk-full.yaml"
OUT_OF_MEMORY = FOLDER / "out-of-memory.yaml"
SLOW = "{jobs: {orders: streaming}, operations: {savepoint: 10m}}"

Start = Callable[..., tuple[ServedCluster, Deployer]]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server() as process:
        yield process


@pytest.fixture
def start(server: Server) -> Iterator[Start]:
    """Starts a cluster whose time advances only while the deployer sleeps."""
    with ExitStack() as stack:

        def start_cluster(
            scenario: Path | str = ORDERS, flink: str = "2.3", on_sleep: Callable[[ServedCluster], None] | None = None
        ) -> tuple[ServedCluster, Deployer]:
            flink_cluster = stack.enter_context(server.cluster(scenario, flink))
            flink_cluster.advance(60)  # now the tasks of `orders` are running

            def sleep(seconds: float) -> None:
                flink_cluster.advance(seconds)
                if on_sleep is not None:
                    on_sleep(flink_cluster)

            client = stack.enter_context(Deployer(flink_cluster.url, sleep=sleep, now=flink_cluster.now))
            stack.callback(flink_cluster.verify)
            return flink_cluster, client

        yield start_cluster


@pytest.mark.parametrize("release", ["1.12", "1.20", "2.3"])
def test_a_deployed_job_is_up(start: Start, jar: Path, release: str) -> None:
    cluster, deployer = start(flink=release)
    job = deployer.deploy(jar)
    assert cluster.job("orders")["id"] == job
    assert cluster.job("orders")["state"] == "RUNNING"
    cluster.expect_in_order("POST /jars/upload", "POST /jars/:jarid/run", "GET /jobs/:jobid")


@pytest.mark.parametrize("release", ["1.12", "1.20", "2.3"])
def test_an_upgrade_restores_the_last_savepoint(start: Start, jar: Path, release: str) -> None:
    cluster, deployer = start(flink=release)
    old_id = cluster.job("orders")["id"]
    assert deployer.upgrade(old_id, jar, "s3://savepoints") != old_id
    assert cluster.job(old_id)["state"] == "FINISHED"
    assert [cluster.job("orders")["restored-from"]] == cluster.savepoints(old_id)
    cluster.expect_in_order("POST /jars/upload", "POST /jobs/:jobid/stop", "POST /jars/:jarid/run")


def test_after_a_failed_stop_no_job_is_started(start: Start, jar: Path) -> None:
    cluster, deployer = start(DISK_FULL)
    old_id = cluster.job("orders")["id"]
    with pytest.raises(SavepointFailed, match="No space left on device"):
        deployer.upgrade(old_id, jar, "s3://savepoints")
    assert cluster.job(old_id)["state"] == "RUNNING"
    cluster.expect("POST /jars/:jarid/run", times="never")


def test_completed_does_not_mean_success(start: Start) -> None:
    cluster, deployer = start(DISK_FULL)
    with pytest.raises(SavepointFailed, match="No space left on device"):
        deployer.savepoint(cluster.job("orders")["id"], "s3://savepoints")


def test_the_path_of_a_savepoint_is_returned(start: Start) -> None:
    cluster, deployer = start()
    location = deployer.savepoint(cluster.job("orders")["id"], "s3://savepoints")
    assert cluster.savepoints("orders") == [location]


def test_requests_without_a_leader_are_retried(start: Start, jar: Path) -> None:
    cluster, deployer = start()
    cluster.add_fault(times=3, reply="leader-unavailable")
    deployer.deploy(jar)
    cluster.expect("POST /jars/upload", times=4)


def test_requests_are_not_retried_forever(start: Start, jar: Path) -> None:
    pauses: list[ServedCluster] = []
    cluster, deployer = start(on_sleep=pauses.append)
    cluster.add_fault(reply="leader-unavailable")
    with pytest.raises(RequestFailed, match="503"):
        deployer.deploy(jar)
    cluster.expect("POST /jars/upload", times=5)
    assert len(pauses) == 4  # between the attempts


def test_a_failed_job_is_reported_with_its_cause(start: Start, jar: Path) -> None:
    _, deployer = start(OUT_OF_MEMORY)
    with pytest.raises(JobTerminated, match="orders is FAILED: java.lang.OutOfMemoryError: Java heap space"):
        deployer.deploy(jar)


@pytest.mark.parametrize("release", ["1.20", "2.3"])
def test_a_lost_response_triggers_no_second_savepoint(start: Start, release: str) -> None:
    cluster, deployer = start(flink=release)
    cluster.add_fault(match="POST /jobs/:jobid/savepoints", times=1, drop="after-processing")
    location = deployer.savepoint(cluster.job("orders")["id"], "s3://savepoints")
    assert cluster.savepoints("orders") == [location]
    cluster.expect("POST /jobs/:jobid/savepoints", times=2)


def test_without_trigger_ids_no_request_is_retried(start: Start) -> None:
    cluster, deployer = start(flink="1.12")
    cluster.add_fault(match="POST /jobs/:jobid/savepoints", times=1, drop="after-processing")
    with pytest.raises(ResponseLost, match="may have processed"):
        deployer.savepoint(cluster.job("orders")["id"], "s3://savepoints")
    cluster.expect("POST /jobs/:jobid/savepoints", times=1)


def test_a_body_that_is_not_json_is_an_error(start: Start) -> None:
    cluster, deployer = start(flink="1.12")
    cluster.add_fault(match="POST /jobs/:jobid/savepoints", corrupt="html")
    with pytest.raises(RequestFailed, match="<html"):
        deployer.savepoint(cluster.job("orders")["id"], "s3://savepoints")


def test_a_snapshot_version_accepts_trigger_ids(start: Start) -> None:
    cluster, deployer = start(flink="1.20")
    cluster.add_fault(match="GET /config", set={"flink-version": "1.20-SNAPSHOT"})
    cluster.add_fault(match="POST /jobs/:jobid/savepoints", times=1, drop="after-processing")
    location = deployer.savepoint(cluster.job("orders")["id"], "s3://savepoints")
    assert cluster.savepoints("orders") == [location]


def test_a_deployment_waits_for_the_next_leader(start: Start, jar: Path) -> None:
    cluster, deployer = start()
    cluster.crash_leader("3s")
    assert cluster.job(deployer.deploy(jar))["state"] == "RUNNING"


def test_the_next_leader_does_not_know_the_trigger_id(start: Start) -> None:
    has_crashed = False

    def crash_leader_once(cluster: ServedCluster) -> None:
        nonlocal has_crashed
        if not has_crashed:
            cluster.crash_leader("2s")
        has_crashed = True

    cluster, deployer = start(on_sleep=crash_leader_once)
    with pytest.raises(RequestFailed, match="404"):
        deployer.savepoint(cluster.job("orders")["id"], "s3://savepoints")


def test_a_slow_savepoint_times_out(start: Start) -> None:
    cluster, deployer = start(SLOW)
    with pytest.raises(TimedOut, match="the savepoint is not ready after 300 s"):
        deployer.savepoint(cluster.job("orders")["id"], "s3://savepoints")
