"""Flink's RPC system: its name and the addresses of its actors."""

from __future__ import annotations

from typing import Protocol

from flinkmock.release import Release


class TaskManagerLocation(Protocol):
    """The resource id, host and ports of a TaskManager."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int:
        """The number of the TaskManager within the cluster, from 0."""

    @property
    def host(self) -> str: ...
    @property
    def rpc_port(self) -> int: ...
    @property
    def data_port(self) -> int: ...


def rpc_system(release: Release) -> str:
    """Return the name of the RPC system: Akka became Pekko in 1.18."""
    return "pekko" if release.since("1.18") else "akka"


def rpc_address(host: str, port: int | str, release: Release) -> str:
    """Return the address of an actor system: `pekko.tcp://flink@localhost:6123`."""
    return f"{rpc_system(release)}.tcp://flink@{host}:{port}"


def taskmanager_path(taskmanager: TaskManagerLocation, release: Release) -> str:
    """Return the address of a TaskManager's actor, its `path` in the REST API.

    It ends in 0, since each process has a separate actor system.
    """
    return f"{rpc_address(taskmanager.host, taskmanager.rpc_port, release)}/user/rpc/taskmanager_0"
