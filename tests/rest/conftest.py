"""The fixtures of the tests of the server, because the request path is tested through a real socket, too."""

from tests.server.conftest import client, serve

__all__ = ["client", "serve"]
