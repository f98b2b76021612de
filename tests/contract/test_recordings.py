"""Recorded responses of real Flink conform to the contract of their release."""

import gzip
import json
import re
from pathlib import Path

import pytest

from flinkmock.contract import Contract

RECORDINGS = Path(__file__).parent.parent / "recordings"
LEAST = {
    "2.3.0": 580,
    "2.1.3": 570,
    "2.0.2": 540,
    "1.20.5": 560,
    "1.19.3": 520,
    "1.18.1": 530,
    "1.17.2": 500,
    "1.12.5": 430,
}
"""Version -> the least number of success responses."""
CUT = re.compile(r" \[cut \d+ characters\]$")


def recorded(version):
    """Yield (name of the step, operation, body) of every JSON success response in the recordings of a version."""
    contract = Contract.load(version)
    for file in sorted((RECORDINGS / version).glob("*.json.gz")):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            response = step.get("response", {})
            if response.get("status", 0) // 100 == 2 and response["kind"] == "json":
                request = step["request"]
                operation = contract.match(request["method"], request["path"])
                assert operation, f"{request['method']} {request['path']} is not an operation of {version}"
                yield f"{file.stem}: {step['step']}", operation, response["body"]


def complete_base64(value):
    """Pads base64 texts that the recorder truncated."""
    if isinstance(value, dict):
        return {name: complete_base64(child) for name, child in value.items()}
    if isinstance(value, list):
        return [complete_base64(child) for child in value]
    if isinstance(value, str) and CUT.search(value):
        text = CUT.sub("", value)
        return text[: len(text) // 4 * 4]
    return value


@pytest.mark.parametrize(("version", "least"), LEAST.items())
def test_every_recorded_success_is_valid(version, least):
    contract = Contract.load(version)
    checked = 0
    deviating = []
    for name, operation, body in recorded(version):
        checked += 1
        deviations = contract.check_response(operation, complete_base64(body))
        deviating += [f"{name} ({operation}) {deviation}" for deviation in deviations]
    assert deviating == []
    assert checked >= least


@pytest.mark.parametrize("version", LEAST)
def test_every_recorded_error_is_valid(version):
    contract = Contract.load(version)
    for file in sorted((RECORDINGS / version).glob("*.json.gz")):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            response = step.get("response", {})
            if response.get("status", 0) >= 400 and response["kind"] == "json":
                assert contract.check_error(response["body"]) == [], step["step"]
