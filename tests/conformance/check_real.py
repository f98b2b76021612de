"""Checks a real Flink with a running, a finished and a failed job; every run of `check` must print "no findings".

    python -m tests.conformance.check_real 2.3.0 --mutating --fuzz 12

This command runs `flinkmock check` twice with reads only, once with mutating checks (`--run-jar`) and once with
generated requests (`--fuzz N`). Then it runs each kind of check once through `flinkmock proxy`, and prints the summary
of the proxy. This takes one or two minutes.
With `--watch 60m --busy`, the command reads the cluster repeatedly with `flinkmock check --watch` instead, while jobs
start, fail, restart, finish and are cancelled, savepoints are taken and TaskManagers are killed
(tests/conformance/busy_cluster.py).
`--option "jobmanager.scheduler: adaptive" --option "rest.profiling.enabled: true"` enables more operations.
Flink's jars come from the Python package index, see tests/fidelity/distribution.py.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from tests.conformance.busy_cluster import keep_busy
from tests.fidelity.distribution import flink_home, java_for
from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import has_ended, start_job, wait_for_checkpoints, wait_for_job
from tests.fidelity.real import jars_for
from tests.fidelity.real_cluster import RealCluster, real_cluster
from tests.proxy.proxy_process import ProxyProcess

COMMAND = [sys.executable, "-m", "flinkmock"]


def start_jobs(driver: Driver) -> None:
    """Start a job that runs and has checkpoints, one that finishes, and one that fails."""
    driver.begin_suite("jobs")
    for kind in ("finite", "failing"):
        job_id = start_job(driver, kind, variable="ended", wait=False)
        assert job_id is not None
        wait_for_job(driver, job_id, has_ended, timeout=60)
    start_job(driver, "wordcount", "--par", "1")
    wait_for_checkpoints(driver, 2)


def report_outcome(name: str, exit_code: int | None, output: str) -> bool:
    """Print the exit code and the first line, or all lines if the exit code is not 0; return whether the code is 0."""
    first_line, _, other_lines = output.partition("\n")
    print(f"{name:27} exit code {exit_code}: {first_line}", *([other_lines] if exit_code else ()), sep="\n", flush=True)
    return exit_code == 0


def check(name: str, url: str, *options: str) -> bool:
    """Run `flinkmock check`; return whether there were no findings."""
    completed = subprocess.run([*COMMAND, "check", url, *options], capture_output=True, text=True)
    return report_outcome(name, completed.returncode, completed.stdout + completed.stderr)


def check_through_proxy(url: str, runs: dict[str, Sequence[str]]) -> bool:
    """Run checks through a proxy; return whether neither the checks nor the proxy had findings.

    Args:
        url: The URL of the cluster.
        runs: The options of each run of `flinkmock check`, by its name.
    """
    with ProxyProcess(url, "--quiet") as proxy:
        results = [check(f"proxied {name}", proxy.url, *options) for name, options in runs.items()]
    return report_outcome("the proxy itself", proxy.exit_code, proxy.output) and all(results)


def watch(args: argparse.Namespace, home: Path, java: str) -> int:
    """Read a cluster with two TaskManagers repeatedly; return the exit code of `flinkmock check --watch`."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = RealCluster(home, java, Path(folder), args.option)
        try:
            cluster.start(2)
            driver = Driver(cluster.url, jars_for(args.version), f"{folder}/scratch")
            start_jobs(driver)
            jars = jars_for(args.version)
            load = keep_busy(cluster, jars, args.seed, restart_jobmanager=args.restarts) if args.busy else nullcontext()
            with load:  # findings are printed immediately
                command = [*COMMAND, "check", cluster.url, "--watch", args.watch, "--every", args.every]
                return subprocess.run(command).returncode
        finally:
            cluster.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="a version, such as 2.3.0")
    parser.add_argument("--mutating", action="store_true", help="also run mutating checks")
    parser.add_argument("--fuzz", type=int, default=0, metavar="N", help="N generated requests for each operation")
    parser.add_argument("--watch", metavar="DURATION", help="read the cluster repeatedly for this long, e.g. 60m")
    parser.add_argument("--busy", action="store_true", help="with --watch: start and cancel jobs, kill TaskManagers")
    parser.add_argument("--restarts", action="store_true", help="with --busy: also kill and restart the JobManager")
    parser.add_argument("--every", default="1s", metavar="DURATION", help="the pause between two passes with --watch")
    parser.add_argument("--seed", type=int, default=0, help="selects the actions of --busy; default: %(default)s")
    parser.add_argument("--option", action="append", default=[], metavar="LINE", help="a line of Flink's configuration")
    parser.add_argument("--home", type=Path, help="a distribution (lib, bin, …); default: it is downloaded")
    parser.add_argument("--java", help="the java command; default: `java`, and for releases before 1.15 a Java 11")
    args = parser.parse_args()
    home, java = args.home or flink_home(args.version), args.java or java_for(args.version)
    if args.watch:
        return watch(args, home, java)
    with tempfile.TemporaryDirectory() as folder, real_cluster(home, java, Path(folder), args.option) as url:
        start_jobs(Driver(url, jars_for(args.version), f"{folder}/scratch"))
        runs: dict[str, Sequence[str]] = {"reads": (), "reads again": ()}
        if args.mutating:
            jar = jars_for(args.version) / "wordcount.jar"
            runs["writes"] = "--run-jar", str(jar), "--savepoints", f"file://{folder}/scratch"
        if args.fuzz:
            runs["generated requests"] = "--fuzz", str(args.fuzz)
        results = [check(name, url, *options) for name, options in runs.items()]
        del runs["reads again"]
        return 0 if check_through_proxy(url, runs) and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
