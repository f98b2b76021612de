"""The scenarios of the clusters that are measured."""

from __future__ import annotations

import math
from typing import Any

_VERTEX_NAMES = ["Source: orders", "window", "Sink: out"]


def few_jobs() -> dict[str, Any]:
    """Return five jobs with a parallelism of 2."""
    return _jobs(5, parallelism=2)


def many_jobs(count: int) -> dict[str, Any]:
    """Return `count` jobs with a parallelism of 1."""
    return _jobs(count, parallelism=1)


def wide_job() -> dict[str, Any]:
    """Return one job with 20 vertices of 128 subtasks each."""
    job = {"vertices": [f"step {number}" for number in range(20)], "parallelism": 128}
    return {"cluster": {"taskmanagers": 32, "slots": 4}, "templates": {"wide": job}, "jobs": {"job-0": "wide"}}


def _jobs(count: int, parallelism: int) -> dict[str, Any]:
    template = {"vertices": _VERTEX_NAMES, "parallelism": parallelism, "checkpoints": {"every": "10s"}}
    slots = 8 if count < 50_000 else 64  # a scenario has at most 10,000 TaskManagers
    taskmanagers = max(1, math.ceil(count * parallelism / slots))
    return {
        "cluster": {"taskmanagers": taskmanagers, "slots": slots},
        "templates": {"measured": template},
        "jobs": {f"job-{number}": "measured" for number in range(count)},
    }
