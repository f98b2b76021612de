"""Runs `flinkmock` as a process, without the 0.3 s that Python takes to import it: a process that has forks.

Each file of tests that uses this also starts a command as users do, as `python -m flinkmock …`.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Self, TextIO

from tests.timeouts import PATIENCE

ROOT = Path(__file__).parents[1]


@cache
def _server() -> socket.socket:
    """Start the process that forks; it ends with this one."""
    own, others = socket.socketpair()
    with others:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(others.fileno())],
            cwd=ROOT,
            pass_fds=[others.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    @atexit.register
    def end() -> None:
        own.close()
        process.wait()

    return own


class ForkedCommand:
    """A process of `flinkmock ARGUMENTS`, with pipes as its standard streams. It has what is used of `Popen`.

    Attributes:
        pid: The process id.
        returncode: The exit code; None while it is not known to have ended.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] = os.environ) -> None:
        (stdin, own_in), (own_out, stdout), (own_err, stderr), (own_report, report) = (os.pipe() for _ in range(4))
        theirs = [stdin, stdout, stderr, report]
        request = {"arguments": arguments, "environment": dict(environment), "folder": os.getcwd()}
        socket.send_fds(_server(), [json.dumps(request).encode()], theirs)
        for descriptor in theirs:
            os.close(descriptor)
        self.stdin: TextIO = open(own_in, "w", encoding="utf-8")  # noqa: SIM115
        self.stdout: TextIO = open(own_out, encoding="utf-8")  # noqa: SIM115
        self.stderr: TextIO = open(own_err, encoding="utf-8")  # noqa: SIM115
        self._report = open(own_report)  # noqa: SIM115
        self.pid = int(self._report.readline())
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self) -> int:
        """Return the exit code."""
        if self.returncode is None:
            assert select.select([self._report], [], [], PATIENCE)[0], "the command does not end"
            self.returncode = int(self._report.readline())
        return self.returncode

    def communicate(self, text: str = "") -> tuple[str, str]:
        """Write standard input, wait for the end, and return the rest of standard output and standard error."""
        with ThreadPoolExecutor(2) as readers:
            outputs = [readers.submit(stream.read) for stream in (self.stdout, self.stderr) if not stream.closed]
            if not self.stdin.closed:
                with contextlib.suppress(BrokenPipeError), self.stdin:
                    self.stdin.write(text)
            self.wait()
            out, err = [""] * (2 - len(outputs)) + [output.result() for output in outputs]
        return out, err

    def close(self) -> None:
        """End the process."""
        self.kill()
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self.wait()
        self._report.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def run(*arguments: str, text: str = "") -> tuple[int, str, str]:
    """Run a command to its end; return its exit code, its standard output and its standard error."""
    with ForkedCommand(*arguments) as command:
        out, err = command.communicate(text)
        return command.wait(), out, err
