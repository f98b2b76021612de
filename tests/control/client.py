"""A client of the control API that checks each response against the OpenAPI document."""

from __future__ import annotations

from typing import Any

import httpx
from jsonschema import Draft202012Validator

from flinkmock.control.api import API_PREFIX, all_operations
from flinkmock.control.openapi import openapi_document


class Control:
    """Sends requests to the control API at `url`, such as `FlinkMock.control_url`."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.url = url
        self.headers = headers or {}

    def request(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        """Send a request, assert the status of the response, and return its JSON; text for other content types."""
        headers = {**self.headers, **options.pop("headers", {})}
        response = httpx.request(method, f"{self.url}/{path}", headers=headers, **options)
        assert response.status_code == status, response.text
        check_response(response)
        content_type = response.headers.get("content-type", "")
        return response.json() if content_type.startswith("application/json") else response.text

    def get(self, path: str, **options: Any) -> Any:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.request("POST", path, **({} if body is None else {"json": body}), **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.request("PUT", path, **({} if body is None else {"json": body}), **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.request("DELETE", path, **{"status": 204, **options})

    def error(self, method: str, path: str, status: int, **options: Any) -> str:
        """Send a request that is rejected; return the message of the error."""
        message: str = self.request(method, path, status=status, **options)["error"]["message"]
        return message


def check_response(response: httpx.Response) -> None:
    """Assert that the OpenAPI document describes the response."""
    segments = response.request.url.raw_path.decode().partition("?")[0].removeprefix(API_PREFIX).strip("/").split("/")
    candidates = [
        operation
        for operation in all_operations()
        if operation.method == response.request.method
        and len(operation.segments) == len(segments)
        and all(
            pattern == segment or pattern.startswith("{")
            for pattern, segment in zip(operation.segments, segments, strict=True)
        )
    ]
    if not candidates:
        assert response.status_code in (401, 403, 404, 405)
        return
    operation = min(candidates, key=lambda candidate: len(candidate.path_parameters))
    responses = openapi_document()["paths"][operation.path][operation.method.lower()]["responses"]
    assert str(response.status_code) in responses, f"{operation.id} does not document {response.status_code}"
    content = responses[str(response.status_code)].get("content")
    content_type = response.headers.get("content-type", "").partition(";")[0]
    if content is None:
        assert response.content == b""
        return
    [schema] = [media["schema"] for name, media in content.items() if name.partition(";")[0] == content_type]
    if content_type == "application/json":
        Draft202012Validator({**schema, "components": openapi_document()["components"]}).validate(response.json())
