"""Plays the recorded suites on fake clusters of several releases at the same time, and compares the responses.

    python -m tests.fidelity.score 2.3.0 1.20.5

Each version has its own process. Suites spend most of their time waiting, so all versions take hardly longer than one.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.fidelity.compare import Score, compare, report
from tests.fidelity.real import play_fake
from tests.fidelity.recordings import RECORDINGS, Steps, load
from tests.fidelity.suites import SUITES

VERSIONS = ("2.3.0", "2.1.3", "2.0.2", "1.20.5", "1.19.3", "1.18.1", "1.17.2", "1.12.5")
"""The versions with a recording; `python -m tests.fidelity.real` records more."""


def score_version(version: str) -> dict[str, Score]:
    """Play all suites on a fake of a version; return the scores by suite."""
    steps_by_suite: dict[str, Steps] = {}
    # the suite `jars` was recorded on a new cluster, and leaves jobs that other suites would list
    for names in (tuple(name for name in SUITES if name != "jars"), ("jars",)):
        steps_by_suite |= play_fake(version, names, report=lambda line: None)
    return {
        suite: compare(load(RECORDINGS / version / f"{suite}.json.gz"), steps)
        for suite, steps in steps_by_suite.items()
    }


def score_versions(versions: Sequence[str]) -> dict[str, dict[str, Score]]:
    """Return the scores of several versions, by version and suite."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(versions), mp_context=spawn) as processes:
        return dict(zip(versions, processes.map(score_version, versions), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", nargs="*", metavar="VERSION", help=f"some of {', '.join(VERSIONS)}; default: all")
    args = parser.parse_args()
    if unknown := [version for version in args.versions if version not in VERSIONS]:
        parser.error(f"no recording of {unknown[0]}; there are {', '.join(VERSIONS)}")
    for version, scores in score_versions(args.versions or VERSIONS).items():
        print(f"Flink {version}\n{report(scores, verbose=True)}")


if __name__ == "__main__":
    main()
