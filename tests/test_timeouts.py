"""A busy machine fails no test: clients of tests wait for minutes unless the test says otherwise."""

from __future__ import annotations

import httpx

from tests.timeouts import PATIENCE


def test_httpx_waits() -> None:
    with httpx.Client() as client:
        assert client.timeout == httpx.Timeout(PATIENCE)
