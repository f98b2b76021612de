"""flinkmock: a fake Apache Flink cluster that speaks the JobManager's REST API of every release from 1.12 to 2.3.

    from flinkmock import FlinkMock

    with FlinkMock("orders.yaml", flink="1.20") as cluster:
        requests.get(cluster.url + "/jobs/overview")

The names below are the public ones. They are imported when they are first asked for, so that `import flinkmock` costs
nothing in a test run that never starts a cluster.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.conformance import check
    from flinkmock.contract import Contract, known_releases
    from flinkmock.engine import Engine
    from flinkmock.errors import FlinkMockError, ScenarioError, UnknownRelease
    from flinkmock.journal import UnmetExpectation
    from flinkmock.scenario import load_scenario
    from flinkmock.testing.mock import FlinkMock

__version__ = "0.1.0"

_HOMES = {
    "Contract": "flinkmock.contract",
    "Engine": "flinkmock.engine",
    "FlinkMock": "flinkmock.testing.mock",
    "FlinkMockError": "flinkmock.errors",
    "ScenarioError": "flinkmock.errors",
    "UnknownRelease": "flinkmock.errors",
    "UnmetExpectation": "flinkmock.journal",
    "check": "flinkmock.conformance",
    "known_releases": "flinkmock.contract",
    "load_scenario": "flinkmock.scenario",
}

__all__ = [
    "Contract",
    "Engine",
    "FlinkMock",
    "FlinkMockError",
    "ScenarioError",
    "UnknownRelease",
    "UnmetExpectation",
    "__version__",
    "check",
    "known_releases",
    "load_scenario",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'flinkmock' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
