"""Forks processes that run `flinkmock`, from one that has imported it. `tests/forked_command.py` starts it.

    python -m tests.fork_server DESCRIPTOR

The descriptor is a socket. Each message contains the arguments, the environment and the working directory of a command,
with the descriptors of its standard streams, and of a pipe for its process id and its exit code.
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

Request = dict[str, Any]


def wait_for_command(control: socket.socket) -> Request | None:
    """Fork for each message. Returns its request in the process of the command, and None at the end of the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for pytest, which closes the socket
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets ended supervisors
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


def supervise(request: Request, descriptors: list[int]) -> Request:
    """Fork the process of a command, which returns. The process around it writes down its id and its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, report = descriptors
    process = os.fork()
    if process == 0:
        os.close(report)
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        return request
    for descriptor in streams:
        os.close(descriptor)
    os.write(report, b"%d\n" % process)
    _, status = os.waitpid(process, 0)
    os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def run(request: Request) -> int:
    """Run a command in its process."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    tempfile.tempdir = None
    sys.stdin, sys.stdout = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    return main(request["arguments"])


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as wire:
        command = wait_for_command(wire)
    sys.exit(0 if command is None else run(command))
