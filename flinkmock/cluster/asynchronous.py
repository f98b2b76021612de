"""Asynchronous operations: triggered now, asked for by trigger id, forgotten some time after they are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flinkmock.cluster.problems import Throwable, UnknownTrigger
from flinkmock.cluster.stream import Stream

Result = dict[str, Any]


@dataclass(slots=True)
class AsyncOperation:
    """`done_at` is epoch ms, None for one that never ends; it succeeds with `result` unless there is a `failure`.

    `kind` is "savepoint" (stopping with one included: they share a status path), "checkpoint", "disposal", "dataset"
    or "rescaling". `job_id` is None for the cluster's own.
    """

    kind: str
    trigger_id: str
    job_id: str | None
    triggered_at: int
    done_at: int | None
    result: Result
    failure: Throwable | None = None

    def done_by(self, time: int) -> bool:
        return self.done_at is not None and self.done_at <= time

    def fail(self, at: int, failure: Throwable) -> None:
        """Ends it at `at` instead of what was planned for it."""
        self.done_at, self.failure = at, failure


def thing(job_id: str | None, trigger_id: str) -> str:
    """What an operation is called where it waits to be asked for (`Cluster.read`)."""
    return f"{job_id}/{trigger_id}"


class AsyncOperations:
    """Results are kept for `kept_ms` after completion (rest.async.store-duration), whatever becomes of the job."""

    def __init__(self, kept_ms: int) -> None:
        self._kept_ms = kept_ms
        self._by_key: dict[tuple[str, str | None, str], AsyncOperation] = {}
        self._named = 0

    def new_id(self, stream: Stream) -> str:
        """The trigger id of the next operation whose client names none."""
        self._named += 1
        return stream.hex(32, "trigger", self._named)

    def add(self, operation: AsyncOperation) -> AsyncOperation:
        self._by_key[operation.kind, operation.job_id, operation.trigger_id] = operation
        return operation

    def find(self, kind: str, trigger_id: str, job_id: str | None, now: int) -> AsyncOperation | None:
        operation = self._by_key.get((kind, job_id, trigger_id))
        if operation is not None and operation.done_at is not None and operation.done_at + self._kept_ms <= now:
            del self._by_key[kind, job_id, trigger_id]
            return None
        return operation

    def get(self, kind: str, trigger_id: str, job_id: str | None, now: int) -> AsyncOperation:
        """Raises UnknownTrigger, also when the id names an operation of another kind or job."""
        operation = self.find(kind, trigger_id, job_id, now)
        if operation is None:
            raise UnknownTrigger(kind, trigger_id, job_id)
        return operation

    def pending(self, job_id: str, time: int) -> list[AsyncOperation]:
        """A job's operations that are not done at `time`."""
        return [o for o in self._by_key.values() if o.job_id == job_id and not o.done_by(time)]
