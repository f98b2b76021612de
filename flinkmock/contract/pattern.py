"""Matches requests against operations, and against patterns such as `GET /jobs/:jobid/*`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from flinkmock.contract.operation import Operation
from flinkmock.errors import InvalidArgument

_METHOD_AND_PATH = re.compile(r"([A-Z]+|\*) (/\S*)")
WILDCARD = "*"
"""In a pattern, any method, or any number of segments at the end of the path."""


def split_path(path: str) -> list[str]:
    """Split a path as Flink's router does: it ignores slashes at both ends, and a `?` with all that follows."""
    stripped = path.partition("?")[0].strip("/")
    return stripped.split("/") if stripped else []


def match_segments(pattern_segments: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    """Match the segments of a path against those of a pattern, such as ("jobs", ":jobid").

    Returns:
        The values of the parameters ({"jobid": …}); None if the path doesn't match.
    """
    if len(pattern_segments) != len(segments):
        return None
    values = {}
    for expected, segment in zip(pattern_segments, segments, strict=True):
        if expected.startswith(":"):
            values[expected[1:]] = segment
        elif expected != segment:
            return None
    return values


def path_parameters(operation: Operation, path: str) -> dict[str, str]:
    """Return the decoded values of the parameters in a path of the operation, which may begin with /v1."""
    segments = [unquote(segment) for segment in split_path(path)]
    return match_segments(operation.segments, segments[-len(operation.segments) :]) or {}


class OperationMatcher:
    """Finds the operation of a method and path. Literal segments take precedence over parameters."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations: dict[tuple[str, int], list[Operation]] = defaultdict(list)
        for operation in operations:
            self._operations[operation.method, len(operation.segments)].append(operation)
        for candidates in self._operations.values():
            candidates.sort(key=lambda operation: [segment.startswith(":") for segment in operation.segments])

    def match(self, method: str, segments: Sequence[str]) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation and the values of its path parameters; None if no operation matches."""
        for operation in self._operations.get((method, len(segments)), ()):
            values = match_segments(operation.segments, segments)
            if values is not None:
                return operation, values
        return None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of requests with a certain method and path.

    A segment such as `:jobid` matches any value of a parameter with any name. Other segments are literal, even if the
    operation has a parameter there. `*` matches any method and, as the last segment, any number of segments.
    """

    method: str
    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Parse "POST /jobs/:jobid/stop". Raises InvalidArgument if the text has another form."""
        match = _METHOD_AND_PATH.fullmatch(text.strip())
        if match is None:
            raise InvalidArgument(f'"{text}" is not a request pattern. Write method and path: POST /jobs/:jobid/stop.')
        return cls(match[1], tuple(split_path(match[2])))

    def matches(self, method: str, path: str, operation: Operation | None) -> bool:
        """Return whether the pattern contains a request.

        Args:
            method: The method of the request.
            path: The path of the request, decoded and without its query.
            operation: The operation of the request; None if there is none. A request of the operation `/jobs/overview`
                doesn't match the pattern `/jobs/:jobid`.
        """
        segments = split_path(path)
        if operation is not None:
            segments = segments[len(segments) - len(operation.segments) :]  # without /v1
        prefix = self._prefix
        if not self._has_method_and_length(method, segments) or match_segments(prefix, segments[: len(prefix)]) is None:
            return False
        # A parameter of the pattern does not match a literal segment of the operation.
        operation_segments = operation.segments if operation is not None else ()
        return all(
            operation_segment.startswith(":")
            for pattern_segment, operation_segment in zip(prefix, operation_segments, strict=False)
            if pattern_segment.startswith(":")
        )

    def may_match(self, operation: Operation) -> bool:
        """Return whether a path of the operation can match the pattern.

        Such a path may belong to another operation, which takes precedence: the path `/jobs/overview` can match
        `GET /jobs/:jobid`, but belongs to an operation without parameters.
        """
        prefix = self._prefix
        return (
            self._has_method_and_length(operation.method, operation.segments)
            and match_segments(operation.segments[: len(prefix)], prefix) is not None
        )

    @property
    def _prefix(self) -> tuple[str, ...]:
        """The segments before a final `*`."""
        return self.segments[:-1] if self.segments[-1:] == (WILDCARD,) else self.segments

    def _has_method_and_length(self, method: str, segments: Sequence[str]) -> bool:
        """Return whether the method and the number of segments match."""
        is_open_ended = len(self._prefix) < len(self.segments)
        excess = len(segments) - len(self._prefix)
        return self.method in (method, WILDCARD) and (excess == 0 or (is_open_ended and excess > 0))

    def __str__(self) -> str:
        return f"{self.method} /{'/'.join(self.segments)}"
