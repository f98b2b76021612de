"""What all rooms share: fewer hypothesis examples by default, and no deadlines on a machine that others use too."""

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

# the same examples each time: a change fails by what it breaks and not by what it draws; "thorough" looks for more
settings.register_profile(
    "quick", max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def imported() -> None:
    """For runs of pytest in this process (pytester), which are much faster than others. What is imported in them is
    forgotten, and not everything likes to be imported twice; so it is imported before."""
    import aiohttp  # noqa: F401
    import httpx  # noqa: F401
    import requests  # noqa: F401

    from flinkmock import FlinkMock

    with FlinkMock():
        pass


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The suites that take minutes come first, so that several workers go through them side by side."""
    items.sort(key=lambda item: item.get_closest_marker("fidelity") is None)
