"""Monotonic time of the machine for waits and timeouts.

Tests replace `time.monotonic`: freezegun freezes it, and `flinkmock_time` lets it follow the cluster. A server that
waits by such a clock would never send a delayed response.
"""

from __future__ import annotations

import time

if hasattr(time, "clock_gettime"):

    def monotonic() -> float:
        """Return seconds that only grow, from an arbitrary moment."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:  # Windows
    _CLOCK = (time.monotonic,)  # a tuple, because freezegun replaces the attributes of modules

    def monotonic() -> float:
        """Return seconds that only grow, from an arbitrary moment."""
        return _CLOCK[0]()
