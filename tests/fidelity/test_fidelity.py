"""The recorded suites, run against a fake cluster of the same release: the share of steps with equal responses.

pytest -m fidelity -s        prints the score of each suite and the steps that differ
"""

from __future__ import annotations

from pathlib import Path

import pytest

from flinkmock import FlinkMock
from tests.fidelity.compare import Score, compare, report
from tests.fidelity.driver import Driver
from tests.fidelity.play import play
from tests.fidelity.real import SCENARIO, jars_for
from tests.fidelity.recordings import RECORDINGS, Steps, load
from tests.fidelity.suites import SUITES

RELEASES = ("2.3.0", "2.1.3", "2.0.2", "1.20.5", "1.19.3", "1.18.1", "1.17.2", "1.12.5")
"""The versions with a recording; `python -m tests.fidelity.real` records more."""
REQUIRED_SHARE = 0.98
"""The share of steps that have to be equal. Two recordings of one real release reach 1.0, and the fake 0.99 to 1.0 on
an idle machine. On busy machines, steps that depend on timing may differ."""


@pytest.mark.slow
@pytest.mark.fidelity
@pytest.mark.parametrize("release", RELEASES)
def test_the_fake_sends_the_responses_of_the_real_cluster(release: str, tmp_path: Path) -> None:
    minor = release.rpartition(".")[0]
    steps_by_suite: dict[str, Steps] = {}
    # the suite `jars` was recorded on a new cluster, and leaves jobs that other suites would list
    for suites in (tuple(name for name in SUITES if name != "jars"), ("jars",)):
        with FlinkMock(SCENARIO, flink=minor, clock="real") as cluster:
            steps_by_suite |= play(Driver(cluster.url, jars_for(release), str(tmp_path)), suites, report=print)
    scores = {
        suite: compare(load(RECORDINGS / release / f"{suite}.json.gz"), steps)
        for suite, steps in steps_by_suite.items()
    }
    text = f"Flink {release}\n{report(scores)}"
    print(text)
    assert sum(scores.values(), Score()).share >= REQUIRED_SHARE, text
