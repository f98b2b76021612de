"""Recorded responses of real Flink conform to the contract of their release."""

import gzip
import json
import re
from pathlib import Path

import pytest

from flinkmock.contract import Contract
from flinkmock.rest.response import is_error_status

RECORDINGS = Path(__file__).parent.parent / "recordings"
MINIMUM_COUNTS = {
    "2.3.0": 580,
    "2.1.3": 570,
    "2.0.2": 540,
    "1.20.5": 560,
    "1.19.3": 520,
    "1.18.1": 530,
    "1.17.2": 500,
    "1.12.5": 430,
}
"""The minimum number of success responses with JSON in the recordings of each version."""
CUT_MARK = re.compile(r" \[cut \d+ characters\]$")


def recorded_successes(version):
    """Yield the step, the operation and the body of each recorded success response with JSON."""
    contract = Contract.load(version)
    for file in sorted((RECORDINGS / version).glob("*.json.gz")):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            response = step.get("response", {})
            if response.get("status", 0) // 100 == 2 and response["kind"] == "json":
                request = step["request"]
                operation = contract.match(request["method"], request["path"])
                assert operation, f"{request['method']} {request['path']} is not an operation of {version}"
                yield f"{file.stem}: {step['step']}", operation, response["body"]


def with_valid_base64(value):
    """Shorten each string that was cut for the recording, so that it is valid base64 if the whole string was."""
    if isinstance(value, dict):
        return {name: with_valid_base64(child) for name, child in value.items()}
    if isinstance(value, list):
        return [with_valid_base64(child) for child in value]
    if isinstance(value, str) and CUT_MARK.search(value):
        text = CUT_MARK.sub("", value)
        return text[: len(text) // 4 * 4]
    return value


@pytest.mark.parametrize(("version", "minimum_count"), MINIMUM_COUNTS.items())
def test_every_recorded_success_is_valid(version, minimum_count):
    contract = Contract.load(version)
    checked_count = 0
    violations = []
    for name, operation, body in recorded_successes(version):
        checked_count += 1
        for violation in contract.check_response(operation, with_valid_base64(body)):
            violations.append(f"{name} ({operation}) {violation}")
    assert violations == []
    assert checked_count >= minimum_count


@pytest.mark.parametrize("version", MINIMUM_COUNTS)
def test_every_recorded_error_is_valid(version):
    contract = Contract.load(version)
    for file in sorted((RECORDINGS / version).glob("*.json.gz")):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            response = step.get("response", {})
            if is_error_status(response.get("status", 0)) and response["kind"] == "json":
                assert contract.check_error(response["body"]) == [], step["step"]
