"""Where the project's data files lie: at the top of a checkout, in `flinkmock/_data/` of an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def data_dir(name: str) -> Path:
    """The folder `name` ("schemas", "scenarios"). Raises FileNotFoundError when the installation lacks it."""
    places = (_PACKAGE / "_data" / name, _PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"flinkmock's {name} are neither at {places[0]} nor at {places[1]}: broken installation")
