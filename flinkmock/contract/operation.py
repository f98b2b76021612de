"""An operation of the REST API and its parameters, as a schema file describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
CURRENT_FIELD_NAMES: Mapping[str, str] = {"jobGraphFileName": "executionPlanFileName"}
"""The current names of request fields by the older names, which Flink still reads (`@JsonAlias`, since 2.0)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path or query parameter, and how Flink's converter reads it.

    Attributes:
        type: "string", "integer" or "boolean".
        java_type: The class to which it is converted ("JobID").
        list: Whether the converter splits it at commas.
        enum: The legal values, in Flink's spelling.
        case_insensitive: Whether the converter ignores the case of the values of `enum`, or of "true" and "false".
        other_text_is_false: Whether the converter reads any text except "true" as false.
        minimum: The smallest value that the converter accepts; None if it doesn't check.
        format: "int32", "int64" or "hex32" (an id); None for other types.
        pattern: A regular expression that the value, or each value of a list, matches as a whole.
    """

    name: str
    required: bool
    type: str
    java_type: str
    list: bool = False
    enum: tuple[str, ...] = ()
    case_insensitive: bool = False
    other_text_is_false: bool = False
    minimum: int | None = None
    format: str | None = None
    pattern: str | None = None

    @classmethod
    def from_entry(cls, entry: Schema) -> Parameter:
        """Read an entry of a schema file."""
        return cls(
            name=entry["name"],
            required=entry["required"],
            type=entry.get("type", "string"),
            java_type=entry.get("java_type", "String"),
            list=entry.get("list", False),
            enum=tuple(entry.get("enum", ())),
            case_insensitive=entry.get("case_insensitive", False),
            other_text_is_false=entry.get("other_text_is_false", False),
            minimum=entry.get("minimum"),
            format=entry.get("format"),
            pattern=entry.get("pattern"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """An operation: one method and path.

    Attributes:
        id: Flink's operation id.
        headers_class: The Java class that declares it (a `MessageHeaders`); "" if unknown.
        path: The path, such as "/jobs/:jobid".
        status: The status of a success response.
        api_versions: The versions that the path of a request may begin with.
        request: The schema of the request body; None if there is none.
        response: The schema of a success response; `{"contentType": …}` for a file.
        file_upload: Whether it accepts files in a multipart body.
        hidden: Whether Flink's documentation omits it.
        requires_config: The configuration options, with values, that Flink requires to register it.
        session_cluster_only: Whether an application cluster lacks it.
    """

    id: str
    headers_class: str
    method: str
    path: str
    status: int
    api_versions: tuple[str, ...] = ("v1",)
    path_parameters: tuple[Parameter, ...] = ()
    query_parameters: tuple[Parameter, ...] = ()
    request: Schema | None = None
    response: Schema | None = None
    file_upload: bool = False
    hidden: bool = False
    requires_config: Mapping[str, Any] = field(default_factory=dict)
    session_cluster_only: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments of the path: ("jobs", ":jobid") for "/jobs/:jobid"."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def segments_without_names(self) -> tuple[str, ...]:
        """The segments without the names of parameters, which differ between releases: ("jobs", ":")."""
        return segments_without_names(self.path)

    @property
    def returns_file(self) -> bool:
        """Whether a success response is a file, such as a log or a profile, not JSON."""
        return self.response is not None and "contentType" in self.response

    @classmethod
    def from_entry(cls, entry: Schema) -> Operation:
        """Read an entry of a schema file."""
        return cls(
            id=entry["id"],
            headers_class=entry["headers"],
            method=entry["method"],
            path=entry["path"],
            status=entry["status"],
            api_versions=tuple(entry["api_versions"]),
            path_parameters=tuple(map(Parameter.from_entry, entry["path_parameters"])),
            query_parameters=tuple(map(Parameter.from_entry, entry["query_parameters"])),
            request=entry["request"],
            response=entry["response"],
            file_upload=entry["file_upload"],
            hidden=entry["hidden"],
            requires_config=entry.get("requires_config", {}),
            session_cluster_only=entry["session_cluster_only"],
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def segments_without_names(path: str) -> tuple[str, ...]:
    """Return the segments of a path without the names of parameters: ("jobs", ":") for "/jobs/:jobid"."""
    return tuple(segment[:1] if segment.startswith(":") else segment for segment in path.strip("/").split("/"))
