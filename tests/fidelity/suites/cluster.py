"""Everything about the cluster itself: no job is needed, on a fresh cluster none has ever run."""

from __future__ import annotations

from tests.fidelity.driver import Body, Driver
from tests.fidelity.jobs import learn_taskmanager, poll_operation, trigger


def log_name(logs: Body, ending: str) -> str:
    """The first log file of that ending."""
    names = [log["name"] for log in logs.get("logs", [])] if isinstance(logs, dict) else []
    return next((name for name in names if name.endswith(ending)), "none" + ending)


def cluster(d: Driver) -> None:
    learn_taskmanager(d)
    d.read("/overview")
    d.read("/config")
    d.read("/jobs")
    d.read("/jobs/overview")
    d.read("/jobs/metrics")
    d.read("/jobs/metrics", "get=uptime")
    d.read("/applications/overview")
    d.read("/applications/{unknown}")
    # -- job manager
    d.read("/jobmanager/config")
    d.read("/jobmanager/environment")
    logs = d.read("/jobmanager/logs")
    d.variables["jmlog"] = log_name(logs, ".log")
    d.variables["jmout"] = log_name(logs, ".out")
    d.read("/jobmanager/logs/{jmlog}", text_limit=300)
    d.read("/jobmanager/logs/{jmout}", text_limit=300)
    d.read("/jobmanager/logs/nosuchfile.log")
    d.read("/jobmanager/log", text_limit=300)
    d.read("/jobmanager/stdout", text_limit=300)
    d.read("/jobmanager/metrics")
    d.read("/jobmanager/metrics", "get=Status.JVM.Memory.Heap.Used")
    d.read(
        "/jobmanager/metrics",
        "get=Status.JVM.Memory.Heap.Used,Status.JVM.Threads.Count,numRegisteredTaskManagers,taskSlotsTotal,taskSlotsAvailable,numRunningJobs",
    )
    d.read("/jobmanager/metrics", "get=no.such.metric")
    d.read("/jobmanager/metrics", "get=")
    d.read("/jobmanager/metrics", "get=Status.JVM.Threads.Count&get=taskSlotsTotal")
    d.read("/jobmanager/metrics", "other=1")
    d.read("/jobmanager/thread-dump")
    d.read("/jobmanager/profiler")
    d.step(None, "POST", "/jobmanager/profiler", json_body={"mode": "CPU", "duration": 1})
    d.step(None, "POST", "/jobmanager/profiler", json_body={"mode": "NOPE", "duration": 1})
    d.read("/jobmanager/profiler/nosuchfile.html")
    # -- task managers
    d.read("/taskmanagers")
    d.read("/taskmanagers/{tm}")
    d.read("/taskmanagers/{tm}/log", text_limit=300)
    d.read("/taskmanagers/{tm}/stdout", text_limit=300)
    logs = d.read("/taskmanagers/{tm}/logs")
    d.variables["tmlog"] = log_name(logs, ".log")
    d.read("/taskmanagers/{tm}/logs/{tmlog}", text_limit=300)
    d.read("/taskmanagers/{tm}/logs/nosuchfile.log")
    d.wait("/taskmanagers/{tm}/metrics", lambda b: len(b) > 0, timeout=15)
    d.read("/taskmanagers/{tm}/metrics")
    d.read(
        "/taskmanagers/{tm}/metrics",
        "get=Status.JVM.Memory.Heap.Used,Status.JVM.CPU.Load,Status.Network.TotalMemorySegments",
    )
    d.read("/taskmanagers/{tm}/metrics", "get=no.such.metric")
    d.read("/taskmanagers/{tm}/thread-dump")
    d.read("/taskmanagers/{tm}/profiler")
    d.step(None, "POST", "/taskmanagers/{tm}/profiler", json_body={"mode": "CPU", "duration": 1})
    d.read("/taskmanagers/{tm}/profiler/nosuchfile.html")
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
        path, _, q = tail.partition("?")
        d.step(f"unknown task manager {tail}", "GET", "/taskmanagers/no-such-tm" + path, q or None)
    d.read("/taskmanagers/metrics")
    d.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used,Status.JVM.Threads.Count")
    d.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=min,max")
    d.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=sum")
    d.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=avg&taskmanagers={tm}")
    d.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&taskmanagers=no-such-tm")
    d.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=median")
    d.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=MAX")
    d.read("/taskmanagers/metrics", "get=Status.JVM.Memory.Heap.Used&agg=skew")
    d.read("/taskmanagers/metrics", "get=no.such.metric")
    # -- data sets
    d.read("/datasets")
    d.step(None, "DELETE", "/datasets/nohex")
    trigger(d, None, "DELETE", "/datasets/{unknown}")
    poll_operation(d, "poll dataset delete", "/datasets/delete/{trigger}", timeout=8)  # IN_PROGRESS forever in 1.12
    d.read("/datasets/delete/{unknown}")
    d.read("/datasets/delete/nohex")
    # -- the web UI lives on the same port
    d.read("/", text_limit=200)
    d.read("/index.html", text_limit=200)
    d.read("/nosuchfile.html", text_limit=200)
