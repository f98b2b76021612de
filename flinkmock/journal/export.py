"""Exports a journal as JSON lines or HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flinkmock.journal.exchange import Exchange
from flinkmock.journal.journal import Journal


def as_json(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as JSON. `time` and `wall-time` are in ms since the epoch."""
    return {
        "number": exchange.number,
        "time": exchange.time,
        "wall-time": exchange.wall_time,
        "method": exchange.method,
        "target": exchange.target,
        "operation": exchange.operation,
        "parameters": dict(exchange.parameters),
        "query": exchange.query,
        "body": exchange.body,
        "files": list(exchange.files),
        "job": exchange.job,
        "status": exchange.status,
        "fault": exchange.fault,
        "rejection": exchange.contract_review.rejection,
        "advice": list(exchange.contract_review.advice),
        "ignored": list(exchange.ignored),
    }


def as_json_lines(exchanges: Iterable[Exchange]) -> str:
    """Return one line of JSON per exchange, with the keys of `as_json`."""
    return "".join(f"{to_json_text(as_json(exchange))}\n" for exchange in exchanges)


def to_json_text(value: dict[str, Any]) -> str:
    """Return JSON that can be encoded as UTF-8: lone surrogates, which UTF-8 does not have, are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    # JSON and `backslashreplace` have the same escapes
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def as_har(journal: Journal, base_url: str) -> dict[str, Any]:
    """Return the journal as a HAR log. Fields that HAR does not have start with an underscore.

    Args:
        journal: The journal.
        base_url: URL of the cluster.
    """
    log = _har_log([har_entry(exchange, base_url) for exchange in journal])
    if journal.dropped:
        log["comment"] = f"{journal.dropped} older requests were dropped"
    return {"log": log}


def har_frame() -> tuple[str, str]:
    """Return the text of a HAR log before its entries, and the text after them."""
    before, _, after = json.dumps({"log": _har_log([])}).partition("[]")
    return f"{before}[", f"\n]{after}\n"


def _har_log(entries: list[dict[str, Any]]) -> dict[str, Any]:
    from flinkmock import __version__

    return {"version": "1.2", "creator": {"name": "flinkmock", "version": __version__}, "entries": entries}


def har_entry(exchange: Exchange, base_url: str) -> dict[str, Any]:
    """Return an exchange as an entry of a HAR log.

    Args:
        exchange: The exchange.
        base_url: URL of the cluster.
    """
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": base_url + exchange.target,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in exchange.headers],
        "queryString": [{"name": name, "value": value} for name, values in exchange.query.items() for value in values],
        "headersSize": -1,
        "bodySize": len(exchange.body_bytes) if exchange.body_bytes is not None else -1,
    }
    if exchange.body_bytes:
        content_type = next((value for name, value in exchange.headers if name.lower() == "content-type"), "")
        request["postData"] = {
            "mimeType": content_type,
            "params": [],
            "text": exchange.body_bytes.decode("utf-8", errors="replace"),
        }
    started = datetime.fromtimestamp(exchange.wall_time / 1000, UTC).isoformat(timespec="milliseconds")
    duration_ms = exchange.duration_us / 1000
    return {
        "startedDateTime": started.replace("+00:00", "Z"),
        "time": duration_ms,
        "request": request,
        "response": {
            "status": exchange.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": {"size": exchange.response_size, "mimeType": exchange.content_type or ""},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": exchange.response_size if exchange.status else -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": duration_ms, "receive": 0},
        "_operation": exchange.operation,
        "_clusterTime": exchange.time,
        "_job": exchange.job,
        "_fault": exchange.fault,
        "_advice": list(exchange.contract_review.advice),
    }
