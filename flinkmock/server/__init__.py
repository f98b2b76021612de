"""Flink's REST API over HTTP: the request path, errors in Flink's words, and servers to run it in."""

from flinkmock.journal import Exchange
from flinkmock.server.app import Observer, create_app
from flinkmock.server.dashboard import Dashboard
from flinkmock.server.thread import ServerThread, serve

__all__ = ["Dashboard", "Exchange", "Observer", "ServerThread", "create_app", "serve"]
