"""Small clusters for tests, with a virtual clock and a job of three vertices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flinkmock.cluster.clock import Clock
from flinkmock.cluster.cluster import Cluster
from flinkmock.cluster.cluster_spec import ClusterSpec
from flinkmock.cluster.spec import (
    CheckpointSpec,
    Input,
    JobSpec,
    RestartStrategy,
    RestartStrategyKind,
    Step,
    VertexSpec,
)
from flinkmock.named_random import UNBOUNDED, UniformRange
from flinkmock.release import Release

FLINK_2_3 = Release("2.3", "2.3.0", "c0f8d1a", "2026-06-14T16:29:03+02:00")
FLINK_1_12 = Release("1.12", "1.12.5", "bfd0f20", "2021-07-23T05:52:23+02:00")

VERTICES = (
    VertexSpec(("Source: numbers",), 1),
    VertexSpec(("count", "every-500th"), 2, inputs=(Input(0, "HASH"),), selectivity=0.5),
    VertexSpec(("Sink: print",), 1, inputs=(Input(1, "REBALANCE"),)),
)
"""The vertices of the jobs: four subtasks, which need two slots."""
TWO_RESTARTS = RestartStrategy(RestartStrategyKind.FIXED_DELAY, attempts=2, delay=1_000)


def ms(duration: int) -> UniformRange:
    """Return a duration of exactly `duration` ms."""
    return UniformRange.exactly(duration)


def job(
    *lifecycle: Step,
    name: str = "orders",
    every: int | None = 1_000,
    restart: RestartStrategy = TWO_RESTARTS,
    **fields: Any,
) -> JobSpec:
    """Return a job of the graph `VERTICES`. Without steps, it runs forever.

    Args:
        lifecycle: The steps.
        name: The name of the job.
        every: The interval of checkpoints in ms; None: no periodic checkpoints.
        restart: The restart strategy.
        fields: Other fields of `JobSpec`.
    """
    steps = lifecycle or (Step("RUNNING", UNBOUNDED),)
    values: dict[str, Any] = {"checkpoints": CheckpointSpec(every=every), "restart": restart} | fields
    return JobSpec(name, VERTICES, steps, **values)


class ClusterHarness:
    """A cluster on a virtual clock. `fields` are fields of `ClusterSpec`."""

    def __init__(self, folder: Path, *jobs: JobSpec, release: Release = FLINK_2_3, **fields: Any) -> None:
        self.clock = Clock("virtual", lambda: 0)
        self.start = self.clock.now()
        spec = ClusterSpec(jobs=jobs, **fields)
        self.cluster = Cluster(spec, release=release, clock=self.clock, upload_dir=folder)

    @property
    def now(self) -> int:
        return self.clock.now()

    def advance(self, duration: int) -> None:
        """Advance the clock by `duration` ms and run the events that are due."""
        self.cluster.run_due_events(self.clock.advance(duration))

    def state(self, name: str = "orders") -> str:
        """Return the current state of a job."""
        return self.cluster.job_named(name).state

    def states(self, name: str = "orders") -> list[tuple[int, str]]:
        """Return the states that a job has entered, each after its time in ms since the start."""
        return [(at - self.start, state) for at, state in self.cluster.job_named(name).states]
