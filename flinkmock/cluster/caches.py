"""Flink's caches, modelled as times: a cached response shows the state at the time at which the cache was filled.

`/jobs/:jobid` and its children come from a graph that is fetched every `web.refresh-interval`; since 1.18, checkpoint
statistics have another cache; metrics are fetched at most every `metrics.fetcher.update-interval`, and only when a
request needs them. A job can be read as of any time up to now, so a cache only needs to keep the time at which it was
filled.

See docs/flink-behaviour.md#caches.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from flinkmock.moment import note_change_at, plain_time


@dataclass(slots=True)
class _Sampling:
    """The newest sampling of stack traces.

    Attributes:
        started_at: When it started, in epoch ms.
        previous_ended_at: When the previous sampling ended, in epoch ms; None if there was none.
    """

    started_at: int
    previous_ended_at: int | None = None


@dataclass(slots=True)
class Caches:
    """The caches of one JobManager.

    `now` may be a traced time (`moment.py`), whose response becomes a template for later responses. The response to a
    request that starts a fetch of metrics or a sampling can't be a template, because later responses differ:
    `int(now)` raises an error for a traced time.

    Attributes:
        enabled: Whether anything is cached. If not, every response shows the current time.
        graph_ms: How long the graph of a job is cached.
        checkpoints_ms: How long checkpoint statistics are cached; None: they are part of the graph.
        metrics_ms: The shortest time between two fetches of metrics.
        scenario_started_at: When the scenario began, in epoch ms. Metrics of executions that ended earlier count as
            fetched.
    """

    enabled: bool
    graph_ms: int
    checkpoints_ms: int | None
    metrics_ms: int
    scenario_started_at: int = 0
    _filled_at: dict[tuple[str, str], int] = field(default_factory=dict)
    """(kind of cache, job id) -> when that cache was filled (epoch ms)."""
    _metrics_fetched_at: list[int] = field(default_factory=list)
    """When metrics were fetched (epoch ms), in order."""
    _samplings: dict[tuple[str, ...], _Sampling] = field(default_factory=dict)
    """What is sampled, such as a vertex of a job -> the newest sampling."""

    def graph_time(self, job_id: str, now: int) -> int:
        """Return the time of the cached graph of a job (epoch ms)."""
        return self._time("graph", job_id, now, self.graph_ms)

    def checkpoints_time(self, job_id: str, now: int) -> int:
        """Return the time of the cached checkpoint statistics of a job (epoch ms)."""
        if self.checkpoints_ms is None:
            return self.graph_time(job_id, now)
        return self._time("checkpoints", job_id, now, self.checkpoints_ms)

    def _time(self, kind: str, job_id: str, now: int, refresh_ms: int) -> int:
        if not self.enabled:
            return now
        filled_at = self._filled_at.get((kind, job_id))
        if filled_at is None or now - filled_at >= refresh_ms:
            self._filled_at[kind, job_id] = filled_at = plain_time(now)
            note_change_at(now, filled_at + refresh_ms)
        return filled_at

    def metrics_time(self, now: int) -> int | None:
        """Return when the metrics of a response were fetched (epoch ms); None before the first fetch.

        Start a fetch if one is due. The response then still contains the metrics of the previous fetch.
        """
        if not self.enabled:
            return now
        fetched_at = self._metrics_fetched_at[-1] if self._metrics_fetched_at else None
        if fetched_at is None or now - fetched_at >= self.metrics_ms:
            self._metrics_fetched_at.append(int(now))
        return fetched_at

    def last_metrics_before(self, end: int) -> int | None:
        """Return the time of the last fetch of metrics before `end` (epoch ms); None if there was none.

        The JobManager keeps these metrics for executions that have ended.
        """
        if not self.enabled or end <= self.scenario_started_at:
            return end - 1
        count = bisect_left(self._metrics_fetched_at, end)
        return self._metrics_fetched_at[count - 1] if count else None

    def sample_time(self, key: tuple[str, ...], now: int, *, duration_ms: int, refresh_ms: int) -> int | None:
        """Return when the newest complete sample was taken (epoch ms); None if there is none.

        Start a sampling if the newest sample is too old. Flame graphs are sampled, and before 1.13 back pressure too.

        Args:
            key: What is sampled, such as a vertex of a job.
            now: Epoch ms.
            duration_ms: How long a sampling takes.
            refresh_ms: The age at which a sample is too old.
        """
        if not self.enabled:
            return now
        sampling = self._samplings.setdefault(key, _Sampling(int(now)))
        ends_at = sampling.started_at + duration_ms
        if now < ends_at:
            return sampling.previous_ended_at
        if now - ends_at >= refresh_ms:
            sampling.started_at, sampling.previous_ended_at = int(now), ends_at
        return ends_at
