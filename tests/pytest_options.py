"""Options of the pytest runs that tests start."""

from __future__ import annotations

from importlib import metadata

OPTIONS = ("-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function")
NO_WORKERS = ("-p", "no:xdist")

_NEEDED_PLUGINS = {"flinkmock", "xdist", "xdist.looponfail"}
NO_OTHER_PLUGINS = tuple(
    f"-pno:{plugin.name}" for plugin in metadata.entry_points(group="pytest11") if plugin.name not in _NEEDED_PLUGINS
)
"""Importing the other plugins takes longer than the tests of such a run."""
