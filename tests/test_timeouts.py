"""No test fails on a busy machine: clients in tests wait for minutes, unless a test sets a timeout."""

from __future__ import annotations

import httpx

from tests.timeouts import PATIENCE


def test_httpx_waits() -> None:
    with httpx.Client() as client:
        assert client.timeout == httpx.Timeout(PATIENCE)
