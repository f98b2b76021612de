"""Triggers async operations that fail in a situation, and extracts the exceptions from their status."""

from __future__ import annotations

from typing import Any

from tests.scenario.scenario_helpers import ScenarioHarness
from tests.situations import recorded


def failure_causes(status: dict[str, Any]) -> list[str]:
    """Return the exceptions in the status of a failed async operation, as `recorded.causes` does."""
    (failure,) = status["operation"].values()
    return recorded.causes(failure["stack-trace"])


def run_failing_operation(harness: ScenarioHarness, operation: str, body: dict[str, Any]) -> list[str]:
    """Trigger an async operation of the job, and return the exceptions in its status 100 ms later.

    Args:
        harness: The cluster with the job.
        operation: The end of the path that triggers it: "savepoints", "stop" or "checkpoints".
        body: The body of the request.
    """
    job = f"/jobs/{harness.job().id}"
    trigger_id = harness.post(f"{job}/{operation}", body)["request-id"]
    harness.advance_to(harness.now + 100)
    status_path = f"{job}/{'checkpoints' if operation == 'checkpoints' else 'savepoints'}/{trigger_id}"
    return failure_causes(harness.get(status_path))
