"""Resolves a method and a target to an operation and its converted parameters.

The most recently used targets are cached, because clients poll the same ones repeatedly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from flinkmock import limits
from flinkmock.contract import Contract, Operation
from flinkmock.contract.operation_traits import traits_of
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.error_responses import plain_error, rest_error
from flinkmock.rest.parameters import BadParameter, path_values, query_values
from flinkmock.rest.request_target import BadEscape, Target
from flinkmock.rest.response import Response
from flinkmock.rest.router import Router

_MAX_CACHED_TARGETS = 1024
"""The maximum number of cached targets per resolver."""
_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """A target, parsed and routed.

    Attributes:
        path: The path, decoded once; None if the target is rejected.
        operation: The operation that matches; None if none does.
        path_parameters: Parameter name -> text, decoded a second time, as in Flink's router.
        path_values: Parameter name -> converted value.
        query_values: Parameter name -> list of converted values, without parameters that are missing or have
            several values, all of them empty (`a=,`).
        rejection: The response to a target that Netty or the router rejects.
        parameter_error: The response if a parameter can't be converted.
    """

    path: str | None = None
    operation: Operation | None = None
    path_parameters: Mapping[str, str] = field(default_factory=lambda: _NO_PARAMETERS)
    path_values: Mapping[str, Any] = field(default_factory=lambda: _NO_PARAMETERS)
    query_values: Mapping[str, Sequence[Any]] = field(default_factory=lambda: _NO_PARAMETERS)
    rejection: Response | None = None
    parameter_error: Response | None = None


class TargetResolver:
    """Resolves the targets of one release under a configuration. Clusters share resolvers, see `resolver_of`."""

    def __init__(self, contract: Contract, configuration: Mapping[str, str]) -> None:
        self.router = Router(contract, configuration)
        self.resolve = lru_cache(_MAX_CACHED_TARGETS)(self._resolve)

    def _resolve(self, method: str, target: str) -> ResolvedTarget:
        """Resolve a target, in which each byte is one character (Latin-1)."""
        if len(f"{method} {target} HTTP/1.1") > limits.REQUEST_LINE:
            text = messages.unable_to_load(messages.BAD_REQUEST_PATH)
            return ResolvedTarget(rejection=plain_error(404, text, has_cors_header=False, closes_connection=True))
        try:
            parsed = Target.parse(target)
            route = self.router.route(method, parsed.path)
        except BadEscape as error:
            return ResolvedTarget(
                rejection=plain_error(500, messages.pipeline_error(str(error)), closes_connection=True)
            )
        if route is None:
            return ResolvedTarget(parsed.path)
        operation, texts = route.operation, MappingProxyType(dict(route.path_parameters))
        try:
            # GeneratedLogUrlHandler uses path parameters without converting them
            is_log_url = traits_of(operation.id).is_log_url
            values_in_path = texts if is_log_url else MappingProxyType(path_values(operation, texts))
            values_in_query = MappingProxyType(query_values(operation, parsed.query))
        except BadParameter as error:
            cause = JavaException(java_classes.HANDLER_REQUEST_EXCEPTION, str(error))
            response = rest_error(400, messages.bad_parameters(str(error)), cause)
            return ResolvedTarget(parsed.path, operation, texts, parameter_error=response)
        return ResolvedTarget(parsed.path, operation, texts, values_in_path, values_in_query)


def resolver_of(contract: Contract, configuration: Mapping[str, str]) -> TargetResolver:
    """Return the cached resolver of a release under a configuration."""
    settings = ((key, configuration[key]) for key in _registration_options(contract) if key in configuration)
    return _cached_resolver(contract, tuple(settings))


@lru_cache(64)
def _cached_resolver(contract: Contract, settings: tuple[tuple[str, str], ...]) -> TargetResolver:
    return TargetResolver(contract, dict(settings))


@lru_cache(64)
def _registration_options(contract: Contract) -> tuple[str, ...]:
    """Return the options that decide which operations are registered."""
    return tuple(sorted({key for operation in contract.operations for key in operation.requires_config}))
