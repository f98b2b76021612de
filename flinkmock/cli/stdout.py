"""Handles a reader that closes our standard output (`flinkmock serve | head -1`)."""

import os
import sys


def silence() -> None:
    """Redirect standard output to the null device, also for what Python flushes at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
