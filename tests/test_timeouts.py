"""Clients of httpx in tests wait two minutes for a response, so that no test fails on a busy machine."""

from __future__ import annotations

import httpx

from tests.timeouts import TEST_TIMEOUT_S


def test_the_default_timeout_of_httpx_is_long() -> None:
    with httpx.Client() as client:
        assert client.timeout == httpx.Timeout(TEST_TIMEOUT_S)
