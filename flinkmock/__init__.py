"""flinkmock: a fake Apache Flink cluster that speaks the JobManager's REST API of every release from 1.12 to 2.3.

    from flinkmock import FlinkMock

    with FlinkMock("orders.yaml", flink="1.20") as cluster:
        requests.get(cluster.url + "/jobs/overview")

The names below are the public ones, together with those of `flinkmock.strategies`, `flinkmock.journal` and
`flinkmock.faults`; docs/python.md has an example for each. They are imported when they are first asked for, so that
`import flinkmock` costs nothing in a test run that never starts a cluster.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.cluster.errors import UncaughtJavaException
    from flinkmock.conformance import check
    from flinkmock.contract import Contract, known_releases
    from flinkmock.engine import Engine
    from flinkmock.errors import DashboardMissing, FlinkMockError, PortTaken, ScenarioError, UnknownRelease
    from flinkmock.flink.java_exception import JavaException
    from flinkmock.jar import small_jar
    from flinkmock.journal import Exchange, Journal, UnmetExpectation
    from flinkmock.rest.handlers import RestCall
    from flinkmock.scenario import load_scenario
    from flinkmock.snapshot import Snapshot
    from flinkmock.testing.control import JobControl, StateNeverReached
    from flinkmock.testing.mock import FlinkMock

__version__ = "0.1.0"

_HOMES = {
    "RestCall": "flinkmock.rest.handlers",
    "Contract": "flinkmock.contract",
    "DashboardMissing": "flinkmock.errors",
    "Engine": "flinkmock.engine",
    "Exchange": "flinkmock.journal",
    "FlinkMock": "flinkmock.testing.mock",
    "FlinkMockError": "flinkmock.errors",
    "JobControl": "flinkmock.testing.control",
    "Journal": "flinkmock.journal",
    "PortTaken": "flinkmock.errors",
    "ScenarioError": "flinkmock.errors",
    "Snapshot": "flinkmock.snapshot",
    "JavaException": "flinkmock.flink.java_exception",
    "UnknownRelease": "flinkmock.errors",
    "UnmetExpectation": "flinkmock.journal",
    "StateNeverReached": "flinkmock.testing.control",
    "UncaughtJavaException": "flinkmock.cluster.errors",
    "check": "flinkmock.conformance",
    "known_releases": "flinkmock.contract",
    "load_scenario": "flinkmock.scenario",
    "small_jar": "flinkmock.jar",
}

__all__ = [
    "Contract",
    "DashboardMissing",
    "Engine",
    "Exchange",
    "FlinkMock",
    "FlinkMockError",
    "JavaException",
    "JobControl",
    "Journal",
    "PortTaken",
    "RestCall",
    "ScenarioError",
    "Snapshot",
    "StateNeverReached",
    "UncaughtJavaException",
    "UnknownRelease",
    "UnmetExpectation",
    "__version__",
    "check",
    "known_releases",
    "load_scenario",
    "small_jar",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'flinkmock' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
