"""Hypothesis strategies for tests of Flink clients: responses, requests, scenarios and faults, valid by construction.

They require hypothesis: `pip install flinkmock[fuzz]`.
"""

from importlib.util import find_spec

if find_spec("hypothesis") is None:
    raise ImportError("flinkmock.strategies needs hypothesis: pip install 'flinkmock[fuzz]'")

from flinkmock.strategies.faults import FaultPlan, fault_plans
from flinkmock.strategies.requests import Request, requests
from flinkmock.strategies.responses import responses
from flinkmock.strategies.scenarios import scenarios
from flinkmock.strategies.variations import variations
from flinkmock.strategies.yaml_repr import DrawnScenario

__all__ = ["DrawnScenario", "FaultPlan", "Request", "fault_plans", "requests", "responses", "scenarios", "variations"]
