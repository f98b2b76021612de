"""The order in which Flink lists metrics: that of its hash tables. See docs/flink-behaviour.md#metrics."""

from __future__ import annotations

from functools import lru_cache

from flinkmock.flink.java_format import concurrent_hash_order, hash_order
from flinkmock.release import Release


@lru_cache(maxsize=256)
def order_of_stored(names: tuple[str, ...]) -> list[str]:
    """Return the names of all metrics of one JobManager, TaskManager, job, vertex or subtask (MetricStore)."""
    return concurrent_hash_order(names)


@lru_cache(maxsize=256)
def order_of_requested(names: tuple[str, ...]) -> list[str]:
    """Return the names that a request lists in `get` (AbstractMetricsHandler). Duplicates are left out."""
    return hash_order(names)


@lru_cache(maxsize=256)
def order_of_aggregated(names: tuple[str, ...], release: Release) -> list[str]:
    """Return the names of all metrics of several TaskManagers, jobs or subtasks (AbstractAggregatingMetricsHandler)."""
    return hash_order(names, table_size=64 if release.since("1.18") else 32)
