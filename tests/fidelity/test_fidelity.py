"""The recorded suites, played against a fake cluster of the same release: how many steps can't be told apart?

pytest -m fidelity -s        prints the score of each suite and the steps that differ
"""

from __future__ import annotations

from pathlib import Path

import pytest

from flinkmock import FlinkMock
from tests.fidelity.compare import Score, compare, report
from tests.fidelity.driver import Driver
from tests.fidelity.play import JARS, play
from tests.fidelity.recordings import RECORDINGS, load

SCENARIO = Path(__file__).parent / "oracle.yaml"
FLOOR = {"2.3.0": 0.90, "1.20.5": 0.85, "1.12.5": 0.85}
"""Share of steps that have to be equal. Two recordings of one real release reach 1.0."""


@pytest.mark.fidelity
@pytest.mark.parametrize("release", FLOOR)
def test_the_fake_answers_as_the_real_one_did(release: str, tmp_path: Path) -> None:
    minor = release.rpartition(".")[0]
    with FlinkMock(SCENARIO, flink=minor, clock="real") as cluster:
        played = play(Driver(cluster.url, JARS / release, str(tmp_path)), tell=print)
    scores = {suite: compare(load(RECORDINGS / release / f"{suite}.json.gz"), steps) for suite, steps in played.items()}
    told = f"Flink {release}\n{report(scores)}"
    print(told)
    assert sum(scores.values(), Score()).share >= FLOOR[release], told
