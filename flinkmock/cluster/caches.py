"""Flink's caches, modelled as times: a cached response is the response for the time at which the cache was filled.

`/jobs/:jobid` and its children come from a graph that is fetched every `web.refresh-interval`; checkpoint statistics
have another cache; metrics are fetched at most every `metrics.fetcher.update-interval`, and only when a request needs
them. A job can be read as of any time up to now, so a cache only needs to know that time.

See docs/flink-behaviour.md#caches.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from flinkmock.moment import ends_at, instant


@dataclass(slots=True)
class _Sampling:
    """A sample of stacks that started at `started`; the one before was complete at `done` (epoch ms)."""

    started: int
    done: int | None = None


@dataclass(slots=True)
class Caches:
    """The caches of one JobManager. Without `enabled`, every response shows the current time. Intervals are ms.

    A request that starts a fetch of metrics gets the ones before, and its response is not a template for later ones:
    `int(now)` rejects a traced time (`moment.py`). The cache of a graph can be filled with a traced time: it
    is then as of that time.
    """

    enabled: bool
    graph_ms: int
    checkpoints_ms: int
    metrics_ms: int
    begin: int = 0
    """When the scenario began. Metrics of executions that ended before it count as fetched in time (epoch ms)."""
    _filled: dict[tuple[str, str], int] = field(default_factory=dict)
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
        filled = self._filled.get((kind, job_id))
        if filled is None or now - filled >= refresh_ms:
            self._filled[kind, job_id] = filled = instant(now)
            ends_at(now, filled + refresh_ms)
        return filled

    def metrics_time(self, now: int) -> int | None:
        """Return the time of the fetched metrics; None before the first fetch. Starts a fetch if one is due."""
        if not self.enabled:
            return now
        last = self._fetches[-1] if self._fetches else None
        if last is None or now - last >= self.metrics_ms:
            self._fetches.append(int(now))
        return last

    def last_metrics_before(self, end: int) -> int | None:
        """Return the time of the last metrics that were fetched before `end` (epoch ms); None if none were.

        The JobManager keeps them for executions that have ended.
        """
        if not self.enabled or end <= self.begin:
            return end - 1
        index = bisect_left(self._fetches, end)
        return self._fetches[index - 1] if index else None

    def sample_time(self, key: tuple[str, ...], now: int, *, duration: int, refresh: int) -> int | None:
        """Return when the newest complete sample of `key` was taken; None if there is none.

        Starts a sample of `duration` ms if the last one is older than `refresh` ms (flame graphs, and back pressure
        before 1.13).
        """
        if not self.enabled:
            return now
        sampling = self._samples.setdefault(key, _Sampling(int(now)))
        complete = sampling.started + duration
        if now < complete:
            return sampling.done
        if now - complete >= refresh:
            sampling.started, sampling.done = int(now), complete
        return complete
