"""Tests control a cluster in Python: its clock, jobs, TaskManagers and responses."""

import httpx
import pytest

from flinkmock import FlinkMock
from flinkmock.cluster.errors import JobAlreadyTerminated, UncaughtJavaException
from flinkmock.errors import InvalidArgument, NotFound, NotRunning, StateNeverReached
from flinkmock.flink.java_exception import JavaException

ORDERS = """
clock: virtual
cluster: {taskmanagers: 2, slots: 2}
jobs:
  orders:
    lifecycle:
      - RUNNING: 20s
      - RESTARTING: 5s
      - RUNNING: forever
"""


def test_run_until_stops_at_the_exact_time_of_a_state() -> None:
    with FlinkMock(ORDERS) as cluster:
        start_time = cluster.clock.now()
        assert cluster.run_until(orders="RESTARTING") == start_time + 20_000
        assert cluster.job("orders").state == "RESTARTING"


def test_run_until_reports_a_state_that_cannot_be_reached() -> None:
    with (
        FlinkMock(ORDERS) as cluster,
        pytest.raises(
            StateNeverReached, match=r"^The state FAILED of orders can never be reached: orders is RUNNING, and no more"
        ),
    ):
        cluster.run_until(orders="FAILED")


def test_run_until_reports_a_job_that_restarts_forever() -> None:
    with FlinkMock({"clock": "virtual", "jobs": {"loop": "restarting"}}) as cluster, pytest.raises(StateNeverReached):
        cluster.run_until(loop="FINISHED")


def test_run_until_rejects_an_unknown_state() -> None:
    message = r'^"FINISHD" is not a job state of Flink\. Did you mean "FINISHED"\? Known: '
    with FlinkMock(ORDERS) as cluster, pytest.raises(InvalidArgument, match=message):
        cluster.run_until(orders="FINISHD")


def test_run_until_accepts_a_condition() -> None:
    with FlinkMock(ORDERS) as cluster:
        orders = cluster.job("orders")
        cluster.run_until(lambda: bool(orders.checkpoints))
        assert orders.checkpoints


def test_next_advances_to_the_next_event() -> None:
    with FlinkMock(ORDERS) as cluster:
        cluster.advance("1s")
        time_before = cluster.clock.now()
        cluster.clock.next()
        assert cluster.clock.now() > time_before
        assert cluster.job("orders").state in ("RUNNING", "RESTARTING")


def test_a_job_can_be_failed_and_finished() -> None:
    with FlinkMock({"clock": "virtual", "jobs": {"orders": "streaming"}}) as cluster:
        cluster.advance("1s")
        orders = cluster.job("orders")
        orders.fail("disk full", "java.io.IOException")
        assert orders.state == "RESTARTING"
        history = httpx.get(f"{cluster.url}/jobs/{orders.id}/exceptions").json()["exceptionHistory"]["entries"]
        assert history[0]["exceptionName"] == "java.io.IOException"
        cluster.run_until(orders="RUNNING")
        orders.finish()
        assert orders.state == "FINISHED"
        with pytest.raises(JobAlreadyTerminated, match=r"^Job [0-9a-f]{32} is already FINISHED\.$"):
            orders.finish()


def test_a_job_is_restarted_regardless_of_its_strategy() -> None:
    with FlinkMock({"clock": "virtual", "jobs": {"orders": {"restart": "none"}}}) as cluster:
        cluster.run_until(orders="RUNNING")
        orders = cluster.job("orders")
        orders.restart()
        assert orders.state == "RESTARTING"
        with pytest.raises(NotRunning, match=r"^orders is RESTARTING\. Only a RUNNING job can be restarted\.$"):
            orders.restart()
        cluster.run_until(orders="RUNNING")
        orders.fail()
        cluster.run_until(orders="FAILED")


def test_the_savepoints_of_a_job_are_listed() -> None:
    with FlinkMock({"clock": "virtual", "jobs": {"orders": "streaming"}}) as cluster:
        cluster.advance("1s")
        orders = cluster.job("orders")
        httpx.post(f"{cluster.url}/jobs/{orders.id}/savepoints", json={"target-directory": "file:///backup"})
        cluster.advance("1s")
        (savepoint,) = orders.savepoints
        assert savepoint.path.startswith("file:/backup/savepoint-")
        assert orders.restored_from is None
        assert orders.vertices


def test_taskmanagers_that_have_joined_since_the_last_request_are_listed() -> None:
    scenario = {"cluster": {"taskmanagers": {"count": 1, "events": [{"1s": "joins"}]}}}
    with FlinkMock(scenario, clock="virtual") as cluster:
        assert len(cluster.taskmanagers) == 1
        cluster.engine.clock.advance("2s")  # without running events, as the wall clock does
        assert len(cluster.taskmanagers) == 2


def test_taskmanagers_are_added_and_lost() -> None:
    with FlinkMock(ORDERS) as cluster:
        assert len(cluster.taskmanagers) == 2
        lost_id = cluster.taskmanagers.lose()
        added_id = cluster.taskmanagers.add()
        ids = [taskmanager["id"] for taskmanager in httpx.get(f"{cluster.url}/taskmanagers").json()["taskmanagers"]]
        assert lost_id not in ids and added_id in ids and ids == list(cluster.taskmanagers)


def test_a_function_handles_an_operation_or_leaves_it_to_the_cluster() -> None:
    with FlinkMock(ORDERS) as cluster:
        calls = []

        @cluster.on("GET /jobs/:jobid/status")
        def get_status(call: object) -> object:
            calls.append(call)
            if len(calls) == 1:
                raise UncaughtJavaException(JavaException("java.lang.IllegalStateException", "broken"))
            return {"status": "SUSPENDED"} if len(calls) == 2 else None

        url = f"{cluster.url}/jobs/{cluster.job('orders').id}/status"
        responses = [httpx.get(url) for _ in range(3)]
        assert [response.status_code for response in responses] == [500, 200, 200]
        assert "broken" in responses[0].json()["errors"][1]
        assert [response.json()["status"] for response in responses[1:]] == ["SUSPENDED", "RUNNING"]


def test_a_function_for_an_unknown_operation_is_rejected() -> None:
    with (
        FlinkMock(ORDERS, flink="1.12") as cluster,
        pytest.raises(NotFound, match=r"1\.12 has no operation GET /jobs/:jobid/status"),
    ):
        cluster.on("GET /jobs/:jobid/status")


def test_a_signal_ends_a_step() -> None:
    lifecycle = [{"RUNNING": "signal go"}, "FINISHED"]
    with FlinkMock({"clock": "virtual", "jobs": {"orders": {"lifecycle": lifecycle}}}) as cluster:
        cluster.advance("1h")
        assert cluster.job("orders").state == "RUNNING"
        cluster.signal("go")
        assert cluster.job("orders").state == "FINISHED"
        with pytest.raises(NotFound, match="go"):
            cluster.signal("stop")


def test_an_unknown_vertex_cannot_fail() -> None:
    with FlinkMock(ORDERS) as cluster, pytest.raises(NotFound, match=r'^orders has no vertex "nowhere"\. Known: '):
        cluster.job("orders").fail(vertex="nowhere")
