"""Responses as recordings contain them: without most headers, and with long text cut."""

from __future__ import annotations

import json
from typing import Any

TEXT_LIMIT = 20_000
STRING_LIMIT = 1_500
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


def cut_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Cut text to `limit` characters. Of a stack trace, keep the first three lines and each `Caused by`."""
    if "\n\tat " in text:
        lines = text.split("\n")
        remaining = [
            line
            for i, line in enumerate(lines)
            if i < 3 or line.startswith("Caused by:") or line in ("End of exception on server side>", "")
        ]
        if dropped := len(lines) - len(remaining):
            remaining.append(f"\t... [cut {dropped} lines]")
        text = "\n".join(remaining)
    if len(text) > limit:
        text = text[:limit] + f" [cut {len(text) - limit} characters]"
    return text


def cut_json(value: Any, key: str | None = None, depth: int = 0) -> Any:
    """Cut all text of a JSON body. Of thread dumps, keep four threads; of flame graphs, 24 levels."""
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
    recorded = {}
    for name, value in headers:
        name = name.lower()
        if name in RECORDED_HEADERS or name.startswith("access-control-"):
            recorded[name] = "<time>" if name in HEADERS_WITH_A_TIME else value
        elif name == "content-length":
            recorded[name] = "present"
    return recorded


def record(
    status: int, reason: str, headers: list[tuple[str, str]], raw: bytes, text_limit: int = TEXT_LIMIT
) -> tuple[dict[str, Any], Any]:
    """Return a response as it is recorded, and its body: JSON, text, or None if it is empty or binary."""
    recorded: dict[str, Any] = {"status": status, "reason": reason, "headers": recorded_headers(headers)}
    if not raw:
        return recorded | {"kind": "empty"}, None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return recorded | {"kind": "binary", "bytes": len(raw)}, None
    try:
        body = json.loads(text)
    except ValueError:
        return recorded | {"kind": "text", "text": cut_text(text, text_limit)}, text
    return recorded | {"kind": "json", "body": cut_json(body)}, body
