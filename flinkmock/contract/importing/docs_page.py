"""Reads Flink's documentation page of the REST API, as HTML or converted to text.

Flink has published the page in three layouts. Each is converted to the same kind of text, which has the path of an
operation as a heading, its method and status in code style, its parameters as list items, and (since 1.13) the draft-03
schemas of request and response as code blocks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any

from flinkmock.contract.importing.description import DescribedOperation, Description, parameter_entry
from flinkmock.contract.importing.draft03 import Draft03Converter

_HEADING = re.compile(r"^##### \W*?(/\S*)", re.M)
_METHOD = re.compile(r"`(GET|POST|PUT|PATCH|DELETE)`")
_STATUS = re.compile(r"`(\d{3})\b")
_CODE_BLOCK = re.compile(r"^```\n(.*?)^```$", re.M | re.S)
_PARAMETER = re.compile(r"^\* `?([\w-]+)`?(?: \((optional|mandatory)\))? ?[:-] ?(.*)$", re.M)


def read_page(text: str) -> Description:
    """Return the operations of a page. The description is empty if the text is not such a page.

    Raises:
        json.JSONDecodeError, KeyError: A schema is broken.
    """
    if re.search(r"<(table|h5|td)\b", text):
        text = _text_of_html(text)
    elif re.search(r"^\| \*\*/", text, re.M):
        text = _text_of_tables(text)
    description = Description("documentation page")
    schemas = Draft03Converter(description.definitions)
    headings = list(_HEADING.finditer(text))
    for heading, next_heading in zip_longest(headings, headings[1:]):
        section = text[heading.end() : next_heading.start() if next_heading else None]
        operation = _operation(heading[1].rstrip("#"), section, schemas)
        if operation:
            description.operations.append(operation)
    return description


def _operation(path: str, section: str, schemas: Draft03Converter) -> DescribedOperation | None:
    method, status = _METHOD.search(section), _STATUS.search(section)
    if not method or not status:
        return None
    operation = DescribedOperation(method[1], path, int(status[1]))
    for name, optional_or_mandatory, sentence in _PARAMETER.findall(section.split("```", 1)[0]):
        is_query = bool(optional_or_mandatory)  # only query parameters are optional or mandatory
        entry = parameter_entry(
            name, sentence.strip(), is_required=optional_or_mandatory != "optional", is_query=is_query
        )
        parameters = operation.query_parameters if is_query else operation.path_parameters
        parameters.append(entry)
    bodies: list[Mapping[str, Any]] = [json.loads(block) for block in _CODE_BLOCK.findall(section)]
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


class _TextConverter(HTMLParser):
    """Converts HTML to text with marks for headings, list items, code and code blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._in_code_block = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self._in_code_block = True
        marks = {
            "h5": "\n##### ",
            "li": "\n* ",
            "pre": "\n```\n",
            "code": "" if self._in_code_block else "`",
            "td": "\n",
        }
        self.parts.append(marks.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        marks = {"h5": "\n", "li": "\n", "pre": "\n```\n", "code": "" if self._in_code_block else "`"}
        self.parts.append(marks.get(tag, ""))
        if tag == "pre":
            self._in_code_block = False

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _text_of_html(text: str) -> str:
    converter = _TextConverter()
    converter.feed(text)
    converter.close()
    return "".join(converter.parts)
