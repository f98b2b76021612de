"""Reads Flink's documentation page of the REST API, as HTML or converted to text.

All three layouts have one grammar: an operation starts with its path as a heading, followed by verb and response code
in code style, parameters as list items, and (since 1.13) request and response schema as code blocks in draft-03.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any

from flinkmock.contract.importing.description import DescribedOperation, Description, parameter
from flinkmock.contract.importing.draft03 import Draft03Converter

_HEADING = re.compile(r"^##### \W*?(/\S*)", re.M)
_VERB = re.compile(r"`(GET|POST|PUT|PATCH|DELETE)`")
_STATUS = re.compile(r"`(\d{3})\b")
_FENCE = re.compile(r"^```\n(.*?)^```$", re.M | re.S)
_PARAMETER = re.compile(r"^\* `?([\w-]+)`?(?: \((optional|mandatory)\))? ?[:-] ?(.*)$", re.M)


def read_page(text: str) -> Description:
    """Return the operations of a page; none if the text is not such a page.

    Raises:
        json.JSONDecodeError, KeyError: A schema is broken.
    """
    if re.search(r"<(table|h5|td)\b", text):
        text = _text_of_html(text)
    elif re.search(r"^\| \*\*/", text, re.M):
        text = _text_of_tables(text)
    description = Description("documentation page")
    schemas = Draft03Converter(description.definitions)
    starts = list(_HEADING.finditer(text))
    for start, end in zip_longest(starts, starts[1:]):
        section = text[start.end() : end.start() if end else None]
        operation = _operation(start[1].rstrip("#"), section, schemas)
        if operation:
            description.operations.append(operation)
    return description


def _operation(path: str, section: str, schemas: Draft03Converter) -> DescribedOperation | None:
    verb, status = _VERB.search(section), _STATUS.search(section)
    if not verb or not status:
        return None
    operation = DescribedOperation(verb[1], path, int(status[1]))
    for name, need, sentence in _PARAMETER.findall(section.split("```", 1)[0]):
        entry = parameter(name, sentence.strip(), required=need != "optional", query=bool(need))
        (operation.query_parameters if need else operation.path_parameters).append(entry)
    bodies: list[Mapping[str, Any]] = [json.loads(block) for block in _FENCE.findall(section)]
    if len(bodies) == 2:
        operation.request = schemas.convert(bodies[0], "@request") if bodies[0] else None
        operation.response = schemas.convert(bodies[1])
    operation.file_upload = "multi-part data" in section or "multipart/form-data" in section
    return operation


def _text_of_tables(text: str) -> str:
    """Convert the layout of 1.12: Markdown tables, with all path or query parameters in one cell."""
    text = re.sub(r"^\| \*\*(/\S*?)\*\*", r"##### \1\n", text, flags=re.M)
    text = re.sub(r"`([\w-]+)` (\((?:optional|mandatory)\):)", r"\n* \1 \2", text)
    return re.sub(r"(?:^\| |(?<=[.)])\s*)`(\w+)` - ", r"\n* \1 - ", text, flags=re.M)


class _Renderer(HTMLParser):
    """Converts HTML to the text layout: headings, list items, code and code blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self._pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self._pre = True
        marks = {"h5": "\n##### ", "li": "\n* ", "pre": "\n```\n", "code": "" if self._pre else "`", "td": "\n"}
        self.out.append(marks.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        marks = {"h5": "\n", "li": "\n", "pre": "\n```\n", "code": "" if self._pre else "`"}
        self.out.append(marks.get(tag, ""))
        if tag == "pre":
            self._pre = False

    def handle_data(self, data: str) -> None:
        self.out.append(data)


def _text_of_html(text: str) -> str:
    renderer = _Renderer()
    renderer.feed(text)
    renderer.close()
    return "".join(renderer.out)
