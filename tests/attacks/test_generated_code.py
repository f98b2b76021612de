"""Schemas are compiled to Python source. Texts of schemas, such as those of imported documents, never become code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flinkmock.rest.rendering.json_encoder import encode
from flinkmock.rest.rendering.writer import UnusualPayload, compile_writer

CODE = "__import__('pathlib').Path({file!r}).touch()"
TEXTS = ["'''+str({})+'''", "{{{}}}", '"+str({})+"', "a\n{}\n", "''' if {} else '''", "\\'''+str({})+'''", "'", "\"'"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("kind", ["name", "const", "enum", "map"])
def test_texts_of_schemas_do_not_become_code(text: str, required: bool, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "made"
    hostile = text.format(CODE.format(file=str(file)))
    schemas: dict[str, dict[str, Any]] = {
        "name": {"properties": {hostile: {"type": "integer"}}, "required": [hostile] if required else []},
        "const": {"properties": {"a": {"const": hostile}}, "required": ["a"] if required else []},
        "enum": {"properties": {"a": {"enum": [hostile, 1]}}, "required": ["a"] if required else []},
        "map": {"additionalProperties": {"type": "integer"}, "propertyNames": {"enum": [hostile]}},
    }
    payload = {"const": {"a": hostile}, "enum": {"a": hostile}}.get(kind, {hostile: 1})
    write = compile_writer({"type": "object", **schemas[kind]}, {})
    try:
        assert write(payload).encode() == encode(payload)
    except UnusualPayload:
        assert kind == "name"
    assert not file.exists()
