"""Triggers async operations that fail in a situation, and extracts the exceptions from their status."""

from __future__ import annotations

from typing import Any

from tests.scenario.scenario_helpers import ScenarioHarness
from tests.situations import recorded


def failure_causes(status: dict[str, Any]) -> list[str]:
    """Return the exceptions in the status of a failed operation, as `recorded.causes` does."""
    (failure,) = status["operation"].values()
    return recorded.causes(failure["stack-trace"])


def run_failing_operation(harness: ScenarioHarness, operation: str, body: dict[str, Any]) -> list[str]:
    """Trigger an operation on the job ("savepoints", "stop" or "checkpoints"), poll it, and return its exceptions."""
    job = f"/jobs/{harness.job().id}"
    trigger_id = harness.post(f"{job}/{operation}", body)["request-id"]
    harness.advance_to(harness.now + 100)
    results = "checkpoints" if operation == "checkpoints" else "savepoints"
    return failure_causes(harness.get(f"{job}/{results}/{trigger_id}"))
