"""A fake cluster inside a test: `FlinkMock` (mock.py) for any test runner, and the pytest fixtures (plugin.py)."""
