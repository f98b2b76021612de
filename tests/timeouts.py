"""The maximum time that a test waits for a response, a process or a thread."""

from __future__ import annotations

TEST_TIMEOUT_S = 120.0
"""Ends a test that would otherwise wait forever; long enough for busy machines."""
