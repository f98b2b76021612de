"""Formats tables as text in columns or as Markdown, and numbers with nouns."""

from __future__ import annotations

from collections.abc import Sequence

Rows = Sequence[Sequence[str]]


def columns(rows: Rows) -> str:
    """Align rows in columns. The last column is not padded."""
    if not rows:
        return ""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]) - 1)]
    lines = (
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def markdown(head: Sequence[str], rows: Rows) -> str:
    """Return a table in GitHub's Markdown."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 request", "2 requests"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
