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
    from flinkmock.cluster.problems import Throwable, Unserviceable
    from flinkmock.conformance import check
    from flinkmock.contract import Contract, known_releases
    from flinkmock.engine import Engine
    from flinkmock.errors import DashboardMissing, FlinkMockError, PortTaken, ScenarioError, UnknownRelease
    from flinkmock.jar import small_jar
    from flinkmock.journal import Exchange, Journal, UnmetExpectation
    from flinkmock.resources import Call
    from flinkmock.scenario import load_scenario
    from flinkmock.snapshot import Snapshot
    from flinkmock.testing.control import JobControl, Unreachable
    from flinkmock.testing.mock import FlinkMock

__version__ = "0.1.0"

_HOMES = {
    "Call": "flinkmock.resources",
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
    "Throwable": "flinkmock.cluster.problems",
    "UnknownRelease": "flinkmock.errors",
    "UnmetExpectation": "flinkmock.journal",
    "Unreachable": "flinkmock.testing.control",
    "Unserviceable": "flinkmock.cluster.problems",
    "check": "flinkmock.conformance",
    "known_releases": "flinkmock.contract",
    "load_scenario": "flinkmock.scenario",
    "small_jar": "flinkmock.jar",
}

__all__ = [
    "Call",
    "Contract",
    "DashboardMissing",
    "Engine",
    "Exchange",
    "FlinkMock",
    "FlinkMockError",
    "JobControl",
    "Journal",
    "PortTaken",
    "ScenarioError",
    "Snapshot",
    "Throwable",
    "UnknownRelease",
    "UnmetExpectation",
    "Unreachable",
    "Unserviceable",
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
