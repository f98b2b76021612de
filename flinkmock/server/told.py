"""The behaviours of `flinkmock.server.behaviour` as sentences: what two releases do differently beyond their contracts.

Each sentence is the docstring under the field, so that the table and what is told of it can't differ.
"""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise

from flinkmock.release import Release
from flinkmock.server.behaviour import Behaviour


def changes_of_behaviour(old: Release, new: Release) -> list[str]:
    """One sentence for each thing that the two do differently, with the older value where it is no yes or no."""
    before, after = Behaviour.of(old), Behaviour.of(new)
    return [
        f"{name.replace('_', ' ')}: {words}{_values(getattr(before, name), getattr(after, name))}"
        for name, words in _sentences().items()
        if getattr(before, name) != getattr(after, name)
    ]


def _values(before: object, after: object) -> str:
    if isinstance(before, bool):
        return ""
    return f" ({_plain(before)} → {_plain(after)})"


def _plain(value: object) -> str:
    return ".".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _sentences() -> dict[str, str]:
    """Field -> its docstring (Python keeps none at run time)."""
    [described] = ast.parse(inspect.getsource(Behaviour)).body
    assert isinstance(described, ast.ClassDef)
    found = {}
    for field, words in pairwise(described.body):
        if isinstance(field, ast.AnnAssign) and isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant):
            assert isinstance(field.target, ast.Name)
            found[field.target.id] = " ".join(str(words.value.value).split())
    return found
