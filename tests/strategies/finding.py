"""Finds examples of strategies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import Phase, find, settings
from hypothesis.strategies import SearchStrategy


def simplest(strategy: SearchStrategy[Any]) -> Any:
    """What everything else shrinks to: hypothesis begins with it."""
    return find(strategy, lambda drawn: True, settings=settings(max_examples=1, phases=[Phase.generate], database=None))


def some(strategy: SearchStrategy[Any], told: Callable[[Any], bool]) -> Any:
    """One that is as told, not shrunk."""
    return find(strategy, told, settings=settings(max_examples=500, phases=[Phase.generate], database=None))


def least(strategy: SearchStrategy[Any], told: Callable[[Any], bool]) -> Any:
    """The simplest one that is as told."""
    return find(strategy, told, settings=settings(max_examples=1000, database=None))
