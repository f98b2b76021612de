"""The scenario language: a YAML file that says what a cluster is and how its jobs live, read into plain values."""

from flinkmock.errors import ScenarioError
from flinkmock.scenario.load import load_scenario

__all__ = ["ScenarioError", "load_scenario"]
