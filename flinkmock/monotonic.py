"""Monotonic time of the machine for waits and timeouts.

Tests replace `time.monotonic`: freezegun freezes it, and `flinkmock_time` lets it follow the cluster. With such a
clock, a server would never send a delayed response.
"""

from __future__ import annotations

import time

if hasattr(time, "clock_gettime"):

    def monotonic() -> float:
        """Return seconds since an arbitrary time, which never decrease."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:  # Windows
    _CLOCK = (time.monotonic,)  # a tuple, because freezegun replaces the attributes of modules

    def monotonic() -> float:
        """Return seconds since an arbitrary time, which never decrease."""
        return _CLOCK[0]()
