"""The content of a description of Flink's REST API, independent of its format."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class DescribedOperation:
    """An operation of a description.

    Attributes:
        path: The path with colons (":jobid").
        path_parameters, query_parameters: The parameters, as in a schema file.
        request, response: The schemas of the bodies; None if the description has none, {} if it allows any body.
        id: The operation id; None if the description has none.
    """

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
        """The operation id, or one made from method and path."""
        return self.id or operation_name(self.method, self.path)


@dataclass(slots=True)
class Description:
    """`kind` names the format in messages. Schemas refer to `definitions` as `#/$defs/NAME`."""

    kind: str
    operations: list[DescribedOperation] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)


def operation_name(method: str, path: str) -> str:
    """Return an operation id such as `getJobsByJobid` for GET /jobs/:jobid."""
    words = path.replace(":", "by-")
    return method.lower() + "".join(word.title() for word in re.split(r"\W+", words) if word)


def parameter(name: str, text: str, *, required: bool, query: bool) -> dict[str, Any]:
    """Return a parameter for a schema file.

    Args:
        name: The name of the parameter.
        text: The sentence that describes it.
        required: Whether it is mandatory.
        query: Whether it is a query parameter, which Flink always splits at commas.
    """
    entry: dict[str, Any] = {"name": name, "required": required}
    if query:
        entry["list"] = True
    options = re.search(r'"\[?(\w+(?:, \w+)*)\]?"', text)
    if "32-character hexadecimal" in text and name != "taskmanagerid":  # the documentation of this parameter is wrong
        return entry | {"type": "string", "format": "hex32", "pattern": "^[0-9a-fA-F]{32}$", "java_type": "AbstractID"}
    if options and ("only supported" in text or "vailable" in text or "upported" in text):
        return entry | {
            "type": "string",
            "enum": options[1].split(", "),
            "case_insensitive": True,
            "java_type": "Enum",
        }
    if re.match(r"(Positive |Long |The )?(integer|Integer|Long)\b|Positive integer|Long value", text):
        return entry | {"type": "integer", "format": "int32", "java_type": "Integer"}
    if text.startswith("Boolean"):
        boolean = {"type": "boolean", "case_insensitive": True, "other_text_is_false": True, "java_type": "Boolean"}
        return entry | boolean
    return entry | {"type": "string", "java_type": "String"}
