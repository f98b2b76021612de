"""The maximum time that a test waits for a response, a process or a thread."""

from __future__ import annotations

PATIENCE = 120.0
"""In seconds. It ends a test that would otherwise wait forever, and is long enough for busy machines."""
