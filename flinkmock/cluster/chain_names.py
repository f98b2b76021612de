"""The names of vertices, which contain the names of their chained operators."""

from __future__ import annotations

from collections.abc import Sequence


def chained_operators(name: str) -> tuple[str, ...]:
    """Return the operators in the name of a vertex. The text in parentheses after a fork is one of them."""
    return tuple(filter(None, split_outside_parentheses(name, " -> "))) or (name,)


def chained_name(name: str, branches: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the operators of a chain: `a -> b`, or `a -> (b, c)` at a fork (createChainedName)."""
    if not branches:
        return (name,)
    if len(branches) == 1:
        return (name, *branches[0])
    return (name, f"({', '.join(' -> '.join(operators) for operators in branches)})")


def split_outside_parentheses(text: str, separator: str) -> list[str]:
    """Split a text at the separators that are not in parentheses."""
    parts: list[str] = []
    open_parentheses = 0
    for piece in text.split(separator):
        if open_parentheses > 0:
            parts[-1] += separator + piece
        else:
            parts.append(piece)
        open_parentheses = max(0, open_parentheses + piece.count("(") - piece.count(")"))
    return parts
