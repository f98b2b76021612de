"""The server that is measured, and what the operating system says of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCENARIO = """
cluster: {taskmanagers: 2, slots: 8, config: {jobstore.max-capacity: 100}}
jobs:
  orders: {extends: streaming, checkpoints: {every: 1s}}
  crashes: {lifecycle: [{repeat: forever, steps: [RUNNING: 5s, RESTARTING: 1s]}]}
faults:
  - {match: "GET /jobs/overview", chance: 1%, reply: leader-unavailable}
  - {match: "GET /jobs/:jobid", chance: 1%, reply: not-found}
  - {match: "GET /overview", chance: 1%, drop: close}
  - {match: "GET /overview", chance: 1%, drop: truncate}
  - {match: "POST /jobs/:jobid/savepoints", chance: 5%, reply: gateway-timeout}
  - {match: "GET /taskmanagers", chance: 1%, delay: 5ms}
"""
"""Its job store is small, so that the jobs that the clients submit and cancel are forgotten."""
PATIENCE = 120.0
"""Seconds until a request counts as one without a response."""


def memory_of(pid: int) -> float:
    """Return the resident memory of a process (MB)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def files_of(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def processor_of(pid: int) -> float:
    """Return the processor time that a process has used (s)."""
    user, system = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Server:
    """`flinkmock serve` in a process and a temporary folder of its own."""

    def __init__(self, folder: Path, *, before: Callable[[], None] | None = None) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        (folder / "scenario.yaml").write_text(SCENARIO, "utf-8")
        environment = {**os.environ, "TMPDIR": str(self.temporary), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "flinkmock", "serve", str(folder / "scenario.yaml"), "--port", "0", "--quiet"]
        with (folder / "errors").open("wb") as errors:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, preexec_fn=before
            )
        assert self.process.stdout is not None
        self.url = next(word for word in self.process.stdout.readline().split() if word.startswith("http"))
        self.host, self.port = self.url.removeprefix("http://").split(":")
        self._errors = folder / "errors"

    @property
    def errors(self) -> str:
        return self._errors.read_text("utf-8", "replace")

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
