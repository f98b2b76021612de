"""One response of a hand-written fake."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

WILDCARD = "*"
"""Stands for a segment of a path that the fake matches with a pattern."""
_PLAIN_SEGMENT = re.compile(r"[\w.~%@:,+=-]+")
_LAZY_QUANTIFIER = re.compile(r"((?:\.|\\w)[*+])\?")
_CHARACTER_CLASS = re.compile(r"\[[^\]]*\][?*+]*")
_INNERMOST_GROUP = re.compile(r"\(([^()]*)\)[?*+]*")
_URI_TEMPLATE_QUERY = re.compile(r"\{[?&][^}]*\}")


@dataclass(frozen=True, slots=True)
class HandWrittenResponse:
    """One response of a hand-written fake.

    Attributes:
        source: File and position: "mappings/jobs.json", "routes.json[2]".
        method: The method of the request; "" if it is unknown.
        path: The path and the query of the request; of a pattern, the path with `*` for segments that vary. "" if it is
            unknown.
        status: The status of the response.
        body: The parsed JSON; the text if it is not JSON; None if it is empty.
        is_json: False if the body is text that is not JSON.
    """

    source: str
    method: str
    path: str
    status: int
    body: Any
    is_json: bool = True

    @property
    def request(self) -> str:
        """The request as text: "GET /jobs/overview"."""
        return f"{self.method} {self.path}".strip() or "unknown request"


def hand_written_response(
    source: str, method: str, url: str, status: int, body: Any, *, is_pattern: bool = False
) -> HandWrittenResponse:
    """Create a HandWrittenResponse from a URL and a body.

    Args:
        source: File and position.
        method: The method of the request, in any case.
        url: A URL or path.
        status: The status of the response.
        body: Parsed JSON, or text that may be JSON.
        is_pattern: Whether the URL is a regular expression or a URI template.
    """
    path = _path_of_pattern(url) if is_pattern else _path(url)
    parsed, is_json = _parsed(body)
    return HandWrittenResponse(source, method.upper(), path, status, parsed, is_json)


def _parsed(body: Any) -> tuple[Any, bool]:
    if not isinstance(body, str):
        return body, True
    if not body.strip():
        return None, True
    try:
        return json.loads(body), True
    except ValueError:
        return body, False


def _path(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
    return path + (f"?{parts.query}" if parts.query else "")


def _path_of_pattern(pattern: str) -> str:
    """Return the path of a regular expression or a URI template, with `*` for each segment that is not plain text."""
    text = pattern.replace("\\/", "/").replace("\\.", ".").replace("\\-", "-").replace("[?]", "\\?")
    text = _LAZY_QUANTIFIER.sub(r"\1", text)
    text = _CHARACTER_CLASS.sub(WILDCARD, text)  # may contain slashes and parentheses
    text = _without_leading_origin_group(text.removeprefix("^"))
    text = text.partition("\\?")[0]  # a query, which may begin in a group: /jobs(\?.*)?
    count = 1
    while count:
        text, count = _INNERMOST_GROUP.subn(_group_as_path, text)
    text = re.sub(r"\((\?:)?", "", text)  # the start of the group of the query
    text = re.sub(r"\{[^}]*\}", WILDCARD, _URI_TEMPLATE_QUERY.sub("", text))
    text = re.sub(r"^([\w?*]+://[^/]+|\.\*(?=/))", "", text).removesuffix("$")
    path = text.partition("?")[0]
    return "/" + "/".join(_plain_or_wildcard(segment) for segment in path.split("/") if segment)


def _without_leading_origin_group(text: str) -> str:
    """Return a pattern without the group that it begins with, if that matches an origin: (https?://host(:8081)?)?"""
    depth = 0
    for match in re.finditer(r"[()]", text) if text.startswith("(") else ():
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return text[match.end() :].removeprefix("?") if "://" in text[: match.end()] else text
    return text


def _group_as_path(group: re.Match[str]) -> str:
    """Return a path for a group of a regular expression that contains no other groups."""
    content = group[1].removeprefix("?:")
    if not content.strip("/"):
        return content
    return f"/{WILDCARD}" if content.startswith("/") else WILDCARD


def _plain_or_wildcard(segment: str) -> str:
    return segment if _PLAIN_SEGMENT.fullmatch(segment) and ".+" not in segment else WILDCARD
