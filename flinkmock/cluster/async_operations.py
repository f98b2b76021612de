"""Async operations. One request triggers an operation; others poll by trigger id, until the result expires."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from flinkmock.cluster.errors import TriggerNotFound
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

Result = dict[str, Any]
"""The JSON fields of a successful result, such as {"location": "file:/savepoints/savepoint-1"}."""
_MIN_CLEANUP_SIZE = 1_000
"""`add` removes expired operations only if there are at least this many operations."""


class AsyncOperationKind(StrEnum):
    """The kinds of results that are polled at different paths. Stop-with-savepoint shares the path of savepoints."""

    SAVEPOINT = "savepoint"
    CHECKPOINT = "checkpoint"
    DISPOSAL = "disposal"
    DATASET = "dataset"


@dataclass(slots=True)
class AsyncOperation:
    """One async operation.

    Attributes:
        job_id: The id of the job; None for an operation of the cluster.
        triggered_at: When it was triggered, in epoch ms.
        done_at: When it succeeds or fails, in epoch ms; None while that is unknown.
        result: The result if it succeeds.
        failure: The exception with which it fails; None if it succeeds.
        jobmanager: The number of the JobManager that received the request.
    """

    kind: AsyncOperationKind
    trigger_id: str
    job_id: str | None
    triggered_at: int
    done_at: int | None
    result: Result
    failure: JavaException | None = None
    jobmanager: int = 0

    def is_done_at(self, time: int) -> bool:
        return self.done_at is not None and self.done_at <= time

    def fail(self, at: int, failure: JavaException) -> None:
        """Make the operation fail at `at` (epoch ms), even if another end was planned."""
        self.done_at, self.failure = at, failure


def wait_key(job_id: str | None, trigger_id: str) -> str:
    """Return the key under which `WaitConditions` counts the polls of an async operation."""
    return f"{job_id}/{trigger_id}"


def leader_cached_kinds(release: Release) -> frozenset[AsyncOperationKind]:
    """Return the kinds whose results the leader's Dispatcher caches (DispatcherCachedOperationsHandler, FLINK-18312).

    Every JobManager asks the leader for them.
    Results of other kinds are known only to the JobManager that received the request (recorded with two JobManagers).
    """
    if not release.since("1.15"):
        return frozenset()
    return frozenset({AsyncOperationKind.SAVEPOINT, AsyncOperationKind.CHECKPOINT})


class _Key(NamedTuple):
    kind: AsyncOperationKind
    job_id: str | None
    trigger_id: str
    owner: int | None
    """The number of the JobManager that knows the result; None: every JobManager knows it."""


class AsyncOperations:
    """The async operations of a cluster. They are kept independently of their jobs.

    Args:
        ttl_ms: How long a result is kept after completion (rest.async.store-duration).
        leader_cached: The kinds whose results every JobManager knows.
    """

    def __init__(self, ttl_ms: int, leader_cached: Collection[AsyncOperationKind] = ()) -> None:
        self._ttl_ms = ttl_ms
        self._leader_cached = leader_cached
        self._by_key: dict[_Key, AsyncOperation] = {}
        self._cleanup_size = _MIN_CLEANUP_SIZE
        """The number of operations at which expired ones are removed."""
        self._generated_id_count = 0
        """The number of trigger ids that were generated."""

    def unexpired_at(self, time: int) -> list[AsyncOperation]:
        """Return the operations whose results have not expired, in the order in which they were triggered."""
        unexpired = (operation for operation in self._by_key.values() if not self._is_expired(operation, time))
        return sorted(unexpired, key=lambda operation: operation.triggered_at)

    def next_trigger_id(self, random: NamedRandom) -> str:
        """Return a trigger id for the next operation whose request contains none."""
        self._generated_id_count += 1
        return random.hex(32, "trigger", self._generated_id_count)

    def add(self, operation: AsyncOperation) -> AsyncOperation:
        """Add an operation and return it. If there are many operations, remove those that have expired."""
        if len(self._by_key) >= self._cleanup_size:
            now = operation.triggered_at
            self._by_key = {key: earlier for key, earlier in self._by_key.items() if not self._is_expired(earlier, now)}
            self._cleanup_size = max(2 * len(self._by_key), _MIN_CLEANUP_SIZE)
        key = self._key(operation.kind, operation.trigger_id, operation.job_id, operation.jobmanager)
        self._by_key[key] = operation
        return operation

    def find(
        self, kind: AsyncOperationKind, trigger_id: str, job_id: str | None, now: int, jobmanager: int = 0
    ) -> AsyncOperation | None:
        """Return the operation with a trigger id; None if the JobManager knows none, or the result has expired."""
        key = self._key(kind, trigger_id, job_id, jobmanager)
        operation = self._by_key.get(key)
        if operation is not None and self._is_expired(operation, now):
            del self._by_key[key]
            return None
        return operation

    def get(
        self, kind: AsyncOperationKind, trigger_id: str, job_id: str | None, now: int, jobmanager: int = 0
    ) -> AsyncOperation:
        """Return the operation that a JobManager knows by a trigger id.

        Raises:
            TriggerNotFound: There is no such operation, its result has expired, or it is triggered later than `now`:
                a request can be answered as of an earlier time (`history.cluster_at`).
        """
        operation = self.find(kind, trigger_id, job_id, now, jobmanager)
        if operation is None or operation.triggered_at > now:
            raise TriggerNotFound(kind, trigger_id, job_id)
        return operation

    def drop_results_of(self, jobmanager: int) -> None:
        """Remove the results of a crashed leader: those in its own memory, and those that its Dispatcher cached."""
        self._by_key = {
            key: operation for key, operation in self._by_key.items() if key.owner not in (None, jobmanager)
        }

    def _is_expired(self, operation: AsyncOperation, now: int) -> bool:
        return operation.done_at is not None and operation.done_at + self._ttl_ms <= now

    def _key(self, kind: AsyncOperationKind, trigger_id: str, job_id: str | None, jobmanager: int) -> _Key:
        return _Key(kind, job_id, trigger_id, None if kind in self._leader_cached else jobmanager)
