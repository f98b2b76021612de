"""Records situations from a real Flink; see the package."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.fidelity import situations
from tests.fidelity.distribution import flink_home, java_for, release_of
from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import cancel_all_jobs
from tests.fidelity.real import jars_for
from tests.fidelity.real_cluster import real_cluster
from tests.fidelity.recordings import Steps, load, replace_paths, save
from tests.fidelity.situations import expired, slots
from tests.fidelity.situations.before_running import created_job, initializing_job
from tests.fidelity.situations.expired import expired_job
from tests.fidelity.situations.failures import failing_applications, failing_stop
from tests.fidelity.situations.finished_vertices import batch_job, partly_finished_job
from tests.fidelity.situations.savepoint_paths import savepoint_directories, savepoint_paths
from tests.fidelity.situations.slots import waiting_for_slots

RECORDED_SITUATIONS = Path(__file__).parents[2] / "situations"
"""The folder of the recordings, VERSION.json.gz."""
Situation = Callable[[Driver], None]


class Session(NamedTuple):
    """The configuration of a cluster, and the situations that are recorded on it one after the other."""

    options: tuple[str, ...]
    situations: tuple[Situation, ...]


SESSIONS = (
    Session(
        slots.OPTIONS,
        (
            waiting_for_slots,
            batch_job,
            partly_finished_job,
            savepoint_directories,
            savepoint_paths,
            failing_stop,
            failing_applications,
            initializing_job,
        ),
    ),
    Session(("jobmanager.scheduler: adaptive",), (created_job,)),
    Session(expired.OPTIONS, (expired_job,)),
)
FIRST_RELEASES: dict[Situation, tuple[int, int]] = {created_job: (1, 13), failing_applications: (2, 3)}
"""The first release in which a situation exists; 1.12 for the others."""
NAMES = tuple(situation.__name__ for session in SESSIONS for situation in session.situations)


def record_situation(situation: Situation, driver: Driver) -> None:
    """Put the cluster into a situation and record it. An error ends the situation, but its earlier steps remain."""
    driver.begin_suite("situations")
    start = time.time()
    try:
        situation(driver)
    except Exception as error:
        print(situation.__name__, "ended early:", repr(error), flush=True)
    cancel_all_jobs(driver)
    print(f"{situation.__name__}: {len(driver.steps)} steps, {time.time() - start:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=situations.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("version", help="the version of Flink, such as 2.3.0")
    parser.add_argument(
        "--home", type=Path, help="the folder of a distribution, with lib/ and bin/; default: it is downloaded"
    )
    parser.add_argument(
        "--java", help="the Java that runs Flink; default: `java`, or a downloaded Java 11 before Flink 1.15"
    )
    parser.add_argument("--only", default=",".join(NAMES), help="situations, comma separated; default: %(default)s")
    args = parser.parse_args()
    home, java = args.home or flink_home(args.version), args.java or java_for(args.version)
    steps: Steps = []
    for session in SESSIONS:
        selected = [
            situation
            for situation in session.situations
            if situation.__name__ in args.only.split(",")
            and release_of(args.version) >= FIRST_RELEASES.get(situation, (0, 0))
        ]
        if not selected:
            continue
        with tempfile.TemporaryDirectory() as folder, real_cluster(home, java, Path(folder), session.options) as url:
            for situation in selected:
                driver = Driver(url, jars_for(args.version), f"{folder}/scratch")
                record_situation(situation, driver)
                steps += replace_paths(driver.steps, {folder: "/opt/flink/work", str(home): "/opt/flink"})
                path = RECORDED_SITUATIONS / f"{args.version}.json.gz"
                new_names = {step["step"] for step in steps}
                old_steps = load(path) if path.exists() else []
                kept_steps = [step for step in old_steps if step["step"] not in new_names]
                save(path, {"flink": args.version, "suite": "situations"}, [*kept_steps, *steps])


if __name__ == "__main__":
    main()
