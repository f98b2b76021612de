"""The standard output of print sinks, and what the JobManager logs."""

import dataclasses
import re

import pytest

from tests.cluster.cluster_factory import VERTICES, job
from tests.rest.handlers.handler_client import HandlerClient
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness


def stdout_of(sink: str, prints: bool | None = None) -> bytes:
    vertices = (*VERTICES[:2], dataclasses.replace(VERTICES[2], operators=(sink,), prints=prints))
    with HandlerClient(dataclasses.replace(job(), vertices=vertices)) as client:
        client.advance("1s")
        [taskmanager] = client.call("getTaskManagers")["taskmanagers"]
        return bytes(client.call("getTaskManagerStdoutFile", taskmanagerid=taskmanager["id"]))


@pytest.mark.parametrize(("sink", "prints"), [("Sink: Print to Std. Out", None), ("Sink: mine", True)])
def test_a_print_sink_writes_a_line_for_each_record(sink: str, prints: bool | None) -> None:
    assert stdout_of(sink, prints).startswith(b"record 1\nrecord 2\n")


@pytest.mark.parametrize(("sink", "prints"), [("Sink: fingerprints", None), ("Sink: Print to Std. Out", False)])
def test_other_sinks_print_nothing(sink: str, prints: bool | None) -> None:
    assert stdout_of(sink, prints) == b""


def jobmanager_log(harness: ScenarioHarness) -> str:
    return harness.client.send("GET", "/jobmanager/log").body.decode()


@pytest.mark.parametrize(
    ("event", "reason"), [("leaves", "The TaskExecutor is shutting down."), ("lost", "is no longer reachable.")]
)
def test_the_log_has_the_reason_why_a_taskmanager_is_gone(event: str, reason: str) -> None:
    scenario = f"cluster: {{taskmanagers: {{count: 2, events: [{{5s: {event}}}]}}}}\njobs: {{orders: streaming}}"
    with scenario_harness(scenario) as harness:
        harness.advance_to(6_000)
        [line] = [line for line in jobmanager_log(harness).splitlines() if "Closing TaskExecutor connection" in line]
        assert line.endswith(reason)


def test_the_log_counts_consecutive_failures_of_checkpoints() -> None:
    scenario = "jobs: {orders: {checkpoints: {every: 10s, duration: 1s, fails: [1, 2, 4]}}}"
    with scenario_harness(scenario) as harness:
        harness.advance_to(60_000)
        assert re.findall(r"complete checkpoint (\d) .*\((\d) consecutive", jobmanager_log(harness)) == [
            ("1", "1"),
            ("2", "2"),
            ("4", "1"),
        ]


def test_each_slot_of_a_job_has_its_own_allocation_id() -> None:
    scenario = "cluster: {taskmanagers: 2, slots: 1}\njobs: {orders: {parallelism: 2}}"
    with scenario_harness(scenario) as harness:
        harness.advance_to(5_000)
        slots = set(re.findall(r"Deploying .* to (\S+) @ .* allocation id (\w+)", jobmanager_log(harness)))
        assert len(slots) == len({taskmanager for taskmanager, _ in slots}) == len({id for _, id in slots}) == 2
