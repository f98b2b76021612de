"""Flink's REST API over HTTP: the request path, errors in Flink's words, and servers to run it in.

Names are looked up when they are asked for: who only wants to know how a path is read needs no aiohttp.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.journal import Exchange
    from flinkmock.server.app import Observer, create_app
    from flinkmock.server.dashboard import Dashboard
    from flinkmock.server.thread import ServerThread, serve

_HOMES = {
    "Dashboard": "flinkmock.server.dashboard",
    "Exchange": "flinkmock.journal",
    "Observer": "flinkmock.server.app",
    "ServerThread": "flinkmock.server.thread",
    "create_app": "flinkmock.server.app",
    "serve": "flinkmock.server.thread",
}

__all__ = ["Dashboard", "Exchange", "Observer", "ServerThread", "create_app", "serve"]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'flinkmock.server' has no attribute {name!r}")
