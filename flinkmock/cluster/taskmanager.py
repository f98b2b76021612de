"""A TaskManager: its id, addresses and slots, and when it was registered."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.named_random import NamedRandom

HEARTBEAT_MS = 10_000
"""The default of heartbeat.interval."""


@dataclass(eq=False, slots=True)
class TaskManager:
    """A TaskManager.

    Attributes:
        number: Its number in the order of registration, from 0.
        id: Its id, in Flink's format `HOST:RPCPORT-6hex`.
        slot_count: The number of its slots.
        joined_at: When it was registered, in epoch ms.
        lost_at: When it left or was lost, in epoch ms; None: it is registered.
        heartbeat_ms: The option heartbeat.interval.
        removal_reason: Why it is no longer registered, as the JobManager's log says; "" while it is.
    """

    number: int
    id: str
    host: str
    rpc_port: int
    data_port: int
    slot_count: int
    joined_at: int
    lost_at: int | None = None
    heartbeat_ms: int = HEARTBEAT_MS
    removal_reason: str = ""

    @property
    def endpoint(self) -> str:
        """HOST:DATAPORT, the location of a subtask in responses."""
        return f"{self.host}:{self.data_port}"

    def is_registered_at(self, time: int) -> bool:
        return self.joined_at <= time and (self.lost_at is None or time < self.lost_at)

    def last_heartbeat(self, time: int) -> int:
        """Return the time of the last heartbeat (epoch ms); 0 before the first one.

        The field `timeSinceLastHeartbeat` of responses is this time, not a duration.
        """
        heartbeat_count = (time - self.joined_at) // self.heartbeat_ms
        return self.joined_at + heartbeat_count * self.heartbeat_ms if heartbeat_count > 0 else 0


def make_taskmanager(random: NamedRandom, number: int, slot_count: int, joined_at: int, host: str) -> TaskManager:
    """Create a TaskManager with generated ports and a generated id."""
    rpc_port = random.integer(35_000, 39_999, "task-manager", number, "rpc-port")
    data_port = random.integer(40_000, 46_999, "task-manager", number, "data-port")
    suffix = random.hex(6, "task-manager", number, "id")
    return TaskManager(number, f"{host}:{rpc_port}-{suffix}", host, rpc_port, data_port, slot_count, joined_at)
