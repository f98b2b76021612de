"""A fake cluster inside a test: `FlinkMock` for any test runner, and the pytest fixture `flinkmock` (plugin.py)."""

from flinkmock.testing.mock import FlinkMock

__all__ = ["FlinkMock"]
