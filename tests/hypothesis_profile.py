"""The number of examples that hypothesis draws: few, or many with HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")
_FACTORS = {"quick": 1, "thorough": 20}
_DEFAULT_EXAMPLE_COUNT = 50

# "quick" draws the same examples in each run, so that a failure is due to a change. There are no deadlines, because the
# machine may be busy.
settings.register_profile(
    "quick",
    max_examples=_DEFAULT_EXAMPLE_COUNT,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough",
    max_examples=_DEFAULT_EXAMPLE_COUNT * _FACTORS["thorough"],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(PROFILE)


def examples(count: int) -> settings:
    """Return the settings of a test that draws `count` examples, or 20 times as many in a thorough run."""
    return settings(max_examples=count * _FACTORS[PROFILE])
