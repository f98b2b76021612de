"""The server under load, and its memory, open files and CPU time."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
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
"""The job store is small, so that the cluster soon forgets the jobs that clients cancel."""
PATIENCE_S = 120.0
"""The time in s after which a request counts as one without a response, and a measurement as failed."""


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process (MiB)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def open_file_count(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used (s)."""
    user, system = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Server:
    """A process of `flinkmock serve`.

    Args:
        folder: The folder for the scenario, the log, and the folder of temporary files.
        file_size_limit: The size up to which files can grow, in bytes; None for no limit.
    """

    def __init__(self, folder: Path, *, file_size_limit: int | None = None) -> None:
        self.temporary_folder = folder / "tmp"
        self.temporary_folder.mkdir(exist_ok=True)
        (folder / "scenario.yaml").write_text(SCENARIO, "utf-8")
        environment = {**os.environ, "TMPDIR": str(self.temporary_folder), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "flinkmock", "serve", str(folder / "scenario.yaml"), "--port", "0", "--quiet"]

        def limit_file_size() -> None:
            if file_size_limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_size_limit, file_size_limit))

        with (folder / "errors").open("wb") as errors:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, preexec_fn=limit_file_size
            )
        assert self.process.stdout is not None
        self.url = next(word for word in self.process.stdout.readline().split() if word.startswith("http"))
        self.host, self.port = self.url.removeprefix("http://").split(":")
        self._error_file = folder / "errors"

    @property
    def error_output(self) -> str:
        """The standard error of the process."""
        return self._error_file.read_text("utf-8", "replace")

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Send a signal, if the process still runs; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)
