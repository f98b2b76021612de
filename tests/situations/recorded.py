"""The recorded responses of real clusters, and comparisons with those of the fake."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.fidelity.recordings import load
from tests.releases import USUAL

FOLDER = Path(__file__).parent
RELEASES = {"2.3": "2.3.0", "2.0": "2.0.2", "1.20": "1.20.5", "1.17": "1.17.2", "1.12": "1.12.5"}
"""Release -> the version of the recorded cluster."""


def releases(*left_out: str) -> list[Any]:
    """Return parameters for `parametrize`: the recorded releases, of which those that differ least are slow."""
    return [
        pytest.param(release, marks=() if release in USUAL else pytest.mark.slow)
        for release in RELEASES
        if release not in left_out
    ]


@cache
def _steps(version: str) -> dict[str, dict[str, Any]]:
    return {step["step"]: step for step in load(FOLDER / f"{version}.json.gz")}


def body(version: str, step: str) -> Any:
    """Return the body that a real cluster of this version sent."""
    return _steps(version)[step]["response"]["body"]


def status(version: str, step: str) -> int:
    code: int = _steps(version)[step]["response"]["status"]
    return code


def timeline(version: str, step: str) -> list[str]:
    """Return the states that a poll saw, in the order of time."""
    return [row[2] for row in _steps(version)[step]["timeline"]]


def causes(trace: str) -> list[str]:
    """Return the exceptions of a stack trace without their calls, and job ids as JOB."""
    lines = [line for line in trace.splitlines() if line and not line.startswith("\t")]
    return [re.sub(r"\b[0-9a-f]{32}\b", "JOB", line.removeprefix("Caused by: ")) for line in lines]


def errors(response_body: Any) -> list[str]:
    """Return the exceptions that an error response names, as `causes` does."""
    text = "\n".join(response_body["errors"]).replace("<Exception on server side:\n", "")
    return [line for line in causes(text) if "End of exception" not in line]


def request(version: str, step: str) -> dict[str, Any]:
    """Return the request of a step."""
    recorded_request: dict[str, Any] = _steps(version)[step]["request"]
    return recorded_request


def names(version: str) -> list[str]:
    """Return the names of all steps."""
    return list(_steps(version))
