"""Snapshots of the whole state of an engine, which can be restored any number of times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.cluster.snapshot import ClusterSnapshot
from flinkmock.errors import InvalidArgument

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.faults.selection import FaultsSnapshot
    from flinkmock.journal.journal import JournalSnapshot
    from flinkmock.rest.call import Handler


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A snapshot, created by `Engine.snapshot`.

    Attributes:
        at: The cluster time at which it was taken, in epoch ms.
        handler_overrides: Operation id -> the user's handler.
        varied_response_counts: Operation id -> how many of its responses were varied.
    """

    at: int
    cluster: ClusterSnapshot
    faults: FaultsSnapshot
    journal: JournalSnapshot
    handler_overrides: Mapping[str, Handler]
    clock_mode: str
    varied_response_counts: Mapping[str, int]

    @classmethod
    def of(cls, engine: Engine) -> Snapshot:
        """Take a snapshot of an engine, after running the events that are due."""
        now = engine.clock.now()
        engine.cluster.run_due_events(now)
        varied_responses = engine.varied_responses
        return cls(
            at=now,
            cluster=ClusterSnapshot.of(engine.cluster),
            faults=engine.faults.snapshot(),
            journal=engine.journal.snapshot(),
            handler_overrides={**engine.handler_overrides},
            clock_mode=engine.clock.text,
            varied_response_counts=dict(varied_responses.response_counts) if varied_responses is not None else {},
        )

    def restore(self, engine: Engine) -> None:
        """Restore the state of the engine.

        Raises:
            InvalidArgument: The snapshot is of another engine.
        """
        if self.cluster.cluster is not engine.cluster:
            raise InvalidArgument(
                "This is a snapshot of another cluster, or of this one before it was closed. Take a new snapshot."
            )
        self.cluster.restore()
        engine.faults.restore(self.faults)
        engine.journal.restore(self.journal)
        engine.handler_overrides = {**self.handler_overrides}
        if engine.varied_responses is not None:
            engine.varied_responses.response_counts = Counter(self.varied_response_counts)
        engine.clock.set_mode(self.clock_mode)
        engine.clock.rewind(self.at)
