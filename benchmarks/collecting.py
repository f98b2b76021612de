"""What the installed plugin costs a project that does not use it: `python benchmarks/collecting.py [ROUNDS]`.

Makes two virtual environments, one with pytest alone and one with flinkmock beside it, and lets `pytest --co` look
through an empty project by turns. Needs the package index.
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


def made(folder: Path, *packages: str) -> Path:
    """The Python of a new virtual environment."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([python, "-m", "pip", "install", *quiet, *packages], env=ENVIRONMENT, check=True)
    return python


def collect(python: Path, project: Path) -> tuple[float, float]:
    """(ms of the wall, ms of the processor)"""
    worked, started = processor(), time.perf_counter()
    command = [python, "-m", "pytest", "--co", "-q"]
    subprocess.run(command, cwd=project, env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - started) * 1000, (processor() - worked) * 1000


def processor() -> float:
    """Seconds that processes which have ended took of it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        project.mkdir()
        (project / "pytest.ini").write_text("[pytest]\n")
        pythons = made(Path(folder, "without"), "pytest"), made(Path(folder, "with"), "pytest", str(ROOT))
        for python in pythons:
            collect(python, project)  # compiles what is imported
        pairs = [[collect(python, project) for python in pythons] for _ in range(rounds)]
    for index, name in enumerate(("wall", "processor")):
        for called, of in (
            ("median", statistics.median),
            ("fastest", min),
        ):  # the fastest is what others disturbed least
            alone, beside = (of(pair[which][index] for pair in pairs) for which in (0, 1))
            print(f"{name:9} {called:7} {alone:6.1f} ms without, {beside:6.1f} ms with, ratio {beside / alone:.3f}")


if __name__ == "__main__":
    main()
