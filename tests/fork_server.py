"""A process that has imported flinkmock and forks a process for each command. `tests/forked_command.py` starts it.

    python -m tests.fork_server DESCRIPTOR

DESCRIPTOR is the file descriptor of a socket. Each message on this socket contains the arguments, the environment and
the working directory of a command, the descriptors of the command's standard streams, and the descriptor of a pipe, to
which the command's process id and exit code are written.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import tempfile
from typing import Any

import flinkmock.cli.proxy
import flinkmock.cli.serve
import flinkmock.engine
import flinkmock.proxy
import flinkmock.scenario
import flinkmock.server  # noqa: F401  (imported once for all commands)
from flinkmock.cli import main

Command = dict[str, Any]
"""The `arguments`, the `environment` and the `working_directory` of a command."""


def wait_for_command(control: socket.socket) -> Command | None:
    """Fork two processes for each message: the command, and a supervisor that waits for it.

    Returns in two kinds of processes: in the process of a command, with the command; and in the fork server, with None,
    when the socket is closed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for pytest, which closes the socket
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors that have ended don't become zombies
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1 << 20, 4)
        if not message:
            return None
        if os.fork() == 0:
            control.close()
            return supervise(json.loads(message), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def supervise(command: Command, descriptors: list[int]) -> Command:
    """Fork the process of a command, in which this function returns. Report its id and, when it ends, its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, status_pipe = descriptors
    process_id = os.fork()
    if process_id == 0:
        os.close(status_pipe)
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        return command
    for descriptor in streams:
        os.close(descriptor)
    os.write(status_pipe, b"%d\n" % process_id)
    _, status = os.waitpid(process_id, 0)
    os.write(status_pipe, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def run(command: Command) -> int:
    """Run a command in this process; return its exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["working_directory"])
    tempfile.tempdir = None
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1)
    return main(command["arguments"])


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as control:
        command = wait_for_command(control)
    sys.exit(0 if command is None else run(command))
