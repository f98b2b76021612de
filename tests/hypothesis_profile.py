"""How many examples hypothesis draws: few, or many with HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")
_TIMES = {"quick": 1, "thorough": 20}
_USUAL = 50

# the same examples each time: a change fails by what it breaks and not by what it draws; "thorough" looks for more.
# No deadlines: other programs use the machine too.
settings.register_profile(
    "quick", max_examples=_USUAL, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "thorough",
    max_examples=_USUAL * _TIMES["thorough"],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(PROFILE)


def examples(count: int) -> settings:
    """Settings of a test that draws `count` examples, or many times as many in a thorough run."""
    return settings(max_examples=count * _TIMES[PROFILE])
