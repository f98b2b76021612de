"""Options for tests that run pytest themselves."""

from __future__ import annotations

from importlib import metadata

OPTIONS = ("-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function")
NO_WORKERS = ("-p", "no:xdist")

_KEPT_PLUGINS = {"flinkmock", "xdist", "xdist.looponfail"}
NO_OTHER_PLUGINS = tuple(
    f"-pno:{plugin.name}" for plugin in metadata.entry_points(group="pytest11") if plugin.name not in _KEPT_PLUGINS
)
"""Turns off all other plugins: loading them takes longer than the tests. Some tests need xdist."""
