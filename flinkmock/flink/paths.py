"""Paths of checkpoints and savepoints, parsed and printed as by Flink's `org.apache.flink.core.fs.Path`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from flinkmock.flink import java_classes
from flinkmock.flink.environment import JAVA_17
from flinkmock.flink.java_exception import JavaException

WORKING_DIRECTORY = JAVA_17.home
"""The working directory of a JobManager, to which paths without a scheme are relative."""


class InvalidPath(Exception):
    """Flink's Path rejects the text.

    Attributes:
        exception: The exception of the constructor of Path.
    """

    def __init__(self, exception: JavaException) -> None:
        super().__init__(exception.message)
        self.exception = exception


@dataclass(frozen=True, slots=True)
class FlinkPath:
    """A path with an optional scheme and authority. `str` returns the same text as `Path.toString`."""

    scheme: str | None
    authority: str
    path: str

    def __str__(self) -> str:
        path = self.path
        if self.scheme is None and not self.authority and _has_drive(path.removeprefix("/")):
            path = path.removeprefix("/")
        scheme = "" if self.scheme is None else f"{self.scheme}:"
        return f"{scheme}//{self.authority}{path}" if self.authority else f"{scheme}{path}"

    @property
    def file_system(self) -> str:
        """The scheme of the file system of the path, by default `file`."""
        return "file" if self.scheme is None else self.scheme

    def qualified(self) -> FlinkPath:
        """Return the absolute path with a scheme (`Path.makeQualified`).

        The working directory of file systems other than the local one is assumed to be their root.
        """
        directory = WORKING_DIRECTORY if self.file_system == "file" else ""
        path = self.path if self.path.startswith("/") else _normalized(f"{directory}/{self.path}")
        return FlinkPath(self.file_system, self.authority, path)


def parse_path(text: str) -> FlinkPath:
    """Parse a path.

    Raises:
        InvalidPath: The text is empty, only a scheme, a relative path with a scheme, or has an invalid scheme or host.
    """
    if not text:
        raise InvalidPath(
            JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, "Can not create a Path from an empty string")
        )
    if _has_drive(text):
        text = f"/{text}"
    scheme, authority, path = None, "", text
    colon, slash = text.find(":"), text.find("/")
    if colon != -1 and (slash == -1 or colon < slash):
        scheme, path = text[:colon], text[colon + 1 :]
    if path.startswith("//") and len(path) > 2:
        authority, slash_after_authority, path = path[2:].partition("/")
        path = slash_after_authority + path
    path = re.sub("/+", "/", path.replace("\\", "/"))
    if path != "/":
        path = path.removesuffix("/")
    _check_uri(scheme, authority, path)
    return FlinkPath(scheme, authority, _normalized(path))


@lru_cache(maxsize=512)  # many jobs have the same directory
def qualified_path(text: str) -> str:
    """Return the text of a path after `Path.makeQualified`: `file:///a/b/` becomes `file:/a/b`.

    A text that Flink's Path rejects is returned unchanged.
    """
    try:
        return str(parse_path(text).qualified())
    except InvalidPath:
        return text


def _check_uri(scheme: str | None, authority: str, path: str) -> None:
    """Check the parts of a path as the constructor of `java.net.URI` does. Raises InvalidPath."""
    text = f"{'' if scheme is None else scheme + ':'}{'//' + authority if authority else ''}{path}"
    problem = None
    if scheme is not None:
        illegal_character = re.search(r"^[^a-zA-Z]|[^a-zA-Z0-9+.-]", scheme)
        if path and not path.startswith("/"):
            problem = "Relative path in absolute URI"
        elif not scheme:
            problem = "Expected scheme name at index 0"
        elif illegal_character:
            problem = f"Illegal character in scheme name at index {illegal_character.start()}"
        elif not authority and not path:
            problem = f"Expected scheme-specific part at index {len(scheme) + 1}"
    bracket = re.search(r"[\[\]]", authority)
    if problem is None and bracket:
        problem = f"Illegal character in hostname at index {text.index('//') + 2 + bracket.start()}"
    if problem is not None:
        cause = JavaException(java_classes.URI_SYNTAX_EXCEPTION, f"{problem}: {text}")
        raise InvalidPath(JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, str(cause), cause))


def _has_drive(text: str) -> bool:
    """Return whether the text begins with a drive letter, like a path of Windows."""
    return re.match("[a-zA-Z]:", text) is not None


def _normalized(path: str) -> str:
    """Resolve `.` and `..` as `URI.normalize` does. Only leading `..` remain."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == ".." and segments and segments[-1] not in ("", ".."):
            segments.pop()
        elif segment != ".":
            segments.append(segment)
    return "/".join(segments) or ("/" if path.startswith("/") else "")
