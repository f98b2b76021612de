"""`METHOD /path/:parameter`: how a scenario or a test names requests; `GET /jobs/*` or `* /jars` names several."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flinkmock.contract.operation import Operation
from flinkmock.errors import InvalidArgument

_FORM = re.compile(r"([A-Z]+|\*) (/\S*)")
ANY = "*"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Requests of one method to a path. A segment such as `:jobid` stands for a parameter, whatever its value and its
    name; any other segment, in the place of a parameter too, is what the client wrote. `*` is any method, and as the
    last segment all that is left of a path, if anything is."""

    method: str
    segments: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Pattern:
        """From "POST /jobs/:jobid/stop". Raises InvalidArgument for text of another form."""
        form = _FORM.fullmatch(text.strip())
        if form is None:
            raise InvalidArgument(f'"{text}" names no requests. Write a method and a path: POST /jobs/:jobid/stop.')
        return cls(form[1], _segments(form[2]))

    def fits(self, method: str, path: str, operation: Operation | None) -> bool:
        """Whether a request is meant. `path` is decoded and without a query; `operation` is what it was taken for:
        `/jobs/overview` is no `/jobs/:jobid`."""
        theirs = _segments(path)
        if operation is not None:
            theirs = theirs[len(theirs) - len(operation.segments) :]  # without /v1
        if not self._as_long(theirs) or self.method not in (method, ANY):
            return False
        declared = operation.segments if operation is not None else (":",) * len(theirs)
        return all(
            name.startswith(":") if mine.startswith(":") else mine == value
            for mine, value, name in zip(self._fixed, theirs, declared, strict=False)
        )

    def of(self, operation: Operation) -> bool:
        """Whether requests of that operation can be meant."""
        return (
            self.method in (operation.method, ANY)
            and self._as_long(operation.segments)
            and all(
                name.startswith(":") or mine == name
                for mine, name in zip(self._fixed, operation.segments, strict=False)
            )
        )

    @property
    def _fixed(self) -> tuple[str, ...]:
        return self.segments[:-1] if self.segments[-1:] == (ANY,) else self.segments

    def _as_long(self, segments: tuple[str, ...]) -> bool:
        fixed = len(self._fixed)
        return len(segments) == fixed if fixed == len(self.segments) else len(segments) >= fixed

    def __str__(self) -> str:
        return f"{self.method} /{'/'.join(self.segments)}"


def _segments(path: str) -> tuple[str, ...]:
    return tuple(segment for segment in path.split("/") if segment)
