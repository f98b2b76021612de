"""The I/O metrics of jobs, vertices and subtasks, and summary statistics over several subtasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flinkmock.cluster.checkpoint_summary import percentile
from flinkmock.cluster.execution import STARTING, Execution
from flinkmock.cluster.job import Job
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.cluster.states import TaskState
from flinkmock.flink.io_counters import IoCounters
from flinkmock.rest.call import RestCall


class IoMetrics:
    """The I/O counters of a job's subtasks: final values for ended subtasks, the last fetched values for others.

    See docs/flink-behaviour.md#metric-freshness.

    Attributes:
        version: A value that changes when the counters change, if caches are modelled.
    """

    def __init__(self, call: RestCall, job: Job, time: int) -> None:
        self._job = job
        self._time = time
        self._now = call.now
        self._fetched_at = call.caches.metrics_time(call.now)
        attempt = job.attempt_at(time)
        is_steady = attempt is not None and attempt.is_steady_at(time)
        self._steady_attempt_number = attempt.number if attempt is not None and is_steady else None
        # while an attempt is steady, only a fetch of metrics changes the counters
        self.version = (attempt and attempt.number, attempt and attempt.version, self._fetched_at, is_steady or time)
        self._flows: dict[tuple[int, int], RecordFlow] = {}

    def _flow(self, attempt_number: int, time: int) -> RecordFlow:
        key = attempt_number, time
        if key not in self._flows:
            self._flows[key] = RecordFlow(self._job.attempts[attempt_number], time)
        return self._flows[key]

    def _is_final(self, execution: Execution) -> bool:
        """Return whether the counters don't change any more. No execution of a steady job attempt has ended."""
        return execution.attempt != self._steady_attempt_number and execution.ended_at(self._time) is not None

    def counters(self, execution: Execution) -> tuple[IoCounters, bool]:
        """Return a subtask's counters, without buffers, and whether Flink marks them as complete."""
        if self._is_final(execution):
            return self._flow(execution.attempt, self._time).counters_without_buffers(execution), True
        if self._fetched_at is None:
            return IoCounters(), False
        has_run = execution.entered_at(TaskState.RUNNING, self._fetched_at) is not None
        return self._flow(execution.attempt, self._fetched_at).counters_without_buffers(execution), has_run

    def status_duration(self, execution: Execution) -> dict[TaskState, int]:
        """Return how long a subtask was in each state, in ms, until its end or now, even if the graph is cached."""
        has_ended = execution.ended_at(self._time) is not None
        return execution.status_duration(self._time if has_ended else self._now)

    def payload(self, executions: Sequence[Execution]) -> dict[str, Any]:
        """Return the sum of the counters of several subtasks of one vertex, which have the same attempt number."""
        if not executions or self._fetched_at is None or any(map(self._is_final, executions)):
            counters = [self.counters(execution) for execution in executions]
            total = IoCounters.total([io for io, _ in counters])
            all_complete = all(is_complete for _, is_complete in counters)
        else:
            total = self._flow(executions[0].attempt, self._fetched_at).total_without_buffers(executions)
            running_since = [execution.entered_at(TaskState.RUNNING, self._fetched_at) for execution in executions]
            all_complete = None not in running_since
        return {
            "read-bytes": total.bytes_in,
            "read-bytes-complete": all_complete,
            "write-bytes": total.bytes_out,
            "write-bytes-complete": all_complete,
            "read-records": total.records_in,
            "read-records-complete": all_complete,
            "write-records": total.records_out,
            "write-records-complete": all_complete,
            "accumulated-backpressured-time": total.backpressured_ms,
            "accumulated-idle-time": total.idle_ms,
            "accumulated-busy-time": float(total.busy_ms),
        }

    def aggregated(self, executions: Sequence[Execution]) -> dict[str, Any]:
        """Return `aggregated`: statistics of the counters and of the time spent in each state, over the subtasks."""
        counters = [self.counters(execution)[0] for execution in executions]
        durations = [self.status_duration(execution) for execution in executions]
        return {
            "metrics": {
                "write-records": statistics_payload(io.records_out for io in counters),
                "accumulated-backpressured-time": statistics_payload(io.backpressured_ms for io in counters),
                "accumulated-idle-time": statistics_payload(io.idle_ms for io in counters),
                "write-bytes": statistics_payload(io.bytes_out for io in counters),
                "read-bytes": statistics_payload(io.bytes_in for io in counters),
                "read-records": statistics_payload(io.records_in for io in counters),
                "accumulated-busy-time": statistics_payload(io.busy_ms for io in counters),
            },
            "status-duration": {
                state: statistics_payload(by_state.get(state, -1) for by_state in durations) for state in STARTING
            },
        }


def statistics_payload(values: Iterable[int]) -> dict[str, int]:
    """Return p25, min, avg, median, max, sum, p95 and p75 as ints, in the order of Java's hash map."""
    ascending = tuple(sorted(values)) or (0,)
    return {
        "p25": int(percentile(ascending, 0.25)),
        "min": ascending[0],
        "avg": sum(ascending) // len(ascending),
        "median": int(percentile(ascending, 0.5)),
        "max": ascending[-1],
        "sum": sum(ascending),
        "p95": int(percentile(ascending, 0.95)),
        "p75": int(percentile(ascending, 0.75)),
    }
