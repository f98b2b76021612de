"""Finds the data files, which are at the top of a checkout, or in `flinkmock/_data/` of an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flinkmock.errors import FlinkMockError

_PACKAGE = Path(__file__).resolve().parent


@cache
def data_dir(name: str) -> Path:
    """Return the path of a data folder: "schemas" or "scenarios". Raises FlinkMockError if it is missing."""
    candidates = (_PACKAGE / "_data" / name, _PACKAGE.parent / name)
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise FlinkMockError(f"flinkmock's {name} are missing at {candidates[0]} and {candidates[1]}. Reinstall flinkmock.")
