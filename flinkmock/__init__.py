"""flinkmock: a fake Apache Flink cluster that speaks the JobManager's REST API of every release from 1.12 to 2.3.

    from flinkmock import FlinkMock

    with FlinkMock("orders.yaml", flink="1.20") as cluster:
        requests.get(cluster.url + "/jobs/overview")

The public API is the names below and those of `flinkmock.faults`, `flinkmock.journal` and `flinkmock.strategies`.
docs/python.md has an example of each. The names are imported on first use, so that `import flinkmock` is fast in a
test run that never starts a cluster.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.cluster.errors import (
        AdaptiveSchedulerFeature,
        AdaptiveSchedulerRequired,
        ApplicationNotFound,
        AttemptNotFound,
        BadRequest,
        CancellationFailed,
        CheckpointingDisabled,
        CheckpointNotFound,
        CheckpointVertexNotFound,
        ClusterError,
        CoordinatorNotFound,
        FileNotFound,
        InvalidJobSubmission,
        InvalidResourceRequirements,
        InvalidUpload,
        JarNotFound,
        JobAlreadyTerminated,
        JobInitializing,
        JobNotFound,
        LogNotFound,
        NoLeader,
        ProgramError,
        RescaleNotFound,
        RescalingDisabled,
        StopModeRemoved,
        SubtaskNotFound,
        TaskManagerNotFound,
        TriggerNotFound,
        UncaughtJavaException,
        VertexNotFound,
    )
    from flinkmock.conformance import check
    from flinkmock.contract import Contract, known_releases
    from flinkmock.control.job import JobControl
    from flinkmock.engine import Engine
    from flinkmock.engine_snapshot import Snapshot
    from flinkmock.errors import (
        DashboardMissing,
        FakerMissing,
        FaultRequiresFakeCluster,
        FlinkMockError,
        ImportRejected,
        InvalidArgument,
        JobExists,
        NotFound,
        NotRunning,
        PortTaken,
        ScenarioError,
        ServerUnreachable,
        StateNeverReached,
        UnknownRelease,
        UnmetExpectation,
    )
    from flinkmock.flink.java_exception import JavaException
    from flinkmock.jar import small_jar
    from flinkmock.journal import Exchange, Journal
    from flinkmock.rest.handlers import RestCall
    from flinkmock.scenario import load_scenario
    from flinkmock.server.tls_options import TlsOptions
    from flinkmock.testing.mock import FlinkMock

__version__ = "0.1.0"

_MODULES = {
    "AdaptiveSchedulerFeature": "flinkmock.cluster.errors",
    "AdaptiveSchedulerRequired": "flinkmock.cluster.errors",
    "ApplicationNotFound": "flinkmock.cluster.errors",
    "AttemptNotFound": "flinkmock.cluster.errors",
    "BadRequest": "flinkmock.cluster.errors",
    "CancellationFailed": "flinkmock.cluster.errors",
    "CheckpointNotFound": "flinkmock.cluster.errors",
    "CheckpointingDisabled": "flinkmock.cluster.errors",
    "CheckpointVertexNotFound": "flinkmock.cluster.errors",
    "ClusterError": "flinkmock.cluster.errors",
    "Contract": "flinkmock.contract",
    "CoordinatorNotFound": "flinkmock.cluster.errors",
    "DashboardMissing": "flinkmock.errors",
    "Engine": "flinkmock.engine",
    "Exchange": "flinkmock.journal",
    "FakerMissing": "flinkmock.errors",
    "FaultRequiresFakeCluster": "flinkmock.errors",
    "FileNotFound": "flinkmock.cluster.errors",
    "FlinkMock": "flinkmock.testing.mock",
    "FlinkMockError": "flinkmock.errors",
    "ImportRejected": "flinkmock.errors",
    "InvalidArgument": "flinkmock.errors",
    "InvalidJobSubmission": "flinkmock.cluster.errors",
    "InvalidResourceRequirements": "flinkmock.cluster.errors",
    "InvalidUpload": "flinkmock.cluster.errors",
    "JarNotFound": "flinkmock.cluster.errors",
    "JavaException": "flinkmock.flink.java_exception",
    "JobAlreadyTerminated": "flinkmock.cluster.errors",
    "JobControl": "flinkmock.control.job",
    "JobExists": "flinkmock.errors",
    "JobInitializing": "flinkmock.cluster.errors",
    "JobNotFound": "flinkmock.cluster.errors",
    "Journal": "flinkmock.journal",
    "LogNotFound": "flinkmock.cluster.errors",
    "NoLeader": "flinkmock.cluster.errors",
    "NotFound": "flinkmock.errors",
    "NotRunning": "flinkmock.errors",
    "PortTaken": "flinkmock.errors",
    "ProgramError": "flinkmock.cluster.errors",
    "RescaleNotFound": "flinkmock.cluster.errors",
    "RescalingDisabled": "flinkmock.cluster.errors",
    "RestCall": "flinkmock.rest.handlers",
    "ScenarioError": "flinkmock.errors",
    "ServerUnreachable": "flinkmock.errors",
    "Snapshot": "flinkmock.engine_snapshot",
    "StateNeverReached": "flinkmock.errors",
    "StopModeRemoved": "flinkmock.cluster.errors",
    "SubtaskNotFound": "flinkmock.cluster.errors",
    "TaskManagerNotFound": "flinkmock.cluster.errors",
    "TlsOptions": "flinkmock.server.tls_options",
    "TriggerNotFound": "flinkmock.cluster.errors",
    "UncaughtJavaException": "flinkmock.cluster.errors",
    "UnknownRelease": "flinkmock.errors",
    "UnmetExpectation": "flinkmock.errors",
    "VertexNotFound": "flinkmock.cluster.errors",
    "check": "flinkmock.conformance",
    "known_releases": "flinkmock.contract",
    "load_scenario": "flinkmock.scenario",
    "small_jar": "flinkmock.jar",
}
"""Public name -> the module from which it is imported on first use."""

__all__ = [
    "AdaptiveSchedulerFeature",
    "AdaptiveSchedulerRequired",
    "ApplicationNotFound",
    "AttemptNotFound",
    "BadRequest",
    "CancellationFailed",
    "CheckpointNotFound",
    "CheckpointVertexNotFound",
    "CheckpointingDisabled",
    "ClusterError",
    "Contract",
    "CoordinatorNotFound",
    "DashboardMissing",
    "Engine",
    "Exchange",
    "FakerMissing",
    "FaultRequiresFakeCluster",
    "FileNotFound",
    "FlinkMock",
    "FlinkMockError",
    "ImportRejected",
    "InvalidArgument",
    "InvalidJobSubmission",
    "InvalidResourceRequirements",
    "InvalidUpload",
    "JarNotFound",
    "JavaException",
    "JobAlreadyTerminated",
    "JobControl",
    "JobExists",
    "JobInitializing",
    "JobNotFound",
    "Journal",
    "LogNotFound",
    "NoLeader",
    "NotFound",
    "NotRunning",
    "PortTaken",
    "ProgramError",
    "RescaleNotFound",
    "RescalingDisabled",
    "RestCall",
    "ScenarioError",
    "ServerUnreachable",
    "Snapshot",
    "StateNeverReached",
    "StopModeRemoved",
    "SubtaskNotFound",
    "TaskManagerNotFound",
    "TlsOptions",
    "TriggerNotFound",
    "UncaughtJavaException",
    "UnknownRelease",
    "UnmetExpectation",
    "VertexNotFound",
    "__version__",
    "check",
    "known_releases",
    "load_scenario",
    "small_jar",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'flinkmock' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
