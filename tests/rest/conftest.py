"""The fixtures of tests/server, because some tests of this folder send requests through a real socket."""

from tests.server.conftest import client, serve

__all__ = ["client", "serve"]
