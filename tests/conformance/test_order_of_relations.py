"""`check` evaluates relations in the same order in each process.

The order decides between values that are equally suspected.
"""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from flinkmock.conformance.coherence import Invariants
from flinkmock.conformance.coherence.view import View
from tests.conformance.falsification_testing import record_fake

ROOT = Path(__file__).parents[2]


def digest_of_relations() -> str:
    """Return a digest of the relations between the responses of a fake cluster, in order."""
    recorded = record_fake("2.3", values_per_parameter=2)
    view = View(recorded.passes[-1])
    invariants = Invariants(recorded.contract.release.number)
    relations = [evaluated for response in view for evaluated in invariants.relations_within(response)]
    relations += invariants.relations_between(view)
    assert len(relations) > 1_000
    locations = [
        (evaluated.invariant.id, evaluated.ids, [leaf.location for leaf in evaluated.relation.leaves])
        for evaluated in relations
    ]
    return sha256(repr(locations).encode()).hexdigest()


@pytest.mark.slow
def test_relations_are_in_the_same_order_in_another_process() -> None:
    code = "from tests.conformance.test_order_of_relations import digest_of_relations; print(digest_of_relations())"
    environment = {**os.environ, "PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"}
    command = [sys.executable, "-c", code]
    completed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert completed.stdout.strip() == digest_of_relations()  # with another hash seed
