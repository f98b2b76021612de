"""Asynchronous operations: triggered now, asked for by trigger id, forgotten some time after they are done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flinkmock.cluster.errors import TriggerNotFound
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

Result = dict[str, Any]


@dataclass(slots=True)
class AsyncOperation:
    """`done_at` is epoch ms, None for one that never ends; it succeeds with `result` unless there is a `failure`.

    `kind` is "savepoint" (stopping with one included: they share a status path), "checkpoint", "disposal" or "dataset".
    `job_id` is None for the cluster's own, `jobmanager` the number of the one that was asked for it.
    """

    kind: str
    trigger_id: str
    job_id: str | None
    triggered_at: int
    done_at: int | None
    result: Result
    failure: JavaException | None = None
    jobmanager: int = 0

    def done_by(self, time: int) -> bool:
        return self.done_at is not None and self.done_at <= time

    def fail(self, at: int, failure: JavaException) -> None:
        """Ends it at `at` instead of what was planned for it."""
        self.done_at, self.failure = at, failure


def thing(job_id: str | None, trigger_id: str) -> str:
    """What an operation is called where it waits to be asked for (`Cluster.read`)."""
    return f"{job_id}/{trigger_id}"


def leader_cached_kinds(release: Release) -> frozenset[str]:
    """The kinds of which the leader's Dispatcher knows (DispatcherCachedOperationsHandler, FLINK-18312). All others are
    known to the JobManager that was asked for them, and to no other one (recorded with two JobManagers)."""
    return frozenset({"savepoint", "checkpoint"} if release.since("1.15") else ())


class AsyncOperations:
    """Results are kept for `kept_ms` after completion (rest.async.store-duration), whatever becomes of the job.
    `shared` are the kinds that every JobManager knows."""

    def __init__(self, kept_ms: int, shared: Collection[str] = ()) -> None:
        self._ttl_ms = kept_ms
        self._leader_cached_kinds = shared
        self._by_key: dict[tuple[str, str | None, str, int | None], AsyncOperation] = {}
        self._generated_ids = 0

    def next_trigger_id(self, random: NamedRandom) -> str:
        """The trigger id of the next operation whose client names none."""
        self._generated_ids += 1
        return random.hex(32, "trigger", self._generated_ids)

    def add(self, operation: AsyncOperation) -> AsyncOperation:
        keeper = self._owner(operation.kind, operation.jobmanager)
        self._by_key[operation.kind, operation.job_id, operation.trigger_id, keeper] = operation
        return operation

    def find(
        self, kind: str, trigger_id: str, job_id: str | None, now: int, jobmanager: int = 0
    ) -> AsyncOperation | None:
        """What the JobManager of that number knows by that id; None: nothing, or nothing any more."""
        key = (kind, job_id, trigger_id, self._owner(kind, jobmanager))
        operation = self._by_key.get(key)
        if operation is not None and operation.done_at is not None and operation.done_at + self._ttl_ms <= now:
            del self._by_key[key]
            return None
        return operation

    def get(self, kind: str, trigger_id: str, job_id: str | None, now: int, jobmanager: int = 0) -> AsyncOperation:
        """Raises UnknownTrigger, also when the id names an operation of another kind or job."""
        operation = self.find(kind, trigger_id, job_id, now, jobmanager)
        if operation is None or operation.triggered_at > now:
            raise TriggerNotFound(kind, trigger_id, job_id)
        return operation

    def drop_results_of(self, jobmanager: int) -> None:
        """The leader of that number is gone, and its memory with it."""
        self._by_key = {key: kept for key, kept in self._by_key.items() if key[3] not in (None, jobmanager)}

    def _owner(self, kind: str, jobmanager: int) -> int | None:
        return None if kind in self._leader_cached_kinds else jobmanager
