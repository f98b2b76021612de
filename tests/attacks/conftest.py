"""The fixtures of tests/server."""

from tests.server.conftest import client, serve

__all__ = ["client", "serve"]
