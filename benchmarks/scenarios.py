"""What scenarios cost: `python benchmarks/scenarios.py [ROUNDS]` prints how long it takes to load an ordinary file, and
the processor's time of `flinkmock scenario check` and `plan` for files with 1,000 jobs, the start of Python included.

`alike` has 1,000 jobs of one line each that run for ever; `eventful` has 1,000 that take 13 lines each and change their
state nine times, each at times of its own.
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

READY = Path(__file__).parents[1] / "scenarios"
ROOM = "cluster: {taskmanagers: 250, slots: 32}\n"
EVENTFUL = """  job-{n}:
    parallelism: {width}
    vertices: ["Source: kafka", window, "Sink: print"]
    lifecycle:
      - CREATED: {n}ms
      - repeat: 3
        steps:
          - RUNNING: {runs}s
          - RESTARTING: {{duration: 5s, exception: oom}}
      - RUNNING: 20s
      - FAILING: {{duration: 1s, exception: oom}}
      - FAILED
    checkpoints: {{every: 10s, duration: 400ms..900ms}}
"""


def alike() -> str:
    return f"{ROOM}jobs:\n" + "".join(f"  job-{n}: {{parallelism: 2}}\n" for n in range(1_000))


def eventful() -> str:
    causes = "causes:\n  oom: {class: java.lang.OutOfMemoryError, message: Java heap space}\n"
    jobs = "".join(EVENTFUL.format(n=n, width=1 + n % 8, runs=20 + n % 7) for n in range(1_000))
    return f"{ROOM}{causes}jobs:\n{jobs}"


def first_load(file: Path) -> float:
    """ms of the processor's time in a fresh interpreter that has imported the loader, and nothing of what it needs."""
    code = (
        "import sys, time; from pathlib import Path; from flinkmock.scenario import load_scenario; "
        "t = time.process_time(); load_scenario(Path(sys.argv[1])); print((time.process_time() - t) * 1000)"
    )
    completed = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    return float(completed.stdout)


def next_load(file: Path) -> float:
    """ms of the processor's time when another file has been loaded before."""
    from flinkmock.scenario import load_scenario

    before = time.process_time()
    load_scenario(file)
    return (time.process_time() - before) * 1000


def command(action: str, file: Path) -> float:
    """ms of the processor's time of the whole process."""
    before = os.times()
    arguments = [sys.executable, "-m", "flinkmock", "scenario", action, file]
    subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return 1000 * (after.children_user + after.children_system - before.children_user - before.children_system)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    demo = READY / "demo.yaml"
    next_load(demo)
    measured: list[tuple[str, Callable[[], float]]] = [
        ("load demo.yaml, the first file of a process", lambda: first_load(demo)),
        ("load demo.yaml, a later one", lambda: next_load(demo)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("alike", alike()), ("eventful", eventful())):
            file = Path(folder, f"{name}.yaml")
            file.write_text(text, "utf-8")
            measured.append((f"load 1,000 jobs, {name}", lambda file=file: next_load(file)))
            for action in ("check", "plan"):
                label = f"scenario {action}, 1,000 jobs, {name}"
                measured.append((label, lambda action=action, file=file: command(action, file)))
        for label, measure in measured:
            values = [measure() for _ in range(rounds)]
            print(f"{label:45} median {statistics.median(values):7.0f} ms, best {min(values):7.0f} ms")


if __name__ == "__main__":
    main()
