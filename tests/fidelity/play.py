"""Plays suites against a server, real or fake, and writes the recordings.

    python -m tests.fidelity.play --target http://127.0.0.1:8081 --jars tests/fidelity/jars/2.3.0 --out mine

Start the fake with tests/fidelity/oracle.yaml, which describes the jobs of these jars. CONTRIBUTING.md describes how to
start a real Flink.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import cancel_all_jobs
from tests.fidelity.recordings import Steps, save
from tests.fidelity.suites import SUITES

JARS = Path(__file__).parent / "jars"
"""The jars of the recorded jobs: VERSION/NAME.jar, built from jobs/."""


def play(
    driver: Driver, suite_names: Iterable[str] = tuple(SUITES), report: Callable[[str], None] = lambda text: None
) -> dict[str, Steps]:
    """Play suites; return their steps by suite. `report` is called with a line for each suite."""
    steps_by_suite = {}
    for name in suite_names:
        start = time.time()
        driver.begin_suite(name)
        SUITES[name](driver)
        cancel_all_jobs(driver)
        steps_by_suite[name] = driver.steps
        report(f"{name}: {len(driver.steps)} steps, {time.time() - start:.0f} s")
    return steps_by_suite


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", required=True, help="the base URL, such as http://127.0.0.1:8081")
    parser.add_argument("--jars", required=True, type=Path, help="the folder with the jars of the target's release")
    parser.add_argument("--out", required=True, type=Path, help="a folder for one file per suite")
    parser.add_argument("--suite", default=",".join(SUITES), help="suites, comma separated; default: %(default)s")
    scratch = str(Path(tempfile.gettempdir(), "flink-oracle"))
    parser.add_argument("--scratch", default=scratch, help="a folder to which the cluster can write savepoints")
    args = parser.parse_args()
    suite_names = args.suite.split(",")
    if unknown := [name for name in suite_names if name not in SUITES]:
        parser.error(f"no suite {unknown[0]}; there are {', '.join(SUITES)}")
    for name, steps in play(Driver(args.target, args.jars, args.scratch), suite_names, print).items():
        save(args.out / f"{name}.json", {"suite": name}, steps)


if __name__ == "__main__":
    main()
