"""Settings for all tests: hypothesis, timeouts, the order of tests, and what makes tests faster."""

import functools
import gc
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _pytest.config
import _pytest.pytester
import certifi
import pytest

from flinkmock.conformance import http_client
from flinkmock.server import delayed_responses
from tests import hypothesis_profile  # noqa: F401  loads the profile
from tests.httpx_timeout import set_default_timeout
from tests.timeouts import TEST_TIMEOUT_S

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[1]

set_default_timeout(TEST_TIMEOUT_S)


@pytest.fixture(scope="session", autouse=True)
def _one_tls_context() -> Iterator[None]:
    """Share one TLS context between the clients of httpx. Creating one takes longer than a request."""
    create_context = ssl.create_default_context
    create_context_once = functools.cache(create_context)
    default_files = {certifi.where(), os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")}

    def create(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        if not args and kwargs and default_files.issuperset(kwargs.values()):
            return create_context_once(**kwargs)
        return create_context(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", create)
        yield


@pytest.fixture(scope="session", autouse=True)
def _long_timeouts() -> Iterator[None]:
    """Lengthen two timeouts of flinkmock: for responses of a checked server, and for delays under a virtual clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_client, "TIMEOUT_S", TEST_TIMEOUT_S)
        patch.setattr(delayed_responses, "VIRTUAL_CLOCK_TIMEOUT_S", TEST_TIMEOUT_S)
        yield


class _TestModulesSnapshot:
    """Removes the test modules of a pytester run from `sys.modules` after the run.

    pytester removes all modules that were imported during the run, but some can't be imported twice (the C extension of
    yaml, requests, httpx).
    """

    def __init__(self, preserve: object = None) -> None:
        self._original_names = frozenset(sys.modules)

    def restore(self) -> None:
        for name in sys.modules.keys() - self._original_names:
            file = getattr(sys.modules[name], "__file__", None)
            if file and not file.startswith((sys.prefix, sys.base_prefix, str(ROOT))):
                del sys.modules[name]


_pytest.pytester.SysModulesSnapshot = _TestModulesSnapshot


def _do_not_mark_again(*args: object) -> None:
    """Do nothing, instead of a method of pytest that lists the files of all plugins in each pytester run."""


_pytest.config.Config._mark_plugins_for_rewrite = _do_not_mark_again


SLOWEST_MODULES = ["test_fidelity", "test_java", "test_coherence", "test_every_operation", "test_deployer"]
"""The names of the test modules with the slowest tests, the slowest first."""


def _position(module: str) -> int:
    return SLOWEST_MODULES.index(module) if module in SLOWEST_MODULES else len(SLOWEST_MODULES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest tests first, so that no worker has to run them at the end, when the other workers are idle."""
    items.sort(key=lambda item: _position(item.path.stem))


# Modules and tests live until the end of the run. `gc.freeze` keeps garbage collections from visiting their objects.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
    gc.enable()
