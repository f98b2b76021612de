"""Starts a real Flink of any version, plays the suites against it and against the fake, and compares the responses.

    python -m tests.fidelity.real 1.18.1
    python -m tests.fidelity.real 2.3.0 --suite cluster,jars --record tests/recordings/2.3.0

Flink's jars come from the Python package index (see distribution.py) and are kept outside the repository. With
`--record`, the responses of the real Flink are written to a folder, for the fidelity test to compare with. All suites
take about five minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from flinkmock import FlinkMock
from tests.fidelity.compare import compare, report
from tests.fidelity.distribution import CACHE, flink_home, java_for, release_of
from tests.fidelity.driver import Driver
from tests.fidelity.play import JARS, play
from tests.fidelity.real_cluster import real_cluster
from tests.fidelity.recordings import Steps, replace_paths, save
from tests.fidelity.suites import SUITES

SCENARIO = Path(__file__).parent / "oracle.yaml"
_JAR_VERSIONS = (((2, 0), "2.3.0"), ((1, 15), "1.20.5"), ((1, 12), "1.12.5"))
"""Pairs of the first release on which jars run, and the version that they were built with; the newest first."""


def jars_for(version: str) -> Path:
    """Return the folder with the newest jars that run on a version."""
    release = release_of(version)
    return JARS / next(jar_version for first_release, jar_version in _JAR_VERSIONS if release >= first_release)


def play_real(
    version: str, suite_names: list[str], home: Path | None = None, java: str | None = None
) -> dict[str, Steps]:
    """Return the steps of a real cluster by suite, without the paths of this machine."""
    home = home or flink_home(version)
    java = java or java_for(version)
    with tempfile.TemporaryDirectory() as folder, real_cluster(home, java, Path(folder)) as url:
        played = play(Driver(url, jars_for(version), f"{folder}/scratch"), suite_names, print)
        paths = {folder: "/opt/flink/work", str(home.absolute()): "/opt/flink"}
        return {name: replace_paths(steps, paths) for name, steps in played.items()}


def play_fake(version: str, suite_names: Iterable[str], report: Callable[[str], None] = print) -> dict[str, Steps]:
    """Return the steps of a new fake cluster by suite. `report` is called with a line for each suite."""
    release = ".".join(map(str, release_of(version)))
    with tempfile.TemporaryDirectory() as folder, FlinkMock(SCENARIO, flink=release, clock="real") as cluster:
        return play(Driver(cluster.url, jars_for(version), folder), suite_names, report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="the version of Flink, such as 1.18.1")
    parser.add_argument("--suite", default=",".join(SUITES), help="suites, comma separated; default: %(default)s")
    parser.add_argument(
        "--home",
        type=Path,
        help=f"the folder of a distribution, with lib/ and bin/; default: it is downloaded to {CACHE}",
    )
    parser.add_argument(
        "--java", help="the Java that runs Flink; default: `java`, or a downloaded Java 11 before Flink 1.15"
    )
    parser.add_argument(
        "--record", type=Path, metavar="FOLDER", help="write the responses of the real Flink there, as SUITE.json.gz"
    )
    args = parser.parse_args()
    suite_names = args.suite.split(",")
    if unknown := [name for name in suite_names if name not in SUITES]:
        parser.error(f"no suite {unknown[0]}; there are {', '.join(SUITES)}")
    real = play_real(args.version, suite_names, args.home, args.java)
    if args.record:
        for name, steps in real.items():
            save(args.record / f"{name}.json.gz", {"flink": args.version, "suite": name}, steps)
    fake = play_fake(args.version, suite_names)
    print(report({name: compare(real[name], fake[name]) for name in suite_names}, verbose=True))


if __name__ == "__main__":
    main()
