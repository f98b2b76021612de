"""How long a test waits for an answer, a process or a thread before it gives up."""

from __future__ import annotations

PATIENCE = 120.0
"""Seconds. Ends a test that would wait without end; no machine is so busy that what works takes as long."""
