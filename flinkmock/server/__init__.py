"""Serves the REST API over HTTP."""

from flinkmock.journal import Exchange
from flinkmock.journal.middleware import Observer
from flinkmock.rest.dashboard import Dashboard
from flinkmock.server.thread import ServerThread, serve

__all__ = ["Dashboard", "Exchange", "Observer", "ServerThread", "serve"]
