"""What to do when the reader of our output has gone (`flinkmock serve | head -1`)."""

import os
import sys


def silence() -> None:
    """Standard output goes nowhere from here on, also what Python flushes when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
