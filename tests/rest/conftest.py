"""The fixtures of the server's tests: the request path is tested through a real socket, too."""

from tests.server.conftest import client, serve

__all__ = ["client", "serve"]
