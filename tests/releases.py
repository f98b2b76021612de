"""Releases as parameters of tests."""

from __future__ import annotations

import pytest

from flinkmock import known_releases

USUAL_RELEASES = ("1.12", "1.20", "2.3")
"""The oldest release, the last of 1.x, and the newest: these differ most."""
EACH_RELEASE = [
    pytest.param(release, marks=() if release in USUAL_RELEASES else pytest.mark.slow) for release in known_releases()
]
"""All releases, for `parametrize`. Tests of releases that are not in `USUAL_RELEASES` are slow tests."""
