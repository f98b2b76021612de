"""The profiler runs for the requested time and leaves a file."""

from __future__ import annotations

import pytest

from flinkmock.cluster.errors import LogNotFound, TaskManagerNotFound, UncaughtJavaException
from tests.rest.handlers.handler_client import HandlerClient

ENABLED = {"rest.profiling.enabled": "true", "rest.profiling.history-size": "2", "rest.profiling.duration-max": "1 min"}


def test_the_profiler_runs_and_leaves_a_file():
    with HandlerClient(configuration=ENABLED) as client:
        assert client.call("getJobManagerProfilingList") == {"profilingList": []}
        started = client.call("postJobManagerProfiling", body={"mode": "CPU", "duration": 5})
        assert started["status"] == "RUNNING"
        assert started["finishedTime"] is started["outputFile"] is None
        assert started["mode"] == started["profilingMode"] == "CPU"
        client.advance("5s")
        (finished,) = client.call("getJobManagerProfilingList")["profilingList"]
        assert finished["status"] == "FINISHED"
        assert finished["finishedTime"] - finished["triggerTime"] == 5_000
        assert finished["outputFile"] == "JobManager_CPU_2026-01-01_00_00_05.html"
        page = client.in_process.send("GET", "/jobmanager/profiler/" + finished["outputFile"])
        assert page.content_type == "text/html"
        assert page.body.startswith(b"<!DOCTYPE html>")
        with pytest.raises(LogNotFound):
            client.call("getJobManagerProfilingFile", filename="other.html")


@pytest.mark.parametrize(("body", "class_name"), [
    ({"mode": "CPU", "duration": 0}, "IllegalArgumentException"),
    ({"mode": "CPU", "duration": 61}, "IllegalArgumentException"),
    ({"mode": None, "duration": 1}, "NullPointerException"),
    ({"mode": "LOCK", "duration": 1}, "IllegalStateException"),
])  # fmt: skip
def test_invalid_profiling_requests_are_rejected(body, class_name):
    with HandlerClient(configuration=ENABLED) as client:
        client.call("postJobManagerProfiling", body={"mode": "CPU", "duration": 5})
        with pytest.raises(UncaughtJavaException) as raised:
            client.call("postJobManagerProfiling", body=body)
        assert raised.value.exception.java_class == f"java.lang.{class_name}"


def test_each_taskmanager_has_its_own_profiler():
    with HandlerClient(taskmanager_count=2, configuration=ENABLED) as client:
        first, second = (taskmanager.id for taskmanager in client.cluster.taskmanagers.all)
        for taskmanager_id in (first, second):
            client.call("postTaskManagerProfiling", body={"mode": "WALL", "duration": 2}, taskmanagerid=taskmanager_id)
        client.advance("2s")
        (finished,) = client.call("getTaskManagerProfilingList", taskmanagerid=first)["profilingList"]
        name = finished["outputFile"]
        assert name.startswith(f"{first}_WALL_")
        assert client.call("getTaskManagerProfilingFile", taskmanagerid=first, filename=name)
        with pytest.raises(LogNotFound):
            client.call("getTaskManagerProfilingFile", taskmanagerid=second, filename=name)
        with pytest.raises(TaskManagerNotFound):
            client.call("getTaskManagerProfilingList", taskmanagerid="no-such-tm")


def test_only_the_newest_profilings_are_listed():
    with HandlerClient(configuration=ENABLED) as client:
        for mode in ("CPU", "LOCK", "WALL"):
            client.call("postJobManagerProfiling", body={"mode": mode, "duration": 1})
            client.advance("2s")
        profilings = client.call("getJobManagerProfilingList")["profilingList"]
        assert [profiling["mode"] for profiling in profilings] == ["WALL", "LOCK"]
