"""Measures the cost of the installed pytest plugin for a project that does not use it: `python benchmarks/plugin.py`.

It creates two virtual environments, one with pytest and one with pytest and flinkmock, and runs `pytest --co` in an
empty project with each of them alternately. pip needs the package index. `python benchmarks/plugin.py ROUNDS` sets the
number of runs.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}


def create_environment(folder: Path, *packages: str) -> Path:
    """Create a virtual environment and return the path of its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([python, "-m", "pip", "install", *quiet, *packages], env=ENVIRONMENT, check=True)
    return python


def collect(python: Path, project: Path) -> tuple[float, float]:
    """Run `pytest --co`; return its wall-clock time and its CPU time, in ms."""
    cpu_before, start = children_cpu_s(), time.perf_counter()
    command = [python, "-m", "pytest", "--co", "-q"]
    subprocess.run(command, cwd=project, env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - start) * 1000, (children_cpu_s() - cpu_before) * 1000


def children_cpu_s() -> float:
    """Return the CPU time of all child processes that have ended, in s."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    round_count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        project.mkdir()
        (project / "pytest.ini").write_text("[pytest]\n")
        python_without = create_environment(Path(folder, "without"), "pytest")
        python_with = create_environment(Path(folder, "with"), "pytest", str(ROOT))
        for python in (python_without, python_with):
            collect(python, project)  # compiles the imported modules
        times_without, times_with = [], []
        for _ in range(round_count):
            times_without.append(collect(python_without, project))
            times_with.append(collect(python_with, project))
    for index, clock in enumerate(("wall", "CPU")):
        # the fastest run is the one that other processes disturb least
        for name, statistic in (("median", statistics.median), ("fastest", min)):
            without = statistic(times[index] for times in times_without)
            with_plugin = statistic(times[index] for times in times_with)
            ratio = with_plugin / without
            print(f"{clock:4} {name:7} {without:6.1f} ms without, {with_plugin:6.1f} ms with, ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
