"""Runs pytest in a test, with tests that use the plugin."""

from __future__ import annotations

import pytest

from tests.pytest_options import NO_WORKERS, OPTIONS

PREAMBLE = """
import urllib.error, urllib.request
import pytest

def send(flink, path, method="GET", body=None):
    try:
        request = urllib.request.Request(flink.url + path, method=method, data=body)
        return urllib.request.urlopen(request).read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code
"""


def run_tests(pytester: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    """Run tests. They can call `send(flink, path)`, which returns the body, or the status of an error response."""
    pytester.makepyfile(PREAMBLE + tests)
    return pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, *options)
