"""Requests about the cluster, its JobManager, TaskManagers and data sets. They need no job."""

from __future__ import annotations

from tests.fidelity.driver import Body, Driver
from tests.fidelity.job_steps import poll_operation, set_taskmanager_variable, trigger


def log_name(logs: Body, ending: str) -> str:
    """Return the name of the first log file with an ending such as ".log"."""
    names = [log["name"] for log in logs.get("logs", [])] if isinstance(logs, dict) else []
    return next((name for name in names if name.endswith(ending)), "none" + ending)


def cluster(driver: Driver) -> None:
    set_taskmanager_variable(driver)
    driver.read("/overview")
    driver.read("/config")
    driver.read("/jobs")
    driver.read("/jobs/overview")
    driver.read("/jobs/metrics")
    driver.read("/jobs/metrics", "get=uptime")
    driver.read("/applications/overview")
    driver.read("/applications/{unknown}")
    # -- JobManager
    driver.read("/jobmanager/config")
    driver.read("/jobmanager/environment")
    logs = driver.read("/jobmanager/logs")
    driver.variables["jmlog"] = log_name(logs, ".log")
    driver.variables["jmout"] = log_name(logs, ".out")
    driver.read("/jobmanager/logs/{jmlog}", text_limit=300)
    driver.read("/jobmanager/logs/{jmout}", text_limit=300)
    driver.read("/jobmanager/logs/nosuchfile.log")
    driver.read("/jobmanager/log", text_limit=300)
    driver.read("/jobmanager/stdout", text_limit=300)
    driver.read("/jobmanager/metrics")
    driver.read("/jobmanager/metrics", "get=Status.JVM.Memory.Heap.Used")
    driver.read(
        "/jobmanager/metrics",
        "get=Status.JVM.Memory.Heap.Used,Status.JVM.Threads.Count,numRegisteredTaskManagers,taskSlotsTotal,taskSlotsAvailable,numRunningJobs",
    )
    driver.read("/jobmanager/metrics", "get=no.such.metric")
    driver.read("/jobmanager/metrics", "get=")
    driver.read("/jobmanager/metrics", "get=Status.JVM.Threads.Count&get=taskSlotsTotal")
    driver.read("/jobmanager/metrics", "other=1")
    driver.read("/jobmanager/thread-dump")
    driver.read("/jobmanager/profiler")
    driver.step(None, "POST", "/jobmanager/profiler", json_body={"mode": "CPU", "duration": 1})
    driver.step(None, "POST", "/jobmanager/profiler", json_body={"mode": "NOPE", "duration": 1})
    driver.read("/jobmanager/profiler/nosuchfile.html")
    # -- TaskManagers
    driver.read("/taskmanagers")
    driver.read("/taskmanagers/{tm}")
    driver.read("/taskmanagers/{tm}/log", text_limit=300)
    driver.read("/taskmanagers/{tm}/stdout", text_limit=300)
    logs = driver.read("/taskmanagers/{tm}/logs")
    driver.variables["tmlog"] = log_name(logs, ".log")
    driver.read("/taskmanagers/{tm}/logs/{tmlog}", text_limit=300)
    driver.read("/taskmanagers/{tm}/logs/nosuchfile.log")
    driver.wait("/taskmanagers/{tm}/metrics", lambda body: len(body) > 0, timeout=15)
    driver.read("/taskmanagers/{tm}/metrics")
    driver.read(
        "/taskmanagers/{tm}/metrics",
        "get=Status.JVM.Memory.Heap.Used,Status.JVM.CPU.Load,Status.Network.TotalMemorySegments",
    )
    driver.read("/taskmanagers/{tm}/metrics", "get=no.such.metric")
    driver.read("/taskmanagers/{tm}/thread-dump")
    driver.read("/taskmanagers/{tm}/profiler")
    driver.step(None, "POST", "/taskmanagers/{tm}/profiler", json_body={"mode": "CPU", "duration": 1})
    driver.read("/taskmanagers/{tm}/profiler/nosuchfile.html")
    for tail in (
        "",
        "/metrics",
        "/metrics?get=Status.JVM.Memory.Heap.Used",
        "/log",
        "/stdout",
        "/logs",
        "/logs/x.log",
        "/thread-dump",
        "/profiler",
    ):
        path, _, query = tail.partition("?")
        driver.step(f"unknown task manager {tail}", "GET", "/taskmanagers/no-such-tm" + path, query or None)
    driver.read("/taskmanagers/metrics")
    driver.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used,Status.JVM.Threads.Count")
    driver.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=min,max")
    driver.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=sum")
    driver.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=avg&taskmanagers={tm}")
    driver.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&taskmanagers=no-such-tm")
    driver.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=median")
    driver.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=MAX")
    driver.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=skew")
    driver.read("/taskmanagers/metrics", "get=no.such.metric")
    # -- data sets
    driver.read("/datasets")
    driver.step(None, "DELETE", "/datasets/nohex")
    trigger(driver, None, "DELETE", "/datasets/{unknown}")
    # in 1.12, the operation is IN_PROGRESS forever
    poll_operation(driver, "poll dataset delete", "/datasets/delete/{trigger}", timeout=8)
    driver.read("/datasets/delete/{unknown}")
    driver.read("/datasets/delete/nohex")
    # -- the dashboard
    driver.read("/", text_limit=200)
    driver.read("/index.html", text_limit=200)
    driver.read("/nosuchfile.html", text_limit=200)
