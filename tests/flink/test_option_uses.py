"""Each applied option has an effect on a response, and the page about options is up to date."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flinkmock import small_jar
from flinkmock.dryrun.check import check_file
from flinkmock.errors import ScenarioError
from flinkmock.flink import option_uses
from flinkmock.flink.configuration import Configuration
from flinkmock.flink.memory import taskmanager_memory
from flinkmock.flink.option_uses import OPTION_USES, Use
from flinkmock.flink.options_page import options_page
from flinkmock.release import Release
from flinkmock.rest.handlers import UploadedFile
from flinkmock.scenario import load_scenario
from tests.scenario.scenario_helpers import scenario_harness

TimedRequest = tuple[int, str, str] | tuple[int, str, str, dict[str, Any]]
"""A request: the time in ms after the start, the method, the path and perhaps the body.

In the path, {job} and {vertex} stand for ids, and {trigger} for the trigger id in an earlier response.
"""
JOB: dict[str, Any] = {"jobs": {"orders": {}}}
ADAPTIVE = {"jobmanager.scheduler": "adaptive"}
LOST_TASKMANAGERS = {
    "cluster": {"taskmanagers": {"count": 3, "events": [{"5s": "lost"}, {"10s": "lost"}]}},
    **JOB,
}
PARALLELISM_8 = {"jobs": {"orders": {"parallelism": 8}}}
TWO_ENDING_JOBS = {
    "jobs": {name: {"lifecycle": [{"RUNNING": time}, "FINISHED"]} for name, time in (("orders", "1s"), ("b", "2s"))}
}
CACHED_ENDING_JOB = {"cluster": {"caches": True}, "jobs": {"orders": {"lifecycle": [{"RUNNING": "3s"}, "FINISHED"]}}}
CACHED_JOB = {"cluster": {"caches": True}, **JOB}


@dataclass(frozen=True)
class Probe:
    """Requests to two clusters, one of which sets an option; the responses of the two must differ.

    Attributes:
        value: The value of the option.
        requests: The requests.
        other_options: The options that both clusters set.
        scenario: The scenario of both clusters.
    """

    value: str
    requests: Sequence[TimedRequest]
    other_options: Mapping[str, str] = field(default_factory=dict)
    scenario: Mapping[str, Any] = field(default_factory=lambda: JOB)


def get(path: str, *times: int) -> tuple[TimedRequest, ...]:
    """Return a GET request for each of the times (ms), by default for 5 s after the start."""
    return tuple((time, "GET", path) for time in times or (5_000,))


TASKMANAGERS = get("/taskmanagers")
ENVIRONMENT = get("/jobmanager/environment")
CONFIG = get("/config")
JOB_STATES = get("/jobs/overview", 7_000, 12_500, 30_000)
CHECKPOINT_CONFIG = get("/jobs/{job}/checkpoints/config")
RESCALE_CONFIG = get("/jobs/{job}/rescales/config", 20_000)
START_PROFILER: TimedRequest = (1_000, "POST", "/jobmanager/profiler", {"mode": "CPU", "duration": 20})
TAKE_SAVEPOINT: tuple[TimedRequest, ...] = (
    (5_000, "POST", "/jobs/{job}/savepoints", {"cancel-job": False}),
    (15_000, "GET", "/jobs/{job}/savepoints/{trigger}"),
)
PROFILING_ENABLED = {"rest.profiling.enabled": "true"}
FAILURE_RATE, FIXED_DELAY, EXPONENTIAL_DELAY = (
    {"restart-strategy.type": kind} for kind in ("failure-rate", "fixed-delay", "exponential-delay")
)
TM_MEMORY, JM_MEMORY, CHECKPOINTING = "taskmanager.memory", "jobmanager.memory", "execution.checkpointing"
PROBES = {
    "web.refresh-interval": Probe("5 s", CONFIG),
    "rest.cache.execution-graph.timeout": Probe("10 s", get("/jobs/{job}", 1_000, 5_000), scenario=CACHED_ENDING_JOB),
    "rest.cache.checkpoint-statistics.timeout": Probe(
        "60 s", get("/jobs/{job}/checkpoints", 1_000, 30_000), scenario=CACHED_JOB
    ),
    "metrics.fetcher.update-interval": Probe(
        "60 s", get("/jobs/{job}/metrics?get=uptime", 1_000, 3_000, 20_000, 25_000), scenario=CACHED_JOB
    ),
    "rest.async.store-duration": Probe("1 s", TAKE_SAVEPOINT),
    "rest.server.max-content-length": Probe("10", TAKE_SAVEPOINT[:1]),
    "rest.flamegraph.enabled": Probe("false", get("/jobs/{job}/vertices/{vertex}/flamegraph")),
    "rest.flamegraph.refresh-interval": Probe(
        "5 s", get("/jobs/{job}/vertices/{vertex}/flamegraph", 1_000, 8_000, 20_000, 40_000), scenario=CACHED_JOB
    ),
    "rest.profiling.enabled": Probe("true", [START_PROFILER]),
    "rest.profiling.duration-max": Probe("10 s", [START_PROFILER], PROFILING_ENABLED),
    "rest.profiling.history-size": Probe(
        "1", [START_PROFILER, (40_000, *START_PROFILER[1:]), *get("/jobmanager/profiler", 80_000)], PROFILING_ENABLED
    ),
    "web.access-control-allow-origin": Probe("https://dash.example", CONFIG),
    "jobmanager.rpc.address": Probe("jobmanager", get("/jobmanager/logs")),
    "taskmanager.host": Probe("taskmanager", TASKMANAGERS),
    "web.log.path": Probe("/logs/jm.log", get("/jobmanager/logs")),
    "web.submit.enable": Probe("false", get("/jars")),
    "web.cancel.enable": Probe("false", CONFIG),
    "web.rescale.enable": Probe("false", CONFIG, ADAPTIVE),
    "web.checkpoints.history": Probe("2", get("/jobs/{job}/checkpoints", 60_000)),
    "web.exception-history-size": Probe("1", get("/jobs/{job}/exceptions", 20_000), scenario=LOST_TASKMANAGERS),
    "web.adaptive-scheduler.rescale-history.size": Probe("5", get("/jobs/{job}/rescales/overview"), ADAPTIVE),
    "cluster.thread-dump.stacktrace-max-depth": Probe("2", get("/jobmanager/thread-dump")),
    "jobstore.expiration-time": Probe("20", get("/jobs/overview", 40_000), scenario=TWO_ENDING_JOBS),
    "jobstore.max-capacity": Probe("1", get("/jobs/overview", 40_000), scenario=TWO_ENDING_JOBS),
    "slot.request.timeout": Probe("10 s", JOB_STATES, scenario={**PARALLELISM_8, "cluster": {"age": 0}}),
    "resourcemanager.standalone.start-up-time": Probe(
        "10000",
        JOB_STATES,
        {"slot.request.timeout": "5 s", "restart-strategy.type": "none"},
        {**PARALLELISM_8, "cluster": {"age": 0}},
    ),
    "slot.idle.timeout": Probe("7 s", RESCALE_CONFIG, ADAPTIVE),
    "high-availability.type": Probe(
        "zookeeper", get("/jobs", 20_000), scenario={"cluster": {"jobmanagers": {"events": [{"5s": "crashes"}]}}, **JOB}
    ),
    "jobmanager.scheduler": Probe("adaptive", get("/jobs/{job}/resource-requirements")),
    "scheduler-mode": Probe("reactive", CONFIG, ADAPTIVE),
    "jobmanager.adaptive-scheduler.submission.resource-wait-timeout": Probe(
        "10 s", JOB_STATES, ADAPTIVE, {**PARALLELISM_8, "cluster": {"taskmanagers": 0}}
    ),
    "jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout": Probe(
        "1 s", JOB_STATES, ADAPTIVE, PARALLELISM_8
    ),
    "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling": Probe("7 s", RESCALE_CONFIG, ADAPTIVE),
    "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout": Probe("7 s", RESCALE_CONFIG, ADAPTIVE),
    "jobmanager.adaptive-scheduler.rescale-trigger.max-delay": Probe("7 s", RESCALE_CONFIG, ADAPTIVE),
    "jobmanager.adaptive-scheduler.rescale-trigger.max-checkpoint-failures": Probe("7", RESCALE_CONFIG, ADAPTIVE),
    "taskmanager.numberOfTaskSlots": Probe("7", TASKMANAGERS),
    "heartbeat.interval": Probe("3 s", TASKMANAGERS),
    "jobmanager.execution.attempts-history-size": Probe(
        "1", get("/jobs/{job}/vertices/{vertex}/subtasks/0/attempts/0", 30_000), scenario=LOST_TASKMANAGERS
    ),
    f"{CHECKPOINTING}.num-retained": Probe("3", get("/jobs/{job}/checkpoints", 60_000)),
    "pipeline.object-reuse": Probe("true", get("/jobs/{job}/config")),
    f"{CHECKPOINTING}.savepoint-dir": Probe("file:///elsewhere", TAKE_SAVEPOINT, {"state.savepoints.dir": ""}),
    f"{CHECKPOINTING}.dir": Probe(
        "file:///elsewhere", get("/jobs/{job}/checkpoints", 20_000), {"state.checkpoints.dir": ""}
    ),
    f"{CHECKPOINTING}.interval": Probe("2 s", CHECKPOINT_CONFIG),
    f"{CHECKPOINTING}.mode": Probe("AT_LEAST_ONCE", CHECKPOINT_CONFIG),
    f"{CHECKPOINTING}.timeout": Probe("2 min", CHECKPOINT_CONFIG),
    f"{CHECKPOINTING}.min-pause": Probe("1 s", CHECKPOINT_CONFIG),
    f"{CHECKPOINTING}.max-concurrent-checkpoints": Probe("2", CHECKPOINT_CONFIG),
    f"{CHECKPOINTING}.tolerable-failed-checkpoints": Probe("7", CHECKPOINT_CONFIG),
    f"{CHECKPOINTING}.unaligned.enabled": Probe("true", CHECKPOINT_CONFIG),
    f"{CHECKPOINTING}.aligned-checkpoint-timeout": Probe("3 s", CHECKPOINT_CONFIG),
    f"{CHECKPOINTING}.externalized-checkpoint-retention": Probe("RETAIN_ON_CANCELLATION", CHECKPOINT_CONFIG),
    f"{CHECKPOINTING}.checkpoints-after-tasks-finish": Probe("false", CHECKPOINT_CONFIG),
    "state.backend.type": Probe("rocksdb", CHECKPOINT_CONFIG),
    "restart-strategy.type": Probe("none", JOB_STATES, scenario=LOST_TASKMANAGERS),
    "restart-strategy.fixed-delay.attempts": Probe("0", JOB_STATES, FIXED_DELAY, LOST_TASKMANAGERS),
    "restart-strategy.fixed-delay.delay": Probe("5 s", JOB_STATES, FIXED_DELAY, LOST_TASKMANAGERS),
    "restart-strategy.failure-rate.max-failures-per-interval": Probe("2", JOB_STATES, FAILURE_RATE, LOST_TASKMANAGERS),
    "restart-strategy.failure-rate.failure-rate-interval": Probe("2 s", JOB_STATES, FAILURE_RATE, LOST_TASKMANAGERS),
    "restart-strategy.failure-rate.delay": Probe("4 s", JOB_STATES, FAILURE_RATE, LOST_TASKMANAGERS),
    "restart-strategy.exponential-delay.attempts-before-reset-backoff": Probe(
        "0", JOB_STATES, EXPONENTIAL_DELAY, LOST_TASKMANAGERS
    ),
    "restart-strategy.exponential-delay.initial-backoff": Probe(
        "5 s", JOB_STATES, EXPONENTIAL_DELAY, LOST_TASKMANAGERS
    ),
    f"{TM_MEMORY}.process.size": Probe("2g", TASKMANAGERS),
    f"{TM_MEMORY}.flink.size": Probe("1200m", TASKMANAGERS),
    f"{TM_MEMORY}.task.heap.size": Probe("300m", TASKMANAGERS, {f"{TM_MEMORY}.managed.size": "200m"}),
    f"{TM_MEMORY}.managed.size": Probe("100m", TASKMANAGERS),
    f"{TM_MEMORY}.managed.fraction": Probe("0.2", TASKMANAGERS),
    f"{TM_MEMORY}.framework.heap.size": Probe("64m", TASKMANAGERS),
    f"{TM_MEMORY}.framework.off-heap.size": Probe("64m", TASKMANAGERS),
    f"{TM_MEMORY}.task.off-heap.size": Probe("64m", TASKMANAGERS),
    f"{TM_MEMORY}.jvm-metaspace.size": Probe("128m", TASKMANAGERS),
    f"{TM_MEMORY}.network.fraction": Probe("0.2", TASKMANAGERS),
    f"{TM_MEMORY}.network.min": Probe("200m", TASKMANAGERS),
    f"{TM_MEMORY}.network.max": Probe("100m", TASKMANAGERS),
    f"{TM_MEMORY}.jvm-overhead.fraction": Probe("0.2", TASKMANAGERS),
    f"{TM_MEMORY}.jvm-overhead.min": Probe("300m", TASKMANAGERS),
    f"{TM_MEMORY}.jvm-overhead.max": Probe("250m", TASKMANAGERS, {f"{TM_MEMORY}.jvm-overhead.fraction": "0.2"}),
    f"{JM_MEMORY}.process.size": Probe("2g", ENVIRONMENT),
    f"{JM_MEMORY}.flink.size": Probe("1g", ENVIRONMENT),
    f"{JM_MEMORY}.heap.size": Probe("900m", ENVIRONMENT),
    f"{JM_MEMORY}.off-heap.size": Probe("64m", ENVIRONMENT),
    f"{JM_MEMORY}.jvm-metaspace.size": Probe("128m", ENVIRONMENT),
    f"{JM_MEMORY}.jvm-overhead.fraction": Probe("0.2", ENVIRONMENT),
    f"{JM_MEMORY}.jvm-overhead.min": Probe("300m", ENVIRONMENT),
    f"{JM_MEMORY}.jvm-overhead.max": Probe("250m", ENVIRONMENT, {f"{JM_MEMORY}.jvm-overhead.fraction": "0.2"}),
}
WITHOUT_PROBE = {
    option.key for option in OPTION_USES if option.use == Use.APPLIED and option.key.startswith("security.ssl.")
}
WITHOUT_PROBE |= {
    "cluster.fine-grained-resource-management.enabled",
    "jobmanager.rpc.port",
    "parallelism.default",
    "rest.address",
    "rest.port",
    "taskmanager.log.path",
    "web.upload.dir",
}
"""Applied options without a Probe.

