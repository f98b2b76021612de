"""Compares two error responses: keys, number of messages, and the first lines of messages without ids and paths."""

from __future__ import annotations

import re
from typing import Any

REPLACEMENTS = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\b[0-9a-fA-F]{40}\b|\b[0-9a-fA-F]{32}\b"), "<id>"),
    (re.compile(r"@[0-9a-f]{1,8}\b"), "@<hash>"),
    (re.compile(r"\S*/flink-web-upload"), "<upload>"),
    (re.compile(r"\b[\w.-]+:\d{4,5}-[0-9a-f]{6}\b"), "<tm>"),
    (re.compile(r"https?://[^/\s]+"), "<url>"),
    (re.compile(r"\b\d{5,}\b"), "<n>"),
    (re.compile(r"file:/+[^\s,'\"]+"), "<file>"),
)
"""Parts of error messages that differ between runs, and the text that replaces them before messages are compared."""


def normalize(text: str) -> str:
    """Replace the parts of an error message that differ between runs."""
    for pattern, replacement in REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text


def first_line(message: Any) -> str:
    """Return the first line of a message, normalized; if it only introduces a stack trace, with the second line."""
    lines = str(message).split("\n")
    if lines[0].startswith("<Exception on server side:") and len(lines) > 1:
        return normalize(f"{lines[0]} {lines[1]}")
    return normalize(lines[0])


def compare_errors(real: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return the differences of the bodies of two error responses."""
    differences = []
    real_messages, other_messages = real.get("errors") or [], other.get("errors") or []
    if list(real) != list(other):
        differences.append(f"error body keys {list(other)} not {list(real)}")
    if len(real_messages) != len(other_messages):
        differences.append(f"{len(other_messages)} messages, not {len(real_messages)}")
    for real_message, other_message in zip(real_messages, other_messages, strict=False):
        if first_line(real_message) != first_line(other_message):
            differences.append(f"message '{first_line(other_message)[:160]}' not '{first_line(real_message)[:160]}'")
    return differences
