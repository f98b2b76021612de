"""What the tests of the pytest plugin share."""

import aiohttp  # noqa: F401
import httpx  # noqa: F401
import pytest
import requests  # noqa: F401

from flinkmock import FlinkMock


@pytest.fixture(scope="session")
def imported() -> None:
    """Their runs are in this process, which is much faster. What is imported in them pytester forgets, and not
    everything likes to be imported twice; so it is imported before."""
    with FlinkMock():
        pass
