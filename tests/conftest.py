"""Settings of all tests: how many examples hypothesis draws, how long clients wait, which tests come first."""

import functools
import gc
import inspect
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _pytest.pytester
import certifi
import httpx
import pytest

from flinkmock.conformance import http_client
from flinkmock.server import delayed_responses
from tests import hypothesis_profile  # noqa: F401  loads the profile
from tests.timeouts import PATIENCE

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[1]


# httpx gives up after 5 s by default, which a busy machine may need for a request: all its functions share one default
httpx_default = inspect.signature(httpx.get).parameters["timeout"].default
for phase in ("connect", "read", "write", "pool"):
    setattr(httpx_default, phase, PATIENCE)


@pytest.fixture(scope="session", autouse=True)
def _one_tls_context() -> Iterator[None]:
    """Each client of httpx makes one with the same certificates, which takes longer than its requests."""
    make = ssl.create_default_context
    cached = functools.cache(make)
    usual = {certifi.where(), os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")}

    def create(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        return cached(**kwargs) if not args and kwargs and usual.issuperset(kwargs.values()) else make(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", create)
        yield


@pytest.fixture(scope="session", autouse=True)
def _long_timeouts() -> Iterator[None]:
    """Wall clock timeouts of flinkmock in seconds: for a checked server, and for a virtual clock to advance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_client, "TIMEOUT_S", PATIENCE)
        patch.setattr(delayed_responses, "VIRTUAL_CLOCK_TIMEOUT_S", PATIENCE)
        yield


class _TestsForgotten:
    """Removes only the modules of a pytester run after it. pytester removes all modules that were imported during the
    run, and some can't be imported twice (yaml's C part, requests, httpx)."""

    def __init__(self, preserve: object = None) -> None:
        self._before = frozenset(sys.modules)

    def restore(self) -> None:
        for name in sys.modules.keys() - self._before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and not file.startswith((sys.prefix, sys.base_prefix, str(ROOT))):
                del sys.modules[name]


_pytest.pytester.SysModulesSnapshot = _TestsForgotten


LONGEST = ["test_fidelity", "test_coherence", "test_every_operation", "test_deployer"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, or one worker is left with them in the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


# Modules and tests live to the end: each full garbage collection would visit their objects, and find nothing.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
    gc.enable()
