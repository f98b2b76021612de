"""Settings of all tests: the number of examples of hypothesis, timeouts, the order of tests, garbage collection."""

import functools
import gc
import inspect
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _pytest.config
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


# the default timeout of httpx is 5 s, which is too short on a busy machine; all its functions share one default
httpx_default = inspect.signature(httpx.get).parameters["timeout"].default
for phase in ("connect", "read", "write", "pool"):
    setattr(httpx_default, phase, PATIENCE)


@pytest.fixture(scope="session", autouse=True)
def _one_tls_context() -> Iterator[None]:
    """Share one TLS context between the clients of httpx. To create it takes longer than a request."""
    original = ssl.create_default_context
    cached = functools.cache(original)
    default_files = {certifi.where(), os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")}

    def create(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        return (
            cached(**kwargs)
            if not args and kwargs and default_files.issuperset(kwargs.values())
            else original(*args, **kwargs)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", create)
        yield


@pytest.fixture(scope="session", autouse=True)
def _long_timeouts() -> Iterator[None]:
    """Lengthen the timeouts of flinkmock for the responses of a checked server and for a virtual clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_client, "TIMEOUT_S", PATIENCE)
        patch.setattr(delayed_responses, "VIRTUAL_CLOCK_TIMEOUT_S", PATIENCE)
        yield


class _TestModulesSnapshot:
    """Removes only the test modules of a pytester run after it.

    pytester removes all modules that were imported during the run, but some can't be imported twice (the C extension of
    yaml, requests, httpx).
    """

    def __init__(self, preserve: object = None) -> None:
        self._before = frozenset(sys.modules)

    def restore(self) -> None:
        for name in sys.modules.keys() - self._before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and not file.startswith((sys.prefix, sys.base_prefix, str(ROOT))):
                del sys.modules[name]


_pytest.pytester.SysModulesSnapshot = _TestModulesSnapshot


def _already_marked(*args: object) -> None:
    """Do nothing. Each pytester run would list the files of all packages with plugins again."""


_pytest.config.Config._mark_plugins_for_rewrite = _already_marked


LONGEST_MODULES = ["test_fidelity", "test_java", "test_coherence", "test_every_operation", "test_deployer"]


def _order(module: str) -> int:
    return LONGEST_MODULES.index(module) if module in LONGEST_MODULES else len(LONGEST_MODULES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first; otherwise one worker still runs them when the others have finished."""
    items.sort(key=lambda item: _order(item.path.stem))


# modules and tests live to the end: a full garbage collection would visit their objects in vain
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
    gc.enable()
