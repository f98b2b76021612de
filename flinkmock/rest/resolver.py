"""Resolves a method and a target to an operation and its parameters, converted.

Clients poll the same targets over and over, so the last ones are cached.
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
from flinkmock.rest.error_responses import plain, rest
from flinkmock.rest.parameters import BadParameter, path_values, query_values
from flinkmock.rest.request_target import BadEscape, Target
from flinkmock.rest.response import Response
from flinkmock.rest.router import Router

_REMEMBERED = 1024
"""Targets of one release."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """A target, parsed and routed.

    Attributes:
        path: Decoded once; None if that is not possible.
        operation: None if no operation matches.
        path_parameters: Parameter name -> text, decoded twice.
        path_values: Parameter name -> converted value.
        query_values: Parameter name -> list of converted values. Parameters that are missing or empty are absent.
        rejection: The response to a target that Netty or the router rejects.
        parameter_error: The response if a parameter can't be converted.
    """

    path: str | None = None
    operation: Operation | None = None
    path_parameters: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    path_values: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    query_values: Mapping[str, Sequence[Any]] = field(default_factory=lambda: _NOTHING)
    rejection: Response | None = None
    parameter_error: Response | None = None


class TargetResolver:
    """Resolves the targets of one release under a cluster's configuration. Clusters share it, see `resolver_of`."""

    def __init__(self, contract: Contract, configuration: Mapping[str, str]) -> None:
        self.router = Router(contract, configuration)
        self.resolve = lru_cache(_REMEMBERED)(self._resolve)

    def _resolve(self, method: str, target: str) -> ResolvedTarget:
        """`target`: each byte as one character (Latin-1)."""
        if len(method) + len(target) + len("  HTTP/1.1") > limits.REQUEST_LINE:
            text = messages.unable_to_load(messages.BAD_REQUEST_PATH)
            return ResolvedTarget(rejection=plain(404, text, cors=False, close=True))
        try:
            parsed = Target.parse(target)
            route = self.router.route(method, parsed.path)
        except BadEscape as error:
            return ResolvedTarget(rejection=plain(500, messages.pipeline_error(str(error)), close=True))
        if route is None:
            return ResolvedTarget(parsed.path)
        operation, texts = route.operation, MappingProxyType(dict(route.path))
        try:
            # GeneratedLogUrlHandler takes the text of a path as it is
            path = texts if traits_of(operation.id).is_log_url else MappingProxyType(path_values(operation, texts))
            query = MappingProxyType(query_values(operation, parsed.query))
        except BadParameter as error:
            cause = JavaException(java_classes.HANDLER_REQUEST_EXCEPTION, str(error))
            response = rest(400, messages.bad_parameters(str(error)), cause)
            return ResolvedTarget(parsed.path, operation, texts, parameter_error=response)
        return ResolvedTarget(parsed.path, operation, texts, path, query)


def resolver_of(contract: Contract, configuration: Mapping[str, str]) -> TargetResolver:
    """Return the resolver of a release under a configuration. Cached."""
    settings = ((key, configuration[key]) for key in _settings_of(contract) if key in configuration)
    return _resolver_of(contract, tuple(settings))


@lru_cache(64)
def _resolver_of(contract: Contract, settings: tuple[tuple[str, str], ...]) -> TargetResolver:
    return TargetResolver(contract, dict(settings))


@lru_cache(64)
def _settings_of(contract: Contract) -> tuple[str, ...]:
    """The settings that decide which operations are registered."""
    return tuple(sorted({key for operation in contract.operations for key in operation.requires_config}))
