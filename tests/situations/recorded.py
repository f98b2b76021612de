"""The recorded responses of real clusters, by version and step, and what tests compare in them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.fidelity.recordings import load
from tests.releases import USUAL_RELEASES

FOLDER = Path(__file__).parent
VERSIONS = {"2.3": "2.3.0", "2.0": "2.0.2", "1.20": "1.20.5", "1.17": "1.17.2", "1.12": "1.12.5"}
"""The versions of the recorded clusters by release."""


def releases(*excluded: str) -> list[Any]:
    """Return parameters for `parametrize`: the recorded releases without excluded ones. Some are marked slow."""
    return [
        pytest.param(release, marks=() if release in USUAL_RELEASES else pytest.mark.slow)
        for release in VERSIONS
        if release not in excluded
    ]


@cache
def _steps(version: str) -> dict[str, dict[str, Any]]:
    return {step["step"]: step for step in load(FOLDER / f"{version}.json.gz")}


def body(version: str, step: str) -> Any:
    """Return the body of a recorded response."""
    return _steps(version)[step]["response"]["body"]


def status(version: str, step: str) -> int:
    """Return the status of a recorded response."""
    code: int = _steps(version)[step]["response"]["status"]
    return code


def timeline(version: str, step: str) -> list[str]:
    """Return the states that polls showed, the earliest first."""
    return [state for _, _, state in _steps(version)[step]["timeline"]]


def causes(trace: str) -> list[str]:
    """Return the exceptions of a stack trace without their frames, with JOB in place of job ids."""
    lines = [line for line in trace.splitlines() if line and not line.startswith("\t")]
    return [re.sub(r"\b[0-9a-f]{32}\b", "JOB", line.removeprefix("Caused by: ")) for line in lines]


def errors(response_body: Any) -> list[str]:
    """Return the exceptions in an error response, as `causes` does."""
    text = "\n".join(response_body["errors"]).replace("<Exception on server side:\n", "")
    return [line for line in causes(text) if "End of exception" not in line]


def request(version: str, step: str) -> dict[str, Any]:
    """Return a recorded request."""
    recorded_request: dict[str, Any] = _steps(version)[step]["request"]
    return recorded_request


def step_names(version: str) -> list[str]:
    """Return the names of all recorded steps."""
    return list(_steps(version))
