"""Responses as they are recorded: without most headers, and with long texts cut."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

TEXT_LIMIT = 20_000
"""The length to which a text body is cut, in characters."""
STRING_LIMIT = 1_500
"""The length to which a string in a JSON body is cut, in characters."""
RECORDED_HEADERS = frozenset(
    {
        "allow",
        "cache-control",
        "connection",
        "content-disposition",
        "content-encoding",
        "content-type",
        "date",
        "expires",
        "last-modified",
        "location",
        "server",
        "transfer-encoding",
    }
)
HEADERS_WITH_A_TIME = frozenset({"date", "expires", "last-modified"})

NO_RESPONSE = {"status": 0, "headers": {}, "kind": "none"}
"""What is recorded if the server sends no response."""


class RawResponse(NamedTuple):
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


def cut_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Cut text to `limit` characters. Of a stack trace, only the first three lines and the causes remain."""
    if "\n\tat " in text:
        lines = text.split("\n")
        recorded = [
            line
            for number, line in enumerate(lines)
            if number < 3 or line.startswith("Caused by:") or line in ("End of exception on server side>", "")
        ]
        if cut_count := len(lines) - len(recorded):
            recorded.append(f"\t... [cut {cut_count} lines]")
        text = "\n".join(recorded)
    if len(text) > limit:
        text = text[:limit] + f" [cut {len(text) - limit} characters]"
    return text


def cut_json(value: Any, key: str | None = None, depth: int = 0) -> Any:
    """Cut the strings of a JSON body, thread dumps to four threads, and flame graphs to 12 levels below the root.

    Each level of a flame graph adds two to the depth: an object and the list of its children.
    """
    if isinstance(value, str):
        return cut_text(value, STRING_LIMIT)
    if isinstance(value, list):
        if key == "threadInfos":
            value = value[:4]
        if key == "children" and depth > 24:
            value = []
        return [cut_json(item, key, depth + 1) for item in value]
    if isinstance(value, dict):
        return {name: cut_json(item, name, depth + 1) for name, item in value.items()}
    return value


def recorded_headers(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Return the headers that are recorded, with replacements for values that differ between runs."""
    recorded = {}
    for name, value in headers:
        name = name.lower()
        if name in RECORDED_HEADERS or name.startswith("access-control-"):
            recorded[name] = "<time>" if name in HEADERS_WITH_A_TIME else value
        elif name == "content-length":
            recorded[name] = "present"
    return recorded


def record(response: RawResponse, text_limit: int = TEXT_LIMIT) -> tuple[dict[str, Any], Any]:
    """Return a response as it is recorded, and its body: JSON, text, or None if it is empty or binary."""
    recorded: dict[str, Any] = {
        "status": response.status,
        "reason": response.reason,
        "headers": recorded_headers(response.headers),
    }
    if not response.body:
        return recorded | {"kind": "empty"}, None
    try:
        text = response.body.decode("utf-8")
    except UnicodeDecodeError:
        return recorded | {"kind": "binary", "bytes": len(response.body)}, None
    try:
        body = json.loads(text)
    except ValueError:
        return recorded | {"kind": "text", "text": cut_text(text, text_limit)}, text
    return recorded | {"kind": "json", "body": cut_json(body)}, body
