"""Flink's caches, as moments: an answer from a cache is the answer for the time at which it was filled.

`/jobs/:jobid` and what hangs on it come from a graph that is fetched anew every `web.refresh-interval`; checkpoint
statistics have a cache of their own; metrics are fetched at most every `metrics.fetcher.update-interval`, and only when
a request asks for them. A job can be asked about any time up to now, so a cache is only that time.

See docs/flink-behaviour.md#caches.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class _Sampling:
    """Stacks are being sampled since `started`; `done` is when the sample before that was complete."""

    started: int
    done: int | None = None


@dataclass(slots=True)
class Caches:
    """`enabled` False: every answer is of now. Intervals are ms."""

    enabled: bool
    refresh_ms: int
    metrics_ms: int
    _filled: dict[tuple[str, str], int] = field(default_factory=dict)
    _metrics_at: int | None = None
    _samples: dict[tuple[str, ...], _Sampling] = field(default_factory=dict)

    def graph_time(self, job_id: str, now: int) -> int:
        """The time that answers about a job's graph are of."""
        return self._time("graph", job_id, now)

    def checkpoints_time(self, job_id: str, now: int) -> int:
        return self._time("checkpoints", job_id, now)

    def _time(self, kind: str, job_id: str, now: int) -> int:
        if not self.enabled:
            return now
        filled = self._filled.get((kind, job_id))
        if filled is None or now - filled >= self.refresh_ms:
            self._filled[kind, job_id] = filled = now
        return filled

    def metrics_time(self, now: int) -> int | None:
        """The time that metrics are of; None while none were ever fetched. Asking starts a fetch when one is due."""
        if not self.enabled:
            return now
        last = self._metrics_at
        if last is None or now - last >= self.metrics_ms:
            self._metrics_at = now
        return last

    def sample_time(self, key: tuple[str, ...], now: int, *, duration: int, refresh: int) -> int | None:
        """When the newest complete sample of `key` was taken; None while there is none.

        Asking starts one of `duration` ms if the last is older than `refresh` ms (flame graphs, and back
        pressure before 1.13).
        """
        if not self.enabled:
            return now
        sampling = self._samples.setdefault(key, _Sampling(now))
        complete = sampling.started + duration
        if now < complete:
            return sampling.done
        if now - complete >= refresh:
            sampling.started, sampling.done = now, complete
        return complete
