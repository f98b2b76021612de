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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The suites that take minutes come first, so that several workers go through them side by side."""
    items.sort(key=lambda item: item.get_closest_marker("fidelity") is None)
