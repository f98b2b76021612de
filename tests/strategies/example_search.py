"""Finds examples of a hypothesis strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import Phase, find, settings
from hypothesis.strategies import SearchStrategy


def simplest_example(strategy: SearchStrategy[Any]) -> Any:
    """Return the example that all others shrink to."""
    return find(
        strategy, lambda example: True, settings=settings(max_examples=1, phases=[Phase.generate], database=None)
    )


def find_example(strategy: SearchStrategy[Any], condition: Callable[[Any], bool]) -> Any:
    """Return an example that meets a condition, not shrunk."""
    return find(strategy, condition, settings=settings(max_examples=500, phases=[Phase.generate], database=None))


def minimal_example(strategy: SearchStrategy[Any], condition: Callable[[Any], bool]) -> Any:
    """Return the simplest example that meets a condition."""
    phases = [Phase.generate, Phase.target, Phase.shrink]  # not Phase.explain, which traces each line that runs
    return find(strategy, condition, settings=settings(max_examples=1000, phases=phases, database=None))
