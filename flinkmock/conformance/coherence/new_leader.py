"""Recognizes a new leader: from then on, responses can't be compared with earlier ones.

A restarted JobManager counts as a new leader. A wrong value is in the responses of one operation, whereas a new leader
changes the responses of several operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.coherence.values import SuccessResponse, Value, is_number, number

REQUIRED_SIGNS = 2
"""The number of operations whose responses have to indicate a new leader; fewer may be wrong values."""


def shows_new_leader(before: SuccessResponse, after: SuccessResponse) -> bool:
    """Return whether two responses to the same request can't come from the same leader if both are correct.

    See docs/flink-behaviour.md#leader-change.
    """
    indicates_new_leader = _SIGNS.get(after.operation_id)
    return indicates_new_leader is not None and indicates_new_leader(Value.of(before), Value.of(after))


def operations_with_new_leader(before: Mapping[str, SuccessResponse], after: Iterable[SuccessResponse]) -> set[str]:
    """Return the ids of the operations whose responses indicate a new leader.

    Args:
        before: The earlier responses by target.
        after: The later responses.
    """
    return {
        response.operation_id
        for response in after
        if response.target in before and shows_new_leader(before[response.target], response)
    }


def _has_other_folder(before: Value, after: Value) -> bool:
    """Compare the temporary folders in the configuration: each JobManager has another one, with a random name."""
    folders = [
        {option["key"].raw: option["value"].raw for option in body}.get("web.tmpdir") for body in (before, after)
    ]
    return None not in folders and folders[0] != folders[1]


def _has_other_version(before: Value, after: Value) -> bool:
    versions = [body["flink-version"] for body in (before, after)]
    return all(version.exists for version in versions) and versions[0].raw != versions[1].raw


def _has_lower_counts_or_other_version(before: Value, after: Value) -> bool:
    """Compare the versions, and the numbers of ended jobs: a leader counts only those of its leadership term."""
    has_fewer = any(_decreases(before[key], after[key]) for key in ("jobs-finished", "jobs-cancelled", "jobs-failed"))
    return has_fewer or _has_other_version(before, after)


def _has_other_jobs(before: Value, after: Value) -> bool:
    """Whether each job that had not ended is unknown afterwards, or has another start-time."""
    start_times = {job["jid"].raw: job["start-time"].raw for job in after["jobs"]}
    unfinished = [job for job in before["jobs"] if job["state"].exists and job["state"].raw not in TERMINAL]
    return bool(unfinished) and all(start_times.get(job["jid"].raw) != job["start-time"].raw for job in unfinished)


def _has_other_ids(before: Value, after: Value) -> bool:
    """Whether each job that had not ended is unknown afterwards."""
    ids = {job["id"].raw for job in after["jobs"]}
    unfinished = [job for job in before["jobs"] if job["status"].exists and job["status"].raw not in TERMINAL]
    return bool(unfinished) and all(job["id"].raw not in ids for job in unfinished)


def _has_other_start_time(before: Value, after: Value) -> bool:
    starts = before["start-time"], after["start-time"]
    return all(is_number(start.raw) for start in starts) and starts[0].raw != starts[1].raw


def _has_other_jvm(before: Value, after: Value) -> bool:
    """Compare the CPU time of the JVM, which never decreases."""
    times = [
        number(metric["value"])
        for body in (before, after)
        for metric in body
        if metric["id"].raw == "Status.JVM.CPU.Time" and metric["value"].exists
    ]
    return len(times) == 2 and _decreases(*times)


def _decreases(before: Value, after: Value) -> bool:
    return is_number(before.raw) and is_number(after.raw) and after.raw < before.raw


_SIGNS: dict[str, Callable[[Value, Value], bool]] = {
    "getClusterConfigurationInfo": _has_other_folder,
    "getClusterOverview": _has_lower_counts_or_other_version,
    "getDashboardConfiguration": _has_other_version,
    "getJobsOverview": _has_other_jobs,
    "getJobIdsWithStatusesOverview": _has_other_ids,
    "getJobDetails": _has_other_start_time,
    "getJobManagerMetrics": _has_other_jvm,
}
"""Operation id -> a function that returns whether two of its responses indicate a new leader."""
