"""One operation of the REST API, as the schema file describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
ALIASES: Mapping[str, str] = {"jobGraphFileName": "executionPlanFileName"}
"""Names that fields of requests still go by although the contract has them under another one (since 2.0)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path or query parameter, and what Flink's converter does with its text.

    `type` is "string", "integer" or "boolean". `list`: split at commas. `enum`: the legal values, in Flink's
    spelling; `case_insensitive`: any spelling will do. `other_text_is_false`: any text but "true" reads as false.
    `minimum`: as far as the converter checks it. `java_type` is the class it is converted to ("JobID").
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
    def read(cls, text: Schema) -> Parameter:
        return cls(
            name=text["name"],
            required=text["required"],
            type=text["type"],
            java_type=text["java_type"],
            list=text.get("list", False),
            enum=tuple(text.get("enum", ())),
            case_insensitive=text.get("case_insensitive", False),
            other_text_is_false=text.get("other_text_is_false", False),
            minimum=text.get("minimum"),
            format=text.get("format"),
            pattern=text.get("pattern"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """`id` is Flink's operation id, `headers` the Java class that declares it, `path` like "/jobs/:jobid".

    `status`: on success. `request`: the schema of the body, None when it takes none. `response`: the schema of the
    answer; for a file `{"contentType": …}`. `hidden`: not in Flink's documentation. `requires_config`: the settings
    without which it is not registered. `session_cluster_only`: absent from an application cluster.
    """

    id: str
    headers: str
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
        """The path's segments: "/jobs/:jobid" is ("jobs", ":jobid")."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def shape(self) -> tuple[str, ...]:
        """The same without the names of parameters: ("jobs", ":"). They vary from release to release."""
        return shape_of(self.path)

    @property
    def answers_file(self) -> bool:
        """Whether the answer is a file (a log) and not JSON."""
        return self.response is not None and "contentType" in self.response

    @classmethod
    def read(cls, text: Schema) -> Operation:
        return cls(
            id=text["id"],
            headers=text["headers"],
            method=text["method"],
            path=text["path"],
            status=text["status"],
            api_versions=tuple(text["api_versions"]),
            path_parameters=tuple(map(Parameter.read, text["path_parameters"])),
            query_parameters=tuple(map(Parameter.read, text["query_parameters"])),
            request=text["request"],
            response=text["response"],
            file_upload=text["file_upload"],
            hidden=text["hidden"],
            requires_config=text.get("requires_config", {}),
            session_cluster_only=text["session_cluster_only"],
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def shape_of(path: str) -> tuple[str, ...]:
    return tuple(segment[:1] if segment.startswith(":") else segment for segment in path.strip("/").split("/"))
