"""Flink's caches, modelled as times: a cached response is the response for the time at which the cache was filled.

`/jobs/:jobid` and its children come from a graph that is fetched every `web.refresh-interval`; checkpoint statistics
have another cache; metrics are fetched at most every `metrics.fetcher.update-interval`, and only when a request needs
them. A job can be read as of any time up to now, so a cache only needs to know that time.

See docs/flink-behaviour.md#caches.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from flinkmock.moment import instant, note_change_at


@dataclass(slots=True)
class _Sampling:
    """A sampling of stack traces, and the end of the previous one; None if there was none (epoch ms)."""

    started_at: int
    previous_ended_at: int | None = None


@dataclass(slots=True)
class Caches:
    """The caches of one JobManager. If they are not `enabled`, every response shows the current time.

    A request that starts a fetch of metrics gets the metrics of the previous fetch, and its response is not a template
    for later ones: `int(now)` rejects a traced time (`moment.py`). The cache of a graph can be filled with a traced
    time.

    Attributes:
        graph_ms: How long the graph of a job is cached.
        checkpoints_ms: How long checkpoint statistics are cached.
        metrics_ms: The shortest time between two fetches of metrics.
        begin: When the scenario began, in epoch ms. Metrics of executions that ended before then count as fetched.
    """

    enabled: bool
    graph_ms: int
    checkpoints_ms: int
    metrics_ms: int
    begin: int = 0
    _filled: dict[tuple[str, str], int] = field(default_factory=dict)
    """The time at which each cache was filled (epoch ms), by kind of cache and job id."""
    _fetches: list[int] = field(default_factory=list)
    """The times at which metrics were fetched, in order (epoch ms)."""
    _samples: dict[tuple[str, ...], _Sampling] = field(default_factory=dict)

    def graph_time(self, job_id: str, now: int) -> int:
        """Return the time of the cached graph of a job (epoch ms)."""
        return self._time("graph", job_id, now, self.graph_ms)

    def checkpoints_time(self, job_id: str, now: int) -> int:
        """Return the time of the cached checkpoint statistics of a job (epoch ms)."""
        return self._time("checkpoints", job_id, now, self.checkpoints_ms)

    def _time(self, kind: str, job_id: str, now: int, refresh_ms: int) -> int:
        if not self.enabled:
            return now
        filled_at = self._filled.get((kind, job_id))
        if filled_at is None or now - filled_at >= refresh_ms:
            self._filled[kind, job_id] = filled_at = instant(now)
            note_change_at(now, filled_at + refresh_ms)
        return filled_at

    def metrics_time(self, now: int) -> int | None:
        """Return the time of the fetched metrics; None before the first fetch. Start a fetch if one is due."""
        if not self.enabled:
            return now
        last = self._fetches[-1] if self._fetches else None
        if last is None or now - last >= self.metrics_ms:
            self._fetches.append(int(now))
        return last

    def last_metrics_before(self, end: int) -> int | None:
        """Return the time of the last fetch of metrics before `end` (epoch ms); None if there was none.

        The JobManager keeps these metrics for executions that have ended.
        """
        if not self.enabled or end <= self.begin:
            return end - 1
        index = bisect_left(self._fetches, end)
        return self._fetches[index - 1] if index else None

    def sample_time(self, key: tuple[str, ...], now: int, *, duration: int, refresh: int) -> int | None:
        """Return when the newest complete sample of `key` was taken; None if there is none.

        Start a sampling of `duration` ms if the last one is older than `refresh` ms. Flame graphs are sampled, and
        before 1.13 back pressure too.
        """
        if not self.enabled:
            return now
        sampling = self._samples.setdefault(key, _Sampling(int(now)))
        complete = sampling.started_at + duration
        if now < complete:
            return sampling.previous_ended_at
        if now - complete >= refresh:
            sampling.started_at, sampling.previous_ended_at = int(now), complete
        return complete
