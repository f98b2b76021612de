"""Routes requests to operations as Flink's router does. See docs/flink-behaviour.md#routing.

The router splits the path, which was decoded once, and decodes each segment a second time; `+` is then a space.
Slashes at both ends are ignored. Literal segments take precedence over parameters, but only within one method.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flinkmock.contract import Contract, Operation
from flinkmock.contract.pattern import OperationMatcher, split_path
from flinkmock.rest.request_target import decode

_DEFAULTS: Mapping[str, bool] = {"web.submit.enable": True, "rest.profiling.enabled": False}
"""The defaults of options that decide which operations are registered."""


@dataclass(frozen=True, slots=True)
class Route:
    """An operation that matches a path, with the path parameters decoded twice and not yet converted."""

    operation: Operation
    path_parameters: Mapping[str, str]


class Router:
    """The operations of a contract that are registered under a cluster's configuration."""

    def __init__(self, contract: Contract, configuration: Mapping[str, str]) -> None:
        self._api_version = contract.default_api_version
        self._matcher = OperationMatcher(
            operation for operation in contract.operations if _is_registered(operation.requires_config, configuration)
        )

    def route(self, method: str, path: str) -> Route | None:
        """Return the route of a path that was decoded once; None if there is none. Raises BadEscape."""
        matched = self._match(method, path)
        return Route(*matched) if matched else None

    def multipart_operation(self, target: str) -> Operation | None:
        """Return the operation that decides whether a POST may have parts and files.

        FileUploadHandler finds this operation in MultipartRoutes, which decode the target only once. Raises BadEscape.
        """
        matched = self._match("POST", target)
        return matched[0] if matched else None

    def _match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Match a path, which may begin with the API version. Raises BadEscape."""
        segments = [decode(segment) for segment in split_path(path)]  # a `?` here is one that was escaped
        matched = self._matcher.match(method, segments)
        if matched is None and segments[:1] == [self._api_version]:
            matched = self._matcher.match(method, segments[1:])
        return matched


def _is_registered(required_values: Mapping[str, Any], configuration: Mapping[str, str]) -> bool:
    """Return whether a configuration has the values that an operation requires."""
    for key, required_value in required_values.items():
        text = configuration.get(key)
        value = _DEFAULTS.get(key, False) if text is None else text.strip().lower() == "true"
        if value != required_value:
            return False
    return True
