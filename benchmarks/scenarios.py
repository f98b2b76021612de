"""Measures loading, checking and planning of scenarios: `python benchmarks/scenarios.py [ROUNDS]`.

It prints the CPU time that loading takes, and the CPU time of `flinkmock scenario check` and `plan` for files with
1,000 jobs, including the start of Python. Each job of the file `equal` has one line and runs forever. Each job of the
file `eventful` has 13 lines and changes its state ten times; the jobs do so at different times.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SCENARIOS = Path(__file__).parents[1] / "scenarios"
CLUSTER = "cluster: {taskmanagers: 250, slots: 32}\n"
JOB_COUNT = 1_000
EVENTFUL_JOB = """  job-{number}:
    parallelism: {parallelism}
    vertices: ["Source: kafka", window, "Sink: print"]
    lifecycle:
      - CREATED: {number}ms
      - repeat: 3
        steps:
          - RUNNING: {running_s}s
          - RESTARTING: {{duration: 5s, exception: oom}}
      - RUNNING: 20s
      - FAILING: {{duration: 1s, exception: oom}}
      - FAILED
    checkpoints: {{every: 10s, duration: 400ms..900ms}}
"""


def equal_jobs() -> str:
    return f"{CLUSTER}jobs:\n" + "".join(f"  job-{number}: {{parallelism: 2}}\n" for number in range(JOB_COUNT))


def eventful_jobs() -> str:
    exceptions = "exceptions:\n  oom: {class: java.lang.OutOfMemoryError, message: Java heap space}\n"
    jobs = "".join(
        EVENTFUL_JOB.format(number=number, parallelism=1 + number % 8, running_s=20 + number % 7)
        for number in range(JOB_COUNT)
    )
    return f"{CLUSTER}{exceptions}jobs:\n{jobs}"


def first_load_ms(file: Path) -> float:
    """Return the CPU time in ms to load the first file in a new interpreter, which has imported the loader."""
    code = (
        "import sys, time; from pathlib import Path; from flinkmock.scenario import load_scenario; "
        "start = time.process_time(); load_scenario(Path(sys.argv[1])); print((time.process_time() - start) * 1000)"
    )
    completed = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    return float(completed.stdout)


def later_load_ms(file: Path) -> float:
    """Return the CPU time in ms to load a file in this process, which has already loaded a file."""
    from flinkmock.scenario import load_scenario

    before = time.process_time()
    load_scenario(file)
    return (time.process_time() - before) * 1000


def command_ms(action: str, file: Path) -> float:
    """Return the CPU time in ms of a `flinkmock scenario` process."""
    before = os.times()
    arguments = [sys.executable, "-m", "flinkmock", "scenario", action, file]
    subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return 1000 * (after.children_user + after.children_system - before.children_user - before.children_system)


def main() -> None:
    round_count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    demo = SCENARIOS / "demo.yaml"
    later_load_ms(demo)  # the first file of this process is not measured
    measurements: list[tuple[str, Callable[[], float]]] = [
        ("load demo.yaml, the first file of a process", lambda: first_load_ms(demo)),
        ("load demo.yaml, a later one", lambda: later_load_ms(demo)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("equal", equal_jobs()), ("eventful", eventful_jobs())):
            file = Path(folder, f"{name}.yaml")
            file.write_text(text, "utf-8")
            measurements.append((f"load 1,000 jobs, {name}", lambda file=file: later_load_ms(file)))
            for action in ("check", "plan"):
                label = f"scenario {action}, 1,000 jobs, {name}"
                measurements.append((label, lambda action=action, file=file: command_ms(action, file)))
        for label, measure in measurements:
            values = [measure() for _ in range(round_count)]
            print(f"{label:45} median {statistics.median(values):7.0f} ms, best {min(values):7.0f} ms")


if __name__ == "__main__":
    main()
