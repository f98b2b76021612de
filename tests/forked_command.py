"""Runs `flinkmock` as a process that `tests/fork_server.py` forks, which saves the 0.3 s that the imports take.

Each test module that imports this module also starts a command as users do, as `python -m flinkmock …`.
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

from tests.timeouts import TEST_TIMEOUT_S

ROOT = Path(__file__).parents[1]


@cache
def _fork_server_socket() -> socket.socket:
    """Start the fork server, which ends with this process; return the socket that controls it."""
    control, server_end = socket.socketpair()
    with server_end:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(server_end.fileno())],
            cwd=ROOT,
            pass_fds=[server_end.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    @atexit.register
    def end() -> None:
        control.close()
        process.wait()

    return control


class ForkedCommand:
    """A process of `flinkmock ARGUMENTS`, with pipes as its standard streams. Its interface is a part of `Popen`'s.

    Attributes:
        pid: The process id.
        returncode: The exit code; None until `wait` has returned it.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] = os.environ) -> None:
        (stdin, stdin_writer), (stdout_reader, stdout), (stderr_reader, stderr), (status_reader, status_writer) = (
            os.pipe() for _ in range(4)
        )
        command_descriptors = [stdin, stdout, stderr, status_writer]
        command = {"arguments": arguments, "environment": dict(environment), "working_directory": os.getcwd()}
        socket.send_fds(_fork_server_socket(), [json.dumps(command).encode()], command_descriptors)
        for descriptor in command_descriptors:
            os.close(descriptor)
        self.stdin: TextIO = os.fdopen(stdin_writer, "w", encoding="utf-8")
        self.stdout: TextIO = os.fdopen(stdout_reader, encoding="utf-8")
        self.stderr: TextIO = os.fdopen(stderr_reader, encoding="utf-8")
        self._status_pipe = os.fdopen(status_reader)
        self.pid = int(self._status_pipe.readline())
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
        """Wait for the end of the process; return its exit code."""
        if self.returncode is None:
            assert select.select([self._status_pipe], [], [], TEST_TIMEOUT_S)[0], "the command does not end"
            self.returncode = int(self._status_pipe.readline())
        return self.returncode

    def communicate(self, text: str = "") -> tuple[str, str]:
        """Write standard input, wait for the end, and return the rest of standard output and standard error."""
        with ThreadPoolExecutor(2) as readers:
            out, err = (readers.submit(_read_to_end, stream) for stream in (self.stdout, self.stderr))
            if not self.stdin.closed:
                with contextlib.suppress(BrokenPipeError), self.stdin:
                    self.stdin.write(text)
            self.wait()
            return out.result(), err.result()

    def close(self) -> None:
        """Kill the process, and close its streams."""
        self.kill()
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self.wait()
        self._status_pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _read_to_end(stream: TextIO) -> str:
    return "" if stream.closed else stream.read()


def run(*arguments: str, text: str = "") -> tuple[int, str, str]:
    """Run a command until it ends; return its exit code, its standard output and its standard error.

    Args:
        arguments: The arguments of `flinkmock`.
        text: The standard input.
    """
    with ForkedCommand(*arguments) as command:
        out, err = command.communicate(text)
        return command.wait(), out, err
