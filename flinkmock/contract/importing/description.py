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
        path_parameters, query_parameters: The entries of the parameters in a schema file.
        request, response: The schemas of the bodies; None if the description has no schema, {} if it allows any body.
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
    """A description. `kind` is the name of its format, for messages. Schemas refer to `definitions` with `$ref`."""

    kind: str
    operations: list[DescribedOperation] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)


def operation_name(method: str, path: str) -> str:
    """Return an operation id such as `getJobsByJobid` for GET /jobs/:jobid."""
    words = path.replace(":", "by-")
    return method.lower() + "".join(word.title() for word in re.split(r"\W+", words) if word)


def parameter_entry(name: str, sentence: str, *, is_required: bool, is_query: bool) -> dict[str, Any]:
    """Return the entry of a parameter in a schema file.

    Args:
        name: The name of the parameter.
        sentence: The sentence that describes it.
        is_required: Whether it is mandatory.
        is_query: Whether it is a query parameter. Flink splits all query parameters at commas.
    """
    entry: dict[str, Any] = {"name": name, "required": is_required}
    if is_query:
        entry["list"] = True
    # The legal values are in quotes: 'available values: "cancel, stop"' or '… "[min, max]"'.
    quoted_values = re.search(r'"\[?(\w+(?:, \w+)*)\]?"', sentence)
    # Flink's documentation wrongly describes the ids of TaskManagers in the same way.
    if "32-character hexadecimal" in sentence and name != "taskmanagerid":
        return entry | {"type": "string", "format": "hex32", "pattern": "^[0-9a-fA-F]{32}$", "java_type": "AbstractID"}
    if quoted_values and re.search("[Aa]vailable|[Ss]upported", sentence):
        return entry | {
            "type": "string",
            "enum": quoted_values[1].split(", "),
            "case_insensitive": True,
            "java_type": "Enum",
        }
    if re.match(r"(Positive |Long |The )?(integer|Integer|Long)\b", sentence):
        return entry | {"type": "integer", "format": "int32", "java_type": "Integer"}
    if sentence.startswith("Boolean"):
        boolean = {"type": "boolean", "case_insensitive": True, "other_text_is_false": True, "java_type": "Boolean"}
        return entry | boolean
    return entry | {"type": "string", "java_type": "String"}
