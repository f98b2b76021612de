"""What a description of Flink's REST API tells, whatever its format."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class DescribedOperation:
    """`path` with colons (":jobid"). `request`, `response`: None where nothing is told, {} where anything may stand."""

    method: str
    path: str
    status: int
    path_parameters: list[dict[str, Any]] = field(default_factory=list)
    query_parameters: list[dict[str, Any]] = field(default_factory=list)
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    file_upload: bool = False
    id: str | None = None

    @property
    def name(self) -> str:
        """Flink's operation id, or one made from method and path: GET /jobs/:jobid is `getJobsByJobid`."""
        if self.id:
            return self.id
        words = self.path.replace(":", "by-")
        return self.method.lower() + "".join(word.title() for word in re.split(r"\W+", words) if word)


@dataclass(slots=True)
class Description:
    """`definitions` are referred to as `#/$defs/NAME`."""

    kind: str
    operations: list[DescribedOperation] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)


def parameter(name: str, words: str, *, required: bool, query: bool) -> dict[str, Any]:
    """A parameter as a schema file has it, from the sentence that describes it."""
    told: dict[str, Any] = {"name": name, "required": required}
    if query:
        told["list"] = True  # each of Flink's query parameters is split at commas
    options = re.search(r'"\[?(\w+(?:, \w+)*)\]?"', words)
    if "32-character hexadecimal" in words and name != "taskmanagerid":  # documented so, and never true of that one
        return told | {"type": "string", "format": "hex32", "pattern": "^[0-9a-fA-F]{32}$", "java_type": "AbstractID"}
    if options and ("only supported" in words or "vailable" in words or "upported" in words):
        return told | {
            "type": "string",
            "enum": options[1].split(", "),
            "case_insensitive": True,
            "java_type": "Enum",
        }
    if re.match(r"(Positive |Long |The )?(integer|Integer|Long)\b|Positive integer|Long value", words):
        return told | {"type": "integer", "format": "int32", "java_type": "Integer"}
    if words.startswith("Boolean"):
        boolean = {"type": "boolean", "case_insensitive": True, "other_text_is_false": True, "java_type": "Boolean"}
        return told | boolean
    return told | {"type": "string", "java_type": "String"}
