"""The reads of a job and of a vertex, which several suites send while the job is in different states."""

from __future__ import annotations

from tests.fidelity.driver import Driver

JOB_GETS = (
    "",
    "/accumulators",
    "/accumulators?includeSerializedValue=true",
    "/checkpoints",
    "/checkpoints/config",
    "/config",
    "/exceptions",
    "/exceptions?maxExceptions=1",
    "/execution-result",
    "/metrics",
    "/plan",
    "/status",
    "/jobmanager/config",
    "/jobmanager/environment",
    "/jobmanager/log-url",
    "/taskmanagers/{tm}/log-url",
    "/resource-requirements",
    "/rescales/config",
    "/rescales/overview",
    "/rescales/history",
    "/rescales/summary",
    "/rescales/details/{unknown}",
)
"""The reads of a job, as paths below `/jobs/:jobid`."""
VERTEX_GETS = (
    "",
    "/accumulators",
    "/backpressure",
    "/flamegraph",
    "/flamegraph?type=on_cpu",
    "/jm-operator-metrics",
    "/metrics",
    "/subtasks/0",
    "/subtasks/0/attempts/0",
    "/subtasks/0/attempts/0/accumulators",
    "/subtasks/0/metrics",
    "/subtasks/accumulators",
    "/subtasks/metrics",
    "/subtasktimes",
    "/taskmanagers",
    "/watermarks",
)
"""The reads of a vertex, as paths below `/jobs/:jobid/vertices/:vertexid`."""
SAMPLED_TAILS = ("/metrics", "/jm-operator-metrics", "/watermarks", "/backpressure", "/flamegraph")
"""The ends of paths whose responses show metrics or samples of threads."""


def get_all(driver: Driver, label: str, base: str, tails: tuple[str, ...], *, job_has_ended: bool = False) -> None:
    """Read each path below `base`.

    If the job has ended, steps that show metrics or samples of threads are volatile: Flink may have discarded the data.
    """
    for tail in tails:
        path, _, query = tail.partition("?")
        volatile = job_has_ended and path.endswith(SAMPLED_TAILS)
        driver.step(f"{label}{tail}", "GET", base + path, query or None, volatile=volatile)
