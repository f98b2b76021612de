"""Descriptions of operations, parameters and fields, and examples of responses, for OpenAPI documents.

The texts are in `schemas/descriptions.yaml`, the examples, recorded from real clusters, in `schemas/examples.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from flinkmock.contract.contract import Contract
from flinkmock.contract.operation import Operation, Parameter
from flinkmock.data_files import data_dir

OTHER_TAG = "other"
"""The tag of operations that `schemas/descriptions.yaml` lacks. Only imported releases have such operations."""


@dataclass(frozen=True)
class Descriptions:
    """The content of `schemas/descriptions.yaml`.

    Attributes:
        tags: The texts by tag.
        operations: By operation id, a mapping with `tag`, `summary` and perhaps `description`.
        parameters: The texts by NAME or OPERATION_ID.NAME.
        fields: The texts by NAME or CLASS.NAME.
    """

    tags: Mapping[str, str]
    operations: Mapping[str, Mapping[str, str]]
    parameters: Mapping[str, str]
    fields: Mapping[str, str]

    def operation(self, operation: Operation) -> dict[str, Any]:
        """Return `summary`, `tags` and perhaps `description` of an operation."""
        texts = self.operations.get(operation.id, {})
        sentences = [texts["description"]] if "description" in texts else []
        if operation.hidden:
            sentences.append("Flink's documentation omits it.")
        for option, value in operation.requires_config.items():
            sentences.append(f"It exists only with `{option}: {str(value).lower()}`.")
        if operation.session_cluster_only:
            sentences.append("Application clusters lack it.")
        entry: dict[str, Any] = {
            "summary": texts.get("summary", str(operation)),
            "tags": [texts.get("tag", OTHER_TAG)],
        }
        return entry | ({"description": " ".join(sentences)} if sentences else {})

    def parameter(self, operation: Operation, parameter: Parameter) -> str | None:
        """Return the text of a parameter; None if there is none."""
        return self.parameters.get(f"{operation.id}.{parameter.name}") or self.parameters.get(parameter.name)

    def field(self, class_name: str, name: str) -> str | None:
        """Return the text of a field of a class ("JarListInfo.JarFileInfo"); None if there is none."""
        # in schema files, X@request is class X in requests, and X_Y is the generic class X with the type argument Y
        class_name = class_name.removesuffix("@request").partition("_")[0]
        while class_name:
            if text := self.fields.get(f"{class_name}.{name}"):
                return text
            class_name = class_name.partition(".")[2]
        return self.fields.get(name)


@cache
def descriptions() -> Descriptions:
    """Return the texts. They are read once."""
    text = (data_dir("schemas") / "descriptions.yaml").read_text(encoding="utf-8")
    return Descriptions(**yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


@cache
def _examples() -> Mapping[str, Mapping[str, Any]]:
    examples: dict[str, dict[str, Any]] = json.loads((data_dir("schemas") / "examples.json").read_bytes())
    return examples


def recorded_example(operation: Operation, contract: Contract) -> Any:
    """Return the newest recorded response that is valid in the contract's release; None if there is none."""
    for body in reversed(list(_examples().get(operation.id, {}).values())):
        if not contract.check_response(operation, body):
            return body
    return None
