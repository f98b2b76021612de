"""A process of `flinkmock proxy` for the scripts that send much through it."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Self


class ProxyProcess:
    """Runs `flinkmock proxy` in a `with` block, and ends it as Ctrl-C does. Its output is not read until then.

    Args:
        upstream_url: The URL of the cluster.
        options: Further options of `flinkmock proxy`.

    Attributes:
        url: The URL of the proxy.
        exit_code: The exit code, after the block.
        output: What the proxy printed after its first line, after the block.
    """

    def __init__(self, upstream_url: str, *options: str) -> None:
        self.url = self.output = ""
        self.exit_code: int | None = None
        command = [sys.executable, "-m", "flinkmock", "proxy", upstream_url, "--port", "0", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[3].rstrip(",")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        self.output, _ = self._process.communicate()
        self.exit_code = self._process.returncode