Their tests are below, in tests/server/test_options.py, in tests/ingress/test_tls.py, and in test_jars.py and
test_taskmanagers.py of tests/rest/handlers.
"""


def responses(probe: Probe, config: Mapping[str, str]) -> list[object]:
    """Send the requests to a cluster with these options. Return the status, headers and body of each response.

    An option with an empty value is removed from the configuration.
    """
    cluster = {
        "age": "1h",
        **probe.scenario.get("cluster", {}),
        "config": {key: value or None for key, value in config.items()},
    }
    received: list[object] = []
    with scenario_harness(json.dumps({**probe.scenario, "cluster": cluster}), flink="2.3") as harness:
        trigger_id = ""
        job = harness.job()
        for time, method, path, *body in probe.requests:
            harness.advance_to(time)
            path = path.format(job=job.id, vertex=job.graph.vertices[0].id, trigger=trigger_id)
            response = harness.client.send(method, path, *body)
            received.append((response.status, dict(response.headers), response.body))
            if method == "POST" and response.status == 202:
                trigger_id = json.loads(response.body).get("request-id", "")
    return received


def test_each_applied_option_is_tested() -> None:
    assert {option.key for option in OPTION_USES if option.use == Use.APPLIED} == PROBES.keys() | WITHOUT_PROBE


@pytest.mark.parametrize("key", PROBES)
def test_an_applied_option_has_an_effect(key: str) -> None:
    probe = PROBES[key]
    assert responses(probe, probe.other_options) != responses(probe, {**probe.other_options, key: probe.value})


def test_the_path_of_the_log_of_a_taskmanager_is_applied() -> None:
    with scenario_harness("cluster: {config: {taskmanager.log.path: /logs/tm.log}}") as harness:
        [taskmanager] = harness.get("/taskmanagers")["taskmanagers"]
        logs = harness.get(f"/taskmanagers/{taskmanager['id']}/logs")["logs"]
        assert [log["name"] for log in logs] == ["tm.out", "tm.log"]


def test_logs_contain_the_configured_addresses() -> None:
    """Each option also appears in the list of loaded options at the beginning of a log, which is not tested here."""
    config = "{jobmanager.rpc.address: jm, jobmanager.rpc.port: 7123, rest.address: api, rest.port: 9081}"
    with scenario_harness(f"cluster: {{config: {config}}}") as harness:
        [taskmanager] = harness.get("/taskmanagers")["taskmanagers"]
        jobmanager_log = harness.client.send("GET", "/jobmanager/log").body.decode()
        taskmanager_log = harness.client.send("GET", f"/taskmanagers/{taskmanager['id']}/log").body.decode()
    assert "Web frontend listening at http://api:9081." in jobmanager_log
    assert "Actor system started at pekko.tcp://flink@jm:7123" in jobmanager_log
    assert "Connecting to ResourceManager at jm:7123." in taskmanager_log


def test_the_rest_api_has_the_address_of_the_jobmanager_if_none_is_configured() -> None:
    with scenario_harness("cluster: {config: {jobmanager.rpc.address: jm, rest.address: null}}") as harness:
        assert (
            "Web frontend listening at http://jm:8081." in harness.client.send("GET", "/jobmanager/log").body.decode()
        )


def test_processes_that_log_into_one_directory_list_all_its_files() -> None:
    """The list is the recorded one (`cluster: GET /jobmanager/logs` and `GET /taskmanagers/{tm}/logs`)."""
    config = "{web.log.path: /log/flink-jm.log, taskmanager.log.path: /log/flink-tm1.log}"
    with scenario_harness(f"cluster: {{config: {config}}}") as harness:
        [taskmanager] = harness.get("/taskmanagers")["taskmanagers"]
        for process in ("/jobmanager", f"/taskmanagers/{taskmanager['id']}"):
            names = [log["name"] for log in harness.get(f"{process}/logs")["logs"]]
            assert names == ["flink-jm.out", "flink-tm1.log", "flink-tm1.out", "flink-jm.log"]
            assert all(harness.client.send("GET", f"{process}/logs/{name}").status == 200 for name in names)


def test_uploads_return_paths_in_the_upload_directory(tmp_path: Path) -> None:
    jar = tmp_path / "a.jar"
    jar.write_bytes(small_jar())
    with scenario_harness("cluster: {config: {web.upload.dir: /uploads}}") as harness:
        uploaded = harness.client.json("POST", "/jars/upload", files=[UploadedFile("a.jar", jar)])
        assert uploaded["filename"].startswith("/uploads/flink-web-upload/")


@pytest.mark.parametrize(
    "option",
    [option for option in OPTION_USES if option.use == Use.REJECTED],
    ids=lambda option: option.key,
)
def test_rejected_options_can_only_be_false(option: option_uses.OptionUse) -> None:
    load_scenario({"cluster": {"config": {option.key: False}}})
    with pytest.raises(ScenarioError, match=f"{option.key} has no effect here: no task has several attempts"):
        load_scenario({"cluster": {"config": {option.key: True}}})


def test_no_option_is_listed_twice() -> None:
    keys = [key for option in OPTION_USES for key in (option.key, *option.aliases)]
    assert len(set(keys)) == len(keys)


def test_the_page_is_up_to_date() -> None:
    file = Path(__file__).parent.parent.parent / "docs" / "configuration-options.md"
    assert file.read_text() == options_page()


def test_an_option_exists_only_in_its_releases() -> None:
    option = option_uses.OPTION_USES_BY_KEY["web.backpressure.num-samples"]
    assert option.exists_in(Release("1.20", "1.20.5", "", ""))
    assert not option.exists_in(Release("2.0", "2.0.2", "", ""))


def test_check_reports_options_without_effect(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text("cluster: {config: {web.cancel.enabled: false, rest.profiling.enabled: true, x.y: 1}}")
    with pytest.raises(ScenarioError) as error:
        check_file(file, ["1.12"])
    message = str(error.value)
    assert 'Flink has no option "web.cancel.enabled". Did you mean "web.cancel.enable"?' in message
    assert "Flink 1.12 has no option rest.profiling.enabled (since 1.19): it has no effect." in message
    assert "option x.y" not in message and 'option "x.y"' not in message


def test_a_task_heap_and_managed_memory_determine_the_other_components() -> None:
    """The sizes are those of a real cluster of 2.3.0."""
    sizes = {
        f"{TM_MEMORY}.task.heap.size": "300m",
        f"{TM_MEMORY}.managed.size": "200m",
        f"{TM_MEMORY}.process.size": "1728m",
    }
    memory = taskmanager_memory(Configuration(sizes), None).configuration()
    assert memory["networkMemory"] == 88_080_385
    assert memory["jvmOverhead"] == 662_700_031
    assert memory["totalFlinkMemory"] == 880_803_841
    assert memory["totalProcessMemory"] == 1_811_939_328
