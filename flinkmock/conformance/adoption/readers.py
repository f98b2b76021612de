"""Reads hand-written fakes: WireMock mappings, HAR, exported routes of Python's mocking libraries, plain bodies."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from flinkmock.conformance.adoption.guess import guess_request
from flinkmock.conformance.adoption.hand_written import HandWrittenResponse, hand_written_response
from flinkmock.errors import FlinkMockError, unreadable_message

SUFFIXES = (".json", ".har", ".yaml", ".yml")
PATTERN_KEYS = ("urlPattern", "urlPathPattern", "urlPathTemplate")
"""The keys of a WireMock request whose values are patterns."""
_URL_KEYS = ("url", "path", "url_pattern")
"""The keys of an exported route that may have its URL."""
_REQUEST = re.compile(r"^(?:(?P<method>GET|POST|PUT|PATCH|DELETE) )?(?P<path>/\S*)$")
"""A key in a file that maps requests to bodies: "GET /jobs/overview" or "/jobs/overview"."""


def read_fakes(paths: Iterable[Path]) -> list[HandWrittenResponse]:
    """Return the responses in files, and in all files with a known suffix in folders.

    Raises:
        FlinkMockError: A file can't be read, or is neither JSON nor YAML.
    """
    responses: list[HandWrittenResponse] = []
    for path in paths:
        files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES) if path.is_dir() else [path]
        for file in files:
            if "__files" not in file.parts:  # WireMock's mappings refer to these bodies
                responses += _read_file(file)
    return responses


def _read_file(file: Path) -> list[HandWrittenResponse]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FlinkMockError(unreadable_message(file, error)) from error
    document = _parse(text, file)
    try:
        return list(_responses(document, file))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise FlinkMockError(f"{file} looks like a known format, but differs from it: {error!r}.") from error


def _parse(text: str, file: Path) -> Any:
    if file.suffix in (".yaml", ".yml"):
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise FlinkMockError(f"{file} is not YAML: {str(error).splitlines()[0]}.") from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise FlinkMockError(f"{file} is not JSON: {error}.") from error


def _responses(document: Any, file: Path) -> Iterator[HandWrittenResponse]:
    """Yield the responses in a document. Its keys show the format."""
    source = str(file)
    if isinstance(document, Mapping) and isinstance(document.get("log"), Mapping) and "entries" in document["log"]:
        yield from _har(document["log"]["entries"], source)
    elif isinstance(document, Mapping) and isinstance(document.get("mappings"), list):
        for number, mapping in enumerate(document["mappings"]):
            yield from _wiremock(mapping, f"{source}[{number}]", file)
    elif isinstance(document, Mapping) and _is_wiremock(document):
        yield from _wiremock(document, source, file)
    elif isinstance(document, Mapping) and isinstance(document.get("responses"), list):
        yield from _routes([response.get("response", response) for response in document["responses"]], source)
    elif isinstance(document, Mapping) and document and all(_REQUEST.match(str(key)) for key in document):
        for key, body in document.items():
            if match := _REQUEST.match(str(key)):
                yield hand_written_response(f"{source}[{key}]", match["method"] or "GET", match["path"], 200, body)
    elif isinstance(document, list) and document and all(map(_is_route, document)):
        yield from _routes(document, source)
    else:
        request = guess_request(document, file.stem)
        yield HandWrittenResponse(source, request.method, request.path, request.status, document)


def _is_wiremock(document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("request"), Mapping) and isinstance(document.get("response"), Mapping)


def _is_route(entry: Any) -> bool:
    return isinstance(entry, Mapping) and any(key in entry for key in _URL_KEYS)


def _routes(entries: list[Any], source: str) -> Iterator[HandWrittenResponse]:
    for number, entry in enumerate(entries):
        response = entry.get("response") if isinstance(entry.get("response"), Mapping) else entry
        status = next((response[key] for key in ("status", "status_code") if key in response), 200)
        body = next(
            (response[key] for key in ("json", "body", "text", "content") if response.get(key) is not None), None
        )
        url = next((str(entry[key]) for key in _URL_KEYS if key in entry), None)
        if url is None:
            raise ValueError(f"response {number} has none of the keys {', '.join(_URL_KEYS)}")
        yield hand_written_response(
            f"{source}[{number}]",
            str(entry.get("method", "GET")),
            url,
            int(status),
            body,
            is_pattern="url_pattern" in entry,
        )


def _wiremock(mapping: Mapping[str, Any], source: str, file: Path) -> Iterator[HandWrittenResponse]:
    request, response = mapping["request"], mapping["response"]
    if "fault" in response and "status" not in response:
        return  # a broken connection
    pattern = next((str(request[key]) for key in PATTERN_KEYS if key in request), None)
    url = pattern or str(request.get("url", request.get("urlPath", "/")))
    method = str(request.get("method", "GET"))
    body = _wiremock_body(response, file)
    status = int(response.get("status", 200))
    yield hand_written_response(
        source, "GET" if method == "ANY" else method, url, status, body, is_pattern=pattern is not None
    )


def _wiremock_body(response: Mapping[str, Any], file: Path) -> Any:
    if "jsonBody" in response:
        return response["jsonBody"]
    if "base64Body" in response:
        return base64.b64decode(response["base64Body"]).decode("utf-8", errors="replace")
    if name := response.get("bodyFileName"):
        for folder in file.parents[:3]:
            body = folder / "__files" / str(name)
            if body.is_file():
                return body.read_text(encoding="utf-8")
        raise ValueError(f"there is no file __files/{name}")
    return response.get("body")


def _har(entries: list[Any], source: str) -> Iterator[HandWrittenResponse]:
    for number, entry in enumerate(entries):
        request, response = entry["request"], entry["response"]
        content = response.get("content", {})
        body = content.get("text", "")
        if content.get("encoding") == "base64":
            body = base64.b64decode(body).decode("utf-8", errors="replace")
        if response["status"]:  # 0: there was no response
            yield hand_written_response(
                f"{source}[{number}]", request["method"], request["url"], response["status"], body
            )
