"""The scenario language: reads a YAML file that describes a cluster and its jobs into a `Scenario`."""

from flinkmock.errors import ScenarioError
from flinkmock.scenario.load import load_scenario

__all__ = ["ScenarioError", "load_scenario"]
