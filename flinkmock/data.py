"""Finds the data files: at the top of a checkout, or in `flinkmock/_data/` of an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def data_dir(name: str) -> Path:
    """Return the folder `name` ("schemas" or "scenarios"). Raises FileNotFoundError if the installation lacks it."""
    candidates = (_PACKAGE / "_data" / name, _PACKAGE.parent / name)
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"flinkmock's {name} are missing at {candidates[0]} and {candidates[1]}: reinstall it")
