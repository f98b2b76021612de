"""The cluster of a scenario: its processes, what happens to them, its jobs, and the jobs that submitted jars become.

See `spec.py` for jobs. Durations are in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from flinkmock.cluster.spec import ClusterOperationSpec, JobSpec
from flinkmock.named_random import UniformRange


@dataclass(frozen=True, slots=True)
class SubmissionRule:
    """Says which job a submitted program becomes. The first matching rule applies.

    Attributes:
        pattern: A pattern with wildcards (fnmatch) for the entry class, the name of the jar, or the name of the job.
        job: The job.
        explicit_keys: The keys that the scenario sets for the job, such as "lifecycle" and "checkpoints.every". For
            other keys, the submitted plan applies.
    """

    pattern: str
    job: JobSpec
    explicit_keys: frozenset[str] = frozenset()


class TaskManagerEventKind(StrEnum):
    """The events of a TaskManager: it registers, shuts down, or stops sending heartbeats."""

    JOINS = "joins"
    LEAVES = "leaves"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class TaskManagerEvent:
    """A TaskManager joins, leaves or is lost.

    Attributes:
        at: When it happens, in ms since the scenario began.
        kind: What happens.
        number: The number of the TaskManager that leaves or is lost, counted from 0 in the order of registration;
            None: the first that is registered at that time.
    """

    at: int
    kind: TaskManagerEventKind
    number: int | None = None


@dataclass(frozen=True, slots=True)
class TaskManagerSize:
    """The slots and the process memory (such as `4g`) of one TaskManager; None: those of the cluster."""

    slot_count: int | None = None
    memory: str | None = None


LEADER_CHANGE_DURATION = UniformRange.exactly(5_000)
"""The default time in ms from the crash of the leader to the election of the next one."""


@dataclass(frozen=True, slots=True)
class LeaderChange:
    """A crash of the leader `at` ms after the scenario began; the next leader is elected `duration` ms later."""

    at: int
    duration: UniformRange = LEADER_CHANGE_DURATION


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """The parts of a scenario that the cluster uses."""

    flink: str | None = None
    """The Flink release, such as "2.3"; None: the default of the caller, such as `flinkmock serve`."""
    seed: int = 0
    clock: str | None = None
    """"real", "virtual", "10x", "1s per request"; None: the default of the caller."""
    start_time: int | None = None
    """The cluster time at which the scenario begins, in epoch ms; None: the default of the caller."""
    jobmanager_count: int = 1
    jobmanager_configurations: tuple[Mapping[str, str | None], ...] = ()
    """Options of single JobManagers, which override those of the cluster, in the order of their numbers."""
    leader_changes: tuple[LeaderChange, ...] = ()
    """Crashes of the leader, in chronological order."""
    age: int = 0
    """How long the cluster has run when the scenario begins, in ms, unless a job is older."""
    taskmanager_count: int = 1
    """The number of TaskManagers when the scenario begins."""
    taskmanager_sizes: tuple[TaskManagerSize, ...] = ()
    """The sizes of single TaskManagers, in the order of registration. Others have the size that the cluster sets."""
    taskmanager_events: tuple[TaskManagerEvent, ...] = ()
    """Events of TaskManagers, in chronological order."""
    slots_per_taskmanager: int = 4
    version: str | None = None
    """The full version of Flink that responses contain; None: that of the release."""
    configuration: Mapping[str, str | None] = field(default_factory=dict)
    """Flink options; None removes a default."""
    jobs: tuple[JobSpec, ...] = ()
    """The jobs that the cluster starts without a submission."""
    submissions: tuple[SubmissionRule, ...] = ()
    cluster_operations: Mapping[str, ClusterOperationSpec] = field(default_factory=dict)
    """`ClusterOperation` -> its spec; for others, the default applies."""
    savepoints: tuple[str, ...] = ()
    """Paths of savepoints that exist when the scenario begins."""
    file_systems: tuple[str, ...] | None = None
    """The schemes of the file systems besides `file`; None: those of Flink's plugins, and Hadoop's."""
    with_caches: bool | None = None
    """Whether Flink's caches are modelled (web.refresh-interval, metrics fetcher); None: if the clock follows the wall
    clock."""
