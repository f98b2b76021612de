"""A fake that serves the recording of a real cluster responds like the cluster at the end of the recording.

The exchanges and responses are in data/; `python -m tests.conformance.record_real` records them.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flinkmock import FlinkMock
from flinkmock.conformance.recording import read_raw, recorded_scenario
from tests.conformance.read_endpoints import read_endpoints
from tests.fidelity.compare import Score, compare, report
from tests.fidelity.driver import Driver
from tests.fidelity.recordings import load

DATA = Path(__file__).parent / "data"
VERSIONS = ("2.3.0", "1.20.5", "1.12.5")


@cache
def recorded_scenario_of(version: str) -> dict[str, Any]:
    raw = gzip.decompress((DATA / f"recorded-{version}.jsonl.gz").read_bytes()).decode()
    return recorded_scenario(read_raw(raw.splitlines(), "raw.jsonl"))


def score(scenario: dict[str, Any], version: str) -> Score:
    """Compare the responses of the scenario with those of the recorded cluster."""
    # a real cluster serves cached responses; a fake with a virtual clock does so only if the scenario says so
    scenario = scenario | {"cluster": scenario["cluster"] | {"caches": True}}
    with FlinkMock(scenario, clock="virtual") as cluster:
        return compare(load(DATA / f"reads-{version}.json.gz"), read_endpoints(Driver(cluster.url, DATA, "/scratch")))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fake_that_serves_the_recording_sends_the_responses_of_the_cluster(version: str) -> None:
    agreement = score(recorded_scenario_of(version), version)
    assert agreement.step_count > 400
    assert agreement.equal_share >= 0.97, report({"reads": agreement}, verbose=True)
